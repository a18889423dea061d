"""Every error as problem details (RFC 9457): what is wrong, a stable code, and a way out."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send

from api import openai_format
from api.logs import current_request_id
from api.paths import local_path
from portfolio_rag.domain.errors import DependencyUnavailable, DocumentRejected, LimitReached, PortfolioRagError

logger = logging.getLogger("api.problems")

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
"""How long a client should wait after a 503: the adapters have used up their own retries by then."""

TYPE_PREFIX = "urn:problem-type:portfolio-rag:"

HINTS: Mapping[int, str] = {
    400: "Change what the detail names and send the request again.",
    401: "Send the key in the header X-API-Key (in the Swagger UI: Authorize), "
    "to /v1 and /mcp also as Authorization: Bearer.",
    403: "Use a key that may do it: `rag keys list` shows what each may, `rag keys create` makes another.",
    404: "GET /api/documents and GET /api/jobs list what exists; /docs lists the routes.",
    405: "The header Allow names the methods of this path; /docs lists the routes.",
    408: "Send the whole body at once; a slow line is fine, a silent one is not.",
    409: "Read the resource again; try once more when its state allows it.",
    413: "Send less, or split the document; ingestion rules and API_MAX_UPLOAD_BYTES set the limit.",
    416: "Ask for bytes that are there, as Content-Range counts them, or leave Range out for the whole.",
    422: "Correct the fields listed in `errors`; /docs gives their bounds and examples.",
    429: "Wait for the seconds of Retry-After and try again.",
    500: "Try again; if it persists, look for the request id in the API's log.",
    503: "Wait for the seconds of Retry-After and try again; GET /api/health names what is down.",
}


class FieldProblem(BaseModel):
    """One field of the request that is not as the contract says."""

    location: str = Field(description="Where the field is: body, query, path or header.", examples=["body"])
    field: str = Field(description="Path of the field, dotted.", examples=["question"])
    detail: str = Field(description="What is wrong with it.", examples=["String should have at least 1 character"])


class Problem(BaseModel):
    """Problem details (RFC 9457) with a code for programs and a hint for people."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": TYPE_PREFIX + "not_found",
                    "title": "Not found",
                    "status": 404,
                    "detail": "There is no such document.",
                    "instance": "/api/documents/5b0f8a52-6c8e-5a0f-9d5e-0f6a5b1f7c11",
                    "code": "not_found",
                    "hint": HINTS[404],
                    "request_id": "4f1d2c7be0a14d0fb7f3f1b2a9c8d7e6",
                }
            ]
        }
    )

    type: str = Field(description="URI of the kind of problem.", examples=[TYPE_PREFIX + "not_found"])
    title: str = Field(description="The kind of problem, the same every time.", examples=["Not found"])
    status: int = Field(description="The HTTP status code.", examples=[404])
    detail: str = Field(description="What went wrong this time.", examples=["There is no such document."])
    instance: str = Field(description="Path of the request.", examples=["/api/documents"])
    code: str = Field(description="The kind of problem for programs; it does not change.", examples=["not_found"])
    hint: str | None = Field(default=None, description="A way out.", examples=[HINTS[404]])
    request_id: str | None = Field(
        default=None,
        description="The request in the API's log; also in the header X-Request-ID.",
        examples=["4f1d2c7be0a14d0fb7f3f1b2a9c8d7e6"],
    )
    errors: list[FieldProblem] | None = Field(default=None, description="With 422: the fields that are wrong.")


class ProblemResponse(JSONResponse):
    media_type = MEDIA_TYPE

    problem: dict[str, Any]

    def render(self, content: Any) -> bytes:
        self.problem = content
        # A detail may quote the request: half a surrogate pair must not turn a 4xx into a 500.
        return json.dumps(content, ensure_ascii=False).encode("utf-8", "backslashreplace")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not local_path(scope).startswith(openai_format.PREFIX):
            await super().__call__(scope, receive, send)
            return
        kept = {name: value for name, value in self.headers.items() if not name.startswith("content-")}
        await _OpenAIResponse(openai_format.as_openai(self.problem), self.status_code, kept)(scope, receive, send)


class _OpenAIResponse(JSONResponse):
    def render(self, content: Any) -> bytes:
        return json.dumps(content, ensure_ascii=False).encode("utf-8", "backslashreplace")


