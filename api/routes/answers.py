"""/api/answers: what people say of answers."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query

from api.authentication import CallerDep, needs
from api.dependencies import FeedbackDep
from api.problem_docs import documented
from api.schemas.feedback import AnswerList, FeedbackRequest, RatedAnswer
from portfolio_rag.domain.api_keys import Caller, Scope
from portfolio_rag.domain.feedback import AnswerKind

router = APIRouter(prefix="/api/answers", tags=["feedback"])


def _limited_to(caller: Caller) -> str | None:
    """A key works with what was asked with it: what others ask may be as private as the documents."""
    return None if Scope.ADMIN in caller.scopes else caller.key_id


@router.post(
    "/{answer_id}/feedback",
    dependencies=needs(Scope.READ),
    operation_id="rate_answer",
    summary="Rate an answer",
    response_description="The answer with its feedback.",
    responses=documented(404, 413, 422, 500, 503),
)
def rate_answer(
    answer_id: Annotated[
        UUID, Path(description="`answer_id` of an answer.", examples=["7d3c0c55-1f0e-4f0f-9a55-0c2c53a4f5f1"])
    ],
    body: Annotated[
        FeedbackRequest,
        Body(
            openapi_examples={
                "up": {"summary": "A good answer", "value": {"rating": "up"}},
                "down": {
                    "summary": "A wrong one, and why",
                    "value": {"rating": "down", "comment": "The limit was raised last year."},
                },
            }
        ),
    ],
    feedback: FeedbackDep,
    caller: CallerDep,
) -> RatedAnswer:
    """Say what an answer was worth, by the key that asked or an admin's; saying it again replaces what was said.

    404 for an answer that another key asked, that is older than `ANSWERS_KEPT_DAYS`, or that could not be kept.
    """
    return RatedAnswer.of(feedback.rate(str(answer_id), body.rating, body.comment, key_id=_limited_to(caller)))


@router.get(
    "",
    dependencies=needs(Scope.READ),
    operation_id="list_answers",
    summary="List answers that were rated, and questions without one",
    response_description="One page.",
    responses=documented(400, 422, 500, 503),
)
def list_answers(
    feedback: FeedbackDep,
    caller: CallerDep,
    kind: Annotated[
        AnswerKind,
        Query(description="`unanswered`: questions that were refused. `up`, `down`: answers with that rating."),
    ] = AnswerKind.UNANSWERED,
    limit: Annotated[int, Query(ge=1, le=100, description="Answers per page at most.", examples=[20])] = 20,
    cursor: Annotated[
        str | None, Query(min_length=1, max_length=1000, description="`next_cursor` of the page before.")
    ] = None,
) -> AnswerList:
    """Those that the caller's key has asked; an admin sees all. A page may hold fewer than `limit`, even none, and
    still not be the last: only `next_cursor` tells."""
    return AnswerList.of(feedback.page(kind, limit=limit, cursor=cursor, key_id=_limited_to(caller)))
