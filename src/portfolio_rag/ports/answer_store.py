"""The table of answers that can be rated."""

from __future__ import annotations

from typing import Protocol

from portfolio_rag.domain.feedback import AnswerKind, AnswerPage, AnswerRecord, Feedback


class AnswerStore(Protocol):
    """`answers`. `now` is Unix time in seconds: what has expired is not there, whether or not it is deleted yet.

    With a `key_id`, what another API key has asked is not there either.
    """

    def add(self, record: AnswerRecord) -> None:
        """Keep a new answer; one that is kept already stays as it is."""

    def rate(self, answer_id: str, feedback: Feedback, *, now: int, key_id: str | None) -> AnswerRecord:
        """Put the feedback in place of any before; the answer as it is then. Raises NotFound."""

    def page(self, kind: AnswerKind, *, now: int, key_id: str | None, limit: int, cursor: str | None) -> AnswerPage:
        """Newest first. A page may hold fewer than `limit`. Raises InvalidRequest for a cursor of another list."""
