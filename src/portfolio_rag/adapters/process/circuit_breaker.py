"""A circuit breaker: after some calls in a row that a dependency has not answered, the next ones fail at once.

Of our own, because the libraries at hand hold a lock while they call (pybreaker 1.4) or know no threads.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

from portfolio_rag.domain.errors import DependencyUnavailable, VectorStoreUnavailable
from portfolio_rag.ports.vector_store import VectorStore

_R = TypeVar("_R")

FAILURES = 3
"""In a row: one slow search is no outage."""

OPEN_SECONDS = 5.0
"""For so long nothing is asked; then one call tries, and the others wait for what it finds."""


class CircuitBreaker:
    """For a dependency of that name. Safe for use from several threads, which do not wait for each other."""

    def __init__(self, name: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_until = 0.0

    def call(self, function: Callable[[], _R]) -> _R:
        """What the function gives. Raises what it raises, and VectorStoreUnavailable without calling it."""
        self._admit()
        try:
            result = function()
        except DependencyUnavailable:
            self._record_failure()
            raise
        except Exception:
            self._record_answer()  # A refusal is an answer, too.
            raise
        self._record_answer()
        return result

    def _admit(self) -> None:
        with self._lock:
            if self._failures < FAILURES:
                return
            now = self._clock()
            left = self._closed_until - now
            if left > 0:
                raise VectorStoreUnavailable(
                    f"{self._name} has not answered {FAILURES} times in a row and is not asked before it may be back.",
                    retry_after_seconds=math.ceil(left),
                )
            # This call tries; the others go on being turned away until it knows.
            self._closed_until = now + OPEN_SECONDS

    def _record_failure(self) -> None:
        with self._lock:
            self._failures += 1
            self._closed_until = self._clock() + OPEN_SECONDS

    def _record_answer(self) -> None:
        with self._lock:
            self._failures = 0


class _Guarded:
    def __init__(self, store: VectorStore, breaker: CircuitBreaker) -> None:
        self._store = store
        self._breaker = breaker

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._store, name)
        return lambda *arguments, **named: self._breaker.call(lambda: operation(*arguments, **named))


def guarded(store: VectorStore, breaker: CircuitBreaker) -> VectorStore:
    """The store, each of its operations through the breaker."""
    return cast(VectorStore, _Guarded(store, breaker))
