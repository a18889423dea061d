"""`rag eval --compare`: what has fallen since a stored run, and what that does to the exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from portfolio_rag.cli import evaluate as module
from portfolio_rag.cli.evaluate import evaluate, read_questions, summarise
from portfolio_rag.cli.evaluation_runs import load
from portfolio_rag.domain.errors import InvalidRequest
from tests.unit.cli.test_evaluate import ENTRIES, RESPONSES, response

REVIEW = {"question": "What of it?", "expect": "review"}
UNANSWERED = response("The answer is not in the documents.", "processed/a.md", answered=False)


class Api:
    """Answers as the test says."""

    says: dict[str, Any]

    def __init__(self, _: object) -> None: ...

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None: ...

    def post(self, _: str, body: dict[str, Any]) -> Any:
        return self.says[body["question"]]


@pytest.fixture(autouse=True)
def api(monkeypatch: pytest.MonkeyPatch) -> type[Api]:
    Api.says = {**RESPONSES, "What of it?": response("This [1].", "processed/a.md")}
    monkeypatch.setattr(module, "ApiClient", Api)
    return Api


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write(tmp_path / "questions.jsonl", *ENTRIES, REVIEW)


@pytest.fixture
def stored(questions: Path, tmp_path: Path) -> Path:
    file = tmp_path / "run.json"
    evaluate(questions, top_k=5, min_hit=None, save_to=file)
    return file


def write(file: Path, *entries: dict[str, Any]) -> Path:
    file.write_text("\n".join(json.dumps(entry) for entry in entries), encoding="utf-8")
    return file


def test_a_stored_run_comes_back(questions: Path, stored: Path) -> None:
    run = load(stored)
    assert run.top_k == 5
    assert [outcome.question for outcome in run.outcomes] == read_questions(questions)
    assert summarise(run.outcomes)["hit"] == 0.5


def test_nothing_has_fallen(questions: Path, stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate(questions, top_k=5, min_hit=None, compare_with=stored)
    shown = capsys.readouterr().out
    assert "4 questions of both runs" in shown
    assert "fell" not in shown


def test_a_fall_ends_with_exit_code_1_and_is_named(
    questions: Path, stored: Path, api: type[Api], capsys: pytest.CaptureFixture[str]
) -> None:
    api.says["How long?"] = UNANSWERED
    api.says["How large?"] = response("400 KB [1].", "processed/guides/dynamo.md")
    with pytest.raises(SystemExit) as ended:
        evaluate(questions, top_k=5, min_hit=None, compare_with=stored)
    assert ended.value.code == 1
    shown = capsys.readouterr().out
    (answered,) = [line for line in shown.splitlines() if "answerable questions answered" in line and "fell" in line]
    assert answered.split()[-4:] == ["1.000", "0.500", "-0.500", "fell"]
    assert "was right before, now document not found:  How long?" in shown
    (hit,) = [line for line in shown.splitlines() if "(hit@5)" in line and "=" in line]
    assert "fell" not in hit


def test_a_fall_within_the_tolerance_is_none(questions: Path, stored: Path, api: type[Api]) -> None:
    api.says["Who won?"] = response("Germany [1].", "processed/a.md")
    with pytest.raises(SystemExit):
        evaluate(questions, top_k=5, min_hit=None, compare_with=stored, tolerance=0.99)
    evaluate(questions, top_k=5, min_hit=None, compare_with=stored, tolerance=1.0)


def test_what_is_for_review_cannot_fall(
    questions: Path, stored: Path, api: type[Api], capsys: pytest.CaptureFixture[str]
) -> None:
    api.says["What of it?"] = UNANSWERED
    evaluate(questions, top_k=5, min_hit=None, compare_with=stored)
    assert "questions for review answered" in capsys.readouterr().out


def test_only_questions_that_both_have_are_compared(tmp_path: Path, stored: Path, api: type[Api]) -> None:
    changed = {**ENTRIES[0], "document": "other.md"}
    file = write(tmp_path / "new.jsonl", changed, ENTRIES[2], {"question": "How new?", "document": "new.md"})
    api.says["How new?"] = UNANSWERED
    evaluate(file, top_k=5, min_hit=None, compare_with=stored)
    with pytest.raises(InvalidRequest, match="none of these questions"):
        evaluate(write(tmp_path / "other.jsonl", changed), top_k=5, min_hit=None, compare_with=stored)


def test_json_has_the_figures_and_what_became_worse(
    questions: Path, stored: Path, api: type[Api], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    api.says["Who won?"] = response("Germany [1].", "processed/a.md")
    with pytest.raises(SystemExit):
        evaluate(questions, top_k=5, min_hit=None, compare_with=stored, as_json=True)
    body = json.loads(capsys.readouterr().out)
    assert body["figures"]["refused"] == 0.0
    assert {"question": "Who won?", "why": "answered, and should not be"} in body["wrong"]
    assert body["comparison"]["fell"] is True
    assert body["comparison"]["worse"] == ["Who won?"]
    assert {"name": "refused", "before": 1.0, "now": 0.0, "fell": True} in body["comparison"]["changes"]


def test_another_top_k_is_not_compared(questions: Path, stored: Path) -> None:
    with pytest.raises(InvalidRequest, match="--top-k 5"):
        evaluate(questions, top_k=3, min_hit=None, compare_with=stored)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 2}', '{"format": 1, "top_k": 5, "outcomes": [{}]}'])
def test_what_is_no_stored_run(questions: Path, tmp_path: Path, text: str) -> None:
    file = tmp_path / "broken.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidRequest, match="is no run that"):
        evaluate(questions, top_k=5, min_hit=None, compare_with=file)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"question": "a", "expect": "perhaps"}, '"expect" of question 1 must be one of answer, refusal, review'),
        ({"question": "a", "answer": "b", "expect": "refusal"}, "Question 1 has an answer"),
    ],
)
def test_what_is_expected_must_make_sense(entry: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=message):
        read_questions(write(tmp_path / "x.jsonl", entry))


def test_an_answer_can_be_expected_without_knowing_which(tmp_path: Path, api: type[Api]) -> None:
    api.says["Any?"] = UNANSWERED
    (question,) = read_questions(write(tmp_path / "x.jsonl", {"question": "Any?", "expect": "answer"}))
    assert summarise([module.outcome(question, UNANSWERED)]) == {"answered": 0.0}
    assert module.complaint_of(module.outcome(question, UNANSWERED)) == "not answered:"
