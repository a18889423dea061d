"""Something that is done again and again beside the requests of a process."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread


class Periodic:
    """Calls `action` every `seconds` on a thread of its own, for the first time after so many, until it is stopped."""

    def __init__(self, action: Callable[[], None], seconds: float, *, name: str) -> None:
        self._action = action
        self._seconds = seconds
        self._name = name
        self._stopped = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        self._stopped.clear()
        self._thread = Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns when a call that is under way has ended."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            self._action()
