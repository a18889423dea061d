"""Errors as OpenAI's clients know them, for the routes under /v1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, Field

PREFIX: Final = "/v1/"

_TYPES: Final[Mapping[int, str]] = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class OpenAIErrorDetail(BaseModel):
    """What went wrong."""

    message: str = Field(description="For people.", examples=["The API key is missing or wrong."])
    type: str = Field(description="The kind of error, in OpenAI's words.", examples=["authentication_error"])
    param: str | None = Field(description="The field that is wrong.", examples=[None])
    code: str = Field(description="The kind of problem for programs; it does not change.", examples=["unauthorized"])


class OpenAIError(BaseModel):
    """An error in OpenAI's shape."""

    error: OpenAIErrorDetail


def as_openai(problem: Mapping[str, Any]) -> dict[str, Any]:
    """Problem details in OpenAI's shape."""
    status = problem["status"]
    fields = problem.get("errors")
    kind = _TYPES.get(status) or ("server_error" if status >= 500 else "invalid_request_error")
    detail = OpenAIErrorDetail(
        message=problem["detail"], type=kind, param=fields[0]["field"] if fields else None, code=problem["code"]
    )
    return OpenAIError(error=detail).model_dump()


def documented_as_openai(responses: Mapping[int | str, dict[str, Any]]) -> dict[int | str, dict[str, Any]]:
    """What `problem_docs.documented` says of a route, in OpenAI's shape."""
    shaped: dict[int | str, dict[str, Any]] = {}
    for status, response in responses.items():
        (media,) = response["content"].values()
        schema = {"$ref": "#/components/schemas/OpenAIError"}
        content = {"application/json": {"schema": schema, "example": as_openai(media["example"])}}
        shaped[status] = {**response, "content": content}
    return shaped
