"""The guard in front of the emulator: programs pass, pages and rebound names do not."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from portfolio_rag.local.emulator_guard import (
    CREDENTIALS_PATH,
    ExecutionCredentials,
    Guard,
    SecretForLambdaHost,
    guarded,
)

ORIGIN = "http://localhost:8000"
FORM = {"Content-Type": "multipart/form-data; boundary=x"}


class Emulator:
    """Answers as MiniStack does, and notes what reached it."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.seen.append((scope["method"], body))
        wildcard = [(b"Access-Control-Allow-Origin", b"*"), (b"Access-Control-Expose-Headers", b"*"), (b"etag", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": wildcard})
        await send({"type": "http.response.body", "body": b"one,", "more_body": True})
        await send({"type": "http.response.body", "body": b"two"})


def request(app: Any, method: str = "GET", url: str = "http://127.0.0.1:4566/b/k", **arguments: Any) -> httpx.Response:
    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return await client.request(method, url, **arguments)

    return asyncio.run(send())


@pytest.fixture
def emulator() -> Emulator:
    return Emulator()


@pytest.fixture
def guard(emulator: Emulator) -> Guard:
    return Guard(emulator, hosts=["emulator"], origins=[ORIGIN])


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1:4566", "localhost:4566", "[::1]:4566", "LOCALHOST", "emulator:4566"),
        *("portfolio-raw.localhost:4566", "portfolio-raw.s3.localhost.localstack.cloud:4566", "portfolio-raw.emulator"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_programs_pass(guard: Guard, emulator: Emulator, host: str, method: str) -> None:
    response = request(guard, method, headers={"Host": host}, content=b"body")
    assert (response.status_code, response.text) == (200, "one,two")
    assert emulator.seen == [(method, b"body")]


@pytest.mark.parametrize(
    "host",
    ["evil.example:4566", "127.0.0.1.evil.example", "localhost.evil.example", "notlocalhost", "10.0.0.1", "", "[::1"],
)
def test_a_rebound_name_is_refused(guard: Guard, emulator: Emulator, host: str) -> None:
    assert request(guard, headers={"Host": host}).status_code == 400
    assert emulator.seen == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://localhost:8001"},
        {"Origin": "http://127.0.0.1:4566"},
        {"Origin": "https://localhost:8000"},
        {"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "DELETE"])
def test_a_foreign_page_is_refused(guard: Guard, emulator: Emulator, method: str, headers: dict[str, str]) -> None:
    response = request(guard, method, headers={**FORM, **headers})
    assert response.status_code == 403
    assert "access-control-allow-origin" not in response.headers
    assert emulator.seen == []


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_an_address_that_a_person_typed_is_answered_but_runs_nothing(guard: Guard, site: str) -> None:
    response = request(guard, headers={"Sec-Fetch-Site": site})
    assert response.status_code == 200
    assert response.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert response.headers["x-content-type-options"] == "nosniff"


def test_the_wildcard_is_taken_out(guard: Guard) -> None:
    response = request(guard)
    assert response.headers["etag"] == "1"
    assert [name for name in response.headers if name.startswith("access-control-")] == []


def test_a_page_of_the_api_uploads_and_reads_the_answer(guard: Guard, emulator: Emulator) -> None:
    headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-site"}
    preflight = request(guard, "OPTIONS", headers={**headers, "Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    assert preflight.headers["access-control-allow-methods"] == "POST"
    assert "access-control-allow-credentials" not in preflight.headers
    upload = request(guard, "POST", headers={**headers, **FORM}, content=b"--x")
    assert upload.status_code == 200
    assert upload.headers["access-control-allow-origin"] == ORIGIN
    assert upload.headers["vary"] == "Origin"
    assert "access-control-expose-headers" not in upload.headers
    assert emulator.seen == [("POST", b"--x")]


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "application/x-amz-json-1.0", ""])
def test_a_page_of_the_api_does_nothing_else(guard: Guard, emulator: Emulator, kind: str) -> None:
    headers = {"Origin": ORIGIN, "Content-Type": kind}
    assert request(guard, "POST", headers=headers).status_code == 403
    assert request(guard, "GET", headers=headers).status_code == 403
    assert request(guard, "PUT", headers={**headers, **FORM}).status_code == 403
    assert emulator.seen == []


def test_bodies_stream_in_both_directions(emulator: Emulator) -> None:
    """Each part goes on before the next one comes: nothing is collected."""
    order: list[str] = []

    async def relay(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            message = await receive()
            order.append(f"in {message['body'].decode()}")
            await send({"type": "http.response.body", "body": message["body"], "more_body": message["more_body"]})
            if not message["more_body"]:
                return

    parts = iter([(b"1", True), (b"2", True), (b"3", False)])

    async def receive() -> Any:
        body, more = next(parts)
        return {"type": "http.request", "body": body, "more_body": more}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            order.append(f"out {message['body'].decode()}")

    scope = {"type": "http", "method": "PUT", "path": "/", "headers": [(b"host", b"localhost")]}
    asyncio.run(Guard(relay)(scope, receive, send))
    assert order == ["in 1", "out 1", "in 2", "out 2", "in 3", "out 3"]


def test_a_websocket_is_closed_and_the_lifespan_passes() -> None:
    kinds: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        kinds.append(scope["type"])

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is to be read")

    asyncio.run(Guard(app)({"type": "websocket", "headers": [(b"host", b"localhost")]}, receive, send))
    asyncio.run(Guard(app)({"type": "lifespan"}, receive, send))
    assert kinds == ["lifespan"]
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_credentials_of_a_role_need_the_secret(emulator: Emulator) -> None:
    asked: list[dict[str, Any]] = []

    def issue(configuration: dict[str, Any]) -> dict[str, str]:
        asked.append(configuration)
        return {"AWS_ACCESS_KEY_ID": "ASIA"}

    app = ExecutionCredentials(emulator, secret="s3cret", issue=issue)
    url = f"http://localhost:4566{CREDENTIALS_PATH}"
    for headers in ({}, {"X-Lambda-Host-Secret": "guess"}):
        assert request(app, "POST", url, headers=headers, json={"Role": "r"}).status_code == 403
    assert asked == []
    answer = request(app, "POST", url, headers={"X-Lambda-Host-Secret": "s3cret"}, json={"Role": "r"})
    assert answer.json() == {"AWS_ACCESS_KEY_ID": "ASIA"}
    assert asked == [{"Role": "r"}]
    assert request(app, "POST").text == "one,two"


def test_the_secret_goes_to_the_lambda_host_alone() -> None:
    handler = SecretForLambdaHost("http://127.0.0.1:9700", "s3cret")
    for url, sent in {
        "http://127.0.0.1:9700/functions/a/invocations": "s3cret",
        "http://127.0.0.1:97001/functions/a/invocations": None,
        "http://example.org/": None,
    }.items():
        request = handler.http_request(urllib.request.Request(url))
        assert request.unredirected_hdrs.get("X-lambda-host-secret") == sent


@pytest.fixture
def opener() -> Iterator[None]:
    yield
    urllib.request.install_opener(urllib.request.build_opener())


def test_the_environment_says_who_may(emulator: Emulator, tmp_path: Path, opener: None) -> None:
    (tmp_path / "secret").write_text("s3cret")
    app = guarded(
        emulator,
        {
            "EMULATOR_HOSTS": "emulator other",
            "EMULATOR_ORIGINS": f"{ORIGIN} http://127.0.0.1:8000",
            "LAMBDA_HOST_SECRET_FILE": str(tmp_path / "secret"),
            "LAMBDA_HOST_URL": "http://127.0.0.1:9700",
        },
    )
    assert request(app, url="http://other:4566/").status_code == 200
    assert request(app, "POST", headers={**FORM, "Origin": "http://127.0.0.1:8000"}).status_code == 200
    assert request(app, "POST", f"http://localhost:4566{CREDENTIALS_PATH}", json={}).status_code == 403


@pytest.mark.parametrize(("auth", "expected"), [("true", [b"https"]), ("false", []), ("", [])])
def test_policies_that_ask_for_tls_take_the_loopback_for_it(auth: str, expected: list[bytes]) -> None:
    seen: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(value for name, value in scope["headers"] if name == b"x-forwarded-proto")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    assert request(guarded(app, {"AUTH": auth})).status_code == 200
    assert seen == expected
