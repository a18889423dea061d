"""The cases of a folder, judged by the runner that lies beside it: neither is copied into this project.

A case holds what a person sees in a file. Its kind `extract` alone is tried here, in process; `make cases` tries all.
"""

from __future__ import annotations

import html
import importlib.util
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.extraction_readers import OURS, format_of, takes
from bench.measure import ROOT

CONTROL = "control"
"""The kind of what is right and must stay right."""

Case = Mapping[str, Any]
Counts = dict[str, list[int]]
"""Name -> [passed, total]."""


class Cases:
    """`FOLDER/cases.jsonl` and `FOLDER/inputs/`; `run.py` beside the folder has the checks."""

    def __init__(self, folder: Path) -> None:
        self._inputs = folder / "inputs"
        lines = (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines()
        every = [json.loads(line) for line in lines if line.strip()]
        self.cases: list[Case] = [case for case in every if case["check"] == "extract"]
        specification = importlib.util.spec_from_file_location("cases_run", folder.parent / "run.py")
        assert specification is not None
        assert specification.loader is not None
        self._runner: Any = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(self._runner)

    def files(self, reader: str) -> list[Path]:
        """Of the cases, each once: those that the reader takes."""
        names = dict.fromkeys(case["file"] for case in self.cases)
        return [self._inputs / name for name in names if takes(reader, name)]

    def passed(self, reader: str, seen: Mapping[str, Mapping[str, Any]]) -> list[tuple[Case, bool]]:
        """Each case of the files that were `seen`, by name, with whether it passes."""
        variants = {name: list(_readings(reader, found)) for name, found in seen.items()}
        return [
            (case, any(self._runner.check_extract(_asked(reader, case), variant) is None for variant in found))
            for case in self.cases
            if (found := variants.get(case["file"])) is not None
        ]


def find_cases() -> Path | None:
    """The folder that CASES names, or that of a checkout beside this project; None where there is none."""
    folder = Path(os.environ.get("CASES") or ROOT.parent / "shared" / "cases" / "open").resolve()
    is_there = (folder / "cases.jsonl").exists() and (folder.parent / "run.py").exists()
    return folder if is_there else None


def counts(passed: Sequence[tuple[Case, bool]]) -> dict[str, Counts]:
    """Passed and total `by_kind` and `by_format`."""
    by_kind: Counts = {}
    by_format: Counts = {}
    for case, is_passed in passed:
        for found, name in ((by_kind, case["kind"]), (by_format, format_of(case["file"]))):
            count = found.setdefault(name, [0, 0])
            count[0] += is_passed
            count[1] += 1
    return {"by_kind": by_kind, "by_format": by_format}


def _asked(reader: str, case: Case) -> Case:
    """Another library's error has no code of ours: that it is one is enough."""
    return case if reader == OURS else {name: value for name, value in case.items() if name != "reason"}


_HEADING = re.compile(r"^#{1,6} +(.+?)[ #]*$", re.MULTILINE)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_EMPHASIS = re.compile(r"(?<!\w)(\*{1,3}|_{1,3})(?=\S)(.+?)(?<=\S)\1(?!\w)")


def _readings(reader: str, found: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What became of a file as the runner takes it, in each way in which one may read it; a case passes by any.

    Ours is read as it stands. Markdown of others is read as it stands, without escapes, and without its marks too.
    """
    if "error" in found:
        yield {"status": "FAILED", "reason": found.get("reason", ""), "text": "", "paths": [], "warning": ""}
        return
    text = found["text"]
    readings = [text]
    if reader != OURS:
        readings.append(html.unescape(_ESCAPED.sub(r"\1", text)))
        readings.append(re.sub(r"^#{1,6} +", "", _EMPHASIS.sub(r"\2", readings[-1]), flags=re.MULTILINE))
    headings = found.get("headings") or [_EMPHASIS.sub(r"\2", heading) for heading in _HEADING.findall(readings[0])]
    for reading in readings:
        yield {
            "status": "COMPLETED",
            "reason": "",
            "text": reading,
            "paths": [headings],
            "warning": found.get("warning", ""),
        }
