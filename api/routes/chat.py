"""POST /api/chat."""

from __future__ import annotations

from typing import Annotated, TypedDict

from fastapi import APIRouter, Body, Header, Request
from starlette.responses import StreamingResponse

from api.as_of import SearchableDep
from api.authentication import CallerDep, needs
from api.dependencies import ChatDep, ConversationsDep
from api.events import MEDIA_TYPE, documented_stream, event_stream, start_eagerly, to_server_sent_events
from api.metering import MeterDep
from api.problem_docs import documented
from api.recording import RecorderDep
from api.schemas.answers import ChatRequest, ChatResponse
from api.visibility import conversation_of
from portfolio_rag.domain.api_keys import Scope
from portfolio_rag.domain.filters import Filter


class Options(TypedDict):
    """What the chat takes with a question."""

    top_k: int | None
    where: Filter | None
    temperature: float | None
    as_of: str | None


_EVENTS = """\
event: retrieval
data: {"passages": [...]}

event: validation
data: {"text": "Amazon SQS keeps a message for 4 days by default.", "citations": [1], "verdict": "supported", ...}

event: citation
data: {"number": 1, "filename": "sqs-queues.md", "quote": "Amazon SQS keeps a message for 4 days by default", ...}

event: token
data: {"text": "Amazon SQS keeps a message for 4 days by default [1]."}

event: done
data: {"answer": "Amazon SQS keeps a message for 4 days by default [1].", "answered": true, ...}

"""

router = APIRouter(prefix="/api", tags=["chat"])


@router.post(
    "/chat",
    dependencies=needs(Scope.READ),
    operation_id="chat",
    summary="Ask the documents",
    response_description="The answer with its citations and the verdict on every sentence.",
    response_model=ChatResponse,
    responses={
        200: {"content": documented_stream(_EVENTS)},
        **documented(400, 404, 413, 422, 429, 500, 503),
    },
)
def chat(
    body: Annotated[
        ChatRequest,
        Body(
            openapi_examples={
                "question": {
                    "summary": "A question that the sample corpus answers",
                    "value": {"question": "How long does Amazon SQS keep a message by default?"},
                },
                "filtered": {
                    "summary": "Answered by documents about one service only",
                    "value": {
                        "question": "What is the maximum size of a DynamoDB item?",
                        "top_k": 3,
                        "filter": {"equals": {"key": "service", "value": "dynamodb"}},
                    },
                },
                "stream": {
                    "summary": "The same as a stream of events",
                    "value": {"question": "How long does Amazon SQS keep a message by default?", "stream": True},
                },
                "conversation": {
                    "summary": "A question of a conversation",
                    "value": {
                        "question": "How long does Amazon SQS keep a message by default?",
                        "conversation_id": "3f0c1f64-6a55-4c39-9d64-9a6b6a6f1b1e",
                    },
                },
                "as_of": {
                    "summary": "Answered from what the documents said at a time",
                    "value": {
                        "question": "How long does Amazon SQS keep a message by default?",
                        "as_of": "2026-01-05T12:00:00Z",
                    },
                },
                "unanswerable": {
                    "summary": "A question that the documents do not answer",
                    "value": {"question": "Who won the chess world championship in 1972?"},
                },
            }
        ),
    ],
    chat: ChatDep,
    conversations: ConversationsDep,
    meter: MeterDep,
    recorder: RecorderDep,
    caller: CallerDep,
    searchable: SearchableDep,
    request: Request,
    accept: Annotated[str, Header(description="`text/event-stream` asks for a stream, as `stream` does.")] = "*/*",
) -> ChatResponse | StreamingResponse:
    """Find the passages that bear on the question, answer from them, and check the answer.

    With `OPENAI_API_KEY` set on the server a language model writes the answer; without, it is made of sentences of the
    documents (`mode` says which). Either way each sentence is checked against the source that it cites, and one that
    the source does not hold is left out. When too little is left, or the documents do not hold an answer, `answered`
    is false, the text says so, and `passages` are the nearest.

    With a `conversation_id`, a follow-up question such as "And how long at most?" is first made to stand alone, from
    the last turns: by the language model, or without a key by a rule that adds the topic of the question before.
    `question` in the reply says what was understood.

    With `as_of` it is made from the versions that answered then. Each source names its version and since when that
    answered, and the reply's own `as_of` is the time with which the question has the same sources again.

    As a stream the answer comes in server-sent events. The check stands before the display: a `token` is a whole
    sentence that has passed it, after its `validation` and the `citation`s that it is the first to need; sentences
    that fail have a `validation` only. `retrieval` comes first, `done` last, with what the whole reply would be. The
    first sentence is shown once the beginning of the draft holds, so that what is shown stands: when `answered` is
    false, no `token` came before. An `error` (problem details) ends a stream that fails on the
    way; what fails before the first event has its HTTP status as ever.
    """
    wanted = searchable.of(body.filter, body.as_of, body.document_id)
    options = Options(top_k=body.top_k, where=wanted.where, temperature=body.temperature, as_of=wanted.moment)
    conversation = conversation_of(caller, str(body.conversation_id)) if body.conversation_id else None
    if body.stream or MEDIA_TYPE in accept.lower():
        events = (
            conversations.stream(conversation, body.question, **options)
            if conversation
            else chat.stream(body.question, **options)
        )
        return event_stream(to_server_sent_events(start_eagerly(recorder.watch(meter.watch(events))), request.url.path))
    answer = (
        conversations.answer(conversation, body.question, **options)
        if conversation
        else chat.answer(body.question, **options)
    )
    return ChatResponse.of(recorder.record(meter.count(answer)))
