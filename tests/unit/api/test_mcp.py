"""`/mcp` as the official SDK's own client sees it, over a socket, by both generations of the protocol."""

from __future__ import annotations

import base64
import json
import logging
import math
import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import anyio
import httpx
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.exceptions import MCPError

from api.main import create_app
from portfolio_rag.domain.answers import Done, Retrieved, Validated
from portfolio_rag.domain.api_keys import Scope
from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.domain.errors import VectorStoreUnavailable
from portfolio_rag.domain.filters import parse_filter
from portfolio_rag.settings.environment import Settings
from tests.support.api import (
    CONTENT,
    DOCUMENT_ID,
    QUESTION,
    QUOTE,
    UNKNOWN_ID,
    FakeServices,
    answer,
    chunk,
    document,
    fake_services,
    passage,
)
from tests.support.serving import serving

PATIENCE = 60.0
TOOLS = ["search", "ask", "get_passage", "list_documents", "upload_document"]
generations = pytest.mark.parametrize("mode", ["auto", "legacy"])


@pytest.fixture
def services() -> FakeServices:
    return fake_services()


@pytest.fixture
def url(services: FakeServices) -> Iterator[str]:
    with serving(create_app(services=services.api)) as url:
        yield url


@asynccontextmanager
async def agent(url: str, mode: Any = "auto", headers: dict[str, str] | None = None) -> AsyncIterator[Client]:
    async with (
        create_mcp_http_client(headers=headers) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


def call(url: str, tool: str, arguments: dict[str, Any], **options: Any) -> Any:
    """The result of one call by an agent of its own; its text is the same as its structure."""

    async def called() -> Any:
        async with agent(url, **options) as client:
            return await client.call_tool(tool, arguments)

    result = anyio.run(called)
    assert result.is_error or json.loads(result.content[0].text) == result.structured_content
    return result


def refusal_of(url: str, tool: str, arguments: dict[str, Any], **options: Any) -> str:
    result = call(url, tool, arguments, **options)
    assert result.is_error
    text: str = result.content[0].text
    return text


@generations
def test_an_agent_finds_tools_that_say_what_they_do(url: str, mode: str) -> None:
    async def look() -> Any:
        async with agent(url, mode) as client:
            assert client.server_info is not None
            assert client.server_info.name == "portfolio-rag"
            assert client.instructions
            return (await client.list_tools()).tools

    tools = anyio.run(look)
    assert [tool.name for tool in tools] == TOOLS
    for tool in tools:
        assert tool.description
        assert tool.output_schema
        assert tool.input_schema["additionalProperties"] is False
        assert tool.annotations
        assert tool.annotations.read_only_hint is (tool.name != "upload_document")
        for name, field in tool.input_schema["properties"].items():
            assert field.get("description"), f"{tool.name}.{name}"


@generations
def test_ask_gives_the_answer_with_its_checked_citations(url: str, services: FakeServices, mode: str) -> None:
    where = {"equals": {"key": "service", "value": "sqs"}}
    result = call(url, "ask", {"question": QUESTION, "top_k": 3, "filter": where}, mode=mode).structured_content
    assert result["answer"] == f"{QUOTE}. [1]"
    assert result["answered"] is True
    (citation,) = result["citations"]
    assert (citation["number"], citation["quote"], citation["document_id"]) == (1, QUOTE, DOCUMENT_ID)
    assert [sentence["verdict"] for sentence in result["sentences"]] == ["supported"]
    assert result["dropped"] == 1
    assert "costs nothing" not in str(result)
    assert services.chat.calls == [(QUESTION, 3, parse_filter(where), None)]


def test_ask_tells_how_it_gets_on(url: str) -> None:
    told: list[str | None] = []

    async def ask() -> None:
        async def hear(progress: float, total: float | None, message: str | None) -> None:
            told.append(message)

        async with agent(url) as client:
            await client.call_tool("ask", {"question": QUESTION}, progress_callback=hear)

    anyio.run(ask)
    assert told == ["1 passages found", f"supported: {QUOTE}.", "dropped"]


@generations
def test_search_gives_passages(url: str, services: FakeServices, mode: str) -> None:
    (found,) = call(url, "search", {"query": f" {QUESTION} ", "top_k": 20}, mode=mode).structured_content["passages"]
    assert (found["text"], found["score"], found["heading_path"]) == (CONTENT, 0.83, ["Amazon SQS", "Limits"])
    assert found["metadata"]["year"] == 2026
    assert services.retrieval.calls == [(QUESTION, 20, None)]


def test_get_passage_shows_what_stands_around_it(url: str, services: FakeServices) -> None:
    wanted = {"document_id": DOCUMENT_ID, "chunk_id": chunk().chunk_id, "version": 1}
    found = call(url, "get_passage", wanted).structured_content
    assert (found["text"], found["previous"], found["live"]) == (CONTENT, None, True)
    assert found["next"] == {"chunk_id": chunk(1).chunk_id, "text": CONTENT}
    assert services.cited.calls == [(DOCUMENT_ID, chunk().chunk_id, 1)]


def test_list_documents_goes_in_pages(url: str, services: FakeServices) -> None:
    first = call(url, "list_documents", {"status": "COMPLETED", "limit": 5}).structured_content
    assert [listed["document_id"] for listed in first["documents"]] == [DOCUMENT_ID]
    assert first["counts"]["COMPLETED"] == 1
    second = call(url, "list_documents", {"cursor": first["next_cursor"]}).structured_content
    assert (second["next_cursor"], second["counts"]) == (None, None)
    assert services.documents.calls == [(DocumentStatus.COMPLETED, 5, None), (None, 20, "page-2")]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"name": "GUIDES/sqs"}, 1),
        ({"name": "lambda"}, 0),
        ({"attributes": ["service:sqs", "file_type:MD", "topics:messaging"]}, 1),
        ({"attributes": ["service:sqs", "year:2025"]}, 0),
        ({"name": "sqs", "attributes": ["service:sns"], "status": "COMPLETED"}, 0),
    ],
)
def test_list_documents_filters_by_name_and_attributes_as_the_route_does(
    url: str, wanted: dict[str, Any], found: int
) -> None:
    listed = call(url, "list_documents", wanted).structured_content["documents"]
    assert [entry["document_id"] for entry in listed] == [DOCUMENT_ID] * found
    query = {("attribute" if name == "attributes" else name): value for name, value in wanted.items()}
    routed = httpx.get(f"{url}/api/documents", params=query).json()["items"]
    assert [entry["document_id"] for entry in routed] == [entry["document_id"] for entry in listed]


