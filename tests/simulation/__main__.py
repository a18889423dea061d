"""`python -m tests.simulation N [SEED]`: run N seeded schedules, print every failing seed, exit 1 if there was one."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time

import pytest

from .fast import install
from .schedule import Schedule


def run(seed: int) -> tuple[int, int, str | None]:
    """The seed, how many faults were injected, and what failed."""
    schedule = Schedule(seed)
    try:
        schedule.run()
    except AssertionError as error:
        return seed, len(schedule.faults.injected), str(error)
    except Exception as error:
        return seed, len(schedule.faults.injected), f"seed {seed}: {error!r}"
    return seed, len(schedule.faults.injected), None


def trace(seed: int) -> int:
    schedule = Schedule(seed)
    try:
        schedule.run()
    except AssertionError as error:
        print("\n".join(schedule.faults.trace))
        print(error)
        return 1
    print("\n".join(schedule.faults.trace))
    return 0


def _prepare() -> None:
    install(pytest.MonkeyPatch())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("schedules", type=int, nargs="?", default=1000, help="how many schedules")
    parser.add_argument("seed", type=int, nargs="?", default=1, help="the first seed")
    parser.add_argument("--trace", action="store_true", help="run that one seed and print its whole trace")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="how many run side by side")
    arguments = parser.parse_args()
    if arguments.trace:
        _prepare()
        return trace(arguments.seed)
    failures, faults, started = 0, 0, time.monotonic()
    seeds = range(arguments.seed, arguments.seed + arguments.schedules)
    with multiprocessing.Pool(arguments.processes, initializer=_prepare) as pool:
        for _, injected, failure in pool.imap(run, seeds, chunksize=10):
            faults += injected
            if failure is not None:
                failures += 1
                print(failure, flush=True)
    seconds = time.monotonic() - started
    print(f"{arguments.schedules} schedules, {faults} faults injected, {failures} failed, {seconds:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
