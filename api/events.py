"""Answers as server-sent events: one event for each step, its data one line of JSON."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import chain
from typing import Any

from pydantic import BaseModel
from starlette.responses import StreamingResponse

from api.problems import internal_error, project_problem
from api.schemas.answers import ChatResponse, CitationOut, SentenceOut, TokenOut
from api.schemas.passages import RetrievalOut
from portfolio_rag.domain.answers import AnswerEvent, Cited, Done, Retrieved, Token, Validated
from portfolio_rag.domain.errors import PortfolioRagError

MEDIA_TYPE = "text/event-stream"

logger = logging.getLogger("api.events")


def documented_stream(example: str) -> dict[str, Any]:
    """The content of a response for OpenAPI. Its version 3.1 has no word for the items of a stream: the schema is that
    of one event, as tools that check streams take it."""
    texts = {"event": {"type": "string"}, "data": {"type": "string"}}
    event = {"type": "object", "properties": texts, "required": ["data"]}
    return {MEDIA_TYPE: {"schema": event, "example": example}}


def event_stream(lines: Iterator[str]) -> StreamingResponse:
    """The response; Starlette takes each line in a worker thread, so that a slow model holds up nobody else."""
    # nginx would hold the events back otherwise.
    return StreamingResponse(lines, media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})


def start_eagerly(events: Iterator[AnswerEvent]) -> Iterator[AnswerEvent]:
    """The same events, the first one fetched already: what fails before it can be answered with a status of its own."""
    return chain([next(events)], events)


def to_server_sent_events(events: Iterator[AnswerEvent], path: str) -> Iterator[str]:
    """`event:` and `data:` of each; what goes wrong on the way ends the stream with an `error`."""
    try:
        for event in events:
            yield _line(*_named(event))
    except PortfolioRagError as error:
        yield f"event: error\ndata: {bytes(project_problem(error, path).body).decode()}\n\n"
    except Exception:
        logger.exception("unexpected error in a stream", extra={"path": path})
        yield f"event: error\ndata: {bytes(internal_error(path).body).decode()}\n\n"


def _named(event: AnswerEvent) -> tuple[str, BaseModel]:
    match event:
        case Retrieved():
            return "retrieval", RetrievalOut.of(event.passages)
        case Validated():
            return "validation", SentenceOut.of(event.sentence)
        case Cited():
            return "citation", CitationOut.of(event.citation)
        case Token():
            return "token", TokenOut(text=event.text)
        case Done():
            return "done", ChatResponse.of(event.answer)


def _line(name: str, data: BaseModel) -> str:
    return f"event: {name}\ndata: {data.model_dump_json()}\n\n"