@pytest.mark.parametrize(
    ("content", "encoding", "size"),
    [
        ("# Größe", None, 9),
        ("null", "text", 4),
        ('{"a": [1]}', "text", 10),
        (base64.b64encode(b"%PDF").decode(), "base64", 4),
    ],
)
def test_upload_document_takes_text_and_bytes(
    url: str, services: FakeServices, content: str, encoding: str | None, size: int
) -> None:
    """Text that reads as JSON is text, too."""
    given: dict[str, Any] = {"filename": "a.md", "content": content, "prefix": "guides/", "metadata": {"year": 2026}}
    receipt = call(url, "upload_document", given | ({"encoding": encoding} if encoding else {})).structured_content
    assert receipt == {"document_id": DOCUMENT_ID, "s3_key": "incoming/guides/a.md", "size": size}
    assert services.documents.calls == [("a.md", size, "guides/", {"year": 2026}, "application/octet-stream")]


def test_a_document_of_a_megabyte_goes_through_and_one_of_five_does_not(url: str, services: FakeServices) -> None:
    services.documents.max_bytes = 2 * 1024 * 1024
    assert not call(url, "upload_document", {"filename": "a.md", "content": "x" * 1024 * 1024}).is_error
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x" * 5 * 1024 * 1024}}
    reply = httpx.post(f"{url}/mcp", json=body, headers={"Accept": "application/json, text/event-stream"})
    assert (reply.status_code, reply.json()["code"]) == (413, "payload_too_large")


