"""`rag eval`: how well the running stack answers questions whose documents or answers you know."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from portfolio_rag.cli.http import ApiClient
from portfolio_rag.cli.terminal import escape
from portfolio_rag.domain.errors import InvalidRequest
from portfolio_rag.local.config import StackConfig

_WORD = re.compile(r"\w+")
_SHOWN = 10


@dataclass(frozen=True)
class Question:
    """`documents`: keys, ends of keys or file names, any of which is right; `answers`: texts, likewise."""

    text: str
    documents: tuple[str, ...]
    answers: tuple[str, ...]

    @property
    def unanswerable(self) -> bool:
        return not self.documents and not self.answers


@dataclass(frozen=True)
class QuestionOutcome:
    """`rank` of the first right document among the passages, from 1; None where no document is expected or found."""

    question: Question
    rank: int | None
    answered: bool
    contains: bool


def evaluate(path: Path, *, top_k: int, min_hit: float | None) -> None:
    """Ask every question of the file; exit with 1 when hit@`top_k` is below `min_hit`."""
    questions = read_questions(path)
    if min_hit is not None and not any(question.documents for question in questions):
        raise InvalidRequest("--min-hit needs questions that name the `document` which answers them.")
    console = Console()
    with ApiClient(StackConfig.load()) as api:
        outcomes = [
            outcome(question, api.post("/api/chat", {"question": question.text, "top_k": top_k}))
            for question in track(questions, "Asking", console=Console(stderr=True), transient=True)
        ]
    figures = summarise(outcomes)
    for line in report(figures, outcomes, top_k):
        console.print(line, soft_wrap=not console.is_terminal)
    if min_hit is not None and figures["hit"] < min_hit:
        console.print(f"[red]hit@{top_k} is below {min_hit:g}.[/red]")
        sys.exit(1)


def read_questions(path: Path) -> list[Question]:
    """From a JSON list or JSON lines. Raises InvalidRequest, naming the entry that is not right."""
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path} cannot be read: {error}.") from None
    try:
        if text.startswith("["):
            entries = json.loads(text)
        else:
            entries = [json.loads(line) for line in text.split("\n") if line.strip()]
    except json.JSONDecodeError as error:
        raise InvalidRequest(f"{path} is neither a JSON list nor JSON lines: {error}.") from None
    if not entries:
        raise InvalidRequest(f"{path} has no questions.")
    return [_question(entry, number) for number, entry in enumerate(entries, start=1)]


def _question(entry: Any, number: int) -> Question:
    if not isinstance(entry, dict) or not isinstance(entry.get("question"), str) or not entry["question"].strip():
        raise InvalidRequest(f'Question {number} needs a "question" with text.')
    return Question(entry["question"], _texts(entry, "document", number), _texts(entry, "answer", number))


def _texts(entry: Mapping[str, Any], name: str, number: int) -> tuple[str, ...]:
    value = entry.get(name)
    found = [] if value is None else value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) and one.strip() for one in found):
        raise InvalidRequest(f'"{name}" of question {number} must be a text, a list of texts or null.')
    return tuple(found)


def outcome(question: Question, response: Mapping[str, Any]) -> QuestionOutcome:
    """What the API's response is worth."""
    keys = list(dict.fromkeys(str(passage["s3_key"]) for passage in response["passages"]))
    rank = next((place for place, key in enumerate(keys, start=1) if _names(question.documents, key)), None)
    held = f" {_folded(response['answer'])} "
    contains = response["answered"] and any(f" {_folded(answer)} " in held for answer in question.answers)
    return QuestionOutcome(question, rank, bool(response["answered"]), contains)


def _names(documents: Sequence[str], key: str) -> bool:
    return any(f"/{key}".endswith(f"/{document.strip('/')}") for document in documents)


def _folded(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def summarise(outcomes: Sequence[QuestionOutcome]) -> dict[str, float]:
    """Shares from 0 to 1, of the questions that each can be told of; a figure that none has a say in is missing."""
    located = [one for one in outcomes if one.question.documents]
    answerable = [one for one in outcomes if not one.question.unanswerable]
    known = [one for one in outcomes if one.question.answers]
    empty = [one for one in outcomes if one.question.unanswerable]
    columns: dict[str, list[float]] = {
        "hit": [float(one.rank is not None) for one in located],
        "hit@1": [float(one.rank == 1) for one in located],
        "MRR": [1 / one.rank if one.rank else 0.0 for one in located],
        "answered": [float(one.answered) for one in answerable],
        "contains": [float(one.contains) for one in known],
        "refused": [float(not one.answered) for one in empty],
    }
    return {name: sum(values) / len(values) for name, values in columns.items() if values}


def report(figures: Mapping[str, float], outcomes: Sequence[QuestionOutcome], top_k: int) -> list[str]:
    """Lines of rich markup: the figures, and the questions that went wrong."""
    labels = {
        "hit@1": "right document first (hit@1)",
        "hit": f"right document among {top_k} passages (hit@{top_k})",
        "MRR": f"mean reciprocal rank of the right document (MRR@{top_k})",
        "answered": "answerable questions answered",
        "contains": "answers that hold the expected text",
        "refused": "questions without an answer refused",
    }
    lines = [f"{len(outcomes)} questions"]
    lines += [f"  {figures[name]:6.3f}  {label}" for name, label in labels.items() if name in figures]
    wrong = [(one, why) for one in outcomes if (why := _complaint(one))]
    lines += [f"  [yellow]{why}[/yellow]  {escape(one.question.text)}" for one, why in wrong[:_SHOWN]]
    if len(wrong) > _SHOWN:
        lines.append(f"  … and {len(wrong) - _SHOWN} more")
    return lines


def _complaint(one: QuestionOutcome) -> str:
    if one.question.unanswerable:
        return "answered, and should not be:" if one.answered else ""
    if one.question.documents and one.rank is None:
        return "document not found:"
    if not one.answered:
        return "not answered:"
    return "expected text missing:" if one.question.answers and not one.contains else ""
