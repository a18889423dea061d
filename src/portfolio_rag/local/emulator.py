"""The AWS emulator, started so that a `kill -9` or a power cut costs seconds of its state, and is noticed.

MiniStack writes its state when it is stopped, objects of S3 at once. Here a copy of its process writes all of it every
few seconds too, while the emulator goes on: what `fork` copies is one moment of all services. A snapshot is written
whole beside the last one and then takes its place.

While the emulator runs, the file `running` lies beside its state. Found at a start, it tells of an end that was not
orderly: then the stores are made to agree again (cli/recovery.py).
"""

from __future__ import annotations

import asyncio
import copy
import fcntl
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, NoReturn

from portfolio_rag.local.emulator_guard import guarded
from portfolio_rag.local.marks import Marks

SNAPSHOT_SECONDS = 4.0
"""From the end of one snapshot to the begin of the next, if anything has changed."""

_LONGEST_SNAPSHOT_SECONDS = 60
"""A copy of the process that is not done by then has met a lock that nobody in it will give back."""

_READING = ("Get", "List", "Describe", "Query", "Scan", "BatchGet")
"""How operations begin that change nothing."""

_Scope = MutableMapping[str, Any]
_Application = Callable[[_Scope, Any, Any], Awaitable[None]]

_log = logging.getLogger("portfolio_rag.emulator")


class Snapshots:
    """Of the state of `emulator` (MiniStack's module `app`), into `folder`. Whoever writes keeps the file `lock`."""

    def __init__(self, emulator: Any, folder: Path, lock: int) -> None:
        self._emulator = emulator
        self._folder = folder
        self._lock = lock
        self._next = folder.with_name(folder.name + ".next")
        self._writer = 0
        self._changes = 0
        self._written = 0

    def watch(self, application: _Application) -> _Application:
        """The application, its requests counted that may change something."""

        async def watched(scope: _Scope, receive: Any, send: Any) -> None:
            if scope["type"] == "lifespan":
                task = asyncio.create_task(self._run())
                try:
                    await application(scope, receive, send)
                finally:
                    task.cancel()
                return
            try:
                await application(scope, receive, send)
            finally:
                self._changes += _may_change(scope)

        return watched

    def stop(self) -> None:
        """No snapshot is written any more: the orderly end writes the last one."""
        self._written = -1
        if self._writer:
            os.kill(self._writer, signal.SIGKILL)
            os.waitpid(self._writer, 0)
            self._writer = 0

    async def _run(self) -> None:
        while self._written >= 0:
            await asyncio.sleep(SNAPSHOT_SECONDS)
            # What an invocation has answered changes queues after its last request: once more when all is quiet.
            changes = self._changes
            if changes != self._written and await self._take() and self._written >= 0:
                self._written = changes

    async def _take(self) -> bool:
        """Whether it was written."""
        from ministack.services import sqs

        # On the thread of the requests, and none of the poller's changes half done.
        with sqs._queues_lock:
            self._writer = os.fork()
            if self._writer == 0:
                self._write()
        # Some 100 ms to a few seconds; the loop goes on meanwhile.
        while self._writer:
            pid, status = os.waitpid(self._writer, os.WNOHANG)
            if pid:
                self._writer = 0
                if status:
                    _log.error("A snapshot of the state failed (%s); the last one stays.", status)
                return status == 0
            await asyncio.sleep(0.05)
        return False

    def _write(self) -> NoReturn:
        """In the copy of the process: write everything, and end."""
        status = 1
        try:
            signal.alarm(_LONGEST_SNAPSHOT_SECONDS)
            os.nice(10)
            # A connection that the emulator closes must not stay open for its client because of this copy.
            os.closerange(3, self._lock)
            os.closerange(self._lock + 1, 65536)
            _write_state(self._emulator, self._folder, self._next)
            _replace(self._folder, self._next)
            status = 0
        finally:
            os._exit(status)


def _may_change(scope: _Scope) -> bool:
    if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
        return False
    target = dict(scope["headers"]).get(b"x-amz-target", b"").decode("latin-1").rpartition(".")[2]
    return not target.startswith(_READING)


def _write_state(emulator: Any, last: Path, folder: Path) -> None:
    """All services' state. Nothing else runs in this process any more, so nothing has to be copied first.

    Raises OSError when a service's state could not be written.
    """
    from ministack.core import persistence

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    copy.deepcopy = lambda value, _memo=None: value  # type: ignore[assignment, misc]
    logging.disable(logging.WARNING)
    # `json.dump` encodes in Python, `dumps` in C: ten times as fast.
    json.dump = lambda value, stream, **options: stream.write(json.dumps(value, **options))
    persistence.STATE_DIR = str(folder)
    for service, get_state in emulator._build_persistence_save_dict().items():
        state = get_state()
        if state is not None:
            persistence.save_state(service, state)  # It logs what goes wrong, and raises nothing.
            (folder / f"{service}.json").stat()
    # Services that were not asked for anything since the start have not been loaded.
    for path in last.glob("*.json"):
        if not (folder / path.name).exists():
            os.link(path, folder / path.name)


def _replace(folder: Path, following: Path) -> None:
    """Put a complete snapshot in the place of the last one; `repair` mends what a crash leaves in between."""
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    following.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def repair(folder: Path) -> None:
    """At a start: a snapshot that was complete when its writer died half-way through the exchange is taken."""
    old, following = (folder.with_name(folder.name + suffix) for suffix in (".old", ".next"))
    if not folder.exists() and following.exists():
        following.rename(folder)
    elif not folder.exists() and old.exists():
        old.rename(folder)


def main() -> None:
    folder = Path(os.environ["STATE_DIR"])
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "emulator.lock").open("w") as lock:
        # The copy of a process that was killed may be writing still. It keeps the lock, as it keeps all that is open.
        fcntl.flock(lock, fcntl.LOCK_EX)
        repair(folder)
        _serve(folder, lock.fileno())


def _serve(folder: Path, lock: int) -> None:
    from ministack import app as emulator

    marks = Marks(folder.parent)
    marks.begin(snapshot_at=folder.stat().st_mtime if folder.exists() else None)
    snapshots = Snapshots(emulator, folder, lock)
    save_all = emulator.save_all

    def save_last(services: Any) -> None:
        snapshots.stop()
        save_all(services)
        marks.end()

    emulator.save_all = save_last
    emulator.app = guarded(snapshots.watch(emulator.app), os.environ)
    if marks.unclean:
        # It waits until everything answers.
        subprocess.Popen([sys.executable, "-m", "portfolio_rag.cli.recovery"], stdin=subprocess.DEVNULL)
    sys.argv[1:] = []
    emulator.main()


if __name__ == "__main__":
    main()
