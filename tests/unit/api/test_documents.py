from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from portfolio_rag.domain.documents import DocumentHead, DocumentStatus
from portfolio_rag.domain.errors import Conflict, InvalidRequest, StorageUnavailable
from portfolio_rag.pipeline.documents.catalog import DocumentDetail
from tests.support.api import BUCKET, DOCUMENT_ID, KEY, UNKNOWN_ID, FakeServices, chunk, document


def test_upload_streams_the_file_to_the_service(client: TestClient, services: FakeServices) -> None:
    attributes = {"service": "sqs", "year": 2026, "score": 0.5, "reviewed": True, "topics": ["a", "b"]}
    response = client.post(
        "/api/documents",
        files={"file": ("sqs-queues.md", b"# SQS\n" * 1000, "text/markdown")},
        data={"prefix": "guides/", "metadata": json.dumps(attributes)},
    )
    assert response.status_code == 202
    assert response.headers["Location"] == f"/api/documents/{DOCUMENT_ID}"
    assert response.json() == {
        "document_id": DOCUMENT_ID,
        "bucket": "portfolio-raw",
        "s3_key": "incoming/guides/sqs-queues.md",
        "s3_version_id": "s3-1",
        "size": 6000,
    }
    ((filename, size, prefix, passed, content_type),) = services.documents.calls
    assert (filename, size, prefix, content_type) == ("sqs-queues.md", 6000, "guides/", "text/markdown")
    assert passed == attributes
    assert [type(value) for value in passed.values()] == [str, int, float, bool, list]


def test_upload_needs_nothing_but_the_file(client: TestClient, services: FakeServices) -> None:
    assert client.post("/api/documents", files={"file": ("a.md", b"x")}).status_code == 202
    assert services.documents.calls[0][2:4] == ("", None)


def test_upload_takes_the_empty_fields_of_a_form_for_unset(client: TestClient, services: FakeServices) -> None:
    response = client.post("/api/documents", files={"file": ("a.md", b"x")}, data={"prefix": "", "metadata": ""})
    assert response.status_code == 202
    assert services.documents.calls[0][2:4] == ("", None)


def test_upload_larger_than_the_rules_allow(client: TestClient) -> None:
    response = client.post("/api/documents", files={"file": ("a.md", b"x" * 10_001)})
    assert response.status_code == 413
    assert response.json()["code"] == "payload_too_large"


@pytest.mark.parametrize(
    "metadata",
    ["not json", "[]", '{"a": null}', '{"a": {"b": 1}}', '{"a": [1]}', '{"": 1}'],
)
def test_upload_with_attributes_that_cannot_be_stored(
    client: TestClient, services: FakeServices, metadata: str
) -> None:
    response = client.post("/api/documents", files={"file": ("a.md", b"x")}, data={"metadata": metadata})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"].startswith("metadata")
    assert services.documents.calls == []


@pytest.mark.parametrize("form", [{"data": {"prefix": "a/"}}, {"files": {"other": ("a.md", b"x")}}, {}])
def test_upload_without_a_file(client: TestClient, form: dict[str, Any]) -> None:
    response = client.post("/api/documents", **form)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "file"


def test_upload_that_is_no_multipart_form(client: TestClient) -> None:
    response = client.post(
        "/api/documents", content=b"garbage", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert response.status_code in (400, 422)
    assert response.headers["Content-Type"] == "application/problem+json"


def test_upload_that_the_service_refuses_or_storage_loses(client: TestClient, services: FakeServices) -> None:
    services.documents.error = InvalidRequest("The prefix must not contain `..`.")
    assert client.post("/api/documents", files={"file": ("a.md", b"x")}).status_code == 400
    services.documents.error = StorageUnavailable("S3 does not answer.")
    response = client.post("/api/documents", files={"file": ("a.md", b"x")})
    assert response.status_code == 503
    assert "Retry-After" in response.headers


def test_presign(client: TestClient, services: FakeServices) -> None:
    response = client.post(
        "/api/documents/presign", json={"filename": "a.md", "prefix": "guides/", "metadata": {"service": "sqs"}}
    )
    assert response.status_code == 200
    body = response.json()
    assert body["fields"]["key"] == body["s3_key"] == "incoming/guides/a.md"
    assert body["document_id"] == DOCUMENT_ID
    assert body["expires_in_seconds"] == 900
    assert services.documents.calls == [("a.md", "guides/", {"service": "sqs"})]


@pytest.mark.parametrize(
    "body", [{}, {"filename": ""}, {"filename": "x" * 256}, {"filename": "a.md", "metadata": {"a": None}}]
)
def test_presign_bounds(client: TestClient, body: dict[str, Any]) -> None:
    assert client.post("/api/documents/presign", json=body).status_code == 422


def test_presign_that_the_service_refuses(client: TestClient, services: FakeServices) -> None:
    services.documents.error = InvalidRequest("The name must not contain a slash.")
    assert client.post("/api/documents/presign", json={"filename": "a/b.md"}).status_code == 400


def test_list_counts_on_the_first_page_only(client: TestClient, services: FakeServices) -> None:
    first = client.get("/api/documents", params={"status": "COMPLETED", "limit": 1}).json()
    assert [item["document_id"] for item in first["items"]] == [DOCUMENT_ID]
    assert first["items"][0]["status"] == "COMPLETED"
    assert first["counts"] == {"PENDING": 0, "PROCESSING": 0, "COMPLETED": 1, "FAILED": 0}
    second = client.get("/api/documents", params={"cursor": first["next_cursor"]}).json()
    assert second["next_cursor"] is None
    assert second["counts"] is None
    assert services.documents.calls == [(DocumentStatus.COMPLETED, 1, None), (None, 20, "page-2")]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["a", "b"]),
        ("name=SQS", ["a"]),
        ("name=guides/l", ["b"]),
        ("name=processed", []),
        ("attribute=service:SQS", ["a"]),
        ("attribute=year:2026", ["a", "b"]),
        ("attribute=reviewed:true&attribute=topics:messaging", ["a"]),
        ("attribute=topics:messaging&name=lambda", []),
        ("attribute=file_type:pdf", ["b"]),
        ("attribute=dc:title:Tales: one", ["b"]),
        ("attribute=service:sq", []),
    ],
)
def test_list_by_name_and_attributes(client: TestClient, services: FakeServices, query: str, found: list[str]) -> None:
    other = {"year": 2026.0, "reviewed": False, "dc:title": "Tales: one"}
    services.documents.listed = [
        document(document_id="a"),
        document(document_id="b", s3_key="processed/guides/lambda.pdf", file_type="pdf", metadata=other),
    ]
    body = client.get(f"/api/documents?{query}").json()
    assert [item["document_id"] for item in body["items"]] == found


