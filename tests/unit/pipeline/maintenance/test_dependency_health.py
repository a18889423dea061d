"""Each dependency apart, and none waited for beyond the deadline."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from portfolio_rag.pipeline.maintenance import dependency_health
from portfolio_rag.pipeline.maintenance.dependency_health import HealthChecks


class Stalled:
    """A dependency that does not answer until it is let go."""

    def __init__(self) -> None:
        self.asked = 0
        self.let_go = threading.Event()

    def check(self) -> str:
        self.asked += 1
        assert self.let_go.wait(20)
        return "It answers."


@pytest.fixture
def stalled() -> Iterator[Stalled]:
    stalled = Stalled()
    yield stalled
    stalled.let_go.set()


def test_a_dependency_that_stalls_is_unhealthy_and_keeps_no_other_waiting(stalled: Stalled) -> None:
    checks = HealthChecks({"chromadb": stalled.check, "s3": lambda: "It answers."}, deadline_seconds=0.2)
    chroma, s3 = checks.run()
    assert (chroma.name, chroma.healthy, chroma.latency_ms) == ("chromadb", False, None)
    assert "did not answer" in chroma.detail
    assert s3.healthy


def test_a_check_that_stalls_takes_one_thread_and_is_believed_once_it_is_back(stalled: Stalled) -> None:
    checks = HealthChecks({"chromadb": stalled.check}, deadline_seconds=0.05)
    assert [checks.run()[0].healthy for _ in range(5)] == [False] * 5
    assert stalled.asked == 1
    stalled.let_go.set()
    for _ in range(100):
        if checks.run()[0].healthy:
            break
    assert checks.run()[0].healthy
    assert stalled.asked > 1


def test_a_failing_check_says_why() -> None:
    def refuse() -> str:
        raise ConnectionError("refused")

    (health,) = HealthChecks({"sqs": refuse}).run()
    assert (health.healthy, health.detail) == (False, "ConnectionError: refused")


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
