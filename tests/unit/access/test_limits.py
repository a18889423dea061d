"""A key's rate: what is let through, by how many processes ever, and that the wait that is told is the true one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from portfolio_rag.access.limits import RateLimit
from portfolio_rag.adapters.dynamodb.api_key_store import DynamoApiKeyStore
from portfolio_rag.adapters.dynamodb.table import Table
from portfolio_rag.domain.api_keys import Caller, Scope
from portfolio_rag.domain.errors import StorageUnavailable
from tests.simulation.world import World
from tests.support.api import MemoryApiKeys, TestClock


class CountedStore(DynamoApiKeyStore):
    turns = 0

    def take_turn(self, key_id: str, *, now: int, share: int, latest: int, remove_at: int) -> int:
        self.turns += 1
        return super().take_turn(key_id, now=now, share=share, latest=latest, remove_at=remove_at)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def store(world: World) -> CountedStore:
    return CountedStore(Table(world.dynamo, "api_keys"))


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


def caller(per_minute: int | None, key_id: str = "a") -> Caller:
    return Caller(key_id, key_id, frozenset({Scope.READ}), requests_per_minute=per_minute)


def later(clock: TestClock, seconds: float) -> None:
    clock.moment += timedelta(seconds=seconds)


def test_a_minutes_requests_may_come_at_once_and_each_of_the_next_has_its_turn(
    store: CountedStore, clock: TestClock
) -> None:
    rate, limited = RateLimit(store, clock), caller(4)
    assert [rate.wait_seconds(limited) for _ in range(5)] == [0, 0, 0, 0, 15]
    later(clock, 14.5)
    assert rate.wait_seconds(limited) == 1
    later(clock, 0.5)
    assert [rate.wait_seconds(limited) for _ in range(2)] == [0, 15]
    for idle in (60, 6000):
        later(clock, idle)
        assert [rate.wait_seconds(limited) for _ in range(5)] == [0, 0, 0, 0, 15]


@pytest.mark.parametrize("per_minute", [1, 3, 7, 60, 600])
def test_who_waits_as_told_is_let_through_and_never_told_more_than_a_minute(
    store: CountedStore, clock: TestClock, per_minute: int
) -> None:
    rate, limited = RateLimit(store, clock), caller(per_minute)
    for step in range(5 * per_minute):
        if wait := rate.wait_seconds(limited):
            assert 1 <= wait <= 60
            later(clock, wait)
            assert rate.wait_seconds(limited) == 0
        later(clock, step % 3 * 0.1)


def test_several_processes_let_through_no_more_than_one(store: CountedStore, clock: TestClock) -> None:
    processes = [RateLimit(store, clock) for _ in range(3)]
    limited = caller(6)
    assert [processes[turn % 3].wait_seconds(limited) for turn in range(6)] == [0] * 6
    assert [process.wait_seconds(limited) for process in processes] == [10, 10, 10]
    later(clock, 10)
    assert [process.wait_seconds(limited) for process in processes] == [0, 10, 10]


def test_requests_at_the_same_moment_share_a_rate(store: CountedStore, clock: TestClock) -> None:
    limited = caller(10)
    with ThreadPoolExecutor(8) as threads:
        waits = list(threads.map(lambda _: RateLimit(store, clock).wait_seconds(limited), range(40)))
    assert waits.count(0) == 10
    assert {wait for wait in waits if wait} == {6}


def test_who_is_refused_again_and_again_costs_the_table_nothing(store: CountedStore, clock: TestClock) -> None:
    rate, limited = RateLimit(store, clock), caller(2)
    assert [rate.wait_seconds(limited) for _ in range(50)] == [0, 0] + [30] * 48
    assert store.turns == 2


def test_keys_do_not_share_a_rate_and_some_have_none(store: CountedStore, clock: TestClock) -> None:
    rate = RateLimit(store, clock)
    assert rate.wait_seconds(caller(1, "a")) == rate.wait_seconds(caller(1, "b")) == 0
    assert rate.wait_seconds(caller(1, "a")) == 60
    assert all(rate.wait_seconds(caller(None, "c")) == 0 for _ in range(1000))
    assert store.turns == 2


def test_what_is_counted_is_no_key_and_may_go_when_the_minute_is_over(store: CountedStore, clock: TestClock) -> None:
    RateLimit(store, clock).wait_seconds(caller(1))
    assert store.all() == []
    assert not store.has_any()
    counted = Table(store._table.client, "api_keys").get({"key_id": "rate#a"})
    assert counted is not None
    assert counted["remove_at"] == int(clock.moment.timestamp()) + 120


def test_where_the_table_does_not_answer_nobody_is_let_through(clock: TestClock) -> None:
    keys = MemoryApiKeys()
    keys.error = StorageUnavailable("DynamoDB does not answer.")
    with pytest.raises(StorageUnavailable):
        RateLimit(keys, clock).wait_seconds(caller(1))
