"""Queues, dead letters, alarms, metrics, the index, and what a key may do."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from portfolio_rag.domain.api_keys import Scope
from portfolio_rag.domain.errors import Conflict, StorageUnavailable
from portfolio_rag.pipeline.maintenance.dead_letters import Remedy
from tests.support.api import DOCUMENT_ID, LETTER_ID, FakeServices, dead_letter
from tests.unit.api.test_problems import assert_problem


def test_queues_have_their_counts_as_fields(client: TestClient) -> None:
    first, *_, last = client.get("/api/queues").json()["items"]
    assert first == {
        "name": "portfolio-ingestion-queue",
        "role": "ingestion",
        "waiting": 3,
        "in_flight": 1,
        "delayed": 0,
    }
    assert (last["role"], last["waiting"]) == ("dead_letters", 1)


def test_a_dead_letter_tells_its_document_why_and_since_when(client: TestClient) -> None:
    body = client.get("/api/dead-letters").json()
    assert body["total"] == 1
    assert body["items"] == [
        {
            "message_id": LETTER_ID,
            "queue": "portfolio-embedding-dlq",
            "sent_at": "2026-01-05T10:12:00.000000Z",
            "receives": 4,
            "document_id": DOCUMENT_ID,
            "version": 1,
            "s3_key": "failed/guides/sqs-queues.md",
            "status": "FAILED",
            "error_code": "DEPENDENCY_UNAVAILABLE",
            "reason": "Chroma did not answer.",
            "remedy": "RETRY",
        }
    ]


def test_one_dead_letter_is_driven_again(client: TestClient, services: FakeServices) -> None:
    driven = client.post(f"/api/dead-letters/{LETTER_ID}/redrive")
    assert driven.json() == {
        "message_id": LETTER_ID,
        "document_id": DOCUMENT_ID,
        "remedy": "RETRY",
        "version": 2,
        "refusal": None,
    }
    assert_problem(client.post(f"/api/dead-letters/{LETTER_ID}/redrive"), 404, "not_found")
    assert client.post("/api/dead-letters/a%20b/redrive").status_code == 422
    services.operations.dead_letters.error = Conflict("The bytes of the failed version are gone.")
    assert_problem(client.post(f"/api/dead-letters/{LETTER_ID}/redrive"), 409, "conflict")


def test_all_dead_letters_are_driven_again(client: TestClient, services: FakeServices) -> None:
    services.operations.dead_letters.letters.append(dead_letter("second", Remedy.DISCARD))
    driven = client.post("/api/dead-letters/redrive").json()["items"]
    assert [(result["message_id"], result["remedy"]) for result in driven] == [
        (LETTER_ID, "RETRY"),
        ("second", "DISCARD"),
    ]
    assert client.get("/api/dead-letters").json() == {"items": [], "total": 0}


def test_alarms_have_state_and_reason(client: TestClient) -> None:
    alarms = client.get("/api/alarms").json()["items"]
    assert [(alarm["name"], alarm["state"], alarm["since"]) for alarm in alarms] == [
        ("portfolio-dead-letters", "ALARM", "2026-01-05T10:12:00.000000Z"),
        ("portfolio-queue-depth", "OK", None),
    ]


@pytest.mark.parametrize(("last", "periods", "seconds"), [("3h", 36, 300), ("24h", 48, 1800), ("7d", 56, 10800)])
def test_metrics_have_a_value_for_each_time(client: TestClient, last: str, periods: int, seconds: int) -> None:
    body = client.get("/api/metrics", params={"last": last}).json()
    assert body["period_seconds"] == seconds
    assert len(body["times"]) == periods
    assert body["times"] == sorted(body["times"])
    assert all(len(series["values"]) == periods for series in body["series"])
    throughput = body["series"][0]
    assert (throughput["metric"], throughput["statistic"], throughput["unit"]) == ("IngestedDocuments", "Sum", "Count")
    assert throughput["values"][:3] == [0.0, None, 7.0]


def test_the_window_is_one_of_three(client: TestClient) -> None:
    assert client.get("/api/metrics?last=5h").status_code == 422


def test_the_size_of_the_index(client: TestClient) -> None:
    assert client.get("/api/index").json() == {
        "collection": "portfolio_knowledge",
        "windows": 164,
        "documents": 12,
        "waiting": 0,
        "behind_seconds": 0.8,
        "is_whole": True,
    }


@pytest.mark.parametrize("path", ["/api/alarms", "/api/metrics"])
def test_where_cloudwatch_does_not_answer_it_is_said(client: TestClient, services: FakeServices, path: str) -> None:
    services.operations.monitoring.error = StorageUnavailable("CloudWatch DescribeAlarms: no connection.")
    problem = assert_problem(client.get(path), 503, "storage_unavailable")
    assert "CloudWatch" in problem["detail"]


@pytest.mark.parametrize(
    ("scopes", "told"),
    [
        ([Scope.READ], ["read"]),
        ([Scope.WRITE], ["write"]),
        ([Scope.READ, Scope.WRITE], ["read", "write"]),
        ([Scope.ADMIN], ["read", "write", "admin"]),
    ],
)
def test_a_key_is_told_what_it_may_do(
    client: TestClient, services: FakeServices, scopes: list[Scope], told: list[str]
) -> None:
    headers = services.key("reports", *scopes)
    assert client.get("/api/keys/me", headers=headers).json() == {
        "name": "reports",
        "scopes": told,
        "tenant": None,
        "sees_everything": True,
    }


def test_without_a_key_this_machine_may_do_everything(client: TestClient) -> None:
    assert client.get("/api/keys/me").json()["scopes"] == ["read", "write", "admin"]


@pytest.mark.parametrize("path", ["/api/queues", "/api/alarms", "/api/metrics", "/api/index"])
def test_a_tenant_is_not_told_what_everybody_does(client: TestClient, services: FakeServices, path: str) -> None:
    options: dict[str, Any] = {"headers": services.key("acme", Scope.READ, tenant="acme")}
    assert client.get("/api/keys/me", **options).json()["sees_everything"] is False
    assert_problem(client.get(path, **options), 403, "forbidden")
