"""`python -m tests.simulation N [SEED]`: run N seeded schedules, print every failing seed, exit 1 if there was one."""

from __future__ import annotations

import argparse
import sys
import time

import pytest

from .fast import install
from .schedule import Schedule


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("schedules", type=int, nargs="?", default=1000, help="how many schedules")
    parser.add_argument("seed", type=int, nargs="?", default=1, help="the first seed")
    parser.add_argument("--trace", action="store_true", help="print the whole trace of a failing seed")
    arguments = parser.parse_args()
    install(pytest.MonkeyPatch())
    failures, faults, started = 0, 0, time.monotonic()
    for seed in range(arguments.seed, arguments.seed + arguments.schedules):
        schedule = Schedule(seed)
        try:
            schedule.run()
        except AssertionError as error:
            failures += 1
            print(str(error).split("\n", 1)[0])
            if arguments.trace:
                print("\n".join(schedule.faults.trace))
        faults += len(schedule.faults.injected)
    seconds = time.monotonic() - started
    print(f"{arguments.schedules} schedules, {faults} faults injected, {failures} failed, {seconds:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
