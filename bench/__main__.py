"""python -m bench: measure every section, keep the figures by date and commit, render docs/performance.md.

python -m bench                          # all of it: at most 25 minutes on two cores
python -m bench --quick                  # a look in minutes; figures and page go to .portfolio/bench/quick
python -m bench --only embedding         # one section; the others keep the figures that they have
python -m bench --only before            # beside an earlier commit: measured when it is named alone, takes an hour
python -m bench --render                 # only render the newest figures again
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from bench import machine, report
from bench.measure import ROOT
from bench.section import Options, Section
from evaluation.datasets import data_directory
from portfolio_rag.domain.errors import ConfigurationError

SECTIONS = ("embedding", "ingestion", "extraction", "peers", "search", "before", "api_load", "cold_starts", "scaling")
"""Modules of this package, in the order of the page."""

WORK = ROOT / ".portfolio" / "bench"
ROUNDS, QUICK_ROUNDS = 7, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 1 when a section failed; the others are measured all the same."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller inputs; leaves docs alone")
    parser.add_argument("--peers", action="store_true", help="other libraries beside ours (scripts/peers.sh)")
    parser.add_argument("--only", metavar="NAME", action="append", choices=SECTIONS, help="measure this section")
    parser.add_argument("--render", action="store_true", help="measure nothing, render the newest figures again")
    chosen = parser.parse_args(arguments)
    results = WORK / "quick" if chosen.quick else ROOT / "bench" / "results"
    page = WORK / "quick" if chosen.quick else ROOT / "docs"
    sections = [_section(name) for name in SECTIONS]
    if chosen.render:
        report.write_page(report.newest(results), sections, page)
        return 0
    options = Options(
        quick=chosen.quick,
        peers=chosen.peers,
        work=WORK / "work",
        data=_data(),
        rounds=QUICK_ROUNDS if chosen.quick else ROUNDS,
    )
    options.work.mkdir(parents=True, exist_ok=True)
    wanted = [
        section
        for section in sections
        if (not chosen.only or section.NAME in chosen.only)
        and (options.peers or not getattr(section, "NEEDS_PEERS", False))
        and (chosen.only or not getattr(section, "BY_HAND", False))
    ]
    return run(sections, wanted, options, results, page)


def run(sections: Sequence[Section], wanted: Sequence[Section], options: Options, results: Path, page: Path) -> int:
    """Measure `wanted`, store and render each as it ends; one that fails keeps the figures that it had, if any."""
    commit, today = report.commit(), datetime.now(UTC).date().isoformat()
    measured: dict[str, Any] = {
        "commit": commit,
        "date": today,
        "quick": options.quick,
        "machine": machine.describe(),
        "load_before": machine.load_average(),
        "sections": report.newest(results)["sections"],
    }
    path = results / f"{today}-{commit}.json"
    failed = []
    for section in wanted:
        _say(f"==> {section.TITLE}")
        started = time.monotonic()
        try:
            result = section.measure(options)
        except Exception:
            traceback.print_exc()
            failed.append(section.NAME)
            continue
        seconds = round(time.monotonic() - started)
        if hasattr(section, "keep") and (before := measured["sections"].get(section.NAME)):
            result = section.keep(before, result)
        entry = {"commit": commit, "date": today, "peers": options.peers, "seconds": seconds, "result": result}
        measured["sections"][section.NAME] = entry
        _say(f"==> {section.TITLE}: {seconds} s")
        measured["finished"] = datetime.now(UTC).isoformat(timespec="seconds")
        report.write_json(path, measured)
        report.write_page(measured, sections, page)
    if len(failed) < len(wanted):
        _say(f"wrote {os.path.relpath(path)} and {os.path.relpath(page / report.PAGE)}")
    if failed:
        _say(f"FAILED: {', '.join(failed)}")
    return 1 if failed else 0


def _section(name: str) -> Section:
    return cast(Section, importlib.import_module(f"bench.{name}"))


def _data() -> Path | None:
    try:
        return data_directory()
    except ConfigurationError:
        return None


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
