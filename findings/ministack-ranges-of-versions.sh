#!/usr/bin/env bash
# ministack 1.5.33 (PyPI, CPython 3.11): GetObject ignores the range where a version is named, and answers with all of it.
#
# Behaviour: `Range: bytes=4-7` of an object gives its four bytes, 206 and Content-Range. With the `VersionId` of the
# very same version beside it, the answer is 200, without Content-Range, and the whole body.
# Reason: a named version takes a way of its own through the handler, which does not look at the header.
# Expected: the same four bytes. Amazon S3's API reference of GetObject takes both parameters together, and names no
# exception. Who pages through a PDF, a Parquet footer or a ZIP directory of a fixed version by ranges reads other bytes
# than asked for, with no error: parse what comes back by its Content-Range, and cut it where there is none.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ministack==1.5.33 boto3==1.43.106

cat > "$folder/check.py" <<'PYTHON'
import atexit
import os
import socket
import subprocess
import sys
import time
from importlib.metadata import version

import boto3

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
server = subprocess.Popen(
    [sys.executable, "-m", "ministack"],
    env={**os.environ, "EDGE_PORT": str(port)},
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
)
atexit.register(server.kill)
client = boto3.client(
    "s3",
    endpoint_url=f"http://127.0.0.1:{port}",
    region_name="us-east-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
)
for _ in range(100):
    try:
        client.list_buckets()
        break
    except Exception:
        time.sleep(0.3)

client.create_bucket(Bucket="shop")
client.put_bucket_versioning(Bucket="shop", VersioningConfiguration={"Status": "Enabled"})
put = client.put_object(Bucket="shop", Key="list", Body=b"0123456789")


def read(**of_a_version):
    answer = client.get_object(Bucket="shop", Key="list", Range="bytes=4-7", **of_a_version)
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return status, answer.get("ContentRange"), answer["Body"].read()


plain, named = read(), read(VersionId=put["VersionId"])
print(f"ministack {version('ministack')}, bytes 4-7 of 0123456789")
print(f"of the key: {plain}; of the key and its version: {named}")
assert plain == (206, "bytes 4-7/10", b"4567"), f"the input is not sound: without a version it is {plain}"
assert named == (200, None, b"0123456789"), "changed: the range of a version is looked at"
print("As described: the range of a named version is ignored.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
