from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from portfolio_rag.domain.errors import InvalidRequest, LanguageModelUnavailable, VectorStoreUnavailable
from portfolio_rag.domain.filters import parse_filter
from tests.support.api import CONTENT, DOCUMENT_ID, JOB_ID, QUESTION, QUOTE, FakeServices

FILTER = {"andAll": [{"equals": {"key": "service", "value": "sqs"}}, {"lessThan": {"key": "year", "value": 2030}}]}


def test_chat_gives_answer_citation_verdicts_and_passages(client: TestClient, services: FakeServices) -> None:
    response = client.post("/api/chat", json={"question": QUESTION})
    assert response.status_code == 200
    body = response.json()
    assert body["answer"] == f"{QUOTE}. [1]"
    assert body["answered"] is True
    assert body["mode"] == "extractive"
    (citation,) = body["citations"]
    assert citation["number"] == 1
    assert citation["document_id"] == DOCUMENT_ID
    assert citation["heading_path"] == ["Amazon SQS", "Limits"]
    assert citation["quote"] == QUOTE
    assert citation["span"]["end"] - citation["span"]["start"] == len(QUOTE)
    assert [sentence["verdict"] for sentence in body["validation"]["sentences"]] == ["supported", "dropped"]
    assert body["validation"]["score"] == 0.5
    assert {name: body["validation"][name] for name in ("supported", "repaired", "flagged", "dropped", "judge")} == {
        "supported": 1,
        "repaired": 0,
        "flagged": 0,
        "dropped": 1,
        "judge": "off",
    }
    assert body["usage"] == {"prompt_tokens": 0, "completion_tokens": 0, "cost_usd": 0.0}
    (passage,) = body["passages"]
    assert passage["text"] == CONTENT
    assert passage["matches"] == [{"start": 0, "end": len(CONTENT)}, {"start": 0, "end": len(QUOTE)}]
    assert passage["metadata"] == {"service": "sqs", "year": 2026, "reviewed": True, "topics": ["messaging"]}
    assert services.chat.calls == [(QUESTION, None, None, None)]


def test_chat_passes_its_parameters_on(client: TestClient, services: FakeServices) -> None:
    body = {"question": f"  {QUESTION}\n", "top_k": 20, "filter": FILTER, "temperature": 0}
    assert client.post("/api/chat", json=body).status_code == 200
    assert services.chat.calls == [(QUESTION, 20, parse_filter(FILTER), 0)]


@pytest.mark.parametrize("stream", [False, True])
def test_a_conversation_is_told_by_its_id(client: TestClient, services: FakeServices, stream: bool) -> None:
    body = {"question": "And at most?", "conversation_id": JOB_ID.upper(), "top_k": 3, "stream": stream}
    response = client.post("/api/chat", json=body)
    assert response.status_code == 200
    assert QUESTION in response.text
    options = {"top_k": 3, "where": None, "temperature": None, "as_of": None}
    assert services.conversations.calls == [(JOB_ID, "And at most?", options)]
    assert services.chat.calls == []


def test_a_conversation_id_is_not_to_be_guessed(client: TestClient) -> None:
    response = client.post("/api/chat", json={"question": QUESTION, "conversation_id": "mine"})
    assert response.status_code == 422


def test_search_gives_passages(client: TestClient, services: FakeServices) -> None:
    response = client.post("/api/search", json={"query": "retention", "top_k": 1, "filter": FILTER})
    assert response.status_code == 200
    (passage,) = response.json()["passages"]
    assert passage["score"] == 0.83
    assert services.retrieval.calls == [("retention", 1, parse_filter(FILTER))]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"question": ""}, "question"),
        ({"question": " \n "}, "question"),
        ({"question": "x" * 4001}, "question"),
        ({"question": None}, "question"),
        ({"question": 7}, "question"),
        ({"top_k": 0}, "top_k"),
        ({"top_k": 21}, "top_k"),
        ({"top_k": "5"}, "top_k"),
        ({"top_k": True}, "top_k"),
        ({"top_k": 2.5}, "top_k"),
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": 1.1}, "temperature"),
        ({"temperature": "0.5"}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"filter": "service=sqs"}, "filter"),
        ({"filter": []}, "filter"),
        ({"filter": {}}, "filter"),
        ({"topk": 3}, "topk"),
    ],
)
def test_chat_bounds(client: TestClient, services: FakeServices, change: dict[str, Any], field: str) -> None:
    response = client.post("/api/chat", json={"question": QUESTION, **change})
    assert response.status_code == 422
    problem = response.json()
    assert problem["code"] == "validation_error"
    assert [error["location"] for error in problem["errors"]] == ["body"]
    assert problem["errors"][0]["field"] == field
    assert services.chat.calls == []


