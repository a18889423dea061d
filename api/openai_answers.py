"""How a question that came by OpenAI's protocol is answered, whichever of its two forms the reply has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from api.dependencies import ChatDep
from api.events import start_eagerly
from api.front_ends import answer_task
from api.metering import Meter, MeterDep
from api.recording import Recorder, RecorderDep
from api.schemas.filters import parse_where
from api.schemas.openai_requests import MODEL, AskingRequest
from api.visibility import ViewerDep
from portfolio_rag.answering.generation.chat import Chat
from portfolio_rag.domain.access import Viewer
from portfolio_rag.domain.answers import Answer, AnswerEvent, Done
from portfolio_rag.domain.errors import NotFound


@dataclass(frozen=True, slots=True)
class OpenAIAnswers:
    """Answers for one caller. Raises NotFound for another model than this service."""

    chat: Chat
    meter: Meter
    recorder: Recorder
    viewer: Viewer

    def whole(self, asked: AskingRequest) -> Answer:
        check_model(asked.model)
        question, where = asked.question(), self.viewer.restrict(parse_where(asked.filter))
        task = answer_task(question)
        if task is not None:
            return task
        answer = self.chat.answer(
            question, top_k=asked.top_k, where=where, temperature=_temperature(asked), history=asked.history()
        )
        return self.recorder.record(self.meter.count(answer))

    def events(self, asked: AskingRequest) -> Iterator[AnswerEvent]:
        """The first event is there already: what fails before it has a status of its own."""
        check_model(asked.model)
        question, where = asked.question(), self.viewer.restrict(parse_where(asked.filter))
        task = answer_task(question)
        if task is not None:
            return iter([Done(task)])
        events = self.chat.stream(
            question, top_k=asked.top_k, where=where, temperature=_temperature(asked), history=asked.history()
        )
        return start_eagerly(self.recorder.watch(self.meter.watch(events)))


def check_model(model: str) -> None:
    """Raises NotFound for any other than this service."""
    if model != MODEL:
        raise NotFound(f"There is no model {model!r:.200}. Use {MODEL!r}.")


def _temperature(asked: AskingRequest) -> float | None:
    return None if asked.temperature is None else min(asked.temperature, 1.0)


async def _answers(chat: ChatDep, meter: MeterDep, recorder: RecorderDep, viewer: ViewerDep) -> OpenAIAnswers:
    return OpenAIAnswers(chat, meter, recorder, viewer)


OpenAIAnswersDep = Annotated[OpenAIAnswers, Depends(_answers)]
