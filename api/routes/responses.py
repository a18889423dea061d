"""POST /v1/responses: the chat as the newer of OpenAI's two protocols calls it."""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from starlette.responses import StreamingResponse

from api.authentication import needs_as_openai
from api.events import documented_stream, event_stream
from api.openai_answers import OpenAIAnswersDep
from api.openai_format import as_openai, documented_as_openai
from api.problem_docs import documented
from api.problems import internal_error, project_problem
from api.schemas.openai_requests import MODEL
from api.schemas.responses import FinishedResponse, OutputMessage, OutputText, Response, ResponseRequest
from portfolio_rag.domain.answers import AnswerEvent, Done, Token
from portfolio_rag.domain.api_keys import Scope
from portfolio_rag.domain.errors import PortfolioRagError

router = APIRouter(prefix="/v1", tags=["openai"])

logger = logging.getLogger("api.responses")

_EXAMPLE: dict[str, Any] = {"model": MODEL, "input": "How long does Amazon SQS keep a message by default?"}
_EVENTS = 'event: response.created\ndata: {"type": "response.created", "sequence_number": 0, "response": {…}}\n\n'


@router.post(
    "/responses",
    dependencies=needs_as_openai(Scope.READ),
    operation_id="create_response",
    summary="Ask the documents with an OpenAI client, as a response",
    response_description="The answer, with its citations and verdicts as additional fields.",
    response_model=FinishedResponse,
    responses={
        200: {"content": documented_stream(_EVENTS)},
        **documented_as_openai(documented(400, 404, 413, 422, 429, 500, 503)),
    },
)
def create_response(
    body: Annotated[
        ResponseRequest,
        Body(
            openapi_examples={
                "question": {"summary": "A question", "value": _EXAMPLE},
                "stream": {"summary": "The same as events", "value": {**_EXAMPLE, "stream": True}},
            }
        ),
    ],
    answers: OpenAIAnswersDep,
    request: Request,
) -> FinishedResponse | StreamingResponse:
    """The same as `POST /v1/chat/completions` by the protocol that OpenAI's newer clients prefer.

    The sources are `file_citation` annotations of the text, too. Nothing is stored: earlier messages are sent along in
    `input`, and `previous_response_id`, `conversation`, `prompt` and `background` are refused.
    """
    begun = Response(
        id=f"resp_{uuid.uuid4().hex}",
        created_at=int(time.time()),
        metadata=body.metadata or {},
        temperature=body.temperature,
    )
    message_id = f"msg_{uuid.uuid4().hex}"
    if body.stream:
        return event_stream(_lines(answers.events(body), begun, message_id, request.url.path))
    return FinishedResponse.finish(begun, message_id, answers.whole(body))


def _lines(events: Iterator[AnswerEvent], begun: Response, message_id: str, path: str) -> Iterator[str]:
    """The events as lines, numbered; what goes wrong on the way is a last one that OpenAI's clients raise."""
    number = 0
    try:
        for number, event in enumerate(_events(events, begun, message_id)):
            yield _line({**event, "sequence_number": number})
    except PortfolioRagError as error:
        yield _error(project_problem(error, path).problem, number + 1)
    except Exception:
        logger.exception("unexpected error in a stream", extra={"path": path})
        yield _error(internal_error(path).problem, number + 1)


def _events(events: Iterator[AnswerEvent], begun: Response, message_id: str) -> Iterator[dict[str, Any]]:
    place = {"item_id": message_id, "output_index": 0, "content_index": 0}
    item = OutputMessage(id=message_id, status="in_progress", content=[])
    yield {"type": "response.created", "response": begun.model_dump()}
    yield {"type": "response.in_progress", "response": begun.model_dump()}
    yield {"type": "response.output_item.added", "output_index": 0, "item": item.model_dump()}
    yield {"type": "response.content_part.added", **place, "part": OutputText(text="").model_dump()}
    shown = False
    for event in events:
        if isinstance(event, Token):
            yield _delta(event.text, place)
            shown = True
        elif isinstance(event, Done):
            if not shown:
                yield _delta(event.answer.text, place)
            yield from _finish(FinishedResponse.finish(begun, message_id, event.answer), place)


def _delta(text: str, place: dict[str, Any]) -> dict[str, Any]:
    return {"type": "response.output_text.delta", **place, "delta": text, "logprobs": []}


def _finish(response: FinishedResponse, place: dict[str, Any]) -> Iterator[dict[str, Any]]:
    (item,) = response.output
    (part,) = item.content
    for index, annotation in enumerate(part.annotations):
        added = {"annotation_index": index, "annotation": annotation.model_dump()}
        yield {"type": "response.output_text.annotation.added", **place, **added}
    yield {"type": "response.output_text.done", **place, "text": part.text, "logprobs": []}
    yield {"type": "response.content_part.done", **place, "part": part.model_dump()}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item.model_dump()}
    yield {"type": f"response.{response.status}", "response": response.model_dump(mode="json")}


def _error(problem: dict[str, Any], number: int) -> str:
    """OpenAI's own event has the fields beside its type; its Python client raises what has an `error`."""
    error = as_openai(problem)["error"]
    fields = {name: error[name] for name in ("code", "message", "param")}
    return _line({"type": "error", **fields, "error": error, "sequence_number": number})


def _line(event: dict[str, Any]) -> str:
    return f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
