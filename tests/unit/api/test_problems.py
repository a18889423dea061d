"""Every error is problem details, and an unexpected one gives nothing away."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Protocol

import pytest
from fastapi.testclient import TestClient

from api.problems import TYPE_PREFIX
from portfolio_rag.domain.errors import (
    ConditionFailed,
    ConfigurationError,
    Conflict,
    DependencyUnavailable,
    DocumentRejected,
    FailureReason,
    IllegalTransition,
    IndexMismatch,
    InvalidRequest,
    LanguageModelUnavailable,
    NotFound,
    PayloadTooLarge,
    PortfolioRagError,
    StorageUnavailable,
    VectorStoreUnavailable,
)
from tests.support.api import FakeServices

ERRORS = [
    (InvalidRequest("No."), 400, "invalid_request"),
    (PayloadTooLarge("No."), 413, "payload_too_large"),
    (NotFound("No."), 404, "not_found"),
    (Conflict("No."), 409, "conflict"),
    (IllegalTransition("No."), 409, "illegal_transition"),
    (ConditionFailed("No."), 409, "condition_failed"),
    (DocumentRejected(FailureReason.ENCRYPTED, "No."), 422, "encrypted"),
    (DependencyUnavailable("No."), 503, "dependency_unavailable"),
    (VectorStoreUnavailable("No."), 503, "vector_store_unavailable"),
    (StorageUnavailable("No."), 503, "storage_unavailable"),
    (LanguageModelUnavailable("No."), 503, "language_model_unavailable"),
    (IndexMismatch("No."), 503, "index_mismatch"),
]


class Reply(Protocol):
    """A response of httpx, or of the client that Starlette's TestClient is made of, which is another package."""

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def status_code(self) -> int: ...

    def json(self) -> Any: ...


def assert_problem(response: Reply, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"] == TYPE_PREFIX + code
    assert problem["request_id"] == response.headers["X-Request-ID"]
    for member in ("title", "detail", "instance", "hint"):
        assert problem[member]
    return problem


@pytest.mark.parametrize(("error", "status", "code"), ERRORS, ids=[code for _, _, code in ERRORS])
def test_errors_of_the_project(
    client: TestClient, services: FakeServices, error: PortfolioRagError, status: int, code: str
) -> None:
    services.jobs.error = error
    response = client.get("/api/jobs")
    problem = assert_problem(response, status, code)
    assert problem["detail"] == "No."
    assert problem["title"] == error.title
    assert problem["instance"] == "/api/jobs"
    # Seconds, and few: the adapters have tried for a while already.
    assert response.headers.get("Retry-After") == ("5" if status == 503 else None)


@pytest.mark.parametrize(
    "error", [RuntimeError("secret of the server"), ConfigurationError("OPENAI_API_KEY is sk-secret")]
)
def test_unexpected_errors_keep_their_cause_in_the_log(
    client: TestClient, services: FakeServices, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    services.jobs.error = error
    with caplog.at_level(logging.ERROR):
        response = client.get("/api/jobs", headers={"X-Request-ID": "find-me"})
    problem = assert_problem(response, 500, "internal_error")
    assert "secret" not in response.text
    assert problem["request_id"] == "find-me"
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    assert vars(record)["path"] == "/api/jobs"


def test_the_server_goes_on_after_an_unexpected_error(client: TestClient, services: FakeServices) -> None:
    services.jobs.error = RuntimeError("once")
    assert client.get("/api/jobs").status_code == 500
    services.jobs.error = None
    assert client.get("/api/jobs").status_code == 200


@pytest.mark.parametrize("path", ["/nowhere", "/api/nowhere", "/docs/assets/nothing.js", "/docs/assets/__init__.py"])
def test_unknown_routes(client: TestClient, path: str) -> None:
    problem = assert_problem(client.get(path), 404, "not_found")
    assert path in problem["detail"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/chat", "POST"),
        ("/api/documents", "GET, POST"),
        ("/api/documents/presign", "POST"),
        ("/api/documents/00000000-0000-4000-8000-000000000000", "DELETE, GET"),
        ("/docs", "GET"),
    ],
)
def test_unknown_methods(client: TestClient, path: str, allowed: str) -> None:
    response = client.put(path, json={})
    problem = assert_problem(response, 405, "method_not_allowed")
    assert "PUT" in problem["detail"]
    assert response.headers["Allow"] == allowed


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_path_that_is_spelt_out_is_no_documents_id(client: TestClient, method: str) -> None:
    response = client.request(method, "/api/documents/presign")
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == "POST"


def test_json_that_is_none(client: TestClient) -> None:
    response = client.post("/api/chat", content=b"{oops", headers={"Content-Type": "application/json"})
    problem = assert_problem(response, 422, "validation_error")
    assert "not JSON" in problem["detail"]
    assert "character 1" in problem["detail"]


def test_a_body_that_does_not_say_that_it_is_json(client: TestClient) -> None:
    """Keeps a form on a foreign page from posting what reads as JSON."""
    response = client.post("/api/chat", content=b'{"question": "x"}', headers={"Content-Type": "text/plain"})
    assert_problem(response, 422, "validation_error")


def test_several_wrong_fields_are_all_listed(client: TestClient) -> None:
    response = client.post("/api/chat", json={"question": "", "top_k": 99, "temperature": 7})
    problem = assert_problem(response, 422, "validation_error")
    assert {error["field"] for error in problem["errors"]} == {"question", "top_k", "temperature"}
    assert "2 more" in problem["detail"]


def test_a_detail_that_quotes_broken_unicode_is_still_sent(client: TestClient) -> None:
    raw = '{"query": "x", "filter": {"\\ud800": 1}}'
    response = client.post("/api/search", content=raw, headers={"Content-Type": "application/json"})
    problem = assert_problem(response, 400, "invalid_request")
    assert "\ud800" in problem["detail"]


def test_a_validation_problem_does_not_repeat_the_input(client: TestClient) -> None:
    response = client.post("/api/chat", json={"question": "my secret " * 500})
    assert "secret" not in response.text
