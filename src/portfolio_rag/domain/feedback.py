"""What is kept of an answer so that people can say what it was worth: the question and its sources, not its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from portfolio_rag.domain.answers import AnswerMode

MAX_COMMENT_CHARACTERS = 2000


class Rating(StrEnum):
    UP = "up"
    DOWN = "down"


class AnswerKind(StrEnum):
    """What a list of answers is of. A refusal that was rated stands in two of them."""

    UNANSWERED = "unanswered"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class AnswerSource:
    """A version of a document that an answer cites, and where its document lies below the stages of the bucket."""

    document_id: str
    version: int
    logical_key: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody thinks of an answer; the time is as `identifiers.iso` writes it."""

    rating: Rating
    comment: str
    rated_at: str


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """One answer. `key_id` is that of the API key that asked; `expires_at` is Unix time in seconds."""

    answer_id: str
    key_id: str
    question: str
    asked_at: str
    answered: bool
    mode: AnswerMode
    sources: tuple[AnswerSource, ...]
    expires_at: int
    feedback: Feedback | None = None


@dataclass(frozen=True, slots=True)
class AnswerPage:
    """`cursor` is None at the end of the list."""

    items: Sequence[AnswerRecord]
    cursor: str | None
