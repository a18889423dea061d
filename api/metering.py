"""What answers use: of a caller's day, looked at before a question and counted after it, and of everybody's month."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from api.authentication import CallerDep
from portfolio_rag.access.limits import TokenBudget
from portfolio_rag.composition.api import ApiServices
from portfolio_rag.costs.usage_recorder import UsageRecorder
from portfolio_rag.domain.answers import Answer, AnswerEvent, Done, Retrieved, Token, Usage
from portfolio_rag.domain.api_keys import Caller

_CHARACTERS_PER_TOKEN = 4
"""Of English text, by OpenAI's rule of thumb."""


@dataclass(frozen=True, slots=True)
class Meter:
    """Counts for one caller."""

    budget: TokenBudget
    recorder: UsageRecorder
    caller: Caller

    def count(self, answer: Answer) -> Answer:
        """The same answer, its tokens counted."""
        self.budget.spend(self.caller, answer.usage)
        self.recorder.count(answer)
        return answer

    def watch(self, events: Iterator[AnswerEvent]) -> Generator[AnswerEvent, None, None]:
        """The same events; their tokens are counted before the last one is shown.

        Of a stream that ends before (the client has gone, or something failed) they are not known, and those of the
        texts that went in and came out are counted instead: leaving early must not be free.
        """
        characters = 0
        counted = False
        try:
            for event in events:
                if isinstance(event, Done):
                    counted = True
                    self.count(event.answer)
                elif isinstance(event, Retrieved):
                    characters += sum(len(passage.chunk.content) for passage in event.passages)
                elif isinstance(event, Token):
                    characters += len(event.text)
                yield event
        finally:
            if not counted:
                usage = Usage(prompt_tokens=characters // _CHARACTERS_PER_TOKEN)
                self.budget.spend(self.caller, usage)
                self.recorder.count_cut_short(usage)


async def meter_for(request: Request, caller: CallerDep) -> Meter:
    """The caller's meter. Raises LimitReached when the tokens of the day are used up."""
    services: ApiServices = request.app.state.services
    meter = Meter(services.token_budget, services.usage_recorder, caller)
    if caller.tokens_per_day is not None:
        await run_in_threadpool(meter.budget.check, caller)
    return meter


MeterDep = Annotated[Meter, Depends(meter_for)]
