"""The garbage collector is paused, and only while it is asked to be."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from portfolio_rag.adapters.process.garbage import collector_paused


class Cycle:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_nothing_is_collected_meanwhile_and_the_rest_is_collected_again_later() -> None:
    with collector_paused():
        assert not gc.isenabled()
    assert gc.isenabled()
    garbage = weakref.ref(Cycle())
    gc.collect()
    assert garbage() is None


def test_what_was_made_is_left_out_of_later_collections() -> None:
    before = gc.get_freeze_count()
    with collector_paused():
        kept = [[n] for n in range(100)]
    assert gc.get_freeze_count() >= before + len(kept)


def test_it_is_on_again_after_a_failure_and_stays_off_where_it_was_off() -> None:
    with pytest.raises(ValueError, match="no"), collector_paused():
        raise ValueError("no")
    assert gc.isenabled()
    gc.disable()
    try:
        with collector_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
