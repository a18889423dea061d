"""Several workers at once, one running at a time: who goes on at each external call is the scheduler's choice."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence


class _Worker:
    def __init__(self, number: int, task: Callable[[], object], interleaving: Interleaving) -> None:
        self.go = threading.Event()
        self.error: BaseException | None = None
        self.done = False
        self.thread = threading.Thread(target=self._run, name=f"worker-{number}", daemon=True)
        self._task = task
        self._interleaving = interleaving

    def _run(self) -> None:
        self.go.wait()
        self.go.clear()
        try:
            self._task()
        except BaseException as error:
            self.error = error
        self.done = True
        self._interleaving.paused.set()


class Interleaving:
    """Runs tasks in threads of which exactly one is awake; `gate` is where they hand over."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._current: _Worker | None = None
        self.paused = threading.Event()

    def gate(self) -> None:
        """Called by the running worker before an external call: wait for the next turn."""
        worker = self._current
        if worker is None or threading.current_thread() is not worker.thread:
            return
        self.paused.set()
        worker.go.wait()
        worker.go.clear()

    def run(self, tasks: Sequence[Callable[[], object]]) -> None:
        """Run all tasks to their end. Raises the first error that a task let through."""
        workers = [_Worker(number, task, self) for number, task in enumerate(tasks)]
        for worker in workers:
            worker.thread.start()
        while alive := [worker for worker in workers if not worker.done]:
            self._current = self._rng.choice(alive)
            self.paused.clear()
            self._current.go.set()
            if not self.paused.wait(timeout=60):
                raise AssertionError("a worker neither ends nor hands over")
        self._current = None
        for worker in workers:
            worker.thread.join()
            if worker.error is not None:
                raise worker.error
