"""docs/quality.md says what docs/quality.json measured."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from evaluation.metrics import paired_bootstrap
from evaluation.report import charts, render
from evaluation.retrieving import FIGURES
from evaluation.run import SETS, compare
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
    assert not [one.what for one in TARGETS if not one.met(one.measured(figures)) and not one.tried]


def test_two_runs_are_set_side_by_side_with_intervals() -> None:
    before = {"questions": {name: {figure: [0.0, 1.0, 0.0, 1.0] for figure in FIGURES} for name in SETS}}
    after = {"questions": {name: {figure: [1.0, 1.0, 0.0, 1.0] for figure in FIGURES} for name in SETS}}
    gain, low, high = paired_bootstrap([0.0, 1.0, 0.0, 1.0], [1.0, 1.0, 0.0, 1.0])
    assert f"| squad2 | hit@5 | 0.500 | 0.750 | {gain:+.3f} [{low:+.3f}, {high:+.3f}] |" in compare(before, after)
