"""`rag eval`: how well the running stack answers questions whose documents or answers you know."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Column, Table

from portfolio_rag.cli.evaluation_runs import Comparison, Question, QuestionOutcome, Run, compare, load, save
from portfolio_rag.cli.http import ApiClient
from portfolio_rag.cli.output import print_json
from portfolio_rag.cli.terminal import escape
from portfolio_rag.domain.errors import InvalidRequest
from portfolio_rag.local.config import StackConfig

_WORD = re.compile(r"\w+")
_SHOWN = 10
_EXPECTATIONS = ("answer", "refusal", "review")


def evaluate(
    path: Path,
    *,
    top_k: int,
    min_hit: float | None,
    save_to: Path | None = None,
    compare_with: Path | None = None,
    tolerance: float = 0.0,
    as_json: bool = False,
) -> None:
    """Ask every question of the file; exit with 1 when hit@`top_k` is below `min_hit`, or when a figure has fallen by
    more than `tolerance` since the run in the file `compare_with`."""
    questions = read_questions(path)
    if min_hit is not None and not any(question.documents for question in questions):
        raise InvalidRequest("--min-hit needs questions that name the `document` which answers them.")
    before = load(compare_with) if compare_with is not None else None
    run = Run(top_k, tuple(_ask_all(questions, top_k)))
    comparison = (
        compare(before, run, tolerance=tolerance, summarise=summarise, complaint=complaint_of) if before else None
    )
    if save_to is not None:
        save(run, save_to)
    figures = summarise(run.outcomes)
    missed = min_hit is not None and figures["hit"] < min_hit
    if as_json:
        print_json(_as_json(run, figures, comparison))
    else:
        _print(run, figures, comparison, min_hit if missed else None)
    if missed or (comparison is not None and comparison.fell):
        sys.exit(1)


def _ask_all(questions: Sequence[Question], top_k: int) -> list[QuestionOutcome]:
    with ApiClient(StackConfig.load()) as api:
        return [
            outcome(question, api.post("/api/chat", {"question": question.text, "top_k": top_k}))
            for question in track(questions, "Asking", console=Console(stderr=True), transient=True)
        ]


def _print(run: Run, figures: Mapping[str, float], comparison: Comparison | None, missed: float | None) -> None:
    console = Console()
    for line in report(figures, run.outcomes, run.top_k):
        console.print(line, soft_wrap=not console.is_terminal)
    if comparison is not None:
        console.print(_table(comparison, run.top_k))
        for changed in comparison.worse[:_SHOWN]:
            worse = f"  [red]was right before, now {complaint_of(changed)}[/red]  {escape(changed.question.text)}"
            console.print(worse, soft_wrap=not console.is_terminal)
    if missed is not None:
        console.print(f"[red]hit@{run.top_k} is below {missed:g}.[/red]")


def _table(comparison: Comparison, top_k: int) -> Table:
    number = {"justify": "right", "no_wrap": True}
    table = Table(
        Column(f"{comparison.questions} questions of both runs"),
        *(Column(name, **number) for name in ("before", "now", "change")),  # type: ignore[arg-type]
        Column(""),
        box=None,
    )
    for change in comparison.changes:
        difference = change.now - change.before
        table.add_row(
            _labels(top_k)[change.name],
            f"{change.before:.3f}",
            f"{change.now:.3f}",
            f"{difference:+.3f}" if abs(difference) >= 0.0005 else "=",
            "[red]fell[/red]" if change.fell else "",
        )
    return table


def _as_json(run: Run, figures: Mapping[str, float], comparison: Comparison | None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "questions": len(run.outcomes),
        "top_k": run.top_k,
        "figures": dict(figures),
        "wrong": [
            {"question": outcome.question.text, "why": why.rstrip(":")}
            for outcome in run.outcomes
            if (why := complaint_of(outcome))
        ],
    }
    if comparison is not None:
        body["comparison"] = {
            "questions": comparison.questions,
            "fell": comparison.fell,
            "changes": [asdict(change) for change in comparison.changes],
            "worse": [outcome.question.text for outcome in comparison.worse],
        }
    return body


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
    documents, answers, expect = _texts(entry, "document", number), _texts(entry, "answer", number), entry.get("expect")
    if expect not in (None, *_EXPECTATIONS):
        raise InvalidRequest(f'"expect" of question {number} must be one of {", ".join(_EXPECTATIONS)}.')
    if expect in ("refusal", "review") and (documents or answers):
        raise InvalidRequest(f'Question {number} has an answer, and "expect" says {expect}.')
    return Question(entry["question"], documents, answers, expect)


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
    answerable = [one for one in outcomes if not one.question.unanswerable and not one.question.for_review]
    known = [one for one in outcomes if one.question.answers]
    empty = [one for one in outcomes if one.question.unanswerable]
    columns: dict[str, list[float]] = {
        "hit": [float(one.rank is not None) for one in located],
        "hit@1": [float(one.rank == 1) for one in located],
        "MRR": [1 / one.rank if one.rank else 0.0 for one in located],
        "answered": [float(one.answered) for one in answerable],
        "contains": [float(one.contains) for one in known],
        "refused": [float(not one.answered) for one in empty],
        "reviewed": [float(one.answered) for one in outcomes if one.question.for_review],
    }
    return {name: sum(values) / len(values) for name, values in columns.items() if values}


def report(figures: Mapping[str, float], outcomes: Sequence[QuestionOutcome], top_k: int) -> list[str]:
    """Lines of rich markup: the figures, and the questions that went wrong."""
    labels = _labels(top_k)
    lines = [f"{len(outcomes)} questions"]
    lines += [f"  {figures[name]:6.3f}  {label}" for name, label in labels.items() if name in figures]
    wrong = [(one, why) for one in outcomes if (why := complaint_of(one))]
    lines += [f"  [yellow]{why}[/yellow]  {escape(one.question.text)}" for one, why in wrong[:_SHOWN]]
    if len(wrong) > _SHOWN:
        lines.append(f"  … and {len(wrong) - _SHOWN} more")
    return lines


def _labels(top_k: int) -> dict[str, str]:
    return {
        "hit@1": "right document first (hit@1)",
        "hit": f"right document among {top_k} passages (hit@{top_k})",
        "MRR": f"mean reciprocal rank of the right document (MRR@{top_k})",
        "answered": "answerable questions answered",
        "contains": "answers that hold the expected text",
        "refused": "questions without an answer refused",
        "reviewed": "questions for review answered",
    }


def complaint_of(one: QuestionOutcome) -> str:
    """What is wrong with an outcome; empty where nothing is, or nobody knows."""
    if one.question.for_review:
        return ""
    if one.question.unanswerable:
        return "answered, and should not be:" if one.answered else ""
    if one.question.documents and one.rank is None:
        return "document not found:"
    if not one.answered:
        return "not answered:"
    return "expected text missing:" if one.question.answers and not one.contains else ""
