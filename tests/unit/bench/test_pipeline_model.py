"""The queue model behind docs/scaling.md, on pipelines whose answer is known."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.pipeline_model import SQS_FIRST_BATCHES, Stage, chroma_rate, simulate


def stage(name: str, seconds: float, workers: int, **limits: float) -> Stage:
    return Stage(name, seconds, workers, fed_by_queue=False, limits={key: always(one) for key, one in limits.items()})


def always(bound: float) -> Callable[[float], float]:
    return lambda _: bound


def test_a_stage_that_is_fast_enough_lets_nothing_wait() -> None:
    trace = simulate([stage("one", 1.0, 20)], documents=1000, arrival=10)
    assert trace.finished == pytest.approx(100, rel=0.01)
    assert trace.peaks["one"] == pytest.approx(0, abs=1)
    assert trace.bottleneck.startswith("none")


def test_the_slowest_stage_sets_the_pace_and_holds_the_backlog() -> None:
    trace = simulate([stage("fast", 0.1, 100), stage("slow", 1.0, 5), stage("last", 0.1, 100)], 1000, arrival=20)
    assert trace.finished == pytest.approx(200, rel=0.01)
    # After 50 s all have come, and 250 are done.
    assert trace.peaks["slow"] == pytest.approx(750, rel=0.02)
    assert trace.longest_wait["slow"] == pytest.approx(150, rel=0.02)
    assert trace.bottleneck == "slow: its workers"


def test_what_is_behind_a_stage_bounds_it_whatever_its_workers() -> None:
    trace = simulate([stage("embedding", 0.1, 1000, Chroma=4.0)], 400, arrival=100)
    assert trace.finished == pytest.approx(100, rel=0.01)
    assert trace.bottleneck == "embedding: Chroma"


def test_a_queue_adds_workers_slowly() -> None:
    queue = Stage("embedding", 1.0, 1000, fed_by_queue=True, limits={})
    trace = simulate([queue], 10_000, arrival=1_000)
    # 5 workers at first and 5 more each second: 5t + 2.5 t^2 = 10,000 after 62 s.
    assert SQS_FIRST_BATCHES == 5
    assert trace.finished == pytest.approx(62, rel=0.02)


def test_chroma_slows_down_with_what_a_node_holds() -> None:
    one, ten = chroma_rate(500, 10_000, 10, 1), chroma_rate(500, 10_000, 10, 10)
    assert one(0) == one(1_000) == pytest.approx(50)
    assert one(10_000_000) == pytest.approx(25)  # 10^4 to 10^8 windows: twice the logarithm
    assert ten(10_000_000) == pytest.approx(10 * one(1_000_000))
