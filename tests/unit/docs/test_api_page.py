"""docs/api.md has every route, what answers without the key, and every operator of a filter."""

from __future__ import annotations

from api.authentication import CONSOLE_PREFIX, DOCS_PATHS, PUBLIC_PATHS
from api.main import create_app
from api.mcp_server.tools import TOOLS
from api.schemas.filters import MetadataFilter
from portfolio_rag.settings.environment import Settings
from tests.support.api import client_of, fake_services
from tests.support.pages import code, marked, rows, section, text_of

PAGE = text_of("docs/api.md")
METHODS = {"get", "post", "put", "patch", "delete"}


def test_the_routes_are_those_of_the_api() -> None:
    paths = create_app(services=fake_services().api).openapi()["paths"]
    served = {f"{method.upper()} {path}" for path, item in paths.items() for method in item if method in METHODS}
    told = [name for cells in rows(section(PAGE, "## Routes")) for name in code(cells[0])]
    assert len(told) == len(set(told))
    assert set(told) == served


def test_what_answers_without_the_key() -> None:
    told = {code(cells[0])[0] for cells in rows(marked(PAGE, "public"))}
    assert told == {*PUBLIC_PATHS, CONSOLE_PREFIX}
    settings = Settings(api_key="secret")
    with client_of(create_app(services=fake_services(settings).api)) as client:
        assert {path: client.get(path, follow_redirects=False).status_code for path in PUBLIC_PATHS} == {
            "/": 200,
            "/api/live": 200,
        }
        assert {path: client.get(path).status_code for path in DOCS_PATHS} == {"/docs": 401, "/openapi.json": 401}
        assert client.get("/api/health").status_code == 401


def test_the_tools_are_those_of_mcp() -> None:
    told = {code(cells[0])[0]: code(cells[1])[0] for cells in rows(marked(PAGE, "tools"))}
    assert told == {name: tool.scope.value for name, tool in TOOLS.items()}


def test_the_operators_of_a_filter() -> None:
    told = [name for cells in rows(marked(PAGE, "operators")) for name in code(cells[0])]
    assert sorted(told) == sorted(MetadataFilter.__annotations__)