def problem_response(
    *,
    status: int,
    detail: str,
    instance: str,
    title: str | None = None,
    code: str | None = None,
    hint: str | None = None,
    errors: Sequence[FieldProblem] | None = None,
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    """The response for one problem; title, code and hint default to those of the status, 503 gets Retry-After."""
    # Python renamed the phrase of 413 between releases.
    title = title or ("Payload too large" if status == 413 else HTTPStatus(status).phrase.capitalize())
    code = code or title.lower().replace(" ", "_")
    problem = Problem(
        type=TYPE_PREFIX + code,
        title=title,
        status=status,
        detail=detail,
        instance=instance,
        code=code,
        hint=hint or HINTS.get(status),
        request_id=current_request_id(),
        errors=list(errors) if errors else None,
    )
    headers = dict(headers or {})
    if status == 503:
        headers.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
    return ProblemResponse(problem.model_dump(exclude_none=True), status_code=status, headers=headers)


def internal_error(instance: str) -> ProblemResponse:
    """What a caller may know of an unexpected error: that it happened, and the id to find it by."""
    return problem_response(
        status=500,
        title="Internal error",
        code="internal_error",
        detail="Something unexpected happened. The log holds the cause under the request id.",
        instance=instance,
    )


def problem_code(error: PortfolioRagError) -> str:
    """`VectorStoreUnavailable` -> `vector_store_unavailable`; a rejected document gives its own reason."""
    if isinstance(error, DocumentRejected):
        return error.reason.value.lower()
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()


def project_problem(known: PortfolioRagError, path: str) -> ProblemResponse:
    """The response for one of our own errors; the log gets what its caller may not know."""
    if known.http_status == 500:
        logger.error("internal error", exc_info=known, extra={"path": path})
        return internal_error(path)
    if known.http_status > 500:
        logger.warning("dependency unavailable", exc_info=known, extra={"path": path})
    wait = known.retry_after_seconds if isinstance(known, DependencyUnavailable | LimitReached) else None
    return problem_response(
        status=known.http_status,
        title=known.title,
        code=problem_code(known),
        detail=str(known) or known.title,
        instance=path,
        headers={"Retry-After": str(wait)} if wait else None,
    )


async def _on_project_error(request: Request, error: Exception) -> ProblemResponse:
    return project_problem(cast(PortfolioRagError, error), request.url.path)


async def _on_http_exception(request: Request, error: Exception) -> ProblemResponse:
    known = cast(HTTPException, error)
    detail, headers = str(known.detail), dict(known.headers or {})
    if known.status_code == 404:
        detail = f"There is no route {request.url.path}."
    elif known.status_code == 405:
        detail = f"{request.url.path} does not know the method {request.method}."
        headers["Allow"] = _methods_of(request) or headers.get("Allow", "")
    return problem_response(status=known.status_code, detail=detail, instance=request.url.path, headers=headers)


def _methods_of(request: Request) -> str:
    """The methods of the request's path. Starlette names those of the first route that matches, not of all."""
    path = local_path(request.scope)
    paths: Mapping[str, Mapping[str, Any]] = request.app.openapi()["paths"]
    # A path that is spelt out wins over one with a parameter in the same place.
    spelt = [path] if path in paths else [known for known in paths if compile_path(known)[0].fullmatch(path)]
    return ", ".join(sorted({method.upper() for known in spelt for method in paths[known]}))


def _field_problem(entry: Mapping[str, Any]) -> FieldProblem:
    location, *path = entry["loc"]
    if entry["type"] == "json_invalid" and isinstance(path[0], int):
        # The whole body: FastAPI gives the offset where a field's name is otherwise.
        detail = f"The body is not JSON: {entry['ctx']['error']} at character {path[0]}."
        return FieldProblem(location=location, field="", detail=detail)
    return FieldProblem(location=location, field=".".join(str(part) for part in path), detail=entry["msg"])


async def _on_validation_error(request: Request, error: Exception) -> ProblemResponse:
    known = cast(RequestValidationError, error)
    fields = [_field_problem(entry) for entry in known.errors()]
    first = fields[0]
    named = f"{first.location} {first.field}".strip()
    more = f" ({len(fields) - 1} more in `errors`)" if len(fields) > 1 else ""
    return problem_response(
        status=422,
        title="Invalid fields",
        code="validation_error",
        detail=f"{named}: {first.detail}{more}",
        instance=request.url.path,
        errors=fields,
    )


def install(app: FastAPI) -> None:
    """Answer every error that reaches the application's routes as problem details."""
    app.add_exception_handler(PortfolioRagError, _on_project_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
