"""Questions as of a time, comparisons and rollbacks over HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from portfolio_rag.domain.answers import Done, Retrieved
from portfolio_rag.domain.errors import Conflict
from portfolio_rag.domain.filters import Condition
from tests.support.api import DOCUMENT_ID, QUESTION, UNKNOWN_ID, UPLOADED, FakeServices, answer


@pytest.mark.parametrize("path", ["/api/chat", "/api/search"])
@pytest.mark.parametrize(
    ("sent", "moment"),
    [
        ({"as_of": "2026-01-06T00:00:00Z"}, "2026-01-06T00:00:00.000000Z"),
        ({"as_of": 1, "document_id": DOCUMENT_ID}, UPLOADED),
        ({}, None),
    ],
)
def test_as_of_reaches_the_search(
    client: TestClient, services: FakeServices, path: str, sent: dict[str, Any], moment: str | None
) -> None:
    asked = services.chat if path == "/api/chat" else services.retrieval
    response = client.post(path, json={"question" if path == "/api/chat" else "query": QUESTION, **sent})
    assert response.status_code == 200
    assert asked.as_of == moment
    where = asked.calls[0][2]
    assert where == (Condition("equals", "document_id", DOCUMENT_ID) if "document_id" in sent else None)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"as_of": "soon"}, 400),
        ({"as_of": "2999-01-01"}, 400),
        ({"as_of": 1}, 400),
        ({"as_of": 7, "document_id": DOCUMENT_ID}, 404),
        ({"as_of": 1, "document_id": UNKNOWN_ID}, 404),
        ({"as_of": 0, "document_id": DOCUMENT_ID}, 422),
        ({"as_of": True}, 422),
    ],
)
def test_what_cannot_be_asked(client: TestClient, sent: dict[str, Any], status: int) -> None:
    assert client.post("/api/search", json={"query": "x", **sent}).status_code == status


ASKED: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": QUESTION}]},
    "/v1/responses": {"input": QUESTION},
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ASKED)
@pytest.mark.parametrize(
    ("sent", "moment"),
    [
        ({"as_of": "2026-01-06T00:00:00Z"}, "2026-01-06T00:00:00.000000Z"),
        ({"as_of": 1, "document_id": DOCUMENT_ID}, UPLOADED),
        ({"as_of": None}, None),
    ],
)
def test_as_of_of_openais_clients(
    client: TestClient, services: FakeServices, path: str, sent: dict[str, Any], moment: str | None, stream: bool
) -> None:
    response = client.post(path, json={"model": "portfolio-rag", **ASKED[path], **sent, "stream": stream})
    assert response.status_code == 200
    assert services.chat.as_of == moment
    where = services.chat.calls[0][2]
    assert where == (Condition("equals", "document_id", DOCUMENT_ID) if "document_id" in sent else None)


@pytest.mark.parametrize("path", ASKED)
def test_an_answer_to_openais_clients_says_with_which_time_it_is_asked_again(
    client: TestClient, services: FakeServices, path: str
) -> None:
    made = replace(answer(), as_of="2026-01-06T00:00:00.000000Z")
    services.chat.script = [Retrieved([]), Done(made)]
    body = client.post(path, json={"model": "portfolio-rag", **ASKED[path]}).json()
    assert body["as_of"] == made.as_of
    assert [source["version"] for source in body["citations"]] == [source.version for source in made.citations]


@pytest.mark.parametrize("path", ASKED)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("sent", "status", "told"),
    [
        ({"as_of": "soon"}, 400, "write a time such as"),
        ({"as_of": "2999-01-01"}, 400, "in the future"),
        ({"as_of": 1}, 400, "name the document"),
        ({"as_of": 7, "document_id": DOCUMENT_ID}, 404, "is not kept"),
        ({"as_of": True}, 422, "as_of"),
    ],
)
def test_what_openais_clients_cannot_ask(
    client: TestClient, path: str, sent: dict[str, Any], status: int, told: str, stream: bool
) -> None:
    response = client.post(path, json={"model": "portfolio-rag", **ASKED[path], **sent, "stream": stream})
    assert response.status_code == status
    assert told in response.json()["error"]["message"]


def test_compare(client: TestClient, services: FakeServices) -> None:
    response = client.get(f"/api/documents/{DOCUMENT_ID}/compare?from=1&to=2")
    assert response.json()["sections"] == [
        {
            "heading_path": ["Amazon SQS"],
            "change": "changed",
            "changes": [{"removed": ["It keeps messages 4 days."], "added": ["It keeps messages 7 days."]}],
        }
    ]
    assert services.comparison.calls == [(DOCUMENT_ID, 1, 2)]
    assert client.get(f"/api/documents/{DOCUMENT_ID}/compare?from=1").status_code == 422


def test_rollback(client: TestClient, services: FakeServices) -> None:
    response = client.post(f"/api/documents/{DOCUMENT_ID}/rollback", json={"version": 1})
    assert response.status_code == 202
    assert (response.json()["version"], response.json()["restores"]) == (3, 1)
    ((_, number, by),) = services.rollback.calls
    assert number == 1
    assert by == response.json()["restored_by"]
    services.rollback.error = Conflict("Version 1 answers already.")
    assert client.post(f"/api/documents/{DOCUMENT_ID}/rollback", json={"version": 1}).status_code == 409
