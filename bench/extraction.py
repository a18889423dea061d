"""Files into text, beside the libraries that one would pick instead: what is kept, what it costs, pages that are
pictures.

What is kept is told by the cases of a folder (CASES) that is no part of this project: without it that part is left out.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import extraction_cost, extraction_inputs, extraction_ocr, extraction_report
from bench.extraction_cases import Cases, counts, find_cases
from bench.extraction_readers import OURS, PEERS, worker
from bench.section import Options, Result
from bench.targets import Target

NAME = "extraction"
TITLE = "Files into text"

QUICK_SHARE = 0.02
"""Of the full size of the large files."""


def measure(options: Options) -> Result:
    names = [OURS, *(PEERS if options.peers else ())]
    scratch = options.work / "extraction"
    folder = find_cases()
    result: dict[str, Any] = {"versions": {name: _version(name) for name in names if name in PEERS}}
    if folder is None:
        print("No cases: name a folder with cases.jsonl, and run.py beside it, by CASES.", file=sys.stderr)
    else:
        cases = Cases(folder)
        result["cases"] = {"folder": folder.name, **{name: _judged(cases, name) for name in names}}
        files = {name: cases.files(name) for name in names}
        result["small"] = extraction_cost.small_files(files, options.rounds, apart=not options.quick)
    share = QUICK_SHARE if options.quick else 1.0
    large = extraction_inputs.large(scratch / "large", share)
    rounds = 1 if options.quick else extraction_cost.LARGE_ROUNDS
    result["large"] = {"share": share, "formats": extraction_cost.large_files(large, names, rounds)}
    result["ocr"] = extraction_ocr.measure(scratch / "scans", quick=options.quick)
    result["real"] = extraction_cost.real_files(options)
    return result


def keep(before: Mapping[str, Any], result: Result) -> Result:
    """With what other libraries did before, and when that was, where this run was without them."""
    earlier = before["result"]
    if result["versions"] or not earlier["versions"]:
        return result
    when = earlier.get("peers_measured", f"`{before['commit']}` on {before['date']}")
    large = {
        kind: _others(earlier["large"]["formats"].get(kind, {})) | sizes
        for kind, sizes in result["large"]["formats"].items()
    }
    kept = {
        **result,
        "versions": earlier["versions"],
        "peers_measured": when,
        "large": {**result["large"], "formats": large},
    }
    if "cases" in result and earlier.get("cases", {}).get("folder") == result["cases"]["folder"]:
        kept["cases"] = _others(earlier["cases"]) | result["cases"]
        kept["small"] = {
            kind: _others(earlier["small"].get(kind, {})) | sizes for kind, sizes in result["small"].items()
        }
    return kept


def _others(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: figures[name] for name in PEERS if name in figures}


def _version(name: str) -> str:
    with worker(name) as reader:
        return str(reader.ask()["version"])


def _judged(cases: Cases, name: str) -> Result:
    """Passed and total, by kind and by format, of the files that the reader takes, read with its defaults."""
    files = cases.files(name)
    how = {"ocr": "auto"} if name == OURS else {}
    with worker(name) as reader:
        seen = reader.ask(paths=list(map(str, files)), how=how, texts=True)["seen"]
    passed = cases.passed(name, {path.name: found for path, found in zip(files, seen, strict=True)})
    return {**counts(passed), "failed": [case["id"] for case, is_passed in passed if not is_passed]}


def targets(result: Mapping[str, Any]) -> list[Target]:
    return extraction_report.targets(result)


def render(result: Mapping[str, Any], plots: Path) -> str:
    del plots
    return extraction_report.render(result)
