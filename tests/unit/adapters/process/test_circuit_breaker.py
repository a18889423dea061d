"""After some calls without an answer the next ones fail at once, until one has tried again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portfolio_rag.adapters.process.circuit_breaker import FAILURES, OPEN_SECONDS, CircuitBreaker, guarded
from portfolio_rag.domain.errors import InvalidRequest, VectorStoreUnavailable
from tests.simulation.chroma import ChromaModel
from tests.simulation.models import SimClock


class Dependency:
    def __init__(self) -> None:
        self.now = 100.0
        self.asked = 0
        self.error: Exception | None = VectorStoreUnavailable("It does not answer.")
        self.breaker = CircuitBreaker("Chroma", clock=lambda: self.now)

    def answer(self) -> str:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return "answer"

    def ask(self) -> str:
        return self.breaker.call(self.answer)


@pytest.fixture
def open_breaker() -> Dependency:
    dependency = Dependency()
    for _ in range(FAILURES):
        with pytest.raises(VectorStoreUnavailable) as failure:
            dependency.ask()
        assert failure.value.retry_after_seconds is None
    return dependency


def test_an_open_breaker_asks_nobody_and_says_for_how_long(open_breaker: Dependency) -> None:
    open_breaker.now += OPEN_SECONDS - 1.5
    with pytest.raises(VectorStoreUnavailable) as refusal:
        open_breaker.ask()
    assert refusal.value.retry_after_seconds == 2
    assert open_breaker.asked == FAILURES
    open_breaker.now += 2
    open_breaker.error = None
    assert open_breaker.ask() == "answer"


def test_only_one_call_tries_whether_it_is_back(open_breaker: Dependency) -> None:
    open_breaker.now += OPEN_SECONDS
    refused: list[int | None] = []

    def ask_meanwhile() -> str:
        with pytest.raises(VectorStoreUnavailable) as refusal:
            open_breaker.ask()
        refused.append(refusal.value.retry_after_seconds)
        return "answer"

    assert open_breaker.breaker.call(ask_meanwhile) == "answer"
    assert refused == [OPEN_SECONDS]
    assert open_breaker.asked == FAILURES


def test_a_try_that_fails_closes_the_way_again(open_breaker: Dependency) -> None:
    open_breaker.now += OPEN_SECONDS
    for asked in (FAILURES + 1, FAILURES + 1):
        with pytest.raises(VectorStoreUnavailable):
            open_breaker.ask()
        assert open_breaker.asked == asked


@pytest.mark.parametrize("answer", [None, InvalidRequest("That is no filter.")])
def test_failures_count_only_in_a_row_and_a_refusal_is_an_answer(answer: Exception | None) -> None:
    dependency = Dependency()
    for number in range(3 * FAILURES):
        last = number % FAILURES == FAILURES - 1
        dependency.error = answer if last else VectorStoreUnavailable("It does not answer.")
        expected: Callable[[], object] = dependency.ask
        if dependency.error is None:
            assert expected() == "answer"
        else:
            with pytest.raises(type(dependency.error)):
                expected()
    assert dependency.asked == 3 * FAILURES


def test_every_operation_of_a_guarded_store_goes_through_it() -> None:
    clock = SimClock()
    model = ChromaModel(clock.now)
    store = guarded(model, CircuitBreaker("Chroma"))
    store.ensure("kept", fingerprint="f")
    assert store.fingerprint("kept") == "f"
    model.down = True
    for _ in range(FAILURES):
        with pytest.raises(VectorStoreUnavailable):
            store.count("kept")
    with pytest.raises(VectorStoreUnavailable) as refusal:
        store.ping()
    assert refusal.value.retry_after_seconds
