"""Runs the worker on one document: forked from a server that has the parsers loaded (Linux), else started for it.

AWS Lambda has no /dev/shm, so `multiprocessing` does not work there, and its own fork server has the environment of the
process that started it. Input and output lie in files in memory, which the child shares: no pipe can fill up.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import BinaryIO

from portfolio_rag.text.extraction.fork_server import UNTOLD

logger = logging.getLogger(__name__)

_PASSED_ON = ("LD_LIBRARY_PATH", "SYSTEMROOT")
"""What the interpreter itself needs on Lambda and on Windows."""

_SPARING = {"MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Address space is what the child's memory is capped by: an arena of the allocator for each thread, and NumPy's own
threads, reserve a quarter of it for nothing (OCR of a dense page: 697 MB in place of 916)."""

_GRACE_SECONDS = 5.0
"""A child ends itself when its time is over; one that does not within this is ended, with its server."""


def run(header: bytes, data: bytes, *, seconds: float, file_type: str | None) -> subprocess.CompletedProcess[bytes]:
    """How the worker ended, and what it wrote. `file_type` tells which parser it is likely to need.

    Raises subprocess.TimeoutExpired when it takes more than `seconds`.
    """
    if sys.platform == "linux":
        try:
            return _forked(header, data, seconds, file_type)
        except ConnectionError:
            logger.warning("The process that forks for documents is gone; this one is read in a process of its own")
    return subprocess.run(  # noqa: S603 (our own interpreter and module)
        _command("worker"), input=header + data, capture_output=True, timeout=seconds, env=_environment(), check=False
    )


def _command(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-S", "-P", "-m", f"portfolio_rag.text.extraction.{module}", *arguments]


def _environment() -> dict[str, str]:
    """What Python needs to find our packages and nothing else: no credentials for whoever breaks a parser."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed_on, **_SPARING, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"}


class _Server:
    """A fork server, for one document at a time."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
                _command("fork_server", str(theirs.fileno())),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def fork(self, file_type: str | None, files: tuple[int, int, int], seconds: float) -> int:
        """The exit code of a worker that has these as input, output and error output; negative for a signal.

        Raises TimeoutError, and ConnectionError when the server is gone; it is of no more use then.
        """
        request = file_type.encode() if file_type else UNTOLD
        self._control.settimeout(seconds)
        socket.send_fds(self._control, [request], files)
        answer = self._control.recv(64)
        if not answer:
            raise ConnectionResetError("The fork server has ended.")
        return int(answer)

    def end(self) -> None:
        """With the child that it may have."""
        self._control.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


_idle: list[_Server] = []


def end_idle_servers() -> None:
    """Those that wait for a document; the next one starts a new one."""
    while _idle:
        _idle.pop().end()


atexit.register(end_idle_servers)
if sys.platform != "win32":
    # A server answers one process alone.
    os.register_at_fork(after_in_child=_idle.clear)


def _server() -> _Server:
    try:
        return _idle.pop()
    except IndexError:
        return _Server()


def _memory_file() -> BinaryIO:
    return os.fdopen(os.memfd_create("document"), "w+b")


def _written(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


def _forked(header: bytes, data: bytes, seconds: float, file_type: str | None) -> subprocess.CompletedProcess[bytes]:
    with _memory_file() as given, _memory_file() as answered, _memory_file() as said:
        given.write(header)
        given.write(data)
        given.seek(0)
        server = _server()
        try:
            files = (given.fileno(), answered.fileno(), said.fileno())
            code = server.fork(file_type, files, seconds + _GRACE_SECONDS)
        except TimeoutError:
            server.end()
            raise subprocess.TimeoutExpired("worker", seconds) from None
        except BaseException:
            server.end()
            raise
        _idle.append(server)
        return subprocess.CompletedProcess("worker", code, _written(answered), _written(said))
