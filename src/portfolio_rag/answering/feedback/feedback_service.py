"""Rating answers, and listing those that were rated or not answered."""

from __future__ import annotations

from portfolio_rag.answering.feedback.answer_log import AnswerLog
from portfolio_rag.domain.errors import InvalidRequest, NotFound
from portfolio_rag.domain.feedback import (
    MAX_COMMENT_CHARACTERS,
    AnswerKind,
    AnswerPage,
    AnswerRecord,
    Feedback,
    Rating,
)
from portfolio_rag.ports.answer_store import AnswerStore
from portfolio_rag.ports.runtime import Clock

_DRAIN_SECONDS = 2.0


class FeedbackService:
    """With a `key_id` for those who see only what they have asked themselves; None for those who see everything."""

    def __init__(self, store: AnswerStore, log: AnswerLog, clock: Clock) -> None:
        self._store = store
        self._log = log
        self._clock = clock

    def rate(self, answer_id: str, rating: Rating, comment: str, *, key_id: str | None) -> AnswerRecord:
        """The answer with its feedback, which replaces any before.

        Raises NotFound, InvalidRequest for a comment that is too long, StorageUnavailable.
        """
        comment = comment.strip()
        if len(comment) > MAX_COMMENT_CHARACTERS:
            raise InvalidRequest(f"A comment has at most {MAX_COMMENT_CHARACTERS} characters, not {len(comment)}.")
        feedback = Feedback(rating, comment, self._clock.now_iso())
        try:
            return self._store.rate(answer_id, feedback, now=self._now(), key_id=key_id)
        except NotFound:
            # A program may rate an answer before this process has written it.
            if not self._log.drain(_DRAIN_SECONDS):
                raise
            return self._store.rate(answer_id, feedback, now=self._now(), key_id=key_id)

    def page(self, kind: AnswerKind, *, limit: int, cursor: str | None, key_id: str | None) -> AnswerPage:
        """As `AnswerStore.page`."""
        return self._store.page(kind, now=self._now(), key_id=key_id, limit=limit, cursor=cursor)

    def _now(self) -> int:
        return int(self._clock.now().timestamp())
