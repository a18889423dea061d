"""What a page that is open in a browser of this machine, or a name rebound to it, can do to the running stack: nothing.

Programs send neither Origin nor Sec-Fetch-Site, and all other tests here are programs.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.e2e.live import LiveStack

FOREIGN = [
    {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"},
]


def emulator(stack: LiveStack, method: str, path: str, **arguments: Any) -> httpx.Response:
    return httpx.request(method, stack.config.emulator_url + path, trust_env=False, timeout=30, **arguments)


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_foreign_page_reaches_no_service(stack: LiveStack, headers: dict[str, str]) -> None:
    raw = stack.settings.s3_raw_bucket
    url = f"http://127.0.0.1/000000000000/{stack.settings.sqs_ingestion_queue}"
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    for method, path, more in (
        ("GET", f"/{raw}?list-type=2", {}),
        ("PUT", f"/{raw}/incoming/planted.md", {}),
        ("OPTIONS", f"/{raw}/incoming/planted.md", {"Access-Control-Request-Method": "PUT"}),
        ("POST", f"/{raw}", form),
        ("GET", f"/?Action=PurgeQueue&QueueUrl={url}", {}),
        ("POST", "/_ministack/reset", {}),
    ):
        answer = emulator(stack, method, path, headers={**more, **headers})
        assert answer.status_code == 403, (method, path)
        assert "access-control-allow-origin" not in answer.headers
    assert "Contents" in stack.clients("s3").list_objects_v2(Bucket=raw, Prefix="processed/samples/")


def test_a_rebound_name_reaches_no_service(stack: LiveStack) -> None:
    answer = emulator(stack, "GET", "/", headers={"Host": f"evil.example:{stack.config.emulator_port}"})
    assert answer.status_code == 400


def test_a_page_of_the_api_uploads_by_a_presigned_form(stack: LiveStack) -> None:
    page = {"Origin": f"http://localhost:{stack.config.api_port}", "Sec-Fetch-Site": "same-site"}
    post = stack.api.post("/api/documents/presign", json={"filename": "next-door.md"}).json()
    upload = httpx.post(
        post["url"],
        data=post["fields"],
        files={"file": ("next-door.md", b"# Next door\n\nThe heron of the next door keeps its eggs.\n")},
        headers=page,
        trust_env=False,
    )
    assert upload.status_code in (200, 201, 204), upload.text
    assert upload.headers["access-control-allow-origin"] == page["Origin"]
    assert stack.ended("next-door.md").status == "COMPLETED"


def test_the_same_form_from_a_foreign_page_is_refused(stack: LiveStack) -> None:
    post = stack.api.post("/api/documents/presign", json={"filename": "foreign.md"}).json()
    upload = httpx.post(
        post["url"],
        data=post["fields"],
        files={"file": ("foreign.md", b"# Foreign")},
        headers={"Origin": "http://evil.example"},
        trust_env=False,
    )
    assert upload.status_code == 403
    assert stack.registry.head(stack.document_id("foreign.md")) is None


def test_the_lambda_host_takes_only_the_emulator(stack: LiveStack) -> None:
    for headers in ({}, {"X-Lambda-Host-Secret": "guess"}):
        answer = httpx.post(
            f"{stack.config.lambda_host_url}/functions/check-health/invocations",
            json={},
            headers=headers,
            trust_env=False,
        )
        assert answer.status_code == 403
    assert stack.clients("lambda").invoke(FunctionName="check-health", Payload=b"{}")["StatusCode"] == 200
