"""The answers' quality on a fixed slice, so that a change that makes them worse fails here and not in front of users.

The bounds are what is measured now, less what one question more or less would make.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from evaluation.answering import Answered, measure_answers
from evaluation.claims import Pair, denied, extended, planted_absent, planted_elsewhere
from evaluation.retrieving import AS_WRITTEN, HYBRID, Retrieved, measure_retrieval
from evaluation.validating import measure_validation
from evaluation.workbench import Bench, search_of
from portfolio_rag.answering.generation.chat import NOT_FOUND, Chat
from tests.support.model import ROOT


@pytest.fixture(scope="module")
def retrieved(samples: Bench) -> Retrieved:
    return measure_retrieval(samples)


@pytest.fixture(scope="module")
def answered(samples: Bench) -> Answered:
    return measure_answers(samples, limit=1000)


def test_the_right_document_is_found(retrieved: Retrieved) -> None:
    assert retrieved.questions >= 25
    assert retrieved.mean(HYBRID, "hit@1") >= 0.92
    assert retrieved.mean(HYBRID, "hit@5") == 1.0
    assert retrieved.mean(HYBRID, "nDCG@10") >= 0.95


def test_the_shipped_search_is_not_worse_than_one_vector_for_each_chunk(retrieved: Retrieved) -> None:
    assert retrieved.gain("MRR@10", AS_WRITTEN)[0] >= 0.0


def test_the_answers_hold_what_was_asked_for(answered: Answered) -> None:
    figures = answered.figures()
    assert figures["answered"] >= 0.92
    assert figures["answer in the text"] == 1.0
    assert figures["citation precision"] >= 0.85
    assert figures["citation recall"] >= 0.92


def test_what_the_documents_do_not_answer_is_refused(samples: Bench) -> None:
    chat = Chat(search_of(samples), None, samples.embedder, reader=samples.reader)
    for question in samples.questions:
        if question.adversarial:
            answer = chat.answer(question.text)
            assert not answer.answered, question.text
            assert answer.text == NOT_FOUND


def test_a_question_whose_document_is_taken_away_does_not_find_it(samples: Bench) -> None:
    question = samples.questions[0]
    samples.corpus.groups_left_out = question.relevant
    try:
        passages = search_of(samples).search(question.text)
    finally:
        samples.corpus.groups_left_out = frozenset()
    assert passages
    assert not {passage.document.filename for passage in passages} & question.relevant


@pytest.mark.parametrize(
    ("corrupt", "pairs", "dropped"),
    [(planted_absent, 20, 0.95), (planted_elsewhere, 9, 0.88), (denied, 5, 0.8), (extended, 14, 0.57)],
)
def test_claims_made_wrong_are_dropped_and_true_ones_kept(
    corrupt: Callable[[Sequence[str], int], list[Pair]], pairs: int, dropped: float
) -> None:
    files = sorted((ROOT / "samples" / "documents").rglob("*.md"))
    sections = [part for file in files for part in file.read_text(encoding="utf-8").split("\n## ") if len(part) > 300]
    figures = measure_validation(corrupt(sections, 100)).figures()
    assert figures["false"] >= pairs
    assert figures["dropped as shipped"] >= dropped
    assert figures["false alarms as shipped"] == 0.0
