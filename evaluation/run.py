"""The whole evaluation: every part on its sets, as one JSON object of figures that grows by each of them."""

from __future__ import annotations

import contextlib
import copy
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from evaluation.datasets import FILES, present_sets
from evaluation.metrics import paired_bootstrap
from evaluation.parts import PLANTS, SAMPLE, SETS, Benches, Part, Results, parts_of
from evaluation.retrieving import FIGURES

Keep = Callable[[Results], None]
"""Takes all that has been measured so far: `figures`, and `questions`, the retrieval of each question."""


def run(directory: Path, keep: Keep, *, peers: bool = False) -> Results:
    """`figures` of every part whose sets the directory has, and `questions`, for comparing two runs.

    `keep` is called after every part. `peers` runs other libraries beside ours, which takes long the first time;
    without, they are shown where their rankings are kept from before.
    """
    questions: dict[str, Any] = {}
    with contextlib.closing(Benches()) as benches:
        parts = list(parts_of(directory, benches, questions, run_peers=peers))
        return measure(parts, present_sets(directory), questions, keep)


def measure(parts: Iterable[Part], present: frozenset[str], questions: dict[str, Any], keep: Keep) -> Results:
    """The results of the parts whose sets are present; `keep` is called with all results after each of them.

    `absent` among the figures names the sets that are not there, `pending` the parts that were still to be measured. A
    part whose sets are too small to say anything has no figures.
    """
    started = time.monotonic()
    waiting = [part for part in parts if part.needs <= present]
    figures: Results = {
        "absent": sorted(FILES.keys() - present),
        "pending": [],
        "samples": {"sample": SAMPLE, "plants": PLANTS},
    }
    results: Results = {"figures": figures, "questions": questions}
    for name in figures["absent"]:
        print(f"{name}: not in the folder of the sets, and not measured", file=sys.stderr)
    for number, part in enumerate(waiting, start=1):
        if value := part.measure():
            _put(figures, part.path, _rounded(value))
        figures["pending"] = [later.name for later in waiting[number:]]
        print(f"{time.monotonic() - started:6.0f} s  {part.name}", file=sys.stderr, flush=True)
        keep(copy.deepcopy(results))
    return results


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Two runs side by side, as a Markdown table with 95 % intervals of a paired bootstrap; sets that both have."""
    lines = ["| Set | Figure | before | after | change |", "|---|---|---|---|---|"]
    for name in SETS:
        if name not in before["questions"] or name not in after["questions"]:
            continue
        for figure in FIGURES:
            earlier, later = before["questions"][name][figure], after["questions"][name][figure]
            gain, low, high = paired_bootstrap(earlier, later)
            lines.append(
                f"| {name} | {figure} | {sum(earlier) / len(earlier):.3f} | {sum(later) / len(later):.3f} "
                f"| {gain:+.3f} [{low:+.3f}, {high:+.3f}] |"
            )
    return "\n".join(lines)


def _put(figures: Results, path: tuple[str, ...], value: Results) -> None:
    *groups, last = path
    for group in groups:
        figures = figures.setdefault(group, {})
    figures[last] = value


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
