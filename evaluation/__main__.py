"""python -m evaluation: measure, keep the results by commit, render docs/quality.md.

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
        measured = run(directory, peers=options.peers)
        commit = _commit()
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / f"{commit}.json").write_text(json.dumps(measured), encoding="utf-8")
        _write(DOCS / "quality.json", json.dumps({"commit": commit, **measured["figures"]}, indent=2) + "\n")
        if before:
            print(compare(before, measured))
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
    path.write_text(text, encoding="utf-8")
    print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