@pytest.mark.parametrize("length", [1, 4000])
def test_question_lengths_that_are_allowed(client: TestClient, length: int) -> None:
    assert client.post("/api/chat", json={"question": "ä" * length}).status_code == 200


@pytest.mark.parametrize("raw", ['{"question": "\\ud800"}', '{"question": "a", "temperature": NaN}'])
def test_values_that_json_lets_through_but_text_and_numbers_do_not(client: TestClient, raw: str) -> None:
    response = client.post("/api/chat", content=raw, headers={"Content-Type": "application/json"})
    assert response.status_code == 422


@pytest.mark.parametrize(
    "where",
    [
        {"equals": {"key": "service", "value": "sqs"}, "lessThan": {"key": "year", "value": 1}},
        {"near": {"key": "service", "value": "sqs"}},
        {"equals": {"key": "service"}},
        {"greaterThan": {"key": "year", "value": "2020"}},
        {"andAll": []},
    ],
)
@pytest.mark.parametrize(("path", "field"), [("/api/chat", "question"), ("/api/search", "query")])
def test_a_bad_filter_is_named(client: TestClient, where: dict[str, Any], path: str, field: str) -> None:
    response = client.post(path, json={field: "x", "filter": where})
    assert response.status_code == 400
    problem = response.json()
    assert problem["code"] == "invalid_request"
    assert problem["detail"].startswith("filter")


def test_a_filter_with_broken_unicode_is_the_callers_fault(client: TestClient) -> None:
    raw = '{"query": "x", "filter": {"equals": {"key": "a", "value": "\\udc00"}}}'
    response = client.post("/api/search", content=raw, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert "Unicode" in response.json()["detail"]


@pytest.mark.parametrize("depth", [20, 400, 5_000])
def test_a_filter_nested_without_end_is_refused(client: TestClient, depth: int) -> None:
    nested = '{"andAll":[' * depth + '{"equals":{"key":"a","value":1}}' + "]}" * depth
    raw = f'{{"query": "x", "filter": {nested}}}'
    response = client.post("/api/search", content=raw, headers={"Content-Type": "application/json"})
    assert response.status_code == 400


def test_what_the_service_refuses_is_400(client: TestClient, services: FakeServices) -> None:
    services.retrieval.error = InvalidRequest("The query has no words.")
    response = client.post("/api/search", json={"query": "?"})
    assert response.status_code == 400
    assert response.json()["detail"] == "The query has no words."


def test_a_dependency_that_is_known_to_be_away_says_until_when(client: TestClient, services: FakeServices) -> None:
    services.chat.error = VectorStoreUnavailable("Chroma is not asked now.", retry_after_seconds=3)
    for body in ({"question": QUESTION}, {"question": QUESTION, "stream": True}):
        response = client.post("/api/chat", json=body)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "3")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (VectorStoreUnavailable("Chroma does not answer."), "vector_store_unavailable"),
        (LanguageModelUnavailable("OpenAI timed out."), "language_model_unavailable"),
    ],
)
def test_a_dependency_that_is_down_is_503_with_retry_after(
    client: TestClient, services: FakeServices, error: Exception, code: str
) -> None:
    services.chat.error = error
    response = client.post("/api/chat", json={"question": QUESTION})
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert response.json()["code"] == code
    assert response.json()["detail"] == str(error)
