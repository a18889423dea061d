"""A run measures what is there, and keeps each figure as it comes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evaluation import __main__ as program
from evaluation.datasets import FILES, present_sets
from evaluation.parts import Benches, Part, Results, parts_of
from evaluation.report import render
from evaluation.run import measure


def part(path: tuple[str, ...], needs: set[str], value: Results) -> Part:
    return Part(path, frozenset(needs), lambda: value)


def cut_off() -> Results:
    raise KeyboardInterrupt


def make_set(directory: Path, name: str) -> None:
    (directory / name).mkdir()
    for pattern in FILES[name]:
        (directory / name / pattern.replace("*", "some")).write_bytes(b"")


def test_a_set_is_there_when_all_its_files_are(tmp_path: Path) -> None:
    assert present_sets(tmp_path) == frozenset()
    make_set(tmp_path, "wice")
    make_set(tmp_path, "aws_qa")
    make_set(tmp_path, "squad2")
    assert present_sets(tmp_path) == {"wice", "aws_qa", "squad2"}
    (tmp_path / "squad2" / "questions.jsonl").unlink()
    assert present_sets(tmp_path) == {"wice", "aws_qa"}


def test_parts_without_their_sets_are_passed_over_and_the_sets_named(capsys: pytest.CaptureFixture[str]) -> None:
    parts = [
        part(("answers", "squad2"), {"squad2"}, {"answered": 0.123456}),
        part(("strategies", "fixed"), {"squad2", "aws_qa"}, {"span": 1.0}),
        part(("structured",), set(), {"right row": 1.0}),
        part(("validation", "denied"), {"squad2"}, {}),
    ]
    figures = measure(parts, frozenset({"squad2"}), {}, lambda results: None)["figures"]
    assert figures["answers"] == {"squad2": {"answered": 0.1235}}
    assert figures["structured"] == {"right row": 1.0}
    assert "strategies" not in figures
    assert "validation" not in figures
    assert figures["absent"] == ["aws_qa", "chunking", "rgb_fact", "scifact", "wice"]
    assert figures["pending"] == []
    assert "wice: not in the folder of the sets" in capsys.readouterr().err


def test_a_run_that_is_cut_off_has_kept_what_it_measured() -> None:
    kept: list[Results] = []
    parts = [
        part(("abstention", "squad2"), {"squad2"}, {"lost": 0.1}),
        part(("abstention", "aws_qa"), {"aws_qa"}, {"lost": 0.2}),
        Part(("chunking",), frozenset(["chunking"]), cut_off),
        part(("structured",), set(), {}),
    ]
    with pytest.raises(KeyboardInterrupt):
        measure(parts, frozenset(FILES), {"squad2": {}}, kept.append)
    assert [list(results["figures"]["abstention"]) for results in kept] == [["squad2"], ["squad2", "aws_qa"]]
    assert kept[-1]["figures"]["pending"] == ["chunking", "structured"]
    assert kept[-1]["questions"] == {"squad2": {}}


def test_every_figure_names_sets_that_there_are_and_a_place_of_its_own(tmp_path: Path) -> None:
    parts = list(parts_of(tmp_path, Benches(), {}, run_peers=False))
    assert len({part.path for part in parts}) == len(parts)
    assert frozenset().union(*(part.needs for part in parts)) == FILES.keys()
    assert [part.path for part in parts if not part.needs] == [("structured",), ("calibration",)]


def test_after_each_figure_the_results_and_the_page_are_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    monkeypatch.setattr(program, "DOCS", docs)
    monkeypatch.setattr(program, "RESULTS", tmp_path / "results")
    results: dict[str, Any] = {
        "figures": {"absent": [], "pending": ["chunking"], "samples": {"sample": 1, "plants": 2}},
        "questions": {},
    }
    program._keep(results, "abc1234")
    assert json.loads((tmp_path / "results" / "abc1234.json").read_text()) == results
    figures = json.loads((docs / "quality.json").read_text())
    assert figures == {"commit": "abc1234", **results["figures"]}
    assert (docs / "quality.md").read_text() == render(figures)
    assert sorted(path.name for path in docs.iterdir()) == [
        "quality-abstention.svg",
        "quality-retrieval.svg",
        "quality-validation.svg",
        "quality.json",
        "quality.md",
    ]
