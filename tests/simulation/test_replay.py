"""A seed means one schedule, in whatever process it is replayed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BACKS_OFF, HAS_JOBS = 9, 142


def trace(seed: int, hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "1", str(seed), "--trace"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("seed", [BACKS_OFF, HAS_JOBS])
def test_a_seed_replays_identically_in_another_process(seed: int) -> None:
    first = trace(seed, "1")
    assert len(first.splitlines()) > 100
    # Sets of strings come in another order there.
    assert trace(seed, "77") == first
