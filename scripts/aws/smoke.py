"""A document in, a cited answer out: through S3, the functions, Chroma and the load balancer, and away again."""

from __future__ import annotations

import time
from typing import Any

import httpx
from deployment import Deployment

KEY = "smoke-test/portfolio-rag.md"
TEXT = "# Smoke test\n\nThe deployment of portfolio-rag answers from its own documents since its first minute.\n"
QUESTION = "Since when does the deployment of portfolio-rag answer from its own documents?"
DOCUMENT_SECONDS = 300
REACH_SECONDS = 120


class SmokeTestFailed(Exception):
    """Everything was made; this says which part of it did not do its work."""


def smoke_test(session: Any, deployment: Deployment, url: str, key: str) -> None:
    """Raises SmokeTestFailed, naming the step and where to look."""
    bucket = deployment.output("bucket_names")["raw"]
    s3 = session.client("s3")
    with _client(session, deployment, url, key) as api:
        _reach(api)
        s3.put_object(Bucket=bucket, Key=f"incoming/{KEY}", Body=TEXT.encode(), ContentType="text/markdown")
        identity = _completed(api)
        reply = api.post("/api/chat", json={"question": QUESTION, "filter": _only(identity)})
        reply.raise_for_status()
        answer = reply.json()
        if not answer.get("citations") or "first minute" not in answer["answer"]:
            raise SmokeTestFailed(f"The answer does not come from the document: {answer['answer']!r}")
        print(f"  {answer['answer']}")
        api.delete(f"/api/documents/{identity}").raise_for_status()


def _only(document_id: str) -> dict[str, Any]:
    return {"equals": {"key": "document_id", "value": document_id}}


def _client(session: Any, deployment: Deployment, url: str, key: str) -> httpx.Client:
    """The load balancer is asked under the name that its certificate has, whether a DNS entry leads there or not."""
    certificate = deployment.output("api_certificate_arn")
    client = httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=60)
    if certificate is not None:
        name = session.client("acm").describe_certificate(CertificateArn=certificate)["Certificate"]["DomainName"]
        host = name.replace("*", "rag")
        client.headers["Host"] = host
        client.event_hooks = {"request": [lambda request: request.extensions.update(sni_hostname=host)]}
    return client


def _reach(api: httpx.Client) -> None:
    deadline = time.monotonic() + REACH_SECONDS
    while True:
        try:
            reply = api.get("/api/live")
            if reply.status_code == 200:
                return
            seen = f"status {reply.status_code}"
        except httpx.TransportError as error:
            seen = str(error)
        if time.monotonic() > deadline:
            raise SmokeTestFailed(
                f"{api.base_url} is not reached from here ({seen}). Put this machine's address into "
                "api_service.allowed_cidr_blocks, or run this where an internal load balancer is reached."
            )
        time.sleep(3)


def _completed(api: httpx.Client) -> str:
    form = {"filename": KEY.rpartition("/")[2], "prefix": KEY.rpartition("/")[0]}
    asked = api.post("/api/documents/presign", json=form)
    asked.raise_for_status()
    identity = str(asked.json()["document_id"])
    deadline = time.monotonic() + DOCUMENT_SECONDS
    status = "never seen"
    while time.monotonic() < deadline:
        reply = api.get(f"/api/documents/{identity}")
        if reply.status_code == 200:
            status = reply.json()["status"]
            if status == "COMPLETED":
                return identity
            if status == "FAILED":
                raise SmokeTestFailed(f"The document failed: {reply.json()['error_message']}")
        time.sleep(2)
    raise SmokeTestFailed(
        f"The document did not end within {DOCUMENT_SECONDS} s ({status}). Look at the functions' logs: "
        "terraform -chdir=terraform output log_group_names."
    )
