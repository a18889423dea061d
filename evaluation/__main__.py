"""python -m evaluation: measure, keep the results by commit and the page docs/quality.md after every figure.

python -m evaluation                      # measure and render
python -m evaluation --compare 1a2b3c4    # and set beside the results of that commit
python -m evaluation --render             # only render docs/quality.json again
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from evaluation.datasets import data_directory
from evaluation.report import charts, render
from evaluation.run import compare, run
from evaluation.workbench import ROOT, STATE
from portfolio_rag.domain.errors import ConfigurationError

RESULTS = STATE / "eval" / "results"
DOCS = ROOT / "docs"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m evaluation", description=__doc__.splitlines()[0])
    parser.add_argument("--compare", metavar="COMMIT", help="set beside the results of that commit")
    parser.add_argument("--peers", action="store_true", help="run other libraries beside ours (scripts/peers.sh)")
    parser.add_argument("--render", action="store_true", help="only render docs/quality.json again")
    options = parser.parse_args()
    if not options.render:
        try:
            directory = data_directory()
        except ConfigurationError as error:
            print(f"Skipped: {error}")
            return
        before = _results(options.compare) if options.compare else None
        commit = _commit()
        measured = run(directory, lambda results: _keep(results, commit), peers=options.peers)
        if before:
            print(compare(before, measured))
    _render()


def _keep(results: dict[str, Any], commit: str) -> None:
    """What has been measured so far, and the page of it: a run that is cut off leaves both."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    _write(RESULTS / f"{commit}.json", json.dumps(results))
    _write(DOCS / "quality.json", json.dumps({"commit": commit, **results["figures"]}, indent=2) + "\n")
    _render()


def _render() -> None:
    results = json.loads((DOCS / "quality.json").read_text(encoding="utf-8"))
    _write(DOCS / "quality.md", render(results))
    for name, chart in charts(results).items():
        _write(DOCS / name, chart)


def _results(commit: str) -> dict[str, object]:
    found = sorted(RESULTS.glob(f"{commit}*.json"))
    if not found:
        sys.exit(f"There are no results of commit {commit} in {RESULTS}.")
    loaded: dict[str, object] = json.loads(found[0].read_text(encoding="utf-8"))
    return loaded


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short=7", "HEAD"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unversioned"


def _write(path: Path, text: str) -> None:
    """Whole or not at all: a run may be cut off at any time."""
    written = path.with_name(f".{path.name}.new")
    written.write_text(text, encoding="utf-8")
    written.replace(path)


if __name__ == "__main__":
    main()
