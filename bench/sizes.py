"""Which sizes of an index are measured: those of every run, and one more by hand.

`BENCH_SEARCH_WINDOWS=1000000` adds a size to a run. Its figures are kept from then on, with when they were measured.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from bench.section import Result


def wanted(usual: Sequence[int]) -> list[int]:
    named = os.environ.get("BENCH_SEARCH_WINDOWS", "")
    return sorted({*usual, *([int(named)] if named else [])})


def with_kept(
    sizes: Mapping[str, Result], before: Mapping[str, Result], usual: Sequence[int], run: Mapping[str, Any]
) -> dict[str, Result]:
    """`sizes` and those that only the `run` before had by hand, each with the commit and the date of its figures."""
    when = f"`{run['commit']}` on {run['date']}"
    kept = {
        size: {"measured": when, **one} for size, one in before.items() if int(size) > max(usual) and size not in sizes
    }
    return {**sizes, **kept}
