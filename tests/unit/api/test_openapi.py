"""The OpenAPI document is valid and complete, and its examples really work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openapi_spec_validator import validate

from api.main import create_app
from portfolio_rag.domain.errors import InvalidRequest
from portfolio_rag.domain.filters import parse_filter
from portfolio_rag.settings.environment import Settings
from tests.support.api import DOCUMENT_ID, JOB_ID, LETTER_ID, chunk, fake_services, own_answer

ROUTES = {
    ("POST", "/api/chat"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/responses"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/{model}"),
    ("POST", "/api/search"),
    ("POST", "/api/documents"),
    ("POST", "/api/documents/presign"),
    ("GET", "/api/documents"),
    ("GET", "/api/documents/{document_id}"),
    ("GET", "/api/documents/{document_id}/chunks/{chunk_id}"),
    ("GET", "/api/documents/{document_id}/file"),
    ("DELETE", "/api/documents/{document_id}"),
    ("POST", "/api/documents/{document_id}/retry"),
    ("POST", "/api/answers/{answer_id}/feedback"),
    ("GET", "/api/answers"),
    ("GET", "/api/documents/{document_id}/compare"),
    ("POST", "/api/documents/{document_id}/rollback"),
    ("POST", "/api/reindex"),
    ("GET", "/api/jobs"),
    ("GET", "/api/jobs/{job_id}"),
    ("GET", "/api/jobs/{job_id}/documents"),
    ("POST", "/api/jobs/{job_id}/cancel"),
    ("GET", "/api/queues"),
    ("GET", "/api/dead-letters"),
    ("POST", "/api/dead-letters/redrive"),
    ("POST", "/api/dead-letters/{message_id}/redrive"),
    ("GET", "/api/alarms"),
    ("GET", "/api/metrics"),
    ("GET", "/api/index"),
    ("GET", "/api/keys/me"),
    ("GET", "/api/cost"),
    ("GET", "/api/reindex/estimate"),
    ("POST", "/api/jobs/{job_id}/resume"),
    ("GET", "/api/health"),
    ("GET", "/api/live"),
}


def document_of(**settings: Any) -> dict[str, Any]:
    return create_app(services=fake_services(Settings(**settings)).api).openapi()


DOCUMENT = document_of()
OPERATIONS = {
    (method.upper(), path): operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
operations = pytest.mark.parametrize(
    "operation", list(OPERATIONS.values()), ids=lambda operation: operation["operationId"]
)


def refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from refs(value)


@pytest.mark.parametrize("settings", [{}, {"api_key": "k"}])
def test_the_document_is_valid(settings: dict[str, Any]) -> None:
    document = document_of(**settings)
    assert document["openapi"].startswith("3.1")
    validate(document)
    for ref in refs(document):
        assert ref.removeprefix("#/components/schemas/") in document["components"]["schemas"]


def test_the_routes_are_those_of_the_contract() -> None:
    assert set(OPERATIONS) == ROUTES
    assert len({operation["operationId"] for operation in OPERATIONS.values()}) == len(ROUTES)


@operations
def test_every_operation_is_described(operation: dict[str, Any]) -> None:
    (tag,) = operation["tags"]
    assert tag in {known["name"] for known in DOCUMENT["tags"] if known["description"]}
    assert operation["summary"]
    assert operation["description"]
    for parameter in operation.get("parameters", []):
        assert parameter.get("description"), parameter["name"]


@operations
def test_every_operation_documents_its_errors_as_problems(operation: dict[str, Any]) -> None:
    codes = set(operation["responses"])
    assert "500" in codes
    if "parameters" in operation or "requestBody" in operation:
        assert "422" in codes
    if operation["operationId"] != "live":
        assert "503" in codes
    for code, response in operation["responses"].items():
        assert response["description"]
        assert "X-Request-ID" in response["headers"]
        if int(code) >= 400 and not (operation["operationId"] == "health" and code == "503"):
            if operation["tags"] == ["openai"]:
                content = response["content"]["application/json"]
                assert content["schema"] == {"$ref": "#/components/schemas/OpenAIError"}
                assert content["example"]["error"]["message"]
                continue
            content = response["content"]["application/problem+json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert content["example"]["status"] == int(code)


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_every_field_is_described_and_has_an_example_or_a_schema_that_says_enough(name: str) -> None:
    for field, schema in DOCUMENT["components"]["schemas"][name].get("properties", {}).items():
        described = schema.get("description") or "$ref" in schema or "$ref" in schema.get("items", {})
        assert described, f"{name}.{field}"


def body_examples() -> Iterator[Any]:
    for (method, path), operation in OPERATIONS.items():
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is not None:
            assert content["examples"], path
            for name, example in content["examples"].items():
                assert example["summary"]
                yield pytest.param(method, path, example["value"], id=f"{path}-{name}")


@pytest.mark.parametrize(("method", "path", "body"), list(body_examples()))
def test_every_example_body_is_accepted(client: TestClient, method: str, path: str, body: Any) -> None:
    path = path.replace("{job_id}", JOB_ID).replace("{answer_id}", own_answer(client)).format(document_id=DOCUMENT_ID)
    assert client.request(method, path, json=body).is_success


def test_every_example_filter_parses() -> None:
    for example in DOCUMENT["components"]["schemas"]["MetadataFilter"]["examples"]:
        assert parse_filter(example) is not None


def test_the_filter_schema_and_the_parser_know_the_same_operators() -> None:
    documented = set(DOCUMENT["components"]["schemas"]["MetadataFilter"]["properties"])
    with pytest.raises(InvalidRequest) as refusal:
        parse_filter({"unknown": {}})
    known = str(refusal.value).partition("Use one of: ")[2].rstrip(".").split(", ")
    assert documented == set(known)


def test_every_response_matches_its_schema(client: TestClient) -> None:
    """Answers of the fakes against the document, by the same JSON Schema dialect."""
    from openapi_schema_validator import OAS31Validator

    calls: dict[tuple[str, str], dict[str, Any]] = {
        ("POST", "/api/chat"): {"json": {"question": "x"}},
        ("POST", "/v1/chat/completions"): {
            "json": {"model": "portfolio-rag", "messages": [{"role": "user", "content": "x"}]}
        },
        ("POST", "/v1/responses"): {"json": {"model": "portfolio-rag", "input": "x"}},
        ("POST", "/api/search"): {"json": {"query": "x"}},
        ("POST", "/api/documents"): {"files": {"file": ("a.md", b"x")}},
        ("POST", "/api/documents/presign"): {"json": {"filename": "a.md"}},
        ("POST", "/api/answers/{answer_id}/feedback"): {"json": {"rating": "up"}},
        ("POST", "/api/reindex"): {"json": {}},
        ("GET", "/api/documents/{document_id}/compare"): {"params": {"from": 1, "to": 2}},
        ("POST", "/api/documents/{document_id}/rollback"): {"json": {"version": 1}},
    }
    for (method, path), operation in OPERATIONS.items():
        url = path.format(
            document_id=DOCUMENT_ID,
            job_id=JOB_ID,
            chunk_id=chunk().chunk_id,
            model="portfolio-rag",
            message_id=LETTER_ID,
            answer_id=own_answer(client),
        )
        response = client.request(method, url, **calls.get((method, path), {}))
        assert response.is_success, path
        content = operation["responses"][str(response.status_code)]["content"]
        if "application/json" not in content:
            assert response.headers["Content-Type"] in content, path
            continue
        schema = content["application/json"]["schema"]
        OAS31Validator({**schema, "components": DOCUMENT["components"]}).validate(response.json())


def test_the_key_is_declared_with_the_scope_that_it_needs() -> None:
    schemes = DOCUMENT["components"]["securitySchemes"]
    assert (schemes["ApiKey"]["type"], schemes["ApiKey"]["in"], schemes["ApiKey"]["name"]) == (
        "apiKey",
        "header",
        "X-API-Key",
    )
    assert (schemes["Bearer"]["type"], schemes["Bearer"]["scheme"]) == ("http", "bearer")
    for (_, path), operation in OPERATIONS.items():
        wanted = path != "/api/live"
        names = [name for requirement in operation.get("security", []) for name in requirement]
        assert names == (["ApiKey", "Bearer"] if path.startswith("/v1/") else ["ApiKey"] * wanted)
        assert {"401", "403", "429"} & set(operation["responses"]) == ({"401", "403", "429"} if wanted else set())
