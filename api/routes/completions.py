"""/v1: the chat as OpenAI's clients call it."""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Request
from starlette.responses import StreamingResponse

from api.authentication import needs_as_openai
from api.events import documented_stream, event_stream
from api.openai_answers import OpenAIAnswersDep, check_model
from api.openai_format import as_openai, documented_as_openai
from api.problem_docs import documented
from api.problems import internal_error, project_problem
from api.schemas.completions import (
    AssistantMessage,
    ChatCompletionRequest,
    ChatCompletionResponse,
    Choice,
    Chunk,
    ChunkChoice,
    CompletionUsage,
    Delta,
    Evidence,
    LastChunk,
    ModelList,
    ModelOut,
    openai_finish_reason,
)
from api.schemas.openai_requests import MODEL
from portfolio_rag.domain.answers import AnswerEvent, Done, Token
from portfolio_rag.domain.api_keys import Scope
from portfolio_rag.domain.errors import PortfolioRagError

router = APIRouter(prefix="/v1", tags=["openai"])

logger = logging.getLogger("api.completions")

_EXAMPLE: dict[str, Any] = {
    "model": MODEL,
    "messages": [{"role": "user", "content": "How long does Amazon SQS keep a message by default?"}],
}


@router.post(
    "/chat/completions",
    dependencies=needs_as_openai(Scope.READ),
    operation_id="create_chat_completion",
    summary="Ask the documents with an OpenAI client",
    response_description="The answer, with its citations and verdicts as additional fields.",
    response_model=ChatCompletionResponse,
    responses={
        200: {"content": documented_stream("data: {…}\n\ndata: [DONE]")},
        **documented_as_openai(documented(400, 404, 413, 422, 429, 500, 503)),
    },
)
def create_chat_completion(
    body: Annotated[
        ChatCompletionRequest,
        Body(
            openapi_examples={
                "question": {"summary": "A question", "value": _EXAMPLE},
                "stream": {"summary": "The same in chunks", "value": {**_EXAMPLE, "stream": True}},
            }
        ),
    ],
    answers: OpenAIAnswersDep,
    request: Request,
) -> ChatCompletionResponse | StreamingResponse:
    """Any OpenAI client or chat window works with `base_url` set to this server's `/v1` and the model `portfolio-rag`.

    The user's last message is the question, understood from the six turns before it. The answer is that of `POST
    /api/chat`, checked before it is shown, also as a stream. `citations`, `validation`, `answered` and `mode` stand
    beside the usual fields, in a stream in the chunk with the `finish_reason`; where the language model was cut
    short, that is `length` or `content_filter`, and the answer has whole sentences only. `top_k`, `filter`, `as_of`
    and `document_id` can be sent along (`extra_body`) and mean what they do there. A key of this server is the
    client's API key. Errors have OpenAI's shape.
    """
    reply_id, created = f"chatcmpl-{uuid.uuid4().hex}", int(time.time())
    if body.stream:
        with_usage = body.stream_options is not None and bool(body.stream_options.include_usage)
        return event_stream(_chunks(answers.events(body), reply_id, created, with_usage, request.url.path))
    answer = answers.whole(body)
    return ChatCompletionResponse(
        **dict(Evidence.of(answer)),
        id=reply_id,
        created=created,
        model=MODEL,
        choices=[
            Choice(
                message=AssistantMessage(content=answer.text), finish_reason=openai_finish_reason(answer.finish_reason)
            )
        ],
        usage=CompletionUsage.of(answer),
    )


@router.get(
    "/models",
    dependencies=needs_as_openai(Scope.READ),
    operation_id="list_models",
    summary="List the models",
    response_description="One.",
    responses=documented_as_openai(documented(500, 503)),
)
async def list_models() -> ModelList:
    """The one model that can be asked: this service, whatever writes its answers."""
    return ModelList(data=[ModelOut(id=MODEL)])


@router.get(
    "/models/{model}",
    dependencies=needs_as_openai(Scope.READ),
    operation_id="get_model",
    summary="One of the models",
    response_description="It.",
    responses=documented_as_openai(documented(404, 422, 500, 503)),
)
async def get_model(
    model: Annotated[str, Path(description="One of `GET /v1/models`.", examples=[MODEL])],
) -> ModelOut:
    """The model, as clients look it up before they ask it."""
    check_model(model)
    return ModelOut(id=MODEL)


def _chunks(events: Iterator[AnswerEvent], reply_id: str, created: int, with_usage: bool, path: str) -> Iterator[str]:
    """The answer in OpenAI's chunks; what goes wrong on the way is a last one that its clients raise."""

    def content(text: str) -> str:
        delta = Delta(role="assistant" if not shown else None, content=text)
        return _data(Chunk(id=reply_id, created=created, choices=[ChunkChoice(delta=delta)]))

    shown = False
    try:
        for event in events:
            if isinstance(event, Token):
                yield content(event.text)
                shown = True
            elif isinstance(event, Done):
                answer = event.answer
                if not shown:
                    yield content(answer.text)
                end = [ChunkChoice(delta=Delta(), finish_reason=openai_finish_reason(answer.finish_reason))]
                yield _data(LastChunk(**dict(Evidence.of(answer)), id=reply_id, created=created, choices=end))
                if with_usage:
                    yield _data(Chunk(id=reply_id, created=created, choices=[], usage=CompletionUsage.of(answer)))
        yield "data: [DONE]\n\n"
    except PortfolioRagError as error:
        yield _error(project_problem(error, path).problem)
    except Exception:
        logger.exception("unexpected error in a stream", extra={"path": path})
        yield _error(internal_error(path).problem)


def _data(chunk: Chunk) -> str:
    return f"data: {chunk.model_dump_json()}\n\n"


def _error(problem: dict[str, Any]) -> str:
    return f"data: {json.dumps(as_openai(problem))}\n\n"