@generations
def test_a_score_that_is_no_number_is_null(url: str, services: FakeServices, mode: str) -> None:
    """The SDK's clients refuse a result with NaN as a whole."""
    whole = replace(
        answer(),
        citations=[replace(citation, score=math.nan) for citation in answer().citations],
        validation=[replace(sentence, score=math.inf) for sentence in answer().validation],
        validation_score=math.nan,
    )
    services.chat.script = [Retrieved([]), Done(whole)]
    asked = call(url, "ask", {"question": QUESTION}, mode=mode).structured_content
    assert asked["citations"][0]["score"] is asked["sentences"][0]["score"] is asked["validation_score"] is None
    services.retrieval.search = lambda *_, **__: [replace(passage(), score=-math.inf)]  # type: ignore[method-assign]
    assert call(url, "search", {"query": "x"}, mode=mode).structured_content["passages"][0]["score"] is None


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("search", {"query": "x", "filters": {}}, "filters: Extra inputs are not permitted. search takes query, top_k"),
        ("search", {}, "query: Field required"),
        ("ask", {"question": "x", "top_k": 21}, "top_k: Input should be less than or equal to 20"),
        ("ask", {"question": "x" * 4001}, "at most 4000 characters"),
        ("search", {"query": "x", "filter": {"near": 1}}, "Use one of"),
        ("get_passage", {"document_id": "a", "chunk_id": "b"}, "document_id: Input should be a valid UUID"),
        ("get_passage", {"document_id": UNKNOWN_ID, "chunk_id": UNKNOWN_ID}, "no chunk .* list_documents give the ids"),
        ("list_documents", {"cursor": "page-3"}, "cursor is not one of ours"),
        ("list_documents", {"attributes": ["sqs"]}, "attributes"),
        ("upload_document", {"filename": "a.pdf", "content": "%", "encoding": "base64"}, "not base64"),
        ("upload_document", {"filename": "a.md", "content": "x" * 10_001}, "larger than 10000 bytes. Split"),
    ],
)
def test_a_model_is_told_what_to_mend(url: str, tool: str, arguments: dict[str, Any], told: str) -> None:
    assert re.search(told, refusal_of(url, tool, arguments))


@generations
def test_half_a_surrogate_pair_is_no_valid_text(url: str, services: FakeServices, mode: str) -> None:
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    arguments = {"filename": "a.md", "content": "\ud800"}
    params = {"name": "upload_document", "arguments": arguments, "_meta": meta}
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    if mode == "auto":
        headers |= {"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "upload_document"}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    reply = httpx.post(f"{url}/mcp", content=body, headers=headers, timeout=PATIENCE)
    assert "Parse error" in reply.text or "content: Input should be a valid string" in reply.text
    assert services.documents.calls == []


def test_a_service_that_is_down_is_told_and_a_fault_of_ours_keeps_its_secret(url: str, services: FakeServices) -> None:
    services.retrieval.error = VectorStoreUnavailable("Chroma does not answer.")
    assert refusal_of(url, "search", {"query": "x"}).startswith("Chroma does not answer. Try again")
    services.retrieval.error = RuntimeError("secret")
    told = refusal_of(url, "search", {"query": "x"}, headers={"X-Request-ID": "request-7"})
    assert "secret" not in told
    assert "request-7" in told


def test_a_tool_that_is_not_there_is_an_error_of_the_protocol(url: str) -> None:
    with pytest.raises(BaseExceptionGroup) as group:
        call(url, "delete_everything", {})
    assert group.group_contains(MCPError, match="There are search, ask", depth=None)


def test_documents_are_resources(url: str, services: FakeServices) -> None:
    first, second = (
        replace(chunk(), span=(0, len(CONTENT))),
        replace(chunk(1), content="most. And then?", span=(len(CONTENT) - 5, len(CONTENT) + 10)),
    )
    services.documents.detail = replace(services.documents.detail, chunks=[first, second])

    async def read() -> tuple[Any, Any, Any, Any]:
        async with agent(url) as client:
            page = await client.list_resources()
            rest = await client.list_resources(cursor=page.next_cursor)
            templates = await client.list_resource_templates()
            return page, rest, templates, await client.read_resource(page.resources[0].uri)

    page, rest, templates, read_back = anyio.run(read)
    assert (page.resources[0].name, rest.next_cursor) == ("sqs-queues.md", None)
    assert [template.uri_template for template in templates.resource_templates] == ["rag://documents/{document_id}"]
    assert page.resources[0].uri == f"rag://documents/{DOCUMENT_ID}"
    # What the second chunk repeats of the first is there once.
    assert read_back.contents[0].text == f"{CONTENT} And then?"


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        (f"rag://documents/{UNKNOWN_ID}", "no document"),
        ("rag://documents/../x", "no resource"),
        ("file:///etc/passwd", "no resource"),
    ],
)
def test_a_resource_that_is_not_there(url: str, uri: str, told: str) -> None:
    async def read() -> None:
        async with agent(url) as client:
            with pytest.raises(MCPError, match=told):
                await client.read_resource(uri)

    anyio.run(read)


