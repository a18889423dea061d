"""What is told of the time that answers take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from queue import Queue

from portfolio_rag.answering.answer_durations import AnswerDurations
from portfolio_rag.ports.runtime import Metric


class Calls:
    """`ports.Metrics`: what each call has published."""

    def __init__(self) -> None:
        self.calls: Queue[list[Metric]] = Queue()

    def put(self, name: str, value: float, unit: str, dimensions: Mapping[str, str] | None = None) -> None:
        raise AssertionError("Points go in one call.")

    def put_all(self, metrics: Sequence[Metric]) -> None:
        self.calls.put([*metrics])


def test_the_points_of_a_period_go_in_one_call_and_none_where_nothing_was_asked() -> None:
    metrics = Calls()
    durations = AnswerDurations(metrics)
    durations.publish()
    durations.add(0.25)
    durations.add(1.5)
    durations.publish()
    durations.publish()
    assert metrics.calls.get_nowait() == [Metric("AnswerDuration", value, "Seconds") for value in (0.25, 1.5)]
    assert metrics.calls.empty()


def test_more_than_a_call_takes_go_in_several() -> None:
    metrics = Calls()
    durations = AnswerDurations(metrics)
    for number in range(1100):
        durations.add(number)
    durations.publish()
    calls = [metrics.calls.get_nowait() for _ in range(metrics.calls.qsize())]
    assert max(map(len, calls)) <= 1000
    assert [point.value for call in calls for point in call] == [*range(1100)]


def test_it_publishes_each_period_and_the_rest_at_the_end() -> None:
    metrics = Calls()
    durations = AnswerDurations(metrics, period_seconds=0.01)
    durations.start()
    durations.add(1)
    assert [point.value for point in metrics.calls.get(timeout=30)] == [1]
    durations.stop()
    durations.add(2)
    durations.stop()
    assert [point.value for point in metrics.calls.get_nowait()] == [2]
