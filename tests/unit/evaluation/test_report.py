"""docs/quality.md says what docs/quality.json measured."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from evaluation.metrics import paired_bootstrap
from evaluation.parts import SETS
from evaluation.report import charts, render
from evaluation.retrieving import FIGURES
from evaluation.run import compare
from evaluation.tables import SENTENCE_COLUMNS
from evaluation.targets import TARGETS

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture
def figures() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((DOCS / "quality.json").read_text(encoding="utf-8"))
    return loaded


def test_the_page_and_its_charts_are_rendered_from_the_figures(figures: dict[str, Any]) -> None:
    assert (DOCS / "quality.md").read_text(encoding="utf-8") == render(figures)
    for name, chart in charts(figures).items():
        assert (DOCS / name).read_text(encoding="utf-8") == chart
        ElementTree.fromstring(chart)


def test_a_target_that_is_missed_is_said_to_be_missed_and_explained(figures: dict[str, Any]) -> None:
    worse = copy.deepcopy(figures)
    worse["retrieval"]["squad2"]["ways"]["shipped: windows and words"]["hit@5"] = 0.5
    page = render(worse)
    assert "| SQuAD 2: hit@5 | ≥ 0.965 | 0.500 | missed by 0.465 |" in page
    assert "SQuAD 2: hit@5" in page.split("### What is missed, and what was tried")[1].split("\n## ")[0]


def test_no_missed_target_goes_without_a_word(figures: dict[str, Any]) -> None:
    assert not [one.what for one in TARGETS if one.missed(figures) and not one.tried]


def test_two_runs_are_set_side_by_side_with_intervals() -> None:
    before = {"questions": {name: {figure: [0.0, 1.0, 0.0, 1.0] for figure in FIGURES} for name in SETS}}
    after = {"questions": {name: {figure: [1.0, 1.0, 0.0, 1.0] for figure in FIGURES} for name in SETS}}
    gain, low, high = paired_bootstrap([0.0, 1.0, 0.0, 1.0], [1.0, 1.0, 0.0, 1.0])
    assert f"| squad2 | hit@5 | 0.500 | 0.750 | {gain:+.3f} [{low:+.3f}, {high:+.3f}] |" in compare(before, after)


def test_sets_that_only_one_of_two_runs_has_are_not_compared() -> None:
    row = {figure: [0.0, 1.0] for figure in FIGURES}
    page = compare({"questions": {"squad2": row, "scifact": row}}, {"questions": {"squad2": row}})
    assert "| squad2 |" in page
    assert "scifact" not in page


def test_what_was_not_measured_is_left_out_and_named(figures: dict[str, Any]) -> None:
    fewer = copy.deepcopy(figures)
    fewer["absent"], fewer["pending"] = ["squad2"], ["answers: aws_qa", "chunking"]
    for section in ("chunking", "strategies", "validation", "passages"):
        del fewer[section]
    for section in ("retrieval", "abstention", "answers"):
        del fewer[section]["squad2"]
    page = render(fewer)
    assert "Not in the folder of the sets, and not measured: `squad2`." in page
    assert "The run was cut off, and has not measured: answers: aws_qa; chunking." in page
    assert "SQuAD 2: hit@5" not in page
    assert "## Chunking" not in page
    assert "| AWS guides: document in the first five | ≥ 0.93 | 0.920 | missed by 0.010 |" in page
    assert "SQuAD 2" not in charts(fewer)["quality-retrieval.svg"]


def test_a_page_of_nothing_measured_is_a_page() -> None:
    page = render({"commit": "0000000", "samples": {"sample": 1, "plants": 2}})
    assert "## Targets" in page
    assert "missed by" not in page
    for chart in charts({}).values():
        ElementTree.fromstring(chart)


def test_a_bound_from_above_is_met_from_below(figures: dict[str, Any]) -> None:
    more = copy.deepcopy(figures)
    more["structured"] = {
        "right section": 0.96,
        "false claims shown unmarked": 0.25,
        "true claims dropped or flagged": 0.05,
    }
    page = render(more)
    assert "| Structure: the answer from the right section | ≥ 0.95 | 0.960 | met |" in page
    assert "| Structure: false claims shown unmarked | ≤ 0.05 | 0.250 | missed by 0.200 |" in page
    assert "| Structure: true claims dropped or flagged | ≤ 0.05 | 0.050 | met |" in page
    assert "\n| right section | 0.960 |\n" in page.split("## Answers on structure")[1]


def test_sentences_and_copies_have_their_figures_where_they_were_measured(figures: dict[str, Any]) -> None:
    more = copy.deepcopy(figures)
    for column in SENTENCE_COLUMNS:
        more["answers"]["squad2"].pop(column, None)
    more["answers"]["squad2"] |= {"sentences shown": 250.0, "later sentences of it": 0.4567}
    more["chunking"] |= {
        "questions with copies": 67.0,
        "shipped, any copy": 0.97,
        "one vector per chunk, any copy": 0.5,
    }
    page = render(more)
    by_sentence = page.split("### By sentence")[1].split("\n## ")[0]
    assert "| SQuAD 2 | 250 | – | – | 0.457 | – |" in by_sentence
    chunking = " ".join(page.split("## Chunking")[1].split("\n## ")[0].split())
    assert "For 67 of them the same text stands elsewhere, too." in chunking
    assert "the share is **0.97**, and with whole chunks **0.50**." in chunking
