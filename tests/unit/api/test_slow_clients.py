"""Clients that send a byte and wait, or take none: they hold up nobody else. With real sockets."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from api.main import create_app
from portfolio_rag.domain.answers import Done, Token
from portfolio_rag.settings.environment import Settings
from tests.support.api import QUESTION, FakeServices, answer, fake_services
from tests.support.serving import serving

PATIENCE = 60.0
QUESTIONS = {
    "/api/chat": {"question": QUESTION},
    "/api/search": {"query": QUESTION},
    "/v1/chat/completions": {"model": "portfolio-rag", "messages": [{"role": "user", "content": QUESTION}]},
    "/v1/responses": {"model": "portfolio-rag", "input": QUESTION},
}


@pytest.fixture
def services() -> FakeServices:
    return fake_services(Settings(api_max_concurrent_questions=4))


@pytest.fixture
def url(services: FakeServices) -> Iterator[str]:
    with serving(create_app(services=services.api)) as url:
        yield url


def begun(url: str, path: str, body: bytes, *, length: int = 100, kind: str = "application/json") -> socket.socket:
    """A connection that has sent the headers of a POST, and of its body what is given."""
    address = urlsplit(url)
    assert address.hostname
    assert address.port
    connection = socket.create_connection((address.hostname, address.port), timeout=PATIENCE)
    headers = f"Host: localhost\r\nContent-Type: {kind}\r\nContent-Length: {length}"
    connection.sendall(f"POST {path} HTTP/1.1\r\n{headers}\r\n\r\n".encode() + body)
    return connection


def all_of(connection: socket.socket) -> bytes:
    """What the server sends until it closes the connection."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("path", sorted(QUESTIONS))
def test_connections_that_wait_with_their_body_take_no_place(url: str, path: str) -> None:
    with ExitStack() as stack, httpx.Client(base_url=url, timeout=PATIENCE) as client:
        waiting = [stack.enter_context(begun(url, path, b"{")) for _ in range(32)]
        assert client.post(path, json=QUESTIONS[path]).status_code == 200
        # They are still there: one of them sends the rest now, and is answered.
        rest = json.dumps(QUESTIONS[path]).encode()[1:].ljust(99)
        with begun(url, path, b"{" + b" " * 10, length=len(rest) + 11) as late:
            late.sendall(rest)
            assert late.recv(65536).startswith(b"HTTP/1.1 200")
        assert len(waiting) == 32


@pytest.mark.parametrize("path", [*sorted(QUESTIONS), "/api/reindex", "/api/documents/presign", "/mcp"])
def test_a_body_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch, url: str, path: str) -> None:
    monkeypatch.setattr("api.bodies.BODY_SECONDS", 0.2)
    with begun(url, path, b"{") as connection:
        reply = all_of(connection)
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in head.lower()
    problem = json.loads(body)
    assert problem["error"]["code"] == "request_timeout" if "/v1/" in path else problem["code"] == "request_timeout"


def test_an_upload_that_does_not_come_is_given_up(
    monkeypatch: pytest.MonkeyPatch, url: str, services: FakeServices
) -> None:
    monkeypatch.setattr("api.bodies.BODY_SECONDS", 0.2)
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.md"\r\n\r\nhal'
    with begun(url, "/api/documents", form, length=10_000, kind="multipart/form-data; boundary=x") as connection:
        assert all_of(connection).startswith(b"HTTP/1.1 408")
    assert services.documents.calls == []


def test_who_sends_steadily_has_the_time_that_it_takes(
    monkeypatch: pytest.MonkeyPatch, url: str, services: FakeServices
) -> None:
    monkeypatch.setattr("api.bodies.BODY_SECONDS", 0.5)
    services.documents.max_bytes = 10**6
    start = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.md"\r\n\r\n'
    end, piece = b"\r\n--x--\r\n", b"x" * 32768
    length = len(start) + 8 * len(piece) + len(end)
    with begun(url, "/api/documents", start, length=length, kind="multipart/form-data; boundary=x") as connection:
        for _ in range(8):
            time.sleep(0.1)
            connection.sendall(piece)
        connection.sendall(end)
        assert connection.recv(65536).startswith(b"HTTP/1.1 202")


def test_who_goes_away_with_half_a_body_leaves_nothing(url: str) -> None:
    for _ in range(8):
        begun(url, "/api/chat", b"{").close()
    with httpx.Client(base_url=url, timeout=PATIENCE) as client:
        assert client.post("/api/chat", json=QUESTIONS["/api/chat"]).status_code == 200


def test_who_does_not_take_its_answer_loses_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.admission.SEND_SECONDS", 0.2)
    services = fake_services(Settings(api_max_concurrent_questions=1))
    services.chat.script = [*(Token("x" * 65536) for _ in range(400)), Done(answer())]
    body = json.dumps({"question": QUESTION, "stream": True}).encode()
    with (
        serving(create_app(services=services.api)) as url,
        httpx.Client(base_url=url, timeout=PATIENCE) as client,
        begun(url, "/api/chat", body, length=len(body)),
    ):
        deadline = time.monotonic() + PATIENCE
        statuses: list[Any] = []
        while (not statuses or statuses[-1] != 200) and time.monotonic() < deadline:
            statuses.append(client.post("/api/search", json=QUESTIONS["/api/search"]).status_code)
            time.sleep(0.05)
        assert statuses[-1] == 200
