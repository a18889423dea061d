"""How a question that came by OpenAI's protocol is answered, whichever of its two forms the reply has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from api.as_of import Searchable, SearchableDep
from api.dependencies import ChatDep
from api.events import start_eagerly
from api.front_ends import answer_task
from api.metering import Meter, MeterDep
from api.recording import Recorder, RecorderDep
from api.schemas.openai_requests import MODEL, AskingRequest
from portfolio_rag.answering.generation.chat import Chat
from portfolio_rag.answering.retrieval.as_of import AsOf
from portfolio_rag.domain.answers import Answer, AnswerEvent, Done
from portfolio_rag.domain.errors import NotFound


@dataclass(frozen=True, slots=True)
class OpenAIAnswers:
    """Answers for one caller. Raises NotFound for another model than this service, and for a version not kept."""

    chat: Chat
    meter: Meter
    recorder: Recorder
    searchable: Searchable

    def whole(self, asked: AskingRequest) -> Answer:
        question, wanted = self._understood(asked)
        task = answer_task(question)
        if task is not None:
            return task
        answer = self.chat.answer(
            question,
            top_k=asked.top_k,
            where=wanted.where,
            temperature=_temperature(asked),
            history=asked.history(),
            as_of=wanted.moment,
        )
        return self.recorder.record(self.meter.count(answer))

    def events(self, asked: AskingRequest) -> Iterator[AnswerEvent]:
        """The first event is there already: what fails before it has a status of its own."""
        question, wanted = self._understood(asked)
        task = answer_task(question)
        if task is not None:
            return iter([Done(task)])
        events = self.chat.stream(
            question,
            top_k=asked.top_k,
            where=wanted.where,
            temperature=_temperature(asked),
            history=asked.history(),
            as_of=wanted.moment,
        )
        return start_eagerly(self.recorder.watch(self.meter.watch(events)))

    def _understood(self, asked: AskingRequest) -> tuple[str, AsOf]:
        check_model(asked.model)
        return asked.question(), self.searchable.of(asked.filter, asked.as_of, asked.document_id)


def check_model(model: str) -> None:
    """Raises NotFound for any other than this service."""
    if model != MODEL:
        raise NotFound(f"There is no model {model!r:.200}. Use {MODEL!r}.")


def _temperature(asked: AskingRequest) -> float | None:
    return None if asked.temperature is None else min(asked.temperature, 1.0)


async def _answers(chat: ChatDep, meter: MeterDep, recorder: RecorderDep, searchable: SearchableDep) -> OpenAIAnswers:
    return OpenAIAnswers(chat, meter, recorder, searchable)


OpenAIAnswersDep = Annotated[OpenAIAnswers, Depends(_answers)]
