"""What autoscaling goes by: the most questions that waited in a minute."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from queue import Queue

from portfolio_rag.answering.retrieval.fair_semaphore import FairSemaphore
from portfolio_rag.answering.retrieval.load_reporter import LoadReporter
from portfolio_rag.composition.api import ApiParts
from portfolio_rag.ports.runtime import Metric
from portfolio_rag.settings.environment import Settings


class QueuedMetrics:
    def __init__(self) -> None:
        self.published: Queue[tuple[str, float, str]] = Queue()

    def put(self, name: str, value: float, unit: str, dimensions: Mapping[str, str] | None = None) -> None:
        self.published.put((name, value, unit))

    def put_all(self, metrics: Sequence[Metric]) -> None:
        for metric in metrics:
            self.put(metric.name, metric.value, metric.unit)


def waiting(slots: FairSemaphore, count: int) -> list[threading.Thread]:
    """Threads that wait for a slot: all of them by the time that this returns."""

    def question() -> None:
        with slots:
            pass

    threads = [threading.Thread(target=question) for _ in range(count)]
    for thread in threads:
        thread.start()
    while slots.take_peak() < count:
        pass
    return threads


def test_the_peak_is_of_the_time_since_it_was_last_taken() -> None:
    slots = FairSemaphore(1)
    assert slots.take_peak() == 0
    with slots:
        threads = waiting(slots, 3)
        assert slots.take_peak() == 3  # They still wait.
    for thread in threads:
        thread.join()
    assert slots.take_peak() == 3  # They waited since.
    assert slots.take_peak() == 0


def test_the_peak_is_published_until_the_server_stops() -> None:
    slots, metrics = FairSemaphore(1), QueuedMetrics()
    with slots:
        threads = waiting(slots, 2)
        reporter = LoadReporter(slots, metrics, period_seconds=0.001)
        reporter.start()
        assert metrics.published.get(timeout=10) == ("QuestionsWaiting", 2, "Count")
    for thread in threads:
        thread.join()
    reporter.stop()
    assert "load-reporter" not in {thread.name for thread in threading.enumerate()}


def test_it_runs_where_it_is_asked_for() -> None:
    assert ApiParts(Settings()).load_reporter is None
    assert ApiParts(Settings(publish_load="true")).load_reporter is not None
