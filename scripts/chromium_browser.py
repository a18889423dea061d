"""The system's Chromium, as tests, pictures and slides start it."""

from __future__ import annotations

import shutil

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
"""As root in a sandbox, without the calls home that Chromium makes at every start, and with no host but this one."""

_MACOS = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


class NoChromium(Exception):
    """There is none on this machine."""


def find_chromium() -> str:
    """Its path. Raises NoChromium."""
    for name in ("chromium", "chromium-browser", "google-chrome", _MACOS):
        path = shutil.which(name)
        if path is not None:
            return path
    raise NoChromium("There is no Chromium on this machine: `make chromium` installs it, or tells how.")
