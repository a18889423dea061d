"""A key's rate: what is let through, and that the wait that is told is the true one."""

from __future__ import annotations

import pytest

from portfolio_rag.access.limits import RateLimit
from portfolio_rag.domain.api_keys import Caller, Scope


class Time:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def caller(per_minute: int | None, key_id: str = "a") -> Caller:
    return Caller(key_id, key_id, frozenset({Scope.READ}), requests_per_minute=per_minute)


def test_a_minutes_requests_may_come_at_once_and_each_of_the_next_has_its_turn() -> None:
    now = Time()
    rate, limited = RateLimit(now), caller(4)
    assert [rate.wait_seconds(limited) for _ in range(5)] == [0, 0, 0, 0, 15]
    now.seconds += 14.5
    assert rate.wait_seconds(limited) == 1
    now.seconds += 0.5
    assert [rate.wait_seconds(limited) for _ in range(2)] == [0, 15]
    now.seconds += 60
    assert [rate.wait_seconds(limited) for _ in range(5)] == [0, 0, 0, 0, 15]


@pytest.mark.parametrize("per_minute", [1, 3, 7, 60, 600])
def test_who_waits_as_told_is_let_through_and_never_told_more_than_a_minute(per_minute: int) -> None:
    now = Time()
    rate, limited = RateLimit(now), caller(per_minute)
    for step in range(5 * per_minute):
        if wait := rate.wait_seconds(limited):
            assert 1 <= wait <= 60
            now.seconds += wait
            assert rate.wait_seconds(limited) == 0
        now.seconds += step % 3 * 0.1


def test_keys_do_not_share_a_rate_and_some_have_none() -> None:
    rate = RateLimit(Time())
    assert rate.wait_seconds(caller(1, "a")) == rate.wait_seconds(caller(1, "b")) == 0
    assert rate.wait_seconds(caller(1, "a")) == 60
    assert all(rate.wait_seconds(caller(None, "c")) == 0 for _ in range(1000))