@pytest.mark.parametrize("pair", ["service", ":sqs", "service:"])
def test_an_attribute_without_a_value_is_told_how_to_be_written(client: TestClient, pair: str) -> None:
    problem = client.get("/api/documents", params={"attribute": pair}).json()
    assert problem["detail"] == "query attribute.0: Write key:value, as in service:sqs; a colon parts the two"


def test_list_counts_only_where_it_is_asked_to(client: TestClient, services: FakeServices) -> None:
    assert client.get("/api/documents?counts=false").json()["counts"] is None


@pytest.mark.parametrize(
    "query",
    ["status=DONE", "limit=0", "limit=101", "limit=x", "cursor=", "attribute=x", "attribute=:x", "attribute=x:"],
)
def test_list_bounds(client: TestClient, query: str) -> None:
    response = client.get(f"/api/documents?{query}")
    assert response.status_code == 422
    assert response.json()["errors"][0]["location"] == "query"


def test_list_with_a_foreign_cursor(client: TestClient) -> None:
    assert client.get("/api/documents", params={"cursor": "made-up"}).status_code == 400


def test_get_shows_head_versions_and_chunks(client: TestClient) -> None:
    body = client.get(f"/api/documents/{DOCUMENT_ID}").json()
    assert body["logical_key"] == "guides/sqs-queues.md"
    assert (body["status"], body["latest_version"], body["live_version"]) == ("COMPLETED", 1, 1)
    assert [version["version"] for version in body["versions"]] == [1]
    assert body["chunk_count"] == 1
    (shown,) = body["chunks"]
    assert shown["content"] == chunk().content
    assert shown["vector_ids"] == chunk().window_ids


def test_get_shows_why_the_newest_version_failed_while_an_older_one_answers(
    client: TestClient, services: FakeServices
) -> None:
    failed = document(
        version=2, status=DocumentStatus.FAILED, error_code="ENCRYPTED", error_message="The PDF wants a password."
    )
    services.documents.detail = DocumentDetail(
        DocumentHead(
            DOCUMENT_ID, BUCKET, KEY, 2, 1, last_seen_at="2026-01-06T08:00:00.000000Z", unchanged_upload="s3-9"
        ),
        [failed, document()],
        [chunk()],
    )
    body = client.get(f"/api/documents/{DOCUMENT_ID}").json()
    assert (body["status"], body["error_code"]) == ("FAILED", "ENCRYPTED")
    assert body["error_message"] == "The PDF wants a password."
    assert (body["latest_version"], body["live_version"]) == (2, 1)
    assert (body["last_seen_at"], body["unchanged_version_id"]) == ("2026-01-06T08:00:00.000000Z", "s3-9")


def test_get_when_no_version_answers(client: TestClient, services: FakeServices) -> None:
    services.documents.detail = DocumentDetail(
        DocumentHead(DOCUMENT_ID, BUCKET, KEY, 1, 0), [document(status=DocumentStatus.PENDING)], []
    )
    body = client.get(f"/api/documents/{DOCUMENT_ID}").json()
    assert body["live_version"] is None
    assert body["chunks"] == []


