"""What `rag feedback` shows of answers, and which questions it makes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from portfolio_rag.cli import feedback
from portfolio_rag.cli.evaluate import read_questions
from portfolio_rag.domain.errors import InvalidRequest
from portfolio_rag.domain.feedback import AnswerKind
from tests.unit.cli.test_jobs import Api

SOURCES = [{"document_id": "d", "version": version, "logical_key": "guides/sqs.md"} for version in (1, 2)]


def rated(number: int, rating: str | None, *, answered: bool = True, **changes: Any) -> dict[str, Any]:
    return {
        "answer_id": str(number),
        "question": f"Question {number}?",
        "asked_at": f"2026-01-05T10:12:{number:02}.000000Z",
        "answered": answered,
        "mode": "extractive",
        "sources": SOURCES if answered else [],
        "rating": rating,
        "comment": "",
        "rated_at": f"2026-01-06T10:12:{number:02}.000000Z" if rating else None,
        **changes,
    }


def page(*items: dict[str, Any], cursor: str | None = None) -> httpx.Response:
    return httpx.Response(200, json={"items": list(items), "next_cursor": cursor})


def test_the_list_has_each_answer_once_newest_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = rated(2, "down", answered=False, comment="It [is] in\x1b[31m sqs.md.")
    api = Api(tmp_path, page(both, rated(1, None, answered=False)), page(rated(3, "up")), page(both))
    feedback.show_all(kind=None, limit=5, api=api.client)
    assert api.asked == [f"GET /api/answers?kind={kind}&limit=5" for kind in ("unanswered", "up", "down")]
    shown = capsys.readouterr().out
    assert [line.split()[2:4] for line in shown.splitlines()[1:]] == [["yes", "up"], ["no", "down"], ["no", "Question"]]
    assert "It [is] in" in shown
    assert "\x1b" not in shown


def test_the_list_of_one_kind_goes_on_until_there_are_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api = Api(tmp_path, page(rated(3, "up"), cursor="c"), page(rated(2, "up"), rated(1, "up"), cursor="d"))
    feedback.show_all(kind=AnswerKind.UP, limit=3, api=api.client)
    assert api.asked == ["GET /api/answers?kind=up&limit=3", "GET /api/answers?kind=up&limit=2&cursor=c"]
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_an_empty_list_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feedback.show_all(kind=None, limit=5, api=Api(tmp_path, page(), page(), page()).client)
    assert "Nobody has rated an answer" in capsys.readouterr().out


def test_what_is_known_of_an_answer_becomes_what_is_expected_of_it() -> None:
    answers = [
        rated(5, None, answered=False),
        rated(4, "down", comment="Wrong."),
        rated(3, "down", answered=False),
        rated(2, "up", answered=False),
        rated(1, "up"),
    ]
    assert feedback.questions_of(answers) == [
        {"question": "Question 5?", "expect": "review", "asked": 1},
        {"question": "Question 4?", "expect": "review", "comment": "Wrong.", "asked": 1},
        {"question": "Question 3?", "expect": "answer", "asked": 1},
        {"question": "Question 2?", "expect": "refusal", "asked": 1},
        {"question": "Question 1?", "document": ["guides/sqs.md"], "asked": 1},
    ]


def test_a_question_is_exported_once_by_the_last_word_on_it() -> None:
    answers = [
        rated(3, None, answered=False, question="how long?"),
        rated(2, "down", question="How  long?", rated_at="2026-01-07"),
        rated(1, "up", question="How long?", rated_at="2026-01-08"),
    ]
    assert feedback.questions_of(answers) == [{"question": "How long?", "document": ["guides/sqs.md"], "asked": 3}]


def test_the_export_is_read_by_rag_eval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "questions.jsonl"
    pages = [page(rated(1, None, answered=False)), page(rated(2, "up", answered=False), rated(3, "up")), page()]
    feedback.export(file, api=Api(tmp_path, *pages).client)
    assert capsys.readouterr().out == f"3 questions in {file}, 1 of them for review.\n"
    liked, refused, open_question = read_questions(file)
    assert liked.documents == ("guides/sqs.md",)
    assert refused.unanswerable
    assert open_question.for_review
    feedback.export(None, api=Api(tmp_path, *pages).client)
    assert [json.loads(line)["question"] for line in capsys.readouterr().out.splitlines()] == [
        "Question 3?",
        "Question 2?",
        "Question 1?",
    ]
    feedback.export(file, as_json=True, api=Api(tmp_path, *pages).client)
    assert json.loads(capsys.readouterr().out) == {"output": str(file), "questions": 3, "reviews": 1}
    feedback.export(None, as_json=True, api=Api(tmp_path, *pages).client)
    assert len(json.loads(capsys.readouterr().out)["questions"]) == 3


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="cannot be written"):
        feedback.export(tmp_path / "none" / "x.jsonl", api=Api(tmp_path, page(), page(), page()).client)
