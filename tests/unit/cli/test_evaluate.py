"""`rag eval`: reading a user's questions, and what the API's responses are worth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from portfolio_rag.cli import evaluate as module
from portfolio_rag.cli.evaluate import evaluate, outcome, read_questions, report, summarise
from portfolio_rag.domain.errors import InvalidRequest


def response(answer: str, *keys: str, answered: bool = True) -> dict[str, Any]:
    return {"answer": answer, "answered": answered, "passages": [{"s3_key": key} for key in keys]}


ENTRIES: list[dict[str, Any]] = [
    {"question": "How long?", "document": "sqs.md", "answer": "4 days"},
    {"question": "How large?", "document": ["guides/dynamo.md", "other.md"], "answer": None},
    {"question": "Who won?"},
]
RESPONSES = {
    "How long?": response("A message stays 4 Days [1].", "processed/a.md", "processed/a.md", "processed/guides/sqs.md"),
    "How large?": response("400 KB [1].", "processed/my-guides/dynamo.md"),
    "Who won?": response("The answer is not in the documents.", "processed/a.md", answered=False),
}


@pytest.fixture(params=["list", "lines"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    text = json.dumps(ENTRIES) if request.param == "list" else "\n".join(json.dumps(one) for one in ENTRIES)
    file = tmp_path / "questions.json"
    file.write_text(text, encoding="utf-8")
    return file


def test_questions_come_from_a_list_or_from_lines(path: Path) -> None:
    first, second, third = read_questions(path)
    assert (first.documents, first.answers) == (("sqs.md",), ("4 days",))
    assert (second.documents, second.answers) == (("guides/dynamo.md", "other.md"), ())
    assert third.unanswerable


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no questions"),
        ("[]", "has no questions"),
        ('{"question": "a"', "neither a JSON list nor JSON lines"),
        ('["a"]', 'Question 1 needs a "question"'),
        ('{"question": "a"}\n{"question": " "}', 'Question 2 needs a "question"'),
        ('{"question": "a", "document": 3}', '"document" of question 1 must be'),
    ],
)
def test_what_is_wrong_with_a_file_is_said(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidRequest, match=message):
        read_questions(file)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="cannot be read"):
        read_questions(tmp_path / "none.json")


def test_figures_count_documents_once_and_only_whole_names(path: Path) -> None:
    outcomes = [outcome(one, RESPONSES[one.text]) for one in read_questions(path)]
    assert [one.rank for one in outcomes] == [2, None, None]  # my-guides/ is not guides/
    figures = summarise(outcomes)
    assert figures == {"hit": 0.5, "hit@1": 0.0, "MRR": 0.25, "answered": 1.0, "contains": 1.0, "refused": 1.0}
    lines = report(figures, outcomes, 5)
    assert "   0.500  right document among 5 passages (hit@5)" in lines
    assert any("document not found:" in line and "How large?" in line for line in lines)
    assert not any("Who won?" in line for line in lines)


class Api:
    def __init__(self, _: object) -> None: ...

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None: ...

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        assert path == "/api/chat"
        assert body["top_k"] == 3
        return RESPONSES[body["question"]]


def test_too_few_hits_end_with_exit_code_1(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "ApiClient", Api)
    evaluate(path, top_k=3, min_hit=0.5)
    with pytest.raises(SystemExit) as ended:
        evaluate(path, top_k=3, min_hit=0.6)
    assert ended.value.code == 1
    assert "hit@3 is below 0.6." in capsys.readouterr().out


def test_a_bound_without_documents_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "questions.json"
    file.write_text('{"question": "a", "answer": "b"}', encoding="utf-8")
    with pytest.raises(InvalidRequest, match="--min-hit needs"):
        evaluate(file, top_k=3, min_hit=0.5)
