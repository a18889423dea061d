"""Keeps what was asked, beside the answers: no answer waits for it, and none fails with it."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import replace
from threading import Condition, Thread
from uuid import uuid4

from portfolio_rag.domain.answers import Answer
from portfolio_rag.domain.documents import logical_key
from portfolio_rag.domain.feedback import AnswerRecord, AnswerSource
from portfolio_rag.ports.answer_store import AnswerStore
from portfolio_rag.ports.runtime import Clock

_MAX_WAITING = 1000
"""Records that wait to be written: a few MB at most. Beyond it DynamoDB does not keep up, and new ones are let go."""

STOP_SECONDS = 5.0
"""How long the end of the process waits for what is not written yet."""

_log = logging.getLogger(__name__)


class AnswerLog:
    """Gives every answer an id, and writes one item for each on a thread of its own: at most one write an answer.

    `kept_days` of 0 keeps nothing, and answers have no id then.
    """

    def __init__(self, store: AnswerStore, clock: Clock, *, kept_days: int) -> None:
        self._store = store
        self._clock = clock
        self._kept_seconds = kept_days * 86_400
        self._waiting: deque[AnswerRecord] = deque()
        self._changed = Condition()
        self._is_writing = False
        self._is_stopped = False
        self._thread: Thread | None = None

    def record(self, answer: Answer, *, key_id: str) -> Answer:
        """The answer with its id. Never raises and never waits for the store."""
        if not self._kept_seconds:
            return answer
        answer = replace(answer, answer_id=str(uuid4()))
        now = self._clock.now()
        record = AnswerRecord(
            answer_id=answer.answer_id,
            key_id=key_id,
            question=answer.question,
            asked_at=self._clock.now_iso(),
            answered=answer.answered,
            mode=answer.mode,
            sources=_sources(answer),
            expires_at=int(now.timestamp()) + self._kept_seconds,
        )
        with self._changed:
            if len(self._waiting) >= _MAX_WAITING or self._is_stopped:
                _log.warning("answer %s cannot be rated: too many wait to be written", answer.answer_id)
                return answer
            self._waiting.append(record)
            self._changed.notify_all()
            if self._thread is None:
                self._thread = Thread(target=self._run, name="answer-log", daemon=True)
                self._thread.start()
        return answer

    def drain(self, seconds: float) -> bool:
        """Wait until all is written that was recorded; false where that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._is_writing, seconds)

    def stop(self) -> None:
        """Write what waits, within bounds; what is recorded later is let go."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while (record := self._next()) is not None:
            try:
                self._store.add(record)
            except Exception as error:  # Whatever it is: the next one may be written.
                _log.warning("answer %s cannot be rated: it was not written (%s)", record.answer_id, error)

    def _next(self) -> AnswerRecord | None:
        """The oldest record, once there is one; None at the end."""
        with self._changed:
            self._is_writing = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._waiting or self._is_stopped)
            if not self._waiting:
                return None
            self._is_writing = True
            return self._waiting.popleft()


def _sources(answer: Answer) -> tuple[AnswerSource, ...]:
    cited = (
        AnswerSource(citation.document_id, citation.version, logical_key(citation.s3_key, citation.filename))
        for citation in answer.citations
    )
    return tuple(dict.fromkeys(cited))
