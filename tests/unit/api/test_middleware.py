"""Ids, access log, security headers, body sizes, CORS."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.bodies import FORM_OVERHEAD_BYTES, JSON_BODY_BYTES
from api.main import create_app, parse_origins
from portfolio_rag.domain.errors import ConfigurationError
from portfolio_rag.settings.environment import Settings
from tests.support.api import DOCUMENT_ID, JOB_ID, QUESTION, FakeServices, chunk, fake_services
from tests.unit.api.test_problems import assert_problem

ROOT = Path(__file__).parents[3]
KEY = "a-key-with-ä"


def encoded(headers: Mapping[str, str], encoding: str = "utf-8") -> dict[bytes, bytes]:
    """Texts as headers are sent in ASCII alone."""
    return {name.encode(): value.encode(encoding) for name, value in headers.items()}


@pytest.mark.parametrize("path", ["/api/live", "/api/jobs", "/docs", "/nowhere", "/docs/assets/swagger-ui.css"])
def test_every_response_has_an_id_and_security_headers(client: TestClient, path: str) -> None:
    first, second = client.get(path), client.get(path)
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert first.headers["X-Frame-Options"] == "DENY"
    assert first.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in first.headers["Content-Security-Policy"]


def test_answers_are_not_cached(client: TestClient) -> None:
    assert client.get("/api/jobs").headers["Cache-Control"] == "no-store"


def test_a_good_request_id_is_kept_and_a_bad_one_is_not(client: TestClient) -> None:
    assert client.get("/api/live", headers={"X-Request-ID": "trace-1.2_3"}).headers["X-Request-ID"] == "trace-1.2_3"
    for bad in ("", "a b", 'x"}\n', "x" * 129, "ä"):
        response = client.get("/api/live", headers=encoded({"X-Request-ID": bad}, "latin-1"))
        assert response.headers["X-Request-ID"] != bad
        assert len(response.headers["X-Request-ID"]) == 32


def test_the_access_log_says_what_happened_and_no_query(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="api.access"):
        client.get("/api/jobs?status=NOTHING", headers={"X-Request-ID": "abc"})
        client.get("/api/live")
    (record,) = [record for record in caplog.records if record.name == "api.access"]
    fields = vars(record)
    assert (fields["method"], fields["path"], fields["status"]) == ("GET", "/api/jobs", 422)
    assert fields["duration_ms"] >= 0
    assert "NOTHING" not in str(fields)


def test_the_access_log_counts_in_milliseconds(
    client: TestClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter([10.0, 10.25])
    monkeypatch.setattr("api.middleware.time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    with caplog.at_level(logging.INFO, logger="api.access"):
        client.get("/api/jobs")
    (record,) = [record for record in caplog.records if record.name == "api.access"]
    assert vars(record)["duration_ms"] == 250.0


def test_logs_are_json_lines_with_the_request_id_also_from_worker_threads() -> None:
    """In a process of its own: it sets up logging for the whole process."""
    script = """
import logging
from api.logs import configure_api_logging
from api.main import create_app
from tests.support.api import FakeJobs, client_of, fake_services

class Talking(FakeJobs):
    def list(self, status=None, limit=50):
        logging.getLogger("portfolio_rag.pipeline.jobs.runner").info("from the use case")
        logging.getLogger("uvicorn.access").info("not wanted")
        return super().list(status, limit)

configure_api_logging("INFO")
services = fake_services()
object.__setattr__(services, "jobs", Talking())
with client_of(create_app(services=services)) as client:
    client.get("/api/jobs", headers={"X-Request-ID": "abc"})
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["name"], line["message"]) for line in lines] == [
        ("portfolio_rag.pipeline.jobs.runner", "from the use case"),
        ("api.access", "request"),
    ]
    assert {line["request_id"] for line in lines} == {"abc"}
    assert lines[1]["status"] == 200


def test_a_json_body_that_says_it_is_too_large_is_not_read(client: TestClient, services: FakeServices) -> None:
    body = json.dumps({"question": "x" * JSON_BODY_BYTES})
    response = client.post("/api/chat", content=body, headers={"Content-Type": "application/json"})
    assert_problem(response, 413, "payload_too_large")
    assert services.chat.calls == []


@pytest.mark.parametrize("path", ["/api/chat", "/api/documents/presign", "/api/reindex"])
def test_a_body_that_hides_its_size_is_cut_off(client: TestClient, path: str) -> None:
    pieces = (b" " * 65536 for _ in range(10))
    response = client.post(path, content=pieces, headers={"Content-Type": "application/json"})
    assert_problem(response, 413, "payload_too_large")


def test_a_body_without_end_is_not_read_to_its_end() -> None:
    """Past TestClient, which collects the body before it sends it."""
    read, sent = 0, []

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b" " * 65536, "more_body": True}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/chat",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"host", b"localhost")],
        "client": ("127.0.0.1", 50000),
    }
    asyncio.run(create_app(services=fake_services().api)(scope, receive, send))
    assert sent[0]["status"] == 413
    assert read == JSON_BODY_BYTES // 65536 + 1


