"""The figures themselves, on inputs small enough to count by hand."""

from __future__ import annotations

import pytest

from evaluation.answering import Answered, ShownSentence, contains, own_quotes, shown_sentences
from evaluation.chunking import Covered, best_copies, copies_of, share_of
from evaluation.datasets import EvalQuestion
from evaluation.metrics import auroc, hit, ndcg, paired_bootstrap, recall, reciprocal_rank
from evaluation.validating import Validated
from portfolio_rag.domain.answers import Answer, AnswerMode, CheckedSentence, Citation, Verdict


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


def test_any_copy_of_a_span_counts_and_the_annotated_one_first() -> None:
    texts = {"a": "xxLondonyyLondon", "b": "zLondon", "c": "nothing"}
    copies = copies_of(("a", 10, 16), texts)
    assert copies == [("a", 10, 16), ("a", 2, 8), ("b", 1, 7)]
    assert copies_of(("c", 0, 7), texts) == [("c", 0, 7)]
    shown = [("b", 0, 4), ("a", 0, 4)]
    assert share_of([("a", 10, 16)], shown) == 0.0
    assert best_copies([copies], shown) == [("b", 1, 7)]
    assert share_of(best_copies([copies], shown), shown) == 0.5
    assert best_copies([copies], []) == [("a", 10, 16)]


def test_chunking_keeps_both_figures() -> None:
    figures = Covered([0.0, 1.0], [0.5, 1.0], [1.0, 1.0], [1.0, 1.0], [True, False]).figures()
    assert figures["shipped"] == 0.75
    assert figures["shipped, any copy"] == 1.0
    assert figures["one vector per chunk, any copy"] == 1.0
    assert figures["questions with copies"] == 1.0


def cited(number: int, document_id: str, quote: str) -> Citation:
    return Citation(number, document_id, 1, "", "", "", "", 0, (), None, (0, len(quote)), quote, 0.5)


def test_each_sentence_shown_is_judged_by_its_own_citations() -> None:
    question = EvalQuestion("1", "How long?", frozenset(["right.md"]), "g", ("four days",))
    answer = Answer(
        text="",
        answered=True,
        mode=AnswerMode.EXTRACTIVE,
        model="",
        citations=[
            cited(1, "r", "A message is kept for four days."),
            cited(1, "r", "Queues have names."),
            cited(2, "w", "Topics keep none for four days."),
        ],
        validation=[
            CheckedSentence("A message is kept for four days.", (1,), Verdict.SUPPORTED, 1.0),
            CheckedSentence("Queues have names.", (1,), Verdict.SUPPORTED, 1.0),
            CheckedSentence("Nobody knows.", (1,), Verdict.DROPPED, 0.0),
            CheckedSentence("Topics keep none for four days.", (2,), Verdict.REPAIRED, 1.0),
            CheckedSentence("A queue has a name, and a topic keeps none.", (1, 2), Verdict.FLAGGED, 0.3),
            CheckedSentence("Four days.", (), Verdict.FLAGGED, 0.3),
        ],
        validation_score=1.0,
        passages=[],
    )
    shown = shown_sentences(answer, question, {"r": "right.md", "w": "wrong.md"})
    assert [(sentence.in_document, sentence.quotes_answer) for sentence in shown] == [
        (True, True),
        (True, False),
        (False, True),
        (False, True),
        (False, False),
    ]
    assert [sentence.place for sentence in shown] == [0, 1, 2, 3, 4]


def test_a_sentence_of_no_quote_has_all_quotes_of_its_sources() -> None:
    quotes = [cited(1, "r", "A queue keeps four days."), cited(1, "r", "It has a name.")]
    assert own_quotes("It has a name.", quotes) == quotes[1:]
    assert own_quotes("Put otherwise, four days are kept.", quotes) == quotes


def test_sentences_count_alike_whichever_answer_they_belong_to() -> None:
    sentences = [
        ShownSentence(0, True, True),
        ShownSentence(1, False, False),
        ShownSentence(2, False, True),
        ShownSentence(0, True, None),
    ]
    figures = Answered(answered=[1.0, 1.0], precision=[1 / 3, 1.0], sentences=sentences).figures()
    assert figures["citation precision"] == pytest.approx(2 / 3)
    assert figures["sentences shown"] == 4.0
    assert figures["sentences of the right document"] == 0.5
    assert figures["first sentences of it"] == 1.0
    assert figures["later sentences of it"] == 0.0
    assert figures["sentences whose quote holds the answer"] == pytest.approx(2 / 3)


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
