"""The Swagger UI comes whole from this server."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from tests.support.api import FakeServices, client_of


def test_the_page_names_only_files_of_this_server_and_they_are_there(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) == 4
    for address in addresses:
        assert not re.match(r"(?:[a-z]+:)?//", address)
        assert client.get(f"/{address}").status_code == 200


def test_the_policy_of_the_page_allows_this_server_only(client: TestClient) -> None:
    policy = client.get("/docs").headers["Content-Security-Policy"]
    directives = dict(directive.strip().split(" ", 1) for directive in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'self'"
    assert directives["connect-src"] == "'self'"
    assert "http" not in policy


def test_the_bundle_is_a_swagger_ui_that_draws_openapi_3_1(client: TestClient) -> None:
    bundle = client.get("/docs/assets/swagger-ui-bundle.js")
    assert bundle.headers["Content-Type"].startswith("text/javascript")
    assert re.search(r"\b5\.\d+\.\d+\b", bundle.text)


@pytest.mark.parametrize("path", ["/redoc", "/docs/oauth2-redirect"])
def test_pages_that_would_need_the_network_are_off(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_behind_a_prefix_of_a_proxy(services: FakeServices) -> None:
    with client_of(create_app(services=services.api), root_path="/rag") as client:
        assert client.get("/rag/").status_code == 200
        assert client.get("/rag", follow_redirects=False).headers["Location"].endswith("/rag/")
        assert client.get("/rag/console/main.js").status_code == 200
        assert client.get("/rag/docs").status_code == 200
        assert client.get("/rag/api/jobs").status_code == 200


def test_behind_a_prefix_the_key_is_still_wanted(client_with: Callable[..., TestClient]) -> None:
    app = client_with(api_key="k").app
    with client_of(app, root_path="/rag") as client:
        assert client.get("/rag/api/jobs").status_code == 401
        assert client.get("/rag/api/live").status_code == 200
