"""How the Lambda host starts the processes of execution environments: forked from a template, or each by itself."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from multiprocessing import Pipe, reduction
from multiprocessing.connection import Connection
from pathlib import Path
from typing import BinaryIO, Protocol


class WorkerProcess(Protocol):
    """`output` is what it prints."""

    output: BinaryIO

    @property
    def alive(self) -> bool: ...

    def kill(self) -> int:
        """End it and what it started, wait until it is gone; answers its exit code, or minus the signal's number."""


Start = Callable[[Path, Mapping[str, str], Connection], WorkerProcess]
"""Called with a handler's file, all environment variables, and the worker's end of the connection for invocations."""


class FreshProcess:
    """A Python of its own. Slow to start and shares little, but holds nothing of this process."""

    def __init__(self, handler: Path, environment: Mapping[str, str], connection: Connection) -> None:
        descriptor = connection.fileno()
        # A session of its own, so that a kill takes the children of the handler along.
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "portfolio_rag.local.lambda_worker", str(handler), str(descriptor)],
            env=dict(environment),
            pass_fds=[descriptor],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self.output: BinaryIO = self._process.stdout  # type: ignore[assignment]

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> int:
        _kill_group(self._process.pid)
        return self._process.wait()


class Template:
    """Starts environments as forks of one process that has loaded what they share. Safe for use from several threads.

    The process is started at once, loads meanwhile, and is started anew when it has died.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: Connection | None = None
        self._begin()

    def start(self, handler: Path, environment: Mapping[str, str], connection: Connection) -> ForkedProcess:
        """Raises OSError when the template cannot be started."""
        request = json.dumps({"handler": str(handler), "environment": dict(environment)}).encode()
        with self._lock:
            try:
                return self._fork(request, connection)
            except OSError:  # it has died since the last time
                self._end()
                return self._fork(request, connection)

    def close(self) -> None:
        """End the template; environments that still run end when their connections do."""
        with self._lock:
            self._end()

    def _fork(self, request: bytes, connection: Connection) -> ForkedProcess:
        if self._process is None:
            self._begin()
        assert self._control is not None
        assert self._process is not None
        output, printing = _pipe(buffering=-1)
        status, reporting = _pipe(buffering=0)  # or the second line could wait where no `select` sees it
        try:
            self._control.send_bytes(request)
            for descriptor in (connection.fileno(), printing.fileno(), reporting.fileno()):
                reduction.send_handle(self._control, descriptor, self._process.pid)
            printing.close()
            reporting.close()
            pid = status.readline()
            if not pid:
                raise BrokenPipeError("The process that environments are forked from has died.")
        except OSError:
            for end in (output, printing, status, reporting):
                end.close()
            raise
        return ForkedProcess(int(pid), output, status)

    def _begin(self) -> None:
        self._control, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "portfolio_rag.local.lambda_template", str(theirs.fileno())],
                # Threads of OpenBLAS would be lost in a fork; a kill must not take what was printed along.
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.wait()
        self._control = self._process = None


class ForkedProcess:
    """A fork of the template, which writes its exit code on `status` when it has ended."""

    def __init__(self, pid: int, output: BinaryIO, status: BinaryIO) -> None:
        self.output = output
        self._pid = pid
        self._status = status
        self._code: int | None = None

    @property
    def alive(self) -> bool:
        if self._code is None and select.select([self._status], [], [], 0)[0]:
            self._wait()
        return self._code is None

    def kill(self) -> int:
        _kill_group(self._pid)
        return self._wait()

    def _wait(self) -> int:
        if self._code is None:
            line = self._status.readline()
            # Without a line the template has died: nothing is known, and nothing is left to wait for.
            self._code = int(line) if line else -signal.SIGKILL
            self._status.close()
        return self._code


def start_processes() -> tuple[Start, Callable[[], None]]:
    """The way that this system has, and what ends it: macOS's own libraries do not survive a fork."""
    if sys.platform == "linux":
        template = Template()
        return template.start, template.close
    return FreshProcess, lambda: None


def _pipe(*, buffering: int) -> tuple[BinaryIO, BinaryIO]:
    """Its ends for reading and for writing."""
    reading, writing = os.pipe()
    return os.fdopen(reading, "rb", buffering=buffering), os.fdopen(writing, "wb", buffering=0)


def _kill_group(pid: int) -> None:
    """The process and the group that it leads; or itself alone, when it has just been forked and leads none yet."""
    for kill in (os.killpg, os.kill):
        # macOS answers EPERM for a group of zombies.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
            return
