"""Waits beside each other: all are done when the call returns, also those beside one that failed."""

from __future__ import annotations

import threading

import pytest

from portfolio_rag.adapters.process.threads import Threads, repeating
from portfolio_rag.domain.log_context import bind_log_context, log_context, log_fields


def test_items_are_handled_at_the_same_time() -> None:
    barrier = threading.Barrier(3, timeout=10)  # Passes only when three are inside at once.
    done: list[int] = []

    def meet(item: int) -> None:
        barrier.wait()
        done.append(item)

    Threads()(meet, [1, 2, 3])
    assert sorted(done) == [1, 2, 3]


def test_the_first_failure_is_raised_when_the_others_are_done() -> None:
    failed, done = threading.Event(), []

    def work(item: int) -> None:
        if item == 1:
            failed.set()
            raise ValueError("one")
        failed.wait(10)
        done.append(item)

    with pytest.raises(ValueError, match="one"):
        Threads()(work, [1, 2, 3])
    assert sorted(done) == [2, 3]


def test_an_action_is_repeated_beside_the_work_until_it_is_over() -> None:
    times, thrice = [0], threading.Event()

    def count() -> None:
        times[0] += 1
        if times[0] == 3:
            thrice.set()

    with repeating(count, 0.01):
        assert thrice.wait(10)
    assert not [thread for thread in threading.enumerate() if thread.name == "repeating"]


def test_what_is_logged_in_a_thread_is_about_the_caller_s_work() -> None:
    seen: list[tuple[int, dict[str, str]]] = []

    def work(number: int) -> None:
        bind_log_context(part=str(number))
        seen.append((number, dict(log_fields())))

    with log_context(document_id="d"):
        Threads()(work, [1, 2, 3])
        assert log_fields() == {"document_id": "d"}
    assert sorted(seen, key=lambda pair: pair[0]) == [(n, {"document_id": "d", "part": str(n)}) for n in (1, 2, 3)]
