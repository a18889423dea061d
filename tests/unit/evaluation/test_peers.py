"""Other libraries beside ours, and the passages that hold an answer."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evaluation import peers
from evaluation.datasets import EvalDocument, EvalQuestion, EvalSet
from evaluation.report import render
from evaluation.retrieving import FIGURES, measure_passages
from evaluation.workbench import Bench
from portfolio_rag.domain.errors import ConfigurationError

DATA = EvalSet(
    "tiny",
    [EvalDocument("a.md", b"one", "a"), EvalDocument("b.md", b"two", "b")],
    [
        EvalQuestion("1", "which is one?", frozenset(["a.md"]), "a"),
        EvalQuestion("2", "which is two?", frozenset(["b.md"]), "b"),
        EvalQuestion("3", "which is three?", frozenset(["a.md"]), "a", adversarial=True),
    ],
)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(peers, "STATE", tmp_path)
    monkeypatch.setattr(peers, "_PYTHON", tmp_path / "python")
    return tmp_path


def test_without_rankings_the_libraries_run_only_when_asked_for(state: Path) -> None:
    assert peers.measure_peers(DATA, run=False) is None
    with pytest.raises(ConfigurationError, match="PEERS=1 make eval"):
        peers.measure_peers(DATA, run=True)
    assert list((state / "eval" / "peers").iterdir()) == []


def test_their_rankings_are_kept_and_measured_like_ours(state: Path) -> None:
    rankings = {"versions": {"other": "1.0"}, "ways": {"other": [["b.md", "a.md"], ["b.md"]]}}
    program = state / "python"
    program.write_text(f"#!/bin/sh\ncat > {state}/asked\necho '{json.dumps(rankings)}'\n")
    program.chmod(0o755)
    found = peers.measure_peers(DATA, run=True)
    asked = json.loads((state / "asked").read_text())
    assert asked == {"documents": [["a.md", "one"], ["b.md", "two"]], "questions": ["which is one?", "which is two?"]}
    assert found is not None
    assert found.versions == {"other": "1.0"}
    assert found.ways["other"]["hit@1"] == [0.0, 1.0]
    assert found.ways["other"]["MRR@10"] == [0.5, 1.0]
    program.unlink()
    assert peers.measure_peers(DATA, run=False) == found


def test_a_failure_says_what_went_wrong(state: Path) -> None:
    program = state / "python"
    program.write_text("#!/bin/sh\ncat > /dev/null\necho 'No module named elsewhere' >&2\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(ConfigurationError, match="No module named elsewhere"):
        peers.measure_peers(DATA, run=True)
    assert peers.measure_peers(DATA, run=False) is None


def test_the_page_shows_them_with_what_ours_gains() -> None:
    loaded: dict[str, Any] = json.loads(
        (Path(__file__).parents[3] / "docs" / "quality.json").read_text(encoding="utf-8")
    )
    figures = copy.deepcopy(loaded)
    for found in figures["retrieval"].values():
        found.pop("peers", None)
    figures["retrieval"]["squad2"]["peers"] = {
        "versions": {"other": "1.0"},
        "ways": {"other, hybrid": dict.fromkeys(FIGURES, 0.5)},
        "gain": {"other, hybrid": {figure: [0.25, 0.125, 0.375] for figure in FIGURES}},
    }
    page = render(figures)
    gain = "+0.250 [+0.125, +0.375]"
    assert f"| SQuAD 2 | other, hybrid | 0.500 | 0.500 | 0.500 | {gain} | {gain} |" in page
    assert "other 1.0" in page


def test_the_answer_counts_in_a_passage_of_the_right_document_only(samples: Bench) -> None:
    chosen = [
        replace(question, gist=question.answers[0])
        for question in samples.questions
        if question.answers and not question.adversarial
    ][:10]
    figures = measure_passages(replace(samples, questions=chosen))
    assert figures["questions"] == 10
    assert 0.8 <= figures["in 1,250 tokens of them"] <= figures["in the first five passages"] <= 1
    elsewhere = [replace(question, relevant=frozenset(["no-such.md"])) for question in chosen]
    assert measure_passages(replace(samples, questions=elsewhere))["in the first five passages"] == 0
