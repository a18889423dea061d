"""The dated JSON of a run, and docs/performance.md from it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.measure import ROOT
from bench.section import Section
from bench.targets import Target, targets_table

PAGE = "performance.md"

_HEAD = """# Performance

`make bench` measures this page anew on your machine: everything against what one would pick instead, in the same
run, taking turns. Machines are shared and noisy, so read the ratios; they are medians over rounds, with the lowest and
the highest in brackets. `make bench QUICK=1` is a look in a few minutes, which leaves this page alone. The figures are
also in [bench/results](../bench/results).
"""


def commit() -> str:
    """Short hash of what is measured, with `-dirty` when files differ from it; `unversioned` outside a repository.

    What the benchmark itself writes does not count: one section would make the next one's commit another.
    """
    head = _git("rev-parse", "--short=7", "HEAD")
    if not head:
        return "unversioned"
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs", ":!bench/results")
    return f"{head}-dirty" if changed else head


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def newest(results: Path) -> dict[str, Any]:
    """The latest run in `results`; an empty one when there is none."""
    files = sorted(results.glob("*.json"), key=lambda path: json.loads(path.read_text(encoding="utf-8"))["finished"])
    loaded: dict[str, Any] = json.loads(files[-1].read_text(encoding="utf-8")) if files else {"sections": {}}
    return loaded


def write_json(path: Path, run: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_rounded(run), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_page(run: Mapping[str, Any], sections: Sequence[Section], directory: Path) -> None:
    """Render the sections that `run` has figures of into `directory`, their plots beside the page."""
    directory.mkdir(parents=True, exist_ok=True)
    parts, promised = [], []
    for section in sections:
        measured = run["sections"].get(section.NAME)
        if measured is None:
            continue
        result = measured["result"]
        targets: list[Target] = section.targets(result) if hasattr(section, "targets") else []
        promised += targets
        text = section.render(result, directory).strip()
        table = targets_table(targets) + "\n" if targets else ""
        parts.append(f"## {section.TITLE}\n\n{_provenance(measured)}{table}{text}\n")
    met = sum(one.met for one in promised)
    missed = [f"{one.what}" for one in promised if not one.met]
    summary = f"{met} of {len(promised)} targets are met. " if promised else ""
    summary += f"Missed: {'; '.join(missed)}.\n" if missed else ""
    page = "\n".join([_HEAD, _machine(run["machine"]), summary, *parts])
    (directory / PAGE).write_text(page.rstrip() + "\n", encoding="utf-8")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are figures."""
    lines = [f"| {' | '.join(columns)} |", "|---" + "|--:" * (len(columns) - 1) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def _machine(machine: Mapping[str, Any]) -> str:
    libraries = ", ".join(f"{name} {found}" for name, found in machine["libraries"].items())
    special = f" ({', '.join(machine['instructions'])})" if machine["instructions"] else ""
    return (
        f"Measured on {machine['cores']} cores of {machine['cpu']}{special}, {machine['memory_gb']} GB, "
        f"{machine['system']}, Python {machine['python']}; {libraries}.\n"
    )


def _provenance(measured: Mapping[str, Any]) -> str:
    """Said of each section: they are measured one at a time, and what is older must be seen to be."""
    return f"*Measured at `{measured['commit']}` on {measured['date']}.*\n\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, Mapping):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return value
