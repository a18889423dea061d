"""Waits beside each other, and beside work, in threads: a call to a service is nearly all waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from typing import TypeVar

_T = TypeVar("_T")

_LAST_SECONDS = 2.0
"""How long the end of a repetition waits for the action that is under way."""

_THREADS = 8
"""Below the connections that a boto3 client keeps (adapters/aws/clients.py): none is opened anew for each call."""


class Threads:
    """`ports.Parallel` on a pool that is started when it is first needed, and kept."""

    def __init__(self, most: int = _THREADS) -> None:
        self._most = most
        self._pool: ThreadPoolExecutor | None = None

    def __call__(self, function: Callable[[_T], None], items: Iterable[_T]) -> None:
        waiting = list(items)
        if len(waiting) < 2:
            for item in waiting:
                function(item)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._most, thread_name_prefix="parallel")
        # Each in a copy of the caller's context: what is logged there is about the same work.
        futures = [self._pool.submit(copy_context().run, function, item) for item in waiting]
        wait(futures)
        for future in futures:
            future.result()


@contextmanager
def repeating(action: Callable[[], None], seconds: float) -> Iterator[None]:
    """`ports.Repeating` on a thread of its own. What the action raises ends the repetition, not the work."""
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(seconds):
            action()

    thread = threading.Thread(target=repeat, name="repeating", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(_LAST_SECONDS)
