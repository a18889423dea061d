"""POST /api/chat."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body

from api.dependencies import ChatDep
from api.problems import documented
from api.schemas.answers import ChatRequest, ChatResponse
from api.schemas.filters import parse_where

router = APIRouter(prefix="/api", tags=["chat"])


@router.post(
    "/chat",
    operation_id="chat",
    summary="Ask the documents",
    response_description="The answer with its citations and the verdict on every sentence.",
    responses=documented(400, 413, 422, 500, 503),
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
                "unanswerable": {
                    "summary": "A question that the documents do not answer",
                    "value": {"question": "Who won the chess world championship in 1972?"},
                },
            }
        ),
    ],
    chat: ChatDep,
) -> ChatResponse:
    """Find the passages that bear on the question, answer from them, and check the answer.

    With `OPENAI_API_KEY` set on the server a language model writes the answer; without, it is made of sentences of the
    documents (`mode` says which). Either way each sentence is checked against the source that it cites, and one that
    the source does not hold is left out. When too little is left, or the documents do not hold an answer, `answered`
    is false, the text says so, and `passages` are the nearest.
    """
    answer = chat.answer(body.question, top_k=body.top_k, where=parse_where(body.filter), temperature=body.temperature)
    return ChatResponse.of(answer)
