"""An AWS emulator for one plan or one test: empty, on a free port, gone afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portfolio_rag.local.config import LOOPBACK
from portfolio_rag.local.errors import StackError
from portfolio_rag.local.health import healthy, last_words
from portfolio_rag.local.isolation import free_ports

_START_SECONDS = 60


@contextmanager
def throwaway_emulator(folder: Path) -> Iterator[str]:
    """The URL of an emulator that keeps nothing; its log lies in `folder`. Raises StackError if it does not start."""
    [port] = free_ports(1)
    url = f"http://{LOOPBACK}:{port}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MINISTACK_"))},
        "EDGE_PORT": str(port),
        "BIND_HOST": LOOPBACK,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "TMPDIR": str(folder),
    }
    with (folder / "emulator.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait(process, url, folder)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, logs: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not healthy(f"{url}/_ministack/ready"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise StackError(f"The emulator did not start.\n{last_words(logs, 'emulator')}")
        time.sleep(0.2)
