from __future__ import annotations

from dataclasses import replace

import pytest

from portfolio_rag.answering.generation.answerability import COVERAGE_WEIGHT, score
from portfolio_rag.text.language.content_words import subject_terms
from portfolio_rag.text.language.irregular_forms import base_form
from tests.support.answers import Corpus


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("notice is given", "to give notice"),
        ("stolen bicycles", "who steals a bicycle"),
        ("it was written and sent", "write and send"),
        ("they fell, fallen", "they fell, fall"),
    ],
)
def test_forms_of_a_verb_are_one_word(one: str, other: str) -> None:
    assert set(subject_terms(one)) == set(subject_terms(other))


@pytest.mark.parametrize("word", ["found", "left", "saw", "lay", "ground", "gift", "payer", "givens"])
def test_another_word_stays_one(word: str) -> None:
    assert base_form(word) == word


def test_a_passage_speaks_of_what_is_asked_in_another_form_of_the_verb() -> None:
    corpus = Corpus()
    corpus.text("club.md", "A membership ends in May, when notice is given by March at the latest.")
    questions = ("By when must I give notice?", "By when must I accept notice?")
    (passage,) = corpus.retrieval().search(questions[0])
    scores = [score(question, [replace(passage, window_scores=(0.3,))]) for question in questions]
    assert scores == pytest.approx([0.3 + COVERAGE_WEIGHT, 0.3 + COVERAGE_WEIGHT / 2])
