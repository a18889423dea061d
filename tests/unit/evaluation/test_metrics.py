"""The figures themselves, on inputs small enough to count by hand."""

from __future__ import annotations

import pytest

from evaluation.answering import contains
from evaluation.chunking import share_of
from evaluation.metrics import auroc, hit, ndcg, paired_bootstrap, recall, reciprocal_rank
from evaluation.validating import Validated
from portfolio_rag.domain.answers import Verdict


def test_ranking_figures() -> None:
    ranked, relevant = ["a", "b", "c"], {"b", "z"}
    assert hit(ranked, relevant, 1) == 0.0
    assert hit(ranked, relevant, 2) == 1.0
    assert reciprocal_rank(ranked, relevant) == 0.5
    assert recall(ranked, relevant, 3) == 0.5
    assert ndcg(["b", "z"], relevant) == 1.0
    assert ndcg(["x"], relevant) == 0.0


def test_auroc_counts_ties_half() -> None:
    assert auroc([2.0, 3.0], [0.0, 1.0]) == 1.0
    assert auroc([1.0], [1.0]) == 0.5
    assert auroc([0.0], [1.0]) == 0.0


def test_a_gain_lies_within_its_interval_and_none_is_none() -> None:
    gain, low, high = paired_bootstrap([0.0, 0.0, 1.0, 0.0] * 20, [1.0, 0.0, 1.0, 1.0] * 20)
    assert gain == pytest.approx(0.5)
    assert 0.0 < low < gain < high < 1.0
    assert paired_bootstrap([0.3, 0.7], [0.3, 0.7]) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("text", "answers", "held"),
    [
        ("It keeps a message for 4 days, by default [1].", ["4 Days"], True),
        ("It keeps a message for 14 days.", ["4 days"], False),
        ("Nothing.", ["!"], False),
        ("Nothing.", [], False),
    ],
)
def test_an_answer_is_contained_word_for_word(text: str, answers: list[str], held: bool) -> None:
    assert contains(text, answers) is held


def test_no_character_of_a_span_counts_twice() -> None:
    wanted = [("a", 0, 10), ("a", 20, 30)]
    assert share_of(wanted, [("a", 5, 25), ("a", 0, 8), ("b", 20, 30)]) == 0.75
    assert share_of(wanted, []) == 0.0


def test_what_is_caught_depends_on_the_false_alarms_that_are_borne() -> None:
    found = Validated(
        [0.1 * one for one in range(20)],
        [0.05, 0.05, 0.15, 5.0],
        [Verdict.SUPPORTED] * 15 + [Verdict.FLAGGED] * 4 + [Verdict.DROPPED],
        [Verdict.DROPPED] * 3 + [Verdict.FLAGGED],
    )
    figures = found.figures()
    assert figures["caught at 5 % false alarms"] == 0.5
    assert figures["caught at 10 % false alarms"] == 0.75
    assert figures["caught as shipped"] == 1.0
    assert figures["dropped as shipped"] == 0.75
    assert figures["false alarms as shipped"] == pytest.approx(0.25)
    assert figures["true dropped as shipped"] == pytest.approx(0.05)
