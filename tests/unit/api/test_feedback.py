"""Rating answers: by whom, with which bounds, and what is listed of it afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from portfolio_rag.domain.answers import Done
from portfolio_rag.domain.api_keys import Scope
from portfolio_rag.domain.errors import StorageUnavailable
from portfolio_rag.domain.feedback import AnswerRecord
from tests.support.api import DOCUMENT_ID, KEY, QUESTION, UNKNOWN_ID, FakeServices, client_of, fake_services, refusal

CHAT = {"question": QUESTION}
COMPLETION = {"model": "portfolio-rag", "messages": [{"role": "user", "content": QUESTION}]}
RESPONSE = {"model": "portfolio-rag", "input": QUESTION}
TOOL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "ask", "arguments": {"question": QUESTION}},
}


def of_stream(text: str) -> dict[str, Any]:
    """The data of the last event that has any evidence."""
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: {")]
    found: dict[str, Any] = next(data for line in reversed(lines) if "answer_id" in (data := json.loads(line)))
    return found


def of_response_stream(text: str) -> dict[str, Any]:
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: {")]
    found: dict[str, Any] = json.loads(lines[-1])["response"]
    return found


def of_tool(text: str) -> dict[str, Any]:
    (line,) = (line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: {"))
    found: dict[str, Any] = json.loads(line)["result"]["structuredContent"]
    return found


WAYS: dict[str, Callable[[TestClient], dict[str, Any]]] = {
    "chat": lambda client: client.post("/api/chat", json=CHAT).json(),
    "conversation": lambda client: client.post("/api/chat", json={**CHAT, "conversation_id": UNKNOWN_ID}).json(),
    "stream": lambda client: of_stream(client.post("/api/chat", json={**CHAT, "stream": True}).text),
    "completion": lambda client: client.post("/v1/chat/completions", json=COMPLETION).json(),
    "chunks": lambda client: of_stream(client.post("/v1/chat/completions", json={**COMPLETION, "stream": True}).text),
    "response": lambda client: client.post("/v1/responses", json=RESPONSE).json(),
    "events": lambda client: of_response_stream(client.post("/v1/responses", json={**RESPONSE, "stream": True}).text),
    "tool": lambda client: of_tool(client.post("/mcp", json=TOOL).text),
}


def rate(client: TestClient, answer_id: str, rating: str = "up", comment: str = "", **options: Any) -> Any:
    body = {"rating": rating, "comment": comment}
    return client.post(f"/api/answers/{answer_id}/feedback", json=body, **options)


def listed(client: TestClient, kind: str, **options: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get(f"/api/answers?kind={kind}", **options).json()["items"]
    return items


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_is_rated_by_its_id_whichever_way_it_was_asked(client: TestClient, way: str) -> None:
    answer_id = WAYS[way](client)["answer_id"]
    rated = rate(client, answer_id, "down", "  The limit was raised.  ")
    assert rated.status_code == 200
    assert rated.json() == {
        "answer_id": answer_id,
        "question": QUESTION,
        "asked_at": "2026-01-05T10:12:00.000000Z",
        "answered": True,
        "mode": "extractive",
        "sources": [{"document_id": DOCUMENT_ID, "version": 1, "logical_key": KEY}],
        "rating": "down",
        "comment": "The limit was raised.",
        "rated_at": "2026-01-05T10:12:00.000000Z",
    }
    assert listed(client, "down") == [rated.json()]
    assert listed(client, "up") == listed(client, "unanswered") == []


@pytest.mark.parametrize("way", WAYS)
def test_how_long_an_answer_took_is_published_whichever_way_it_was_asked(
    services: FakeServices, client: TestClient, way: str
) -> None:
    WAYS[way](client)
    services.answer_durations.publish()
    (point,) = services.published
    assert (point.name, point.unit) == ("AnswerDuration", "Seconds")
    assert 0 < point.value < 600


def test_the_last_word_counts(client: TestClient) -> None:
    answer_id = WAYS["chat"](client)["answer_id"]
    rate(client, answer_id, "down", "No.")
    rate(client, answer_id, "up")
    assert listed(client, "down") == []
    assert [(item["rating"], item["comment"]) for item in listed(client, "up")] == [("up", "")]


def test_refusals_are_listed_and_a_rated_one_twice(services: FakeServices, client: TestClient) -> None:
    services.chat.script = [Done(refusal())]
    first, second = (WAYS["chat"](client)["answer_id"] for _ in range(2))
    rate(client, second, "down")
    assert {item["answer_id"] for item in listed(client, "unanswered")} == {first, second}
    assert [(item["answer_id"], item["answered"]) for item in listed(client, "down")] == [(second, False)]


def test_pages_go_on_where_the_last_one_ended(client: TestClient) -> None:
    ids = [WAYS["chat"](client)["answer_id"] for _ in range(5)]
    for answer_id in ids:
        rate(client, answer_id)
    seen, cursor = [], ""
    while True:
        page = client.get(f"/api/answers?kind=up&limit=2{cursor}").json()
        seen += [item["answer_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
        assert client.get(f"/api/answers?kind=down{cursor}").status_code == 400
    assert sorted(seen) == sorted(ids)


@pytest.mark.parametrize("cursor", ["x", "e30=", "bnVsbA==", "W10=", "eyJhbnN3ZXJfaWQiOiAxfQ=="])
def test_a_cursor_that_is_none(client: TestClient, cursor: str) -> None:
    assert client.get("/api/answers", params={"cursor": cursor}).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rating": "great"},
        {"rating": "up", "comment": "x" * 2001},
        {"rating": "up", "comment": None},
        {"rating": "up", "stars": 5},
    ],
    ids=str,
)
def test_what_is_no_feedback(client: TestClient, body: dict[str, Any]) -> None:
    answer_id = WAYS["chat"](client)["answer_id"]
    assert client.post(f"/api/answers/{answer_id}/feedback", json=body).status_code == 422


def test_an_answer_that_is_not_there(client: TestClient) -> None:
    assert rate(client, UNKNOWN_ID).status_code == 404
    assert rate(client, "x").status_code == 422


def test_what_another_key_asked_is_not_there(services: FakeServices, client: TestClient) -> None:
    tenants = {name: services.key(name, Scope.READ, tenant=name) for name in ("acme", "globex")}
    admin = services.key("root", Scope.ADMIN)
    services.chat.script = [Done(refusal())]
    asked = {
        name: client.post("/api/chat", json=CHAT, headers=key).json()["answer_id"] for name, key in tenants.items()
    }
    # Nothing tells it from one that does not exist.
    other, unknown = (rate(client, answer_id, headers=tenants["globex"]) for answer_id in (asked["acme"], UNKNOWN_ID))
    assert other.status_code == unknown.status_code == 404
    assert other.json()["detail"].replace(asked["acme"], UNKNOWN_ID) == unknown.json()["detail"]
    assert rate(client, asked["acme"], headers=tenants["acme"]).status_code == 200
    assert rate(client, asked["globex"], "down", headers=admin).status_code == 200
    assert {item["answer_id"] for item in listed(client, "unanswered", headers=admin)} == set(asked.values())
    for name, key in tenants.items():
        assert [item["answer_id"] for item in listed(client, "unanswered", headers=key)] == [asked[name]]
    assert listed(client, "down", headers=tenants["acme"]) == listed(client, "up", headers=tenants["globex"]) == []


class BrokenStore:
    """DynamoDB that does not answer."""

    def add(self, record: AnswerRecord) -> None:
        raise StorageUnavailable("DynamoDB does not answer.")

    def rate(self, *_: Any, **__: Any) -> AnswerRecord:
        raise StorageUnavailable("DynamoDB does not answer.")

    page: Any = rate


@pytest.fixture
def without_a_store() -> Iterator[TestClient]:
    services = FakeServices(fake_services().settings, answer_store=BrokenStore())
    with client_of(create_app(services=services.api)) as client:
        yield client


@pytest.mark.parametrize("way", WAYS)
def test_a_store_that_fails_fails_no_answer(without_a_store: TestClient, way: str) -> None:
    found = WAYS[way](without_a_store)
    assert found["answered"] is True
    assert rate(without_a_store, found["answer_id"]).status_code == 503


def test_where_nothing_is_kept_answers_have_no_id(client_with: Callable[..., TestClient]) -> None:
    client = client_with(answers_kept_days=0)
    assert [ask(client)["answer_id"] for ask in WAYS.values()] == [None] * len(WAYS)
    assert listed(client, "unanswered") == []


def test_a_prompt_of_a_chat_window_is_no_question(client: TestClient, services: FakeServices) -> None:
    task = "### Task:\nSuggest a title\n<chat_history>\nUSER: Hello\n</chat_history>"
    body = {**COMPLETION, "messages": [{"role": "user", "content": task}]}
    assert client.post("/v1/chat/completions", json=body).json()["answer_id"] is None
    assert services.answer_log.drain(1)
    assert listed(client, "unanswered") == []
