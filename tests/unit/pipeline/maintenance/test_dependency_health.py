"""What a health check tells of a dependency."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from portfolio_rag.pipeline.maintenance import dependency_health
from portfolio_rag.pipeline.maintenance.dependency_health import HealthChecks


def test_a_latency_is_in_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([10.0, 10.25])
    monkeypatch.setattr(dependency_health, "time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    (health,) = HealthChecks({"s3": lambda: "Answers."}).run()
    assert (health.name, health.healthy, health.detail, health.latency_ms) == ("s3", True, "Answers.", 250.0)


def test_one_that_fails_says_why_and_fails_no_other() -> None:
    def fails() -> str:
        raise OSError("refused")

    first, second = HealthChecks({"chromadb": fails, "s3": lambda: "Answers."}).run()
    assert (first.healthy, first.detail, first.latency_ms) == (False, "OSError: refused", None)
    assert second.healthy
