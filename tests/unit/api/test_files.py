"""A document's own bytes: whole or in part, to be saved and never shown as a page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from portfolio_rag.domain.documents import DocumentHead
from portfolio_rag.domain.errors import NotFound
from portfolio_rag.pipeline.documents.catalog import DocumentDetail
from tests.support.api import BUCKET, CONTENT, DOCUMENT_ID, KEY, UNKNOWN_ID, FakeServices, document

FILE = f"/api/documents/{DOCUMENT_ID}/file"
SIZE = len(CONTENT)


def test_the_file_comes_whole_and_to_be_saved(client: TestClient) -> None:
    response = client.get(FILE)
    assert response.status_code == 200
    assert response.text == CONTENT
    assert response.headers["Content-Length"] == str(SIZE)
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''sqs-queues.md"
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("file_type", "media_type"),
    [("pdf", "application/pdf"), ("html", "application/octet-stream"), ("svg", "application/octet-stream")],
)
def test_only_a_pdf_says_what_it_is(
    client: TestClient, services: FakeServices, file_type: str, media_type: str
) -> None:
    name = 'a "b";\r\n<ü>.html'
    services.documents.detail = replace(
        services.documents.detail, versions=[document(file_type=file_type, filename=name)]
    )
    response = client.get(FILE)
    assert response.headers["Content-Type"] == media_type
    assert response.headers["Content-Disposition"] == (
        "attachment; filename*=UTF-8''a%20%22b%22%3B%0D%0A%3C%C3%BC%3E.html"
    )


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-9", (0, 9)),
        ("bytes=10-", (10, SIZE - 1)),
        ("bytes=-5", (SIZE - 5, SIZE - 1)),
        ("bytes=-99999", (0, SIZE - 1)),
        ("bytes=3-99999", (3, SIZE - 1)),
    ],
)
def test_a_part_of_it(client: TestClient, services: FakeServices, wanted: str, part: tuple[int, int]) -> None:
    response = client.get(FILE, headers={"Range": wanted})
    assert response.status_code == 206
    assert response.text == CONTENT[part[0] : part[1] + 1]
    assert response.headers["Content-Range"] == f"bytes {part[0]}-{part[1]}/{SIZE}"
    assert services.documents.calls[-1] == (1, part)


@pytest.mark.parametrize("wanted", ["bytes=0-1,3-4", "lines=0-1", "bytes=-", "bytes=9-3", "bytes=x-", ""])
def test_a_range_that_is_none_is_passed_over(client: TestClient, wanted: str) -> None:
    response = client.get(FILE, headers={"Range": wanted})
    assert (response.status_code, response.text) == (200, CONTENT)


@pytest.mark.parametrize("wanted", [f"bytes={SIZE}-", "bytes=99999-100000", "bytes=-0"])
def test_a_range_beyond_the_end(client: TestClient, wanted: str) -> None:
    response = client.get(FILE, headers={"Range": wanted})
    assert response.status_code == 416
    assert response.headers["Content-Range"] == f"bytes */{SIZE}"
    assert response.json()["detail"] == f"The file has {SIZE} bytes."


def test_a_part_of_another_file_than_before_is_the_whole(client: TestClient) -> None:
    etag = client.get(FILE).headers["ETag"]
    assert client.get(FILE, headers={"Range": "bytes=0-3", "If-Range": etag}).status_code == 206
    assert client.get(FILE, headers={"Range": "bytes=0-3", "If-Range": '"another"'}).status_code == 200


def test_each_version_has_its_own(client: TestClient, services: FakeServices) -> None:
    head = DocumentHead(DOCUMENT_ID, BUCKET, KEY, latest_version=3, live_version=2)
    services.documents.detail = DocumentDetail(head, [document(version=n) for n in (3, 2, 1)], [])
    for query, version in (("", 2), ("?version=1", 1), ("?version=3", 3)):
        assert client.get(FILE + query).status_code == 200
        assert services.documents.calls[-1] == (version, None)
    assert client.get(f"{FILE}?version=4").status_code == 404
    services.documents.detail = replace(services.documents.detail, head=replace(head, live_version=0))
    assert client.get(FILE).status_code == 200
    assert services.documents.calls[-1] == (3, None)


def test_what_is_not_there(client: TestClient, services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get(f"/api/documents/{UNKNOWN_ID}/file").status_code == 404
    assert client.get(f"{FILE}?version=0").status_code == 422
    deleted = replace(services.documents.detail.head, deleted_at="2026-01-06T08:00:00.000000Z")
    kept = services.documents.detail
    services.documents.detail = replace(kept, head=deleted)
    assert client.get(FILE).status_code == 404
    services.documents.detail = kept

    def expired(*_: object) -> None:
        raise NotFound("The bytes are not kept any more.")

    monkeypatch.setattr(services.documents, "original", expired)
    response = client.get(FILE)
    assert (response.status_code, response.json()["detail"]) == (404, "The bytes are not kept any more.")
