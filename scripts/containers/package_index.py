"""Give a build the way to packages that pip has on this machine, without leaving it in the image.

pip's own configuration (index, certificate bundle, time-out) becomes a `pip.conf` that the build mounts as a
secret. Directories of wheels and local indexes cannot be mounted by every BuildKit, so they are served over HTTP on
the loopback interface while the build runs, and the build then shares the host's network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

_FORWARDED = ("index-url", "extra-index-url", "find-links", "trusted-host", "default-timeout", "timeout", "proxy")
_CA_BUNDLE = "ca_bundle"


def pip_settings() -> dict[str, str]:
    """pip's merged configuration; what the environment says wins over the files. Empty where there is no pip."""
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    settings: dict[str, str] = {}
    for line in listing.splitlines():
        name, separator, value = line.partition("=")
        if separator and not name.startswith(":env:"):
            settings[name.rpartition(".")[2]] = value.strip("'\"")
    for variable, value in os.environ.items():
        if variable.startswith("PIP_") and value:
            settings[variable[4:].lower().replace("_", "-")] = value
    return settings


def local_directory(location: str) -> Path | None:
    """The directory behind a path or a file:// URL; None for anything else."""
    if location.startswith("file:"):
        location = url2pathname(urlsplit(location).path)
    elif "://" in location:
        return None
    path = Path(location).resolve()
    return path if path.is_dir() else None


class _LocalIndexHandler(SimpleHTTPRequestHandler):
    """Serves absolute paths, and only those below the roots."""

    def __init__(self, *args: object, roots: tuple[Path, ...]) -> None:
        self._roots = roots
        super().__init__(*args, directory="/")  # type: ignore[arg-type]

    def send_head(self):  # type: ignore[no-untyped-def]
        target = Path(unquote(urlsplit(self.path).path)).resolve()
        if not any(target.is_relative_to(root) for root in self._roots):
            self.send_error(404)
            return None
        return super().send_head()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: pip prints what it fetches."""


@contextmanager
def build_time_index(scratch: Path) -> Iterator[list[str]]:
    """The options for `docker build`: secrets are written into `scratch`, local directories served, until the end."""
    settings = pip_settings()
    names = [name for name in _FORWARDED if settings.get(name)]
    directories = {
        location: directory
        for name in names
        for location in settings[name].split()
        if (directory := local_directory(location))
    }
    server = None
    replaced: dict[str, str] = {}
    if directories:
        # The pages of an index link to files beside it (../../files/…), so its parent is served.
        roots = tuple(d.parent if d.name == "simple" else d for d in directories.values())
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_LocalIndexHandler, roots=roots))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        replaced = {location: f"{address}{directory}/" for location, directory in directories.items()}

    options: list[str] = []
    lines = [f"{name} = {' '.join(replaced.get(part, part) for part in settings[name].split())}" for name in names]
    bundle = settings.get("cert") or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    if bundle and Path(bundle).is_file():
        lines.append(f"cert = /run/secrets/{_CA_BUNDLE}")
        shutil.copyfile(bundle, scratch / _CA_BUNDLE)
        options += ["--secret", f"id={_CA_BUNDLE},src={scratch / _CA_BUNDLE}"]
    if lines:
        (scratch / "pip.conf").write_text("\n".join(["[global]", *lines, ""]))
        options += ["--secret", f"id=pip_conf,src={scratch / 'pip.conf'}"]
    if server:
        options += ["--network", "host"]
    try:
        yield options
    finally:
        if server:
            server.shutdown()
            server.server_close()
