"""Is each dependency there? One small check each, run side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

Check = Callable[[], str]
"""Returns a detail for people; raises when the dependency does not work."""


@dataclass(frozen=True, slots=True)
class DependencyHealth:
    name: str
    healthy: bool
    detail: str
    latency_ms: float | None


class HealthChecks:
    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks

    def run(self) -> list[DependencyHealth]:
        """All checks at once, in the order given; a failing one says why and fails no other."""
        with ThreadPoolExecutor(max_workers=max(1, len(self._checks))) as pool:
            return list(pool.map(lambda entry: _run(*entry), self._checks.items()))


def _run(name: str, check: Check) -> DependencyHealth:
    started = time.perf_counter()
    try:
        detail = check()
    except Exception as error:
        return DependencyHealth(name, False, f"{type(error).__name__}: {error}", None)
    return DependencyHealth(name, True, detail, round((time.perf_counter() - started) * 1000, 1))
