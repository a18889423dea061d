"""What every part of `make bench` looks like: it measures, and it renders what was measured.

A section is a module of this package with `NAME`, `TITLE`, `measure(options)` and `render(result, plots)`; it is listed
in `bench/__main__.py`. It may have `targets(result)` too, a list of `bench.targets.Target`: the page shows them above
what the section renders, and sums them up at its head. And it may have `keep(before, result)`: the result, with what it
keeps of its entry of the run before, for what is measured by hand, once. What `measure` answers is stored as JSON;
`render` works from that alone, so that a page can be rendered again without measuring. `bench.measure` holds what
measuring takes, `bench.plots` the charts, `bench.report.table` the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

Result = dict[str, Any]
"""Anything that JSON can hold: figures with their unit in the key (`p50_ms`, `rss_mb`)."""


@dataclass(frozen=True, slots=True)
class Options:
    """`quick`: a few minutes in all, for CI. `peers`: other libraries beside ours, from an environment of their own.

    `work` is a scratch directory that outlives the run; `data` is EVAL_DATA, or None: then the samples of this project
    stand in. `rounds` is how often each measurement is repeated, interleaved with its baseline.
    """

    quick: bool
    peers: bool
    work: Path
    data: Path | None
    rounds: int


class Section(Protocol):
    NAME: str
    TITLE: str

    def measure(self, options: Options) -> Result:
        """Measure against the baseline in the same run."""

    def render(self, result: Mapping[str, Any], plots: Path) -> str:
        """Markdown below the section's heading; images go to `plots` and are named relative to it."""
