"""`make cases`: run the cases of the folder that CASES names on a stack of its own, and compare with what passed last.

The folder holds `cases.jsonl` and its inputs; the runner lies beside it (`run.py`, see its README). `tests/cases.json`
records, by the folder's name, how many cases passed: fewer are an error, `--record` writes a new count.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from portfolio_rag.cli.progress import RichReporter
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.isolation import isolated_environment
from portfolio_rag.local.stack import Stack

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "tests" / "cases.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT.parent / "shared" / "cases" / "open")
    parser.add_argument("--only", help="one kind, or one case by its id")
    parser.add_argument("--record", action="store_true", help="write how many passed to tests/cases.json")
    arguments = parser.parse_args()
    folder: Path = arguments.folder.resolve()
    if not (folder / "cases.jsonl").exists():
        print(f"There are no cases in {folder}: name a folder with cases.jsonl by CASES.")
        return 0
    results = run(folder, arguments.only)
    return 0 if arguments.only else judge(folder.name, results, record=arguments.record)


def run(folder: Path, only: str | None) -> dict[str, int]:
    """Passed and total."""
    home = ROOT / ".portfolio" / "cases" / str(os.getpid())
    config = StackConfig.load(isolated_environment(home, model_dir=ROOT / ".portfolio" / "model"), project=ROOT)
    stack = Stack(config)
    with ExitStack() as cleanup:
        scratch = Path(cleanup.enter_context(tempfile.TemporaryDirectory()))
        cleanup.callback(shutil.rmtree, home, ignore_errors=True)
        cleanup.callback(stack.down)
        stack.up(RichReporter(Console()), samples=False)
        command = [
            *(sys.executable, "-B", str(folder.parent / "run.py"), str(folder)),
            *("--api", config.api_url, "--aws", config.emulator_url, "--chroma", config.chroma_url),
            *("--checkout", str(ROOT), "--model-dir", str(config.model_dir), "--json", str(scratch / "results.json")),
            *(("--only", only) if only else ()),
        ]
        subprocess.run(command, check=True)
        results = json.loads((scratch / "results.json").read_text(encoding="utf-8"))
    return {"passed": results["passed"], "total": results["total"]}


def judge(name: str, results: dict[str, int], *, record: bool) -> int:
    """Compare with the record, or write it: 1 where fewer passed."""
    recorded = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    if record:
        RECORD.write_text(json.dumps({**recorded, name: results}, indent=1) + "\n", encoding="utf-8")
        return 0
    before = recorded.get(name, {"passed": 0})["passed"]
    if results["passed"] < before:
        print(f"{results['passed']} of {results['total']} cases passed; {before} did when they were last recorded.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
