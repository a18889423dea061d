"""Keys: who is answered, with which scope each route, how often, and what a browser is asked for."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.authentication import PUBLIC_PATHS, parse_networks
from api.main import create_app
from portfolio_rag.access.keyring import CACHE_SECONDS, Keyring
from portfolio_rag.domain.answers import Usage
from portfolio_rag.domain.api_keys import Scope
from portfolio_rag.domain.errors import ConfigurationError, StorageUnavailable
from portfolio_rag.settings.environment import Settings
from tests.support.api import (
    DOCUMENT_ID,
    JOB_ID,
    LETTER_ID,
    QUESTION,
    FakeServices,
    MemoryApiKeys,
    TestClock,
    answer,
    chunk,
    client_of,
    fake_services,
    own_answer,
)
from tests.unit.api.test_middleware import KEY, encoded
from tests.unit.api.test_problems import assert_problem

ROUTES: dict[tuple[str, str], Scope] = {
    ("POST", "/api/chat"): Scope.READ,
    ("POST", "/v1/chat/completions"): Scope.READ,
    ("POST", "/v1/responses"): Scope.READ,
    ("GET", "/v1/models"): Scope.READ,
    ("GET", "/v1/models/{model}"): Scope.READ,
    ("POST", "/api/search"): Scope.READ,
    ("POST", "/api/answers/{answer_id}/feedback"): Scope.READ,
    ("GET", "/api/answers"): Scope.READ,
    ("POST", "/api/documents"): Scope.WRITE,
    ("POST", "/api/documents/presign"): Scope.WRITE,
    ("GET", "/api/documents"): Scope.READ,
    ("GET", "/api/documents/{document_id}"): Scope.READ,
    ("GET", "/api/documents/{document_id}/chunks/{chunk_id}"): Scope.READ,
    ("GET", "/api/documents/{document_id}/file"): Scope.READ,
    ("DELETE", "/api/documents/{document_id}"): Scope.WRITE,
    ("POST", "/api/documents/{document_id}/retry"): Scope.WRITE,
    ("GET", "/api/documents/{document_id}/compare"): Scope.READ,
    ("POST", "/api/documents/{document_id}/rollback"): Scope.WRITE,
    ("POST", "/api/reindex"): Scope.ADMIN,
    ("GET", "/api/reindex/estimate"): Scope.ADMIN,
    ("GET", "/api/jobs"): Scope.ADMIN,
    ("GET", "/api/jobs/{job_id}"): Scope.ADMIN,
    ("GET", "/api/jobs/{job_id}/documents"): Scope.ADMIN,
    ("POST", "/api/jobs/{job_id}/cancel"): Scope.ADMIN,
    ("POST", "/api/jobs/{job_id}/resume"): Scope.ADMIN,
    ("GET", "/api/cost"): Scope.ADMIN,
    ("GET", "/api/health"): Scope.READ,
    ("GET", "/api/queues"): Scope.READ,
    ("GET", "/api/dead-letters"): Scope.ADMIN,
    ("POST", "/api/dead-letters/{message_id}/redrive"): Scope.ADMIN,
    ("POST", "/api/dead-letters/redrive"): Scope.ADMIN,
    ("GET", "/api/alarms"): Scope.READ,
    ("GET", "/api/metrics"): Scope.READ,
    ("GET", "/api/index"): Scope.READ,
}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/api/chat"): {"json": {"question": QUESTION}},
    ("POST", "/v1/chat/completions"): {
        "json": {"model": "portfolio-rag", "messages": [{"role": "user", "content": QUESTION}]}
    },
    ("POST", "/v1/responses"): {"json": {"model": "portfolio-rag", "input": QUESTION}},
    ("POST", "/api/search"): {"json": {"query": QUESTION}},
    ("POST", "/api/answers/{answer_id}/feedback"): {"json": {"rating": "up"}},
    ("POST", "/api/documents"): {"files": {"file": ("a.md", b"x")}},
    ("POST", "/api/documents/presign"): {"json": {"filename": "a.md"}},
    ("POST", "/api/reindex"): {"json": {}},
    ("GET", "/api/documents/{document_id}/compare"): {"params": {"from": 1, "to": 2}},
    ("POST", "/api/documents/{document_id}/rollback"): {"json": {"version": 1}},
}
GUARDED = [*ROUTES, ("GET", "/api/not-yet-written"), ("GET", "/not-yet-written"), ("GET", "//api/jobs")]
DOCS = ["/docs", "/openapi.json", "/docs/assets/start.js", "/docs/assets/swagger-ui-bundle.js"]


def call(client: TestClient, method: str, path: str, **options: Any) -> Any:
    url = path.format(
        document_id=DOCUMENT_ID,
        job_id=JOB_ID,
        chunk_id=chunk().chunk_id,
        model="portfolio-rag",
        message_id=LETTER_ID,
        answer_id=own_answer(client, **options) if "{answer_id}" in path else "",
    )
    return client.request(method, url, **BODIES.get((method, path), {}), **options)


@pytest.fixture
def far() -> Iterator[Callable[..., TestClient]]:
    """Makes a client on another machine."""
    clients: list[TestClient] = []

    def make(services: FakeServices, host: str = "192.0.2.7") -> TestClient:
        clients.append(client_of(create_app(services=services.api), host=host))
        return clients[-1].__enter__()

    yield make
    for client in clients:
        client.__exit__(None, None, None)


# --- with a key of the environment


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize("given", [None, "", "wrong", KEY + " x", KEY.upper(), "rag_000000000000_" + "A" * 43])
def test_with_a_key_set_everything_wants_it(
    client_with: Callable[..., TestClient], method: str, path: str, given: str | None
) -> None:
    headers = encoded({} if given is None else {"X-API-Key": given})
    response = call(client_with(api_key=KEY), method, path, headers=headers)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == ("Bearer" if path.startswith("/v1/") else "ApiKey")
    if not path.startswith("/v1/"):
        assert_problem(response, 401, "unauthorized")


def test_the_key_of_the_environment_opens_everything(client_with: Callable[..., TestClient]) -> None:
    client = client_with(api_key=KEY)
    for method, path in ROUTES:
        assert call(client, method, path, headers=encoded({"X-API-Key": KEY})).is_success, path


def test_without_a_key_this_machine_is_answered_whatever_it_sends(client: TestClient) -> None:
    assert client.get("/api/jobs", headers={"X-API-Key": "whatever"}).status_code == 200


@pytest.mark.parametrize("host", ["192.0.2.7", "10.0.0.1", "2001:db8::1", "::ffff:192.0.2.7", "testclient"])
def test_without_a_key_other_machines_are_not(far: Callable[..., TestClient], host: str) -> None:
    client = far(fake_services(), host)
    for method, path in ROUTES:
        assert call(client, method, path).status_code == 401, path
    assert "rag keys create" in client.get("/api/jobs").json()["detail"]
    assert [client.get(path).status_code for path in DOCS] == [401] * len(DOCS)
    assert client.get("/api/live").status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_loopback_has_several_addresses(far: Callable[..., TestClient], host: str) -> None:
    assert far(fake_services(), host).get("/api/jobs").status_code == 200


def test_the_networks_without_a_key_can_be_others(far: Callable[..., TestClient]) -> None:
    services = fake_services(Settings(api_keyless_networks="172.16.0.0/12"))
    assert far(services, "172.20.0.1").get("/api/jobs").status_code == 200
    assert far(services, "127.0.0.1").get("/api/jobs").status_code == 401


@pytest.mark.parametrize("value", ["localhost", "10.0.0.1/8", "10.0.0.0/40"])
def test_networks_that_are_none(value: str) -> None:
    with pytest.raises(ConfigurationError, match="API_KEYLESS_NETWORKS"):
        parse_networks(value)


# --- keys that were made


@pytest.mark.parametrize("held", [*([scope] for scope in Scope), [Scope.READ, Scope.WRITE]], ids=str)
@pytest.mark.parametrize(("method", "path"), list(ROUTES))
def test_each_route_is_for_its_scope(far: Callable[..., TestClient], method: str, path: str, held: list[Scope]) -> None:
    services = fake_services()
    response = call(far(services), method, path, headers=services.key("tester", *held))
    if ROUTES[method, path] in held or Scope.ADMIN in held:
        assert response.is_success
        return
    assert response.status_code == 403
    if not path.startswith("/v1/"):
        assert_problem(response, 403, "forbidden")
        assert ROUTES[method, path].value in response.json()["detail"]
    operations = services.operations
    fakes = (
        *(services.chat, services.retrieval, services.documents, services.redrive, services.jobs, services.cited),
        *(operations, operations.dead_letters, operations.monitoring, operations.metrics, operations.index),
    )
    assert not any(fake.calls for fake in fakes)


def test_the_matrix_has_every_route() -> None:
    paths = create_app(services=fake_services().api).openapi()["paths"]
    declared = {
        (method.upper(), path): [next(iter(requirement.values())) for requirement in operation.get("security", [])]
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    assert declared.pop(("GET", "/api/live")) == []
    # Any key may ask what it may do.
    assert declared.pop(("GET", "/api/keys/me")) == [[]]
    assert {route: scopes[0] for route, scopes in declared.items()} == {
        route: [scope.value] for route, scope in ROUTES.items()
    }


def test_a_key_ends_when_it_expires_and_when_it_is_revoked(far: Callable[..., TestClient]) -> None:
    services = fake_services()
    client = far(services)
    kept, expiring = services.key("kept"), services.key("expiring", expires_in_days=1)
    assert client.get("/api/jobs", headers=expiring).status_code == 200
    services.clock.moment += timedelta(days=1)
    assert client.get("/api/jobs", headers=expiring).status_code == 401
    assert client.get("/api/jobs", headers=kept).status_code == 200
    services.keyring.revoke("kept")
    assert client.get("/api/jobs", headers=kept).status_code == 401
    # All have ended, and nothing is open for that.
    assert client_of(client.app).get("/api/jobs").status_code == 401


def test_a_key_revoked_by_another_process_ends_soon() -> None:
    now = 0.0
    store = MemoryApiKeys()
    keyring = Keyring(store, TestClock(), now=lambda: now)
    key, written = keyring.create("tester", [Scope.READ])
    assert keyring.authenticate(written) is not None
    store.keys[key.key_id] = replace(key, revoked_at=key.created_at)
    now = CACHE_SECONDS
    assert keyring.authenticate(written) is None


def test_a_key_is_looked_up_once_in_a_while() -> None:
    store = MemoryApiKeys()
    keyring = Keyring(store, TestClock(), now=lambda: 0.0)
    _, written = keyring.create("tester", [Scope.READ])
    for _ in range(5):
        assert keyring.authenticate(written) is not None
        assert keyring.is_required()
    assert store.lookups == 2
    keyring.authenticate("not a key of ours")
    assert store.lookups == 2


def test_where_the_table_does_not_answer_nobody_is_let_in(client: TestClient, services: FakeServices) -> None:
    services.keys.error = StorageUnavailable("DynamoDB does not answer.")
    assert_problem(client.get("/api/jobs"), 503, "storage_unavailable")
    assert client.get("/api/live").status_code == 200


def test_v1_takes_the_key_as_a_bearer_token_and_the_rest_does_not(far: Callable[..., TestClient]) -> None:
    services = fake_services()
    client = far(services)
    bearer = {"Authorization": f"Bearer {services.key()['X-API-Key']}"}
    assert client.get("/v1/models", headers=bearer).status_code == 200
    assert client.get("/api/jobs", headers=bearer).status_code == 401


# --- the page of the API


@pytest.mark.parametrize("path", DOCS)
def test_the_page_is_as_closed_as_the_rest(far: Callable[..., TestClient], path: str) -> None:
    services = fake_services()
    client = far(services)
    written = services.key()["X-API-Key"]
    refused = client.get(path)
    assert refused.status_code == 401
    # A browser asks for a name and a password then.
    assert refused.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert client.get(path, headers={"X-API-Key": written}).status_code == 200
    assert client.get(path, auth=("anybody", written)).status_code == 200
    assert client.get(path, auth=("anybody", "wrong")).status_code == 401
    assert client.get(path, headers=encoded({"Authorization": "Basic ä!"}, "latin-1")).status_code == 401


@pytest.mark.parametrize(("method", "path"), list(ROUTES))
def test_a_password_that_a_browser_sends_by_itself_opens_the_page_alone(
    far: Callable[..., TestClient], method: str, path: str
) -> None:
    services = fake_services()
    credentials = base64.b64encode(f"x:{services.key()['X-API-Key']}".encode()).decode()
    response = call(far(services), method, path, headers={"Authorization": f"Basic {credentials}"})
    assert response.status_code == 401


@pytest.mark.parametrize("path", DOCS)
def test_the_page_can_be_open(far: Callable[..., TestClient], path: str) -> None:
    client = far(fake_services(Settings(api_key=KEY, api_docs_open="true")))
    assert client.get(path).status_code == 200
    assert client.get("/api/jobs").status_code == 401


def test_only_the_way_to_the_page_and_liveness_are_public(far: Callable[..., TestClient]) -> None:
    client = far(fake_services())
    assert {path: client.get(path, follow_redirects=False).status_code for path in PUBLIC_PATHS} == {
        "/": 200,
        "/api/live": 200,
    }


# --- limits


def test_beyond_its_rate_a_key_is_told_to_wait(far: Callable[..., TestClient]) -> None:
    services = fake_services()
    limited, other = services.key("limited", requests_per_minute=2), services.key("other")
    client = far(services)
    assert [client.get("/api/jobs", headers=limited).status_code for _ in range(2)] == [200, 200]
    refused = client.get("/api/jobs", headers=limited)
    assert_problem(refused, 429, "rate_limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 30
    assert client.get("/api/jobs", headers=other).status_code == 200
    assert client.get("/v1/models", headers=limited).json()["error"]["type"] == "rate_limit_error"


def test_the_tokens_of_a_day_end_at_midnight(far: Callable[..., TestClient]) -> None:
    services = fake_services()
    whole = replace(answer(), usage=Usage(prompt_tokens=600, completion_tokens=100))
    services.chat.answer = lambda *_, **__: whole  # type: ignore[method-assign]
    headers = services.key("frugal", Scope.READ, tokens_per_day=1000)
    client = far(services)
    asked = {"json": {"question": QUESTION}, "headers": headers}
    assert [client.post("/api/chat", **asked).status_code for _ in range(2)] == [200, 200]  # type: ignore[arg-type]
    for path, body in (
        ("/api/chat", {"question": QUESTION}),
        ("/api/chat", {"question": QUESTION, "stream": True}),
        ("/v1/chat/completions", BODIES["POST", "/v1/chat/completions"]["json"]),
        ("/v1/responses", BODIES["POST", "/v1/responses"]["json"]),
    ):
        refused = client.post(path, json=body, headers=headers)
        assert refused.status_code == 429
        # At 10:12, 13 hours and 48 minutes are left.
        assert refused.headers["Retry-After"] == str(13 * 3600 + 48 * 60)
    # A search costs nothing.
    assert client.post("/api/search", json={"query": QUESTION}, headers=headers).status_code == 200
    services.clock.moment += timedelta(seconds=int(refused.headers["Retry-After"]))
    assert client.post("/api/chat", **asked).status_code == 200  # type: ignore[arg-type]


def test_streams_are_counted_too(far: Callable[..., TestClient]) -> None:
    services = fake_services()
    headers = services.key("frugal", Scope.READ, tokens_per_day=1000)
    client = far(services)
    # The usual answer is extractive, and costs nothing.
    client.post("/api/chat", json={"question": QUESTION, "stream": True}, headers=headers)
    assert sum(services.keys.used.values()) == 0
    services.chat.breaks = StorageUnavailable("DynamoDB does not answer.")
    client.post("/api/chat", json={"question": QUESTION, "stream": True}, headers=headers)
    assert sum(services.keys.used.values()) == len(chunk().content) // 4


# --- logs


@pytest.mark.parametrize("stream", [False, True])
def test_neither_key_nor_question_is_in_the_log(
    far: Callable[..., TestClient], caplog: pytest.LogCaptureFixture, stream: bool
) -> None:
    services = fake_services(Settings(api_key=KEY))
    headers = services.key("tester", Scope.READ)
    question = "Who knows the word xylophone-4711?"
    client = far(services)
    with caplog.at_level(logging.DEBUG):
        for sent in (headers, encoded({"X-API-Key": KEY}), {"X-API-Key": "rag_wrong-4712"}):
            client.post("/api/chat", json={"question": question, "stream": stream}, headers=sent)
            client.post("/api/search", json={"query": question}, headers=sent)
            client.post(
                "/v1/chat/completions",
                json={"model": "portfolio-rag", "messages": [{"role": "user", "content": question}], "stream": stream},
                headers=sent,
            )
            client.get(f"/api/jobs?status={question}", headers=sent)
            client.post("/api/chat", content=json.dumps({"question": question})[:-1], headers=sent)
        services.chat.error = services.retrieval.error = RuntimeError("broken")
        client.post("/api/chat", json={"question": question, "stream": stream}, headers=headers)
        client.post("/api/search", json={"query": question}, headers=headers)
    # The test's own client logs what it asks for.
    records = [record for record in caplog.records if not record.name.startswith("http")]
    written = "\n".join(f"{vars(record)} {logging.Formatter().format(record)}" for record in records)
    assert "/api/chat" in written
    for secret in (headers["X-API-Key"], headers["X-API-Key"].rpartition("_")[2], KEY, "xylophone", "wrong-4712"):
        assert secret not in written
