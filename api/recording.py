"""Answers get the id by which they can be rated, and their time is taken, on every way out."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from time import monotonic
from typing import Annotated

from fastapi import Depends, Request

from api.authentication import CallerDep
from portfolio_rag.answering.answer_durations import AnswerDurations
from portfolio_rag.answering.feedback.answer_log import AnswerLog
from portfolio_rag.composition.api import ApiServices
from portfolio_rag.domain.answers import Answer, AnswerEvent, Done
from portfolio_rag.domain.api_keys import Caller


@dataclass(frozen=True, slots=True)
class Recorder:
    """Records for one request of one caller, which begins with it."""

    log: AnswerLog
    durations: AnswerDurations
    caller: Caller
    begun: float = field(default_factory=monotonic)

    def record(self, answer: Answer) -> Answer:
        """The answer, which is whole now, with its id."""
        self.durations.add(monotonic() - self.begun)
        return self.log.record(answer, key_id=self.caller.key_id)

    def watch(self, events: Generator[AnswerEvent, None, None]) -> Generator[AnswerEvent, None, None]:
        """The same events, the last one with the id. Closing it closes them."""
        with closing(events):
            for event in events:
                yield Done(self.record(event.answer)) if isinstance(event, Done) else event


async def recorder_for(request: Request, caller: CallerDep) -> Recorder:
    services: ApiServices = request.app.state.services
    return Recorder(services.answer_log, services.answer_durations, caller)


RecorderDep = Annotated[Recorder, Depends(recorder_for)]
