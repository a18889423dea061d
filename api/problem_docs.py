"""The errors of each route as OpenAPI documents them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.problems import HINTS, MEDIA_TYPE, TYPE_PREFIX

_EXAMPLES: Mapping[int, tuple[str, str, str, str]] = {
    400: (
        "The request cannot be served as it stands.",
        "invalid_request",
        "Invalid request",
        'filter.equals must be an object with "key" and "value" and nothing else.',
    ),
    401: ("The API key is missing or wrong.", "unauthorized", "Unauthorized", "The API key is missing or wrong."),
    403: (
        "The key may not do this.",
        "forbidden",
        "Forbidden",
        "The key 'reader' has no scope `write`, which this route needs.",
    ),
    404: ("There is no such resource.", "not_found", "Not found", "There is no such document or job."),
    409: ("The state does not allow the request.", "conflict", "Conflict", "Another reindex is running."),
    413: (
        "The body is larger than allowed.",
        "payload_too_large",
        "Payload too large",
        "The file is larger than the 52428800 bytes that the ingestion rules allow.",
    ),
    416: (
        "The file has no such bytes.",
        "requested_range_not_satisfiable",
        "Requested range not satisfiable",
        "The file has 3120 bytes.",
    ),
    422: (
        "A field is missing or out of its bounds.",
        "validation_error",
        "Invalid fields",
        "body question: String should have at least 1 character",
    ),
    429: (
        "The server works on as many questions as it takes at once, or the key has reached its rate or its budget.",
        "too_many_requests",
        "Too many requests",
        "The server is working on 32 questions already, as many as it takes at once.",
    ),
    500: (
        "Something unexpected happened.",
        "internal_error",
        "Internal error",
        "Something unexpected happened. The log holds the cause under the request id.",
    ),
    503: (
        "A service that the request needs does not answer.",
        "vector_store_unavailable",
        "Dependency unavailable",
        "Chroma does not answer.",
    ),
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error responses of a route for its `responses`: description, schema, example, headers."""
    responses: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        description, code, title, detail = _EXAMPLES[status]
        example: dict[str, Any] = {
            "type": TYPE_PREFIX + code,
            "title": title,
            "status": status,
            "detail": detail,
            "instance": "/api/…",
            "code": code,
            "hint": HINTS[status],
            "request_id": "4f1d2c7be0a14d0fb7f3f1b2a9c8d7e6",
        }
        if status == 422:
            example["errors"] = [
                {"location": "body", "field": "question", "detail": "String should have at least 1 character"}
            ]
        responses[status] = {
            "description": description,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
        }
        if status in (429, 503):
            responses[status]["headers"] = {
                "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}
            }
    return responses