def test_no_body_is_larger_than_it_is_said_to_be(client_with: Callable[..., TestClient]) -> None:
    """In figures, so that nobody raises a limit unseen: the headers alone are enough to be refused."""
    client = client_with(api_max_upload_bytes=4096)
    for path, limit in (("/api/documents", 4096 + 1024 * 1024), ("/api/chat", 256 * 1024), ("/api/jobs/x", 256 * 1024)):
        refused = client.post(path, headers={"Content-Length": str(limit + 1)}, content=b"x")
        assert_problem(refused, 413, "payload_too_large")
        assert client.post(path, headers={"Content-Length": str(limit)}, content=b"x").status_code != 413
    assert Settings().api_max_upload_bytes == 50 * 1024 * 1024


def test_uploads_have_their_own_limit(client_with: Callable[..., TestClient]) -> None:
    client = client_with(api_max_upload_bytes=4096)
    allowed = client.post("/api/documents", files={"file": ("a.md", b"x" * 4096)})
    assert allowed.status_code == 202
    too_large = {"file": ("a.md", b"x" * (4096 + FORM_OVERHEAD_BYTES))}
    assert_problem(client.post("/api/documents", files=too_large), 413, "payload_too_large")


def test_an_upload_that_hides_its_size_is_cut_off(client_with: Callable[..., TestClient]) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.md"\r\n\r\n'
        for _ in range(40):
            yield b"x" * 65536
        yield b"\r\n--x--\r\n"

    client = client_with(api_max_upload_bytes=4096)
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert_problem(client.post("/api/documents", content=pieces(), headers=headers), 413, "payload_too_large")


def test_cors_is_off_unless_set(client: TestClient) -> None:
    response = client.get("/api/live", headers={"Origin": "https://app.example"})
    assert "Access-Control-Allow-Origin" not in response.headers
    preflight = client.options(
        "/api/chat", headers={"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    )
    assert preflight.status_code == 405


def test_cors_lets_listed_origins_in_errors_included(client_with: Callable[..., TestClient]) -> None:
    client = client_with(api_cors_origins="https://app.example, https://b.example/", api_key=KEY)
    origin = {"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"}
    preflight = client.options(
        "/api/chat",
        headers={
            **origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "X-API-Key, Content-Type",
        },
    )
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "https://app.example"
    refused = client.get("/api/jobs", headers=origin)
    assert refused.status_code == 401
    assert refused.headers["Access-Control-Allow-Origin"] == "https://app.example"
    allowed = client.get("/api/jobs", headers=encoded({**origin, "X-API-Key": KEY}))
    assert allowed.status_code == 200
    assert "X-Request-ID" in allowed.headers["Access-Control-Expose-Headers"]
    foreign = client.get("/api/jobs", headers=encoded({"Origin": "https://evil.example", "X-API-Key": KEY}))
    assert "Access-Control-Allow-Origin" not in foreign.headers


def test_origins() -> None:
    assert parse_origins("") == []
    assert parse_origins(" https://a.example/ ,, http://b:1") == ["https://a.example", "http://b:1"]
    assert parse_origins("*") == ["*"]
    with pytest.raises(ConfigurationError, match="API_CORS_ORIGINS"):
        create_app(Settings(api_cors_origins="a.example"), services=fake_services().api)


def test_use_cases_run_beside_the_event_loop(client: TestClient, services: FakeServices) -> None:
    """A slow one must not hold up the others."""
    assert client.portal is not None
    loop_thread = client.portal.call(threading.get_ident)
    calls = [
        client.post("/api/chat", json={"question": QUESTION}),
        client.post("/api/chat", json={"question": QUESTION, "stream": True}),
        client.post("/api/chat", json={"question": QUESTION, "conversation_id": JOB_ID}),
        client.post("/api/search", json={"query": QUESTION}),
        client.post("/api/documents", files={"file": ("a.md", b"x")}),
        client.post("/api/documents/presign", json={"filename": "a.md"}),
        client.get("/api/documents"),
        client.get(f"/api/documents/{DOCUMENT_ID}"),
        client.delete(f"/api/documents/{DOCUMENT_ID}"),
        client.get(f"/api/documents/{DOCUMENT_ID}/chunks/{chunk().chunk_id}"),
        client.post("/api/reindex"),
        client.get("/api/jobs"),
        client.get(f"/api/jobs/{JOB_ID}"),
        client.get("/api/health"),
    ]
    assert all(response.is_success for response in calls)
    fakes = (
        services.chat,
        services.conversations,
        services.retrieval,
        services.documents,
        services.cited,
        services.jobs,
        services.health,
    )
    assert sum(len(fake.calls) for fake in fakes) == len(calls)
    assert loop_thread not in set().union(*(fake.threads for fake in fakes))
