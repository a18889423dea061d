"""Answers get the id by which they can be rated, on every way out."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.authentication import CallerDep
from portfolio_rag.answering.feedback.answer_log import AnswerLog
from portfolio_rag.domain.answers import Answer, AnswerEvent, Done
from portfolio_rag.domain.api_keys import Caller


@dataclass(frozen=True, slots=True)
class Recorder:
    """Records for one caller."""

    log: AnswerLog
    caller: Caller

    def record(self, answer: Answer) -> Answer:
        """The answer with its id."""
        return self.log.record(answer, key_id=self.caller.key_id)

    def watch(self, events: Generator[AnswerEvent, None, None]) -> Generator[AnswerEvent, None, None]:
        """The same events, the last one with the id. Closing it closes them."""
        with closing(events):
            for event in events:
                yield Done(self.record(event.answer)) if isinstance(event, Done) else event


async def recorder_for(request: Request, caller: CallerDep) -> Recorder:
    return Recorder(request.app.state.services.answer_log, caller)


RecorderDep = Annotated[Recorder, Depends(recorder_for)]
