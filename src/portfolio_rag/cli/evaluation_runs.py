"""Runs of `rag eval` in files, and what has become worse since one of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from portfolio_rag.domain.errors import InvalidRequest

FORMAT = 1
"""Of the file: another one is refused."""


@dataclass(frozen=True)
class Question:
    """`documents`: keys, ends of keys or file names, any of which is right; `answers`: texts, likewise.

    `expect` is what is known without them: `answer`, `refusal`, or `review` for nothing.
    """

    text: str
    documents: tuple[str, ...]
    answers: tuple[str, ...]
    expect: str | None = None

    @property
    def unanswerable(self) -> bool:
        return self.expect == "refusal" or not (self.documents or self.answers or self.expect)

    @property
    def for_review(self) -> bool:
        return self.expect == "review"


@dataclass(frozen=True)
class QuestionOutcome:
    """`rank` of the first right document among the passages, from 1; None where no document is expected or found."""

    question: Question
    rank: int | None
    answered: bool
    contains: bool


@dataclass(frozen=True)
class Run:
    """The outcomes of all questions, asked with `top_k`."""

    top_k: int
    outcomes: tuple[QuestionOutcome, ...]

    def as_json(self) -> dict[str, Any]:
        return {"format": FORMAT, "top_k": self.top_k, "outcomes": [asdict(outcome) for outcome in self.outcomes]}


@dataclass(frozen=True)
class FigureChange:
    """A share of 0 to 1 over the questions that both runs have."""

    name: str
    before: float
    now: float
    fell: bool


@dataclass(frozen=True)
class Comparison:
    """`questions` are those of both runs; `worse` of them were right before and are wrong now."""

    questions: int
    changes: Sequence[FigureChange]
    worse: Sequence[QuestionOutcome]

    @property
    def fell(self) -> bool:
        return any(change.fell for change in self.changes)


def save(run: Run, path: Path) -> None:
    """Raises InvalidRequest when the file cannot be written."""
    try:
        path.write_text(json.dumps(run.as_json(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be written: {error.strerror}.") from None


def load(path: Path) -> Run:
    """Raises InvalidRequest for what `save` has not written."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["format"] != FORMAT:
            raise ValueError(f"format {stored['format']}")
        return Run(int(stored["top_k"]), tuple(map(_outcome, stored["outcomes"])))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidRequest(f"{path} is no run that `rag eval --save` has written: {error}.") from None


def _outcome(stored: Mapping[str, Any]) -> QuestionOutcome:
    asked = stored["question"]
    question = Question(asked["text"], tuple(asked["documents"]), tuple(asked["answers"]), asked["expect"])
    rank = stored["rank"]
    return QuestionOutcome(
        question, None if rank is None else int(rank), bool(stored["answered"]), bool(stored["contains"])
    )


def compare(
    before: Run,
    now: Run,
    *,
    tolerance: float,
    summarise: Callable[[Sequence[QuestionOutcome]], Mapping[str, float]],
    complaint: Callable[[QuestionOutcome], str],
) -> Comparison:
    """Over the questions that both have asked with the same expectations.

    A figure has fallen where it is more than `tolerance` below. What is for review cannot fall: nobody knows what
    would be right. Raises InvalidRequest when there is nothing to compare.
    """
    if before.top_k != now.top_k:
        raise InvalidRequest(f"The stored run has asked with --top-k {before.top_k}, this one with {now.top_k}.")
    stored = {outcome.question: outcome for outcome in before.outcomes}
    pairs = [(stored[outcome.question], outcome) for outcome in now.outcomes if outcome.question in stored]
    if not pairs:
        raise InvalidRequest("The stored run has none of these questions: save one with --save.")
    old, new = summarise([pair[0] for pair in pairs]), summarise([pair[1] for pair in pairs])
    changes = [
        FigureChange(name, old[name], new[name], name != "reviewed" and new[name] < old[name] - tolerance - 1e-9)
        for name in new
    ]
    worse = [later for earlier, later in pairs if complaint(later) and not complaint(earlier)]
    return Comparison(len(pairs), changes, worse)
