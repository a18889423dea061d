"""The failure catalogue on the running stack: what only shows with a real emulator, Chroma and Lambda host."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from portfolio_rag.adapters.chroma.vector_store import ChromaVectorStore
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion
from tests.e2e.live import LiveStack, eventually

# chromadb's client warns about deprecations of its dependencies.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

RAW = "portfolio-raw"


def put(stack: LiveStack, key: str, body: str | bytes) -> None:
    data = body.encode() if isinstance(body, str) else body
    stack.clients("s3").put_object(Bucket=RAW, Key=f"incoming/{key}", Body=data)


def exists(stack: LiveStack, key: str) -> bool:
    found = stack.clients("s3").list_objects_v2(Bucket=RAW, Prefix=key).get("Contents", [])
    return key in [entry["Key"] for entry in found]


def chroma(stack: LiveStack) -> tuple[ChromaVectorStore, str]:
    """The server and the name of the collection that answers."""
    return ChromaVectorStore(stack.settings.chroma_url), stack.live_collection


def windows(stack: LiveStack, document_id: str) -> set[str]:
    store, live = chroma(stack)
    return set(store.windows_of(live, document_id))


def vectors_known(stack: LiveStack) -> int:
    """The size of the content-address index: one more for each text that was ever embedded."""
    answer = stack.clients("dynamodb").scan(TableName=stack.settings.dynamodb_vectors_table, Select="COUNT")
    return int(answer["Count"])


def completed(stack: LiveStack, key: str, version: int = 1) -> DocumentVersion:
    ended = stack.ended(key, version)
    assert ended.status is DocumentStatus.COMPLETED, ended
    return ended


@pytest.mark.failure(5)
def test_the_pipelines_own_move_is_no_upload_and_no_deletion(stack: LiveStack) -> None:
    put(stack, "emu/move.md", "# Moving\n\nThe lighthouse of Vardo was moved in 1921.\n")
    ended = completed(stack, "emu/move.md")
    # Its events arrive within a second or two; what they would do is seen in the registry.
    time.sleep(3)
    head = stack.registry.head(ended.document_id)
    assert head is not None
    assert (head.latest_version, head.live_version, head.deleted_at) == (1, 1, None)
    assert exists(stack, "processed/emu/move.md")
    assert not exists(stack, "incoming/emu/move.md")


@pytest.mark.failure(14)
def test_text_that_no_store_takes_is_cleaned(stack: LiveStack) -> None:
    put(stack, "emu/dirty.md", "# Dirty\n\nThe ferry of Bodo\uffff carries 99 cars\ufdd0 a day.\n")
    version = completed(stack, "emu/dirty.md")
    detail = stack.api.get(f"/api/documents/{version.document_id}").json()
    text = " ".join(chunk["content"] for chunk in detail["chunks"])
    assert "carries 99 cars" in text
    assert not {"\uffff", "\ufdd0"} & set(text)


@pytest.mark.failure(15)
def test_a_poison_pdf_fails_alone(stack: LiveStack) -> None:
    put(stack, "emu/good1.md", "# One\n\nThe first of its batch.\n")
    put(stack, "emu/poison.pdf", b"%PDF-1.7\n" + b"1 0 obj << /Type /Catalog /Pages 1 0 R >> endobj\n" * 50)
    put(stack, "emu/good2.md", "# Two\n\nThe last of its batch.\n")
    poison = stack.ended("emu/poison.pdf")
    assert poison.status is DocumentStatus.FAILED
    assert poison.error_code in ("MALFORMED", "NO_TEXT")
    assert poison.error_message
    assert exists(stack, "failed/emu/poison.pdf")
    completed(stack, "emu/good1.md")
    completed(stack, "emu/good2.md")


@pytest.mark.failure(20)
@pytest.mark.parametrize(
    "key", ["emu/a b/c+d.md", "emu/100%2F.md", "emu/caf\u00e9.md", "emu/cafe\u0301.md", "emu/" + "x" * 990 + ".md"]
)
def test_keys_make_an_exact_round_trip_through_the_emulator(stack: LiveStack, key: str) -> None:
    put(stack, key, f"# Key\n\nThis document has a name of {len(key)} characters.\n")
    version = completed(stack, key)
    assert version.s3_key == f"processed/{key}"
    assert exists(stack, f"processed/{key}")


@pytest.mark.failure(23)
def test_a_wiped_chroma_is_rebuilt_from_the_backup_without_embedding(stack: LiveStack) -> None:
    put(stack, "emu/wiped.md", "# Wiped\n\nThe archive of Lofoten burned in 1903 and was rebuilt.\n")
    document_id = completed(stack, "emu/wiped.md").document_id
    before, known = windows(stack, document_id), vectors_known(stack)
    store, live = chroma(stack)
    store.drop(live)
    assert windows(stack, document_id) == set()
    stack.rag("ingest", "--type", "REINDEX")
    assert windows(stack, document_id) == before
    assert before
    assert vectors_known(stack) == known


@pytest.mark.failure(27)
def test_a_vector_that_is_gone_is_found_and_mended(stack: LiveStack) -> None:
    put(stack, "emu/gone.md", "# Gone\n\nThe well of Hamar holds 300 litres.\n")
    document_id = completed(stack, "emu/gone.md").document_id
    before = windows(stack, document_id)
    store, live = chroma(stack)
    store.delete(live, sorted(before))
    # What has just changed is left alone until its workers are certainly done; this document says that it is.
    age(stack, document_id)
    assert "VECTORS_MISSING" in stack.rag("verify", "--repair")
    assert windows(stack, document_id) == before


def age(stack: LiveStack, document_id: str) -> None:
    """Scale the five minutes of grace: the document's own timestamps move back by ten."""
    past = "2020-01-01T00:00:00.000000Z"
    client, table = stack.clients("dynamodb"), stack.settings.dynamodb_document_table
    key = {"document_id": {"S": document_id}}
    client.update_item(
        TableName=table,
        Key={**key, "version": {"N": "0"}},
        UpdateExpression="SET upload_timestamp = :past",
        ExpressionAttributeValues={":past": {"S": past}},
    )
    client.update_item(
        TableName=table,
        Key={**key, "version": {"N": "1"}},
        UpdateExpression="SET processing_completed_at = :past",
        ExpressionAttributeValues={":past": {"S": past}},
    )


