from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from portfolio_rag.domain.answers import (
    CheckedSentence,
    Done,
    FinishReason,
    JudgeState,
    Retrieved,
    Usage,
    Validated,
    Verdict,
)
from portfolio_rag.domain.errors import InvalidRequest, LanguageModelUnavailable, VectorStoreUnavailable
from tests.support.api import CONTENT, QUESTION, QUOTE, FakeServices, answer


def events(text: str) -> list[tuple[str, Any]]:
    found = []
    for block in text.removesuffix("\n\n").split("\n\n"):
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_the_events_of_an_answer(client: TestClient, services: FakeServices) -> None:
    response = client.post("/api/chat", json={"question": QUESTION, "top_k": 3, "stream": True})
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert response.headers["Cache-Control"] == "no-store"
    found = events(response.text)
    assert [name for name, _ in found] == ["retrieval", "validation", "validation", "citation", "token", "done"]
    data = dict(found)
    assert data["retrieval"]["passages"][0]["text"] == CONTENT
    assert data["validation"]["verdict"] == "dropped"
    assert data["citation"]["quote"] == QUOTE
    assert data["token"] == {"text": f"{QUOTE}. [1]"}
    whole = client.post("/api/chat", json={"question": QUESTION}).json()
    assert data["done"] == {**whole, "answer_id": data["done"]["answer_id"]}
    assert services.chat.calls[0] == (QUESTION, 3, None, None)


def test_the_verdict_cost_and_counts_of_a_repaired_sentence(client: TestClient, services: FakeServices) -> None:
    repaired = CheckedSentence(f"{QUOTE}.", (1,), Verdict.REPAIRED, 0.97, "the cited source does not hold it")
    flagged = CheckedSentence("It is cheap.", (1,), Verdict.FLAGGED, 0.3, "the source does not say this")
    whole = replace(answer(), validation=[repaired, flagged], usage=Usage(100, 20, None), judge=JudgeState.FAILED)
    services.chat.script = [Retrieved([]), Validated(repaired), Validated(flagged), Done(whole)]
    try:
        found = events(client.post("/api/chat", json={"question": QUESTION, "stream": True}).text)
    finally:
        services.chat.script = None
    assert [data["verdict"] for name, data in found if name == "validation"] == ["repaired", "flagged"]
    done = found[-1][1]
    counts = {name: done["validation"][name] for name in ("supported", "repaired", "flagged", "dropped")}
    assert counts == {"supported": 0, "repaired": 1, "flagged": 1, "dropped": 0}
    assert done["validation"]["judge"] == "failed"
    assert done["usage"] == {"prompt_tokens": 100, "completion_tokens": 20, "cost_usd": None}


@pytest.mark.parametrize("reason", list(FinishReason))
def test_how_the_draft_ended_is_in_the_reply(client: TestClient, services: FakeServices, reason: FinishReason) -> None:
    services.chat.script = [Retrieved([]), Done(replace(answer(), finish_reason=reason))]
    try:
        found = events(client.post("/api/chat", json={"question": QUESTION, "stream": True}).text)
        whole = client.post("/api/chat", json={"question": QUESTION}).json()
    finally:
        services.chat.script = None
    assert found[-1][1]["finish_reason"] == whole["finish_reason"] == reason


def test_the_accept_header_asks_for_a_stream(client: TestClient) -> None:
    response = client.post("/api/chat", json={"question": QUESTION}, headers={"Accept": "text/event-stream"})
    assert [name for name, _ in events(response.text)][-1] == "done"


@pytest.mark.parametrize(
    ("error", "status"), [(InvalidRequest("Too long."), 400), (VectorStoreUnavailable("Chroma is down."), 503)]
)
def test_what_fails_before_the_first_event_has_its_status(
    client: TestClient, services: FakeServices, error: Exception, status: int
) -> None:
    services.chat.error = error
    response = client.post("/api/chat", json={"question": QUESTION, "stream": True})
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert ("Retry-After" in response.headers) == (status == 503)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (LanguageModelUnavailable("The language model\ndoes not answer."), 503, "language_model_unavailable"),
        (RuntimeError("secret"), 500, "internal_error"),
    ],
)
def test_what_fails_on_the_way_ends_the_stream_with_an_error(
    client: TestClient, services: FakeServices, error: Exception, status: int, code: str
) -> None:
    services.chat.breaks = error
    response = client.post("/api/chat", json={"question": QUESTION, "stream": True})
    *before, (name, problem) = events(response.text)
    assert [other for other, _ in before] == ["retrieval", "validation", "validation"]
    assert (name, problem["status"], problem["code"]) == ("error", status, code)
    assert problem["request_id"] == response.headers["X-Request-ID"]
    assert "secret" not in response.text