def test_get_shows_a_slice_of_many_chunks(client: TestClient, services: FakeServices) -> None:
    services.documents.detail = DocumentDetail(
        DocumentHead(DOCUMENT_ID, BUCKET, KEY, 1, 1), [document()], [chunk(n) for n in range(150)]
    )
    body = client.get(f"/api/documents/{DOCUMENT_ID}", params={"chunk_offset": 140, "chunk_limit": 100}).json()
    assert body["chunk_count"] == 150
    assert [shown["chunk_index"] for shown in body["chunks"]] == list(range(140, 150))
    assert len(client.get(f"/api/documents/{DOCUMENT_ID}").json()["chunks"]) == 20


def test_get_shows_the_chunks_of_any_version(client: TestClient, services: FakeServices) -> None:
    head = DocumentHead(DOCUMENT_ID, BUCKET, KEY, 2, 2)
    services.documents.detail = DocumentDetail(head, [document(version=2), document(version=1)], [chunk()])
    now = client.get(f"/api/documents/{DOCUMENT_ID}").json()
    assert (now["chunks_version"], now["chunks_restored"]) == (2, False)
    before = client.get(f"/api/documents/{DOCUMENT_ID}", params={"version": 1}).json()
    assert (before["chunks_version"], before["chunks_restored"], before["chunk_count"]) == (1, True, 1)
    assert before["latest_version"] == 2
    assert before["chunks"][0]["windows"] == [{"start": start, "end": end} for start, end in chunk().windows]
    assert services.cited.calls == [(1, DOCUMENT_ID)]
    assert client.get(f"/api/documents/{DOCUMENT_ID}", params={"version": 3}).status_code == 404


def test_a_version_shows_its_way(client: TestClient, services: FakeServices) -> None:
    times: dict[str, Any] = {
        "registered_at": "2026-01-05T10:12:01.000000Z",
        "extracted_at": "2026-01-05T10:12:03.000000Z",
        "chunked_at": "2026-01-05T10:12:04.000000Z",
        "embedded_at": None,
    }
    services.documents.detail = replace(services.documents.detail, versions=[document(**times)])
    (version,) = client.get(f"/api/documents/{DOCUMENT_ID}").json()["versions"]
    assert {name: version[name] for name in times} == times


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_unknown_and_malformed_ids(client: TestClient, method: str) -> None:
    missing = client.request(method, f"/api/documents/{UNKNOWN_ID}")
    assert missing.status_code == 404
    assert UNKNOWN_ID in missing.json()["detail"]
    assert client.request(method, "/api/documents/nonsense").status_code == 422


def test_a_cited_chunk_in_its_context(client: TestClient, services: FakeServices) -> None:
    cited = chunk()
    response = client.get(f"/api/documents/{DOCUMENT_ID}/chunks/{cited.chunk_id}", params={"version": 1})
    body = response.json()
    assert (body["version"], body["live"], body["restored"]) == (1, True, False)
    assert body["chunk"]["content"] == cited.content
    assert (body["chunk"]["start"], body["chunk"]["heading_path"]) == (100, ["Amazon SQS", "Limits"])
    assert body["windows"] == [{"start": start, "end": end} for start, end in cited.windows]
    assert (body["previous"], body["next"]) == (None, cited.content)
    assert services.cited.calls == [(DOCUMENT_ID, cited.chunk_id, 1)]


def test_a_chunk_that_is_not_there(client: TestClient) -> None:
    response = client.get(f"/api/documents/{DOCUMENT_ID}/chunks/{UNKNOWN_ID}")
    assert response.status_code == 404
    assert UNKNOWN_ID in response.json()["detail"]
    assert client.get(f"/api/documents/{DOCUMENT_ID}/chunks/nonsense").status_code == 422
    assert client.get(f"/api/documents/{DOCUMENT_ID}/chunks/{UNKNOWN_ID}?version=0").status_code == 422


def test_retry(client: TestClient, services: FakeServices) -> None:
    response = client.post(f"/api/documents/{DOCUMENT_ID}/retry")
    assert response.status_code == 202
    assert (response.json()["version"], response.json()["attempt"]) == (2, 2)
    assert services.redrive.calls == [(DOCUMENT_ID,)]


def test_retry_of_what_has_not_failed(client: TestClient, services: FakeServices) -> None:
    services.redrive.error = Conflict("Only what has FAILED can be tried again.")
    assert client.post(f"/api/documents/{DOCUMENT_ID}/retry").status_code == 409


def test_delete(client: TestClient, services: FakeServices) -> None:
    response = client.delete(f"/api/documents/{DOCUMENT_ID}")
    assert response.status_code == 202
    assert response.json() == {"document_id": DOCUMENT_ID}
    assert services.documents.calls == [(DOCUMENT_ID,)]


def test_delete_in_a_state_that_does_not_allow_it(client: TestClient, services: FakeServices) -> None:
    services.documents.error = Conflict("Somebody else is deleting it.")
    assert client.delete(f"/api/documents/{DOCUMENT_ID}").status_code == 409
