"""The cases on structure, and how an answer to one is judged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from evaluation.datasets import EvalDocument, EvalSet
from evaluation.structured import (
    DraftedClaim,
    Question,
    answer_with_claim,
    holds,
    is_right,
    is_shown_unmarked,
    load_cases,
)
from evaluation.workbench import Bench, build
from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder
from portfolio_rag.adapters.models.tokenizer import HuggingFaceTokenizer
from portfolio_rag.domain.answers import Answer, AnswerMode, CheckedSentence, Citation, Verdict

RULES = b"""# Pellbourne bakery: rules of the oven

The oven of Pellbourne is heated to 240 degrees before the first loaf goes in.

The apprentice cleans the oven on Friday.
"""


@pytest.fixture(scope="module")
def bench(model_dir: Path) -> Iterator[Bench]:
    data = EvalSet("rules", [EvalDocument("oven.md", RULES, "oven")], [])
    with closing(build(data, OnnxEmbedder(model_dir), HuggingFaceTokenizer(model_dir))) as built:
        yield built


def answer(text: str, quote: str, path: tuple[str, ...] = ("Plans",), document_id: str = "d") -> Answer:
    citation = Citation(1, document_id, 1, "", "", "", "", 0, path, None, (0, len(quote)), quote, 0.5)
    return Answer(text, True, AnswerMode.EXTRACTIVE, "", [citation], [], 1.0, [])


def test_every_case_is_about_what_its_document_says() -> None:
    documents, questions, claims = load_cases()
    texts = {document.name: document.data.decode() for document in documents}
    assert 6 <= len(texts) <= 8
    assert 30 <= len(questions) <= 40
    for question in questions:
        text = texts[question.document]
        assert question.refused or question.section or question.row or question.document.endswith(".txt")
        assert question.refused == (not question.contains)
        for phrase in (*question.contains, *question.absent, question.section, question.row):
            assert phrase in text, phrase
    assert len({(claim.question, claim.claim) for claim in claims}) == len(claims)
    assert {claim.document for claim in claims} <= texts.keys()
    assert sum(claim.holds for claim in claims) >= 10
    assert sum(not claim.holds for claim in claims) >= 10


@pytest.mark.parametrize(
    ("text", "phrase", "held"),
    [
        ("It costs 23 € a night [1].", "23 €", True),
        ("It costs 123 € a night.", "23 €", False),
        ("Keep  it\nCool.", "it cool", True),
        ("E-170 is shown.", "E-17", False),
    ],
)
def test_a_phrase_is_held_as_whole_words(text: str, phrase: str, held: bool) -> None:
    assert holds(text, phrase) is held


def test_an_answer_is_right_from_its_own_row_alone() -> None:
    question = Question("plans.md", "How many?", ("18",), ("240",), row="Crew")
    names = {"d": "plans.md", "e": "other.md"}
    right = answer("Plan: Crew | Drivers: 18", "Plan: Crew | Drivers: 18")
    assert is_right(question, right, names)
    assert not is_right(question, answer("18", "Plan: Fleet | Drivers: 18"), names)
    assert not is_right(question, answer("18 and 240", "Plan: Crew | Drivers: 18"), names)
    assert not is_right(question, answer("Some", "Plan: Crew | Drivers: 18"), names)
    assert not is_right(question, answer("18", "Plan: Crew | Drivers: 18", document_id="e"), names)
    assert not is_right(question, replace(right, answered=False), names)


def test_an_answer_is_right_from_its_own_section_alone() -> None:
    question = Question("plans.md", "How?", ("by e-mail",), section="Crew")
    names = {"d": "plans.md"}
    assert is_right(question, answer("By e-mail.", "By e-mail.", ("Support", "Crew")), names)
    assert not is_right(question, answer("By e-mail.", "By e-mail.", ("Support",)), names)
    elsewhere = answer("By e-mail.", "By e-mail.", ("Support", "Fleet")).citations
    both = answer("By e-mail.", "By e-mail.", ("Support", "Crew"))
    assert not is_right(question, replace(both, citations=[*both.citations, *elsewhere]), names)


def test_a_question_without_an_answer_is_right_when_it_is_refused() -> None:
    question = Question("plans.md", "How many in the Regional plan?", refused=True)
    given = answer("18", "Plan: Crew | Drivers: 18")
    assert not is_right(question, given, {"d": "plans.md"})
    assert is_right(question, replace(given, answered=False, citations=[]), {"d": "plans.md"})


@pytest.mark.parametrize(
    ("verdicts", "unmarked"),
    [
        ((Verdict.SUPPORTED,), True),
        ((Verdict.REPAIRED,), True),
        ((Verdict.FLAGGED,), False),
        ((Verdict.SUPPORTED, Verdict.DROPPED), False),
    ],
)
def test_a_claim_is_unmarked_when_all_of_it_passes_as_held(verdicts: tuple[Verdict, ...], unmarked: bool) -> None:
    checked = [CheckedSentence("It is so.", (1,), verdict, 0.5) for verdict in verdicts]
    shown = replace(answer("It is so.", "It is so."), validation=checked)
    assert is_shown_unmarked(shown) is unmarked
    assert not is_shown_unmarked(replace(shown, answered=False))


def test_a_drafted_claim_passes_the_shipped_check(bench: Bench) -> None:
    asked = "To how many degrees is the oven of Pellbourne heated?"
    true = answer_with_claim(
        bench, DraftedClaim("oven.md", asked, "The oven of Pellbourne is heated to 240 degrees.", True, "")
    )
    assert (true.mode, true.text) == (AnswerMode.GPT, "The oven of Pellbourne is heated to 240 degrees [1].")
    assert is_shown_unmarked(true)
    false = answer_with_claim(
        bench, DraftedClaim("oven.md", asked, "The oven of Pellbourne is heated to 310 degrees.", False, "")
    )
    assert not is_shown_unmarked(false)
