from __future__ import annotations

from fastapi.testclient import TestClient

from tests.support.api import FakeServices


def test_healthy(client: TestClient) -> None:
    response = client.get("/api/health")
    assert response.status_code == 200
    body = response.json()
    assert body["status"] == "healthy"
    assert [dependency["name"] for dependency in body["dependencies"]] == ["s3", "chromadb", "openai"]
    assert body["dependencies"][2] == {
        "name": "openai",
        "healthy": True,
        "detail": "not configured: answers are extractive",
        "latency_ms": None,
    }


def test_unhealthy_has_the_same_body_with_503(client: TestClient, services: FakeServices) -> None:
    healthy = client.get("/api/health").json()
    services.health.healthy = False
    response = client.get("/api/health")
    assert response.status_code == 503
    assert response.headers["Content-Type"] == "application/json"
    body = response.json()
    assert body.keys() == healthy.keys()
    assert body["status"] == "unhealthy"
    assert body["dependencies"][1]["detail"] == "connection refused"
    assert body["dependencies"][0]["healthy"] is True


def test_live_asks_nobody(client: TestClient, services: FakeServices) -> None:
    services.health.healthy = False
    assert client.get("/api/live").json() == {"status": "alive"}
    assert services.health.calls == []
