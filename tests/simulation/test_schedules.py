"""Seeded schedules of the whole pipeline (`SCHEDULES` many from `SEED` on), and every seed that ever failed."""

from __future__ import annotations

import os

import pytest

from .fast import install
from .schedule import Schedule

SEED = int(os.environ.get("SEED", "1"))
SCHEDULES = int(os.environ.get("SCHEDULES", "1000"))
BLOCK = 50

FOUND: list[int] = [
    9,
    11,
    12,
    116,
    5149,
    5753,
    8402,
    8759,
    100738,
    20266688,
    20269005,
    20270226,
    777109,
    515001888,
    515003799,
    300186,
    300898,
    400090,
    700582,
    160472,
    *(9055, 9411, 9436, 9451, 9624, 9720, 9794, 9848, 9935),
]
"""Seeds that once failed: kept for ever."""


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


@pytest.mark.parametrize("first", range(SEED, SEED + SCHEDULES, BLOCK))
@pytest.mark.failure(1, 2, 3, 4, 6, 7, 12, 30, 34, 37, 38)
def test_schedules_with_faults(first: int) -> None:
    for seed in range(first, min(first + BLOCK, SEED + SCHEDULES)):
        assert Schedule(seed).run().clock.time


@pytest.mark.parametrize("seed", FOUND)
def test_a_seed_that_failed_once(seed: int) -> None:
    assert Schedule(seed).run().clock.time
