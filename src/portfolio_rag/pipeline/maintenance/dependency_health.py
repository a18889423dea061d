"""Is each dependency there? One small check each, run side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

DEADLINE_SECONDS = 2.0
"""Where somebody waits for the answer."""

Check = Callable[[], str]
"""Returns a detail for people; raises when the dependency does not work."""


@dataclass(frozen=True, slots=True)
class DependencyHealth:
    name: str
    healthy: bool
    detail: str
    latency_ms: float | None


class HealthChecks:
    """`deadline_seconds`: a dependency that has not answered by then does not work."""

    def __init__(self, checks: Mapping[str, Check], *, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._checks = checks
        self._deadline_seconds = deadline_seconds
        # Two runs that begin in the same moment may both begin a check.
        self._pool = ThreadPoolExecutor(max_workers=max(1, 2 * len(checks)), thread_name_prefix="health")
        self._running: dict[str, Future[DependencyHealth]] = {}

    def run(self) -> list[DependencyHealth]:
        """All checks at once, in the order given; a failing one says why and fails no other.

        A check that is under way still is waited for and not begun again: one that stalls takes one thread and no more.
        """
        running: dict[str, Future[DependencyHealth]] = {}
        for name, check in self._checks.items():
            under_way = self._running.get(name)
            if under_way is None or under_way.done():
                under_way = self._running[name] = self._pool.submit(_run, name, check)
            running[name] = under_way
        done, _ = wait(running.values(), timeout=self._deadline_seconds)
        return [future.result() if future in done else self._late(name) for name, future in running.items()]

    def _late(self, name: str) -> DependencyHealth:
        return DependencyHealth(name, False, f"It did not answer within {self._deadline_seconds:.0f} s.", None)


def _run(name: str, check: Check) -> DependencyHealth:
    started = time.perf_counter()
    try:
        detail = check()
    except Exception as error:
        return DependencyHealth(name, False, f"{type(error).__name__}: {error}", None)
    return DependencyHealth(name, True, detail, round((time.perf_counter() - started) * 1000, 1))
