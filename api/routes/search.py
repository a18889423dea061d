"""POST /api/search."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body

from api.as_of import SearchableDep
from api.authentication import needs
from api.dependencies import RetrievalDep
from api.problem_docs import documented
from api.schemas.passages import SearchRequest, SearchResponse
from portfolio_rag.domain.api_keys import Scope

router = APIRouter(prefix="/api", tags=["search"])


@router.post(
    "/search",
    dependencies=needs(Scope.READ),
    operation_id="search",
    summary="Find passages",
    response_description="The passages, best first.",
    responses=documented(400, 404, 413, 422, 429, 500, 503),
)
def search(
    body: Annotated[
        SearchRequest,
        Body(
            openapi_examples={
                "query": {
                    "summary": "Words or a question",
                    "value": {"query": "visibility timeout of a queue", "top_k": 5},
                },
                "one_service": {
                    "summary": "Documents whose attribute `service` is `sqs`",
                    "value": {
                        "query": "what happens to messages that fail again and again",
                        "filter": {"equals": {"key": "service", "value": "sqs"}},
                    },
                },
                "as_of": {
                    "summary": "As of a time in the past",
                    "value": {"query": "visibility timeout of a queue", "as_of": "2026-01-05T12:00:00Z"},
                },
                "combined": {
                    "summary": "Markdown or text, and for developers since 2025",
                    "value": {
                        "query": "limits and quotas",
                        "top_k": 10,
                        "filter": {
                            "andAll": [
                                {"in": {"key": "file_type", "value": ["md", "txt"]}},
                                {"equals": {"key": "audience", "value": "developer"}},
                                {"greaterThanOrEquals": {"key": "year", "value": 2025}},
                            ]
                        },
                    },
                },
            }
        ),
    ],
    retrieval: RetrievalDep,
    searchable: SearchableDep,
) -> SearchResponse:
    """Retrieval alone, without an answer: the chunks of live documents that are nearest to the query.

    `filter` has the syntax of Bedrock Knowledge Bases: one operator per object, `andAll` and `orAll` to combine. It
    works on the built-in attributes and on those that a document was uploaded with. With `as_of`, the passages are
    those of the versions that answered then.
    """
    wanted = searchable.of(body.filter, body.as_of, body.document_id)
    passages = retrieval.search(body.query, top_k=body.top_k, where=wanted.where, as_of=wanted.moment)
    return SearchResponse.of(passages, wanted.moment)
