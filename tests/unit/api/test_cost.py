from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from portfolio_rag.domain.answers import Usage
from portfolio_rag.domain.errors import StorageUnavailable
from portfolio_rag.domain.model_usage import ModelUsage
from tests.support.api import QUESTION, FakeServices, answer, chunk
from tests.unit.api.test_problems import assert_problem


def test_the_month(client: TestClient, services: FakeServices) -> None:
    body = client.get("/api/cost").json()
    assert {name: body[name] for name in ("month", "region", "prices_dated", "so_far_usd", "forecast_usd")} == {
        "month": "2026-01",
        "region": "us-east-1",
        "prices_dated": "2026-03",
        "so_far_usd": 19.4304,
        "forecast_usd": 29.1456,
    }
    assert body["lines"] == [
        {
            "service": "Fargate",
            "usage": 480.0,
            "unit": "vCPU-hour",
            "unit_price_usd": 0.04048,
            "so_far_usd": 19.4304,
            "forecast_usd": 29.1456,
            "basis": "assumed",
        }
    ]
    assert (body["counts"]["versions"], body["counts"]["questions"], body["notes"]) == (2, 7, ["A note."])
    assert client.get("/api/cost?tasks=2").json()["so_far_usd"] == 38.8608
    assert services.monthly_cost.calls == [(1,), (2,)]
    assert_problem(client.get("/api/cost?tasks=0"), 422, "validation_error")


def test_without_its_tables_it_says_so(client: TestClient, services: FakeServices) -> None:
    services.monthly_cost.error = StorageUnavailable("DynamoDB does not answer.")
    assert_problem(client.get("/api/cost"), 503, "storage_unavailable")


@pytest.mark.parametrize("stream", [False, True])
def test_every_question_counts_for_the_month(client: TestClient, services: FakeServices, stream: bool) -> None:
    """Whoever asks, with a key or without, and by whichever protocol."""
    whole = replace(answer(), model="gpt-4o-mini", usage=Usage(prompt_tokens=600, completion_tokens=100))
    services.chat.answer = lambda *_, **__: whole  # type: ignore[method-assign]
    client.post("/api/chat", json={"question": QUESTION, "stream": stream})
    asked = {"model": "portfolio-rag", "messages": [{"role": "user", "content": QUESTION}], "stream": stream}
    client.post("/v1/chat/completions", json=asked)
    services.usage_recorder.flush()
    counted = ModelUsage(2) if stream else ModelUsage(2, 1_200, 200)
    assert services.usage.months == {"2026-01": {"extractive" if stream else "gpt-4o-mini": counted}}


def test_a_stream_that_breaks_counts_what_it_has_taken(client: TestClient, services: FakeServices) -> None:
    services.chat.breaks = StorageUnavailable("DynamoDB does not answer.")
    client.post("/api/chat", json={"question": QUESTION, "stream": True})
    services.usage_recorder.flush()
    assert services.usage.months["2026-01"]["gpt-4o-mini"] == ModelUsage(1, len(chunk().content) // 4)
