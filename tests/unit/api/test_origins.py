"""The web page next door: under which name the API is called, and from which page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.origins import host_name, parse_hosts
from portfolio_rag.domain.errors import ConfigurationError
from tests.support.api import DOCUMENT_ID, JOB_ID, FakeServices
from tests.unit.api.test_authentication import BODIES, ROUTES, call
from tests.unit.api.test_problems import assert_problem

CHANGES = [
    ("POST", "/api/documents"),
    ("POST", "/api/documents/presign"),
    ("DELETE", f"/api/documents/{DOCUMENT_ID}"),
    ("POST", f"/api/documents/{DOCUMENT_ID}/retry"),
    ("POST", "/api/reindex"),
    ("POST", f"/api/jobs/{JOB_ID}/cancel"),
    ("POST", "/api/chat"),
    ("POST", "/api/search"),
]
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://other.localhost"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "made-up"},
    # Older browsers send no more than the origin.
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:8001"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://[broken"},
    {"Origin": "file://localhost"},
]
OWN: list[dict[str, str]] = [
    {},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
    {"Origin": "http://localhost"},
    {"Origin": "http://LOCALHOST:80"},
    # Behind a proxy that ends TLS.
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://localhost"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_a_foreign_page_changes_nothing(
    client: TestClient, services: FakeServices, method: str, path: str, headers: dict[str, str]
) -> None:
    response = client.request(method, path, headers=headers, **BODIES.get((method, path), {}))
    assert_problem(response, 403, "cross_site_request")
    fakes = (services.documents, services.redrive, services.jobs, services.chat, services.retrieval)
    assert not any(fake.calls for fake in fakes)


@pytest.mark.parametrize("headers", OWN, ids=str)
@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_the_own_page_and_programs_may(client: TestClient, method: str, path: str, headers: dict[str, str]) -> None:
    assert client.request(method, path, headers=headers, **BODIES.get((method, path), {})).is_success


def test_an_origin_that_is_allowed_may(client_with: Callable[..., TestClient]) -> None:
    client = client_with(api_cors_origins="https://app.example")
    for site in ("cross-site", "same-site"):
        headers = {"Sec-Fetch-Site": site, "Origin": "https://app.example"}
        assert client.post("/api/reindex", json={}, headers=headers).status_code == 202
    assert client.post("/api/reindex", json={}, headers={"Origin": "https://b.example"}).status_code == 403


def test_every_route_that_is_no_get_is_closed_to_foreign_pages(client: TestClient) -> None:
    for method, path in ROUTES:
        response = call(client, method, path, headers={"Origin": "https://evil.example"})
        assert (response.status_code == 403) == (method != "GET"), path


@pytest.mark.parametrize("origins", ["https://app.example", "*"])
def test_cors_never_comes_with_credentials(client_with: Callable[..., TestClient], origins: str) -> None:
    client = client_with(api_cors_origins=origins)
    origin = {"Origin": "https://app.example"}
    preflight = client.options("/api/chat", headers={**origin, "Access-Control-Request-Method": "POST"})
    for response in (preflight, client.get("/api/jobs", headers={**origin, "Cookie": "a=b"})):
        assert response.status_code == 200
        assert response.headers["Access-Control-Allow-Origin"] in ("https://app.example", "*")
        assert "Access-Control-Allow-Credentials" not in response.headers


# --- Host


REBOUND: list[Any] = ["evil.example", "evil.example:8000", "localhost.evil.example", "192.0.2.7", "", "[broken", "a b"]


@pytest.mark.parametrize("host", REBOUND)
def test_a_name_that_was_bound_anew_gets_400(client: TestClient, services: FakeServices, host: str) -> None:
    for method, path in (("GET", "/api/documents"), ("GET", "/docs"), ("GET", "/openapi.json"), ("POST", "/api/chat")):
        response = call(client, method, path, headers={"Host": host})
        assert_problem(response, 400, "unknown_host")
    assert services.documents.calls == []
    assert services.chat.calls == []


@pytest.mark.parametrize("host", ["localhost", "LocalHost:8000", "localhost.", "127.0.0.1:9", "[::1]", "[::1]:8000"])
def test_the_names_of_the_machine_itself(client: TestClient, host: str) -> None:
    assert client.get("/api/documents", headers={"Host": host}).status_code == 200


def test_two_names_are_none(client: TestClient) -> None:
    response = client.get("/api/documents", headers=[("Host", "localhost"), ("Host", "evil.example")])
    assert response.status_code == 400


def test_other_names_can_be_allowed(client_with: Callable[..., TestClient]) -> None:
    client = client_with(api_allowed_hosts="rag.example.org, ::2")
    for host, status in (
        ("rag.example.org", 200),
        ("RAG.example.org:443", 200),
        ("[::2]:1", 200),
        ("localhost", 400),
        ("a.rag.example.org", 400),
    ):
        assert client.get("/api/documents", headers={"Host": host}).status_code == status, host
    assert client_with(api_allowed_hosts="*").get("/api/jobs", headers={"Host": "whatever"}).status_code == 200


def test_probes_ask_by_address(client: TestClient) -> None:
    assert client.get("/api/live", headers={"Host": "10.0.3.4:8000"}).status_code == 200


@pytest.mark.parametrize("value", ["https://rag.example.org", "rag.example.org:8000", "a/b"])
def test_hosts_that_are_none(value: str) -> None:
    with pytest.raises(ConfigurationError, match="API_ALLOWED_HOSTS"):
        parse_hosts(value)


def test_the_name_in_a_host_header() -> None:
    assert [host_name(host) for host in ("A.b:1", "[::1]:2", "[::1", "", "a.")] == ["a.b", "::1", "", "", "a"]
