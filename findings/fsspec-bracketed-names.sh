#!/usr/bin/env bash
# fsspec and s3fs 2026.9.0 (PyPI, CPython 3.11, with moto 5.2.5 in the place of S3): rm of a key with square brackets
# deletes other objects, and leaves the named one.
#
# Behaviour: beside "report1.txt" and "report2.txt" there is "report[12].txt". `fs.rm("bucket/report[12].txt")` deletes
# the first two and keeps the third, on S3 and in the memory filesystem, without an error. `fs.cat` of the name gives
# the texts of the other two, and `fs.mv` moves them.
# Reason: each of these first tries a name with *, ? or [ as a pattern, also where an object of exactly this name is
# there; only the one-file variants, such as rm_file, do not. The documentation of rm speaks of files to delete, and of
# no pattern. `open` once failed for such names (upstream issue 1476), and takes them now.
# Expected: the object that was named, as `exists`, `info` and `open` take the same name, and as `rm` of the same
# package's local filesystem does.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet fsspec==2026.9.0 s3fs==2026.9.0 moto==5.2.5 flask==3.1.3 flask-cors==6.0.5

cat > "$folder/check.py" <<'PYTHON'
import logging
import os
import sys
from importlib.metadata import version
from pathlib import Path

os.environ |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "us-east-1"}

import boto3
import fsspec
from moto.server import ThreadedMotoServer

NAMED, OTHERS = "report[12].txt", ["report1.txt", "report2.txt"]
ALL = sorted([NAMED, *OTHERS])


def fill(files, folder: str, names: list[str] = ALL) -> None:
    for name in names:
        files.pipe_file(f"{folder}/{name}", name.encode())


def names(files, folder: str) -> list[str]:
    files.invalidate_cache()
    return sorted(Path(path).name for path in files.find(folder))


def deletes(files, folder: str, name: str) -> list[str]:
    """The names that are left when this one has been deleted."""
    fill(files, folder)
    assert names(files, folder) == ALL and files.exists(f"{folder}/{name}"), "the input is not sound"
    with files.open(f"{folder}/{name}") as file:
        assert file.read() == name.encode(), "open takes the name as a pattern, too"
    files.rm(f"{folder}/{name}")
    return names(files, folder)


def check(name: str, files, folder: str) -> None:
    left = deletes(files, folder, NAMED)
    print(f"{name}: rm of {NAMED} leaves {left}")
    assert left == [NAMED], f"changed: {left}"

    fill(files, folder)
    read = sorted(files.cat(f"{folder}/{NAMED}").values())
    print(f"{name}: cat of {NAMED} gives {read}")
    assert read == [other.encode() for other in OTHERS], f"changed: {read}"

    files.mv(f"{folder}/{NAMED}", f"{folder}/done/")
    moved = names(files, f"{folder}/done")
    print(f"{name}: mv of {NAMED} moves {moved}")
    assert moved == OTHERS, f"changed: {moved}"

    files.rm_file(f"{folder}/{NAMED}")
    assert names(files, folder) == OTHERS, "rm_file takes the name as a pattern, too"


print(f"fsspec {version('fsspec')}, s3fs {version('s3fs')}, moto {version('moto')}")
witness = deletes(fsspec.filesystem("file"), sys.argv[1], NAMED)
print(f"local files: rm of {NAMED} leaves {witness}")
assert witness == OTHERS, f"the local filesystem takes the name as a pattern, too: {witness}"

check("memory", fsspec.filesystem("memory"), "/reports")

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
try:
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket="reports")
    check("s3fs", fsspec.filesystem("s3", endpoint_url=endpoint), "reports")
finally:
    server.stop()
print("As described: rm deletes the two other files and leaves the one that was named.")
PYTHON
mkdir "$folder/local"
"$folder/venv/bin/python" "$folder/check.py" "$folder/local"