def test_a_long_document_is_cut_and_says_so(url: str, services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.mcp_server.resources.MAX_CHARACTERS", 100)
    chunks = [replace(chunk(index), span=(index * 100, index * 100 + len(CONTENT))) for index in range(3)]
    services.documents.detail = replace(services.documents.detail, chunks=chunks)

    async def read() -> Any:
        async with agent(url) as client:
            return await client.read_resource(f"rag://documents/{DOCUMENT_ID}")

    text = anyio.run(read).contents[0].text
    assert text == f"{CONTENT}\n\n[Cut here. get_passage goes on from chunk_id {chunks[1].chunk_id}.]"


# --- keys


def test_the_keys_are_those_of_the_api(url: str, services: FakeServices) -> None:
    key = services.key("reader", Scope.READ)["X-API-Key"]
    for headers in ({"X-API-Key": key}, {"Authorization": f"Bearer {key}"}):
        assert not call(url, "ask", {"question": QUESTION}, headers=headers).is_error
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        reply = httpx.post(f"{url}/mcp", json={}, headers=headers)
        assert (reply.status_code, reply.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    ("scope", "may", "may_not"),
    [
        (Scope.READ, TOOLS[:4], ("upload_document", {"filename": "a.md", "content": "x"})),
        (Scope.WRITE, TOOLS[4:], ("ask", {"question": QUESTION})),
    ],
)
def test_a_key_has_the_tools_of_its_scopes(
    url: str, services: FakeServices, scope: Scope, may: list[str], may_not: tuple[str, dict[str, Any]]
) -> None:
    headers = services.key("limited", scope)

    async def names() -> list[str]:
        async with agent(url, headers=headers) as client:
            return [tool.name for tool in (await client.list_tools()).tools]

    assert anyio.run(names) == may
    assert "The key 'limited' has no scope" in refusal_of(url, *may_not, headers=headers)
    assert services.chat.calls == services.documents.calls == []


def test_a_key_without_read_sees_no_resources(url: str, services: FakeServices) -> None:
    async def read() -> None:
        async with agent(url, headers=services.key("deliverer", Scope.WRITE)) as client:
            for attempt in (client.list_resources, lambda: client.read_resource(f"rag://documents/{DOCUMENT_ID}")):
                with pytest.raises(MCPError, match="no scope `read`"):
                    await attempt()

    anyio.run(read)
    assert services.documents.calls == []


def test_a_tenant_stays_in_its_folder(url: str, services: FakeServices) -> None:
    headers = services.key("acme-bot", Scope.READ, Scope.WRITE, tenant="acme")
    call(url, "ask", {"question": QUESTION}, headers=headers)
    call(url, "search", {"query": QUESTION}, headers=headers)
    for where in (services.chat.calls[0][2], services.retrieval.calls[0][2]):
        assert "acme" in str(where)
    assert "no document" in refusal_of(
        url, "get_passage", {"document_id": DOCUMENT_ID, "chunk_id": chunk().chunk_id}, headers=headers
    )
    assert call(url, "list_documents", {}, headers=headers).structured_content["documents"] == []
    services.documents.calls.clear()
    receipt = call(url, "upload_document", {"filename": "a.md", "content": "x"}, headers=headers).structured_content
    assert receipt["s3_key"].startswith("incoming/acme")


def test_the_tokens_of_an_answer_count_against_the_keys_day(url: str, services: FakeServices) -> None:
    headers = services.key("frugal", Scope.READ, tokens_per_day=1)
    services.chat.script = [Retrieved([]), Done(replace(answer(), usage=replace(answer().usage, prompt_tokens=5)))]
    assert not call(url, "ask", {"question": QUESTION}, headers=headers).is_error
    assert "Try again in" in refusal_of(url, "ask", {"question": QUESTION}, headers=headers)


@generations
def test_what_is_asked_is_not_in_the_log(
    url: str, services: FakeServices, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    key = services.key("reader", Scope.READ)
    with caplog.at_level(logging.INFO):
        call(url, "ask", {"question": "Who knows the xylophone?"}, mode=mode, headers=key)
        refusal_of(url, "search", {"query": "xylophone", "top_k": "xylophone"}, mode=mode, headers=key)
        services.retrieval.error = RuntimeError("broken")
        refusal_of(url, "search", {"query": "xylophone"}, mode=mode, headers=key)
    written = "\n".join(f"{vars(record)} {logging.Formatter().format(record)}" for record in caplog.records)
    assert "unexpected error in search" in written
    for secret in ("xylophone", key["X-API-Key"]):
        assert secret not in written


# --- admission and cancelling


class HeldChat:
    """A stream that waits behind its passages until it is let go on, and tells how it ended."""

    def __init__(self) -> None:
        self.begun, self.released, self.closed = threading.Event(), threading.Event(), threading.Event()
        self.went_on = False

    def stream(self, *_: Any, **__: Any) -> Iterator[Any]:
        try:
            yield Retrieved([passage()])
            self.begun.set()
            assert self.released.wait(PATIENCE)
            yield Validated(answer().validation[0])
            self.went_on = True
            yield Done(answer())
        finally:
            self.closed.set()


@pytest.fixture
def held(services: FakeServices) -> HeldChat:
    held = HeldChat()
    services.chat.stream = held.stream  # type: ignore[method-assign]
    return held


def test_tools_and_routes_share_the_places(services: FakeServices, held: HeldChat) -> None:
    app = create_app(services=services.api, settings=Settings(api_max_concurrent_questions=1))

    async def crowd(url: str) -> None:
        async with agent(url) as client, anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "ask", {"question": QUESTION})
            await anyio.to_thread.run_sync(held.begun.wait, PATIENCE)
            for tool, arguments in (("ask", {"question": QUESTION}), ("search", {"query": "x"})):
                refused: Any = await client.call_tool(tool, arguments)
                assert refused.is_error
                assert "working on 1 questions already" in refused.content[0].text
                assert "Try again in 1 seconds" in refused.content[0].text
            assert not (await client.call_tool("list_documents", {})).is_error
            async with httpx.AsyncClient(base_url=url) as http:
                assert (await http.post("/api/search", json={"query": "x"})).status_code == 429
            held.released.set()
        async with agent(url) as client:
            assert not (await client.call_tool("search", {"query": "x"})).is_error

    with serving(app) as url:
        anyio.run(crowd, url)


@generations
def test_a_call_that_is_cancelled_ends_with_its_step(services: FakeServices, held: HeldChat, mode: str) -> None:
    """The draft is written no further, what was used is counted, and the place is free again."""
    headers = services.key("impatient", Scope.READ, tokens_per_day=10**6)
    app = create_app(services=services.api, settings=Settings(api_max_concurrent_questions=1))

    async def ask(url: str) -> None:
        async with agent(url, mode, headers) as client:
            await client.call_tool("ask", {"question": QUESTION})

    async def leave(url: str) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(ask, url)
            await anyio.to_thread.run_sync(held.begun.wait, PATIENCE)
            group.cancel_scope.cancel()
        async with agent(url, mode, headers) as client:
            # Its place is taken as long as its step lasts.
            assert (await client.call_tool("search", {"query": "x"})).is_error
            held.released.set()
            assert await anyio.to_thread.run_sync(held.closed.wait, PATIENCE)
            with anyio.fail_after(PATIENCE):
                while (await client.call_tool("search", {"query": "x"})).is_error:
                    await anyio.sleep(0.01)

    with serving(app) as url:
        anyio.run(leave, url)
    assert not held.went_on
    assert sum(services.keys.used.values()) > 0


@generations
def test_an_upload_that_is_cancelled_is_whole(url: str, services: FakeServices, mode: str) -> None:
    begun, released, done = threading.Event(), threading.Event(), threading.Event()
    upload: Callable[..., Any] = services.documents.upload

    def slow(*arguments: Any, **options: Any) -> Any:
        begun.set()
        assert released.wait(PATIENCE)
        receipt = upload(*arguments, **options)
        done.set()
        return receipt

    services.documents.upload = slow  # type: ignore[method-assign]

    async def leave() -> None:
        async with agent(url, mode) as client:
            async with anyio.create_task_group() as group:
                group.start_soon(client.call_tool, "upload_document", {"filename": "a.md", "content": "x"})
                await anyio.to_thread.run_sync(begun.wait, PATIENCE)
                group.cancel_scope.cancel()
            released.set()
            assert await anyio.to_thread.run_sync(done.wait, PATIENCE)

    anyio.run(leave)
    assert services.documents.calls == [("a.md", 1, "", None, "application/octet-stream")]


# --- the way in


def test_host_and_origin_are_those_of_the_api(services: FakeServices) -> None:
    settings = Settings(api_allowed_hosts="rag.example.org", api_cors_origins="https://agents.example.org")
    body = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    ours = {"Host": "rag.example.org", "Accept": "application/json, text/event-stream"}
    with serving(create_app(services=services.api, settings=settings)) as url, httpx.Client(base_url=url) as client:
        assert client.post("/mcp", json=body, headers=ours).status_code == 200
        assert client.post("/mcp", json=body, headers=ours | {"Host": "evil.example"}).status_code == 400
        assert client.post("/mcp", json=body, headers=ours | {"Origin": "https://evil.example"}).status_code == 403
        allowed = ours | {"Origin": "https://agents.example.org"}
        assert client.post("/mcp", json=body, headers=allowed).status_code == 200
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "mcp-protocol-version"}
        assert client.options("/mcp", headers=allowed | asked).status_code == 200


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_there_are_no_sessions_to_listen_to_or_to_end(url: str, method: str) -> None:
    reply = httpx.request(method, f"{url}/mcp")
    assert (reply.status_code, reply.headers["Allow"]) == (405, "POST")


def test_what_agents_need_is_loaded_with_the_first_of_them() -> None:
    """It would take a third as much again of the time that the API's own modules take to load."""
    program = "import sys, api.main; sys.exit('mcp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_replaced_version_is_listed_once(url: str, services: FakeServices) -> None:
    page = services.documents.list(None, 1, None)
    older = replace(page, items=[document(version=2), document(version=1)], cursor=None)
    services.documents.list = lambda *_: older  # type: ignore[method-assign]

    async def listed() -> Any:
        async with agent(url) as client:
            return (await client.list_resources()).resources

    assert [resource.description.split(",")[1] for resource in anyio.run(listed)] == [" version 2"]