@pytest.mark.failure(28)
def test_documents_that_come_during_a_reindex_are_in_the_new_index(stack: LiveStack) -> None:
    job = stack.api.post("/api/reindex", json={"job_type": "REINDEX"}).json()
    names = [f"emu/during{number}.md" for number in range(4)]
    for number, name in enumerate(names):
        put(stack, name, f"# During\n\nStation {number} lies at kilometre {number * 17} of the line.\n")
    ids = [completed(stack, name).document_id for name in names]
    ended = eventually(
        lambda: (
            (found := stack.api.get(f"/api/jobs/{job['job_id']}").json())["status"] in ("COMPLETED", "FAILED") and found
        ),
        "the job at its end",
        timeout=120,
    )
    assert ended["status"] == "COMPLETED"
    _, live = chroma(stack)
    assert live != stack.settings.chroma_collection
    assert all(windows(stack, document_id) for document_id in ids)


@contextmanager
def without_events(stack: LiveStack) -> Iterator[None]:
    client = stack.clients("s3")
    configured = client.get_bucket_notification_configuration(Bucket=RAW)
    configured.pop("ResponseMetadata", None)
    client.put_bucket_notification_configuration(Bucket=RAW, NotificationConfiguration={})
    try:
        yield
    finally:
        client.put_bucket_notification_configuration(Bucket=RAW, NotificationConfiguration=configured)


@pytest.mark.failure(31)
def test_an_upload_whose_event_never_came_is_found(stack: LiveStack) -> None:
    with without_events(stack):
        put(stack, "emu/missed.md", "# Missed\n\nNobody told of this harbour.\n")
        time.sleep(2)
        assert stack.registry.head(stack.document_id("emu/missed.md")) is None
    stack.rag("ingest", "--type", "INCREMENTAL")
    completed(stack, "emu/missed.md")


@pytest.mark.failure(33)
def test_a_failed_document_is_redriven_after_a_fix(stack: LiveStack) -> None:
    sidecar = "emu/fixed.md.metadata.json"
    put(stack, sidecar, json.dumps({"metadataAttributes": {"document_id": "mine"}}))
    put(stack, "emu/fixed.md", "# Fixed\n\nThe bridge of Sund was opened in 1978.\n")
    failed = stack.ended("emu/fixed.md")
    assert (failed.status, failed.error_code) == (DocumentStatus.FAILED, "BAD_METADATA")
    stack.clients("s3").delete_object(Bucket=RAW, Key=f"incoming/{sidecar}")
    stack.rag("redrive", failed.document_id)
    again = completed(stack, "emu/fixed.md", 2)
    assert again.attempt == 2
    assert exists(stack, "processed/emu/fixed.md")
    assert not exists(stack, "failed/emu/fixed.md")
    assert stack.api.post(f"/api/documents/{failed.document_id}/retry").status_code == 409
