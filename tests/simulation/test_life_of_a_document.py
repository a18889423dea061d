"""The life of a document on the models: every outcome that people see, through the real handlers."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from portfolio_rag.domain.chunks import ChunkStatus
from portfolio_rag.domain.documents import DocumentStatus
from tests.simulation.fast import install
from tests.simulation.schedule import text_of as long_text
from tests.simulation.world import COLLECTION, RAW, World

GUIDE = "# Queues\n\n" + "\n\n".join(
    f"Paragraph {n} tells how queue number {n} keeps its messages until a consumer has deleted them." for n in range(30)
)
SHORT = "# Queues\n\nA queue keeps messages.\n"


def test_an_upload_is_completed_indexed_backed_up_and_moved(world: World) -> None:
    document_id = world.upload("guides/queues.md", GUIDE)
    world.run()
    world.check()
    version = world.version(document_id, 1)
    assert version.status is DocumentStatus.COMPLETED
    assert version.chunk_count is not None
    assert version.chunk_count > 1
    assert version.embedded_count == version.chunk_count
    assert version.processing_started_at is not None
    assert version.processing_completed_at is not None
    assert world.live(document_id) == 1
    assert world.s3.current_keys(RAW) == ["processed/guides/queues.md"]
    assert version.s3_key == "processed/guides/queues.md"
    chunks = list(world.container.chunks.of_document(document_id))
    assert [chunk.chunk_index for chunk in chunks] == list(range(version.chunk_count))
    assert {chunk.status for chunk in chunks} == {ChunkStatus.EMBEDDED}
    assert all((chunk.embedding_vector_s3 or "").startswith("s3://portfolio-embeddings/vectors/") for chunk in chunks)
    assert world.metrics.total("IngestedDocuments") == 1


@pytest.mark.parametrize("hurried", [False, True])
def test_a_version_knows_when_it_came_to_each_stage(hurried: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that takes several invocations."""
    if hurried:
        install(monkeypatch)
    world = World(hurried=hurried)
    document_id = world.upload("queues.md", long_text("queues", 60))
    world.rest()
    version = world.version(document_id, 1)
    times = [
        version.upload_timestamp,
        version.registered_at,
        version.processing_started_at,
        version.extracted_at,
        version.chunked_at,
        version.embedded_at,
        version.processing_completed_at,
    ]
    assert None not in times
    assert times == sorted(times, key=str)
    assert (version.steps > 0) == hurried


def test_metrics_are_in_the_units_that_the_alarms_take_them_for(world: World) -> None:
    """An alarm on 300 seconds that is told milliseconds would fire for every document."""
    document_id = world.upload("guides/queues.md", GUIDE)
    world.run()
    uploaded = datetime.fromisoformat(world.version(document_id, 1).upload_timestamp)
    taken = world.metrics.total("ProcessingDuration")
    assert 0 < taken <= (world.clock.now() - uploaded).total_seconds()
    world.attempt("check_health", {})
    assert world.metrics.units == {
        **dict.fromkeys(("IngestedDocuments", "ChromaDBErrors"), "Count"),
        **dict.fromkeys(("QueueDepth", "DeadLetters", "StuckDocuments"), "Count"),
        "FailureRate": "Percent",
        "ProcessingDuration": "Seconds",
    }


@pytest.mark.failure(25, 38)
def test_the_same_bytes_again_make_no_version(world: World) -> None:
    document_id = world.upload("queues.md", GUIDE)
    world.run()
    first, before = world.version(document_id, 1), world.embedder.embedded.total()
    world.clock.advance(timedelta(hours=1))
    world.upload("queues.md", GUIDE)
    world.run()
    world.check()
    head = world.container.registry.head(document_id)
    assert head is not None
    assert (head.latest_version, head.live_version) == (1, 1)
    assert (head.last_seen_at or "") > "2026-01-01T01:00"
    assert world.version(document_id, 1) == first
    assert world.embedder.embedded.total() == before
    assert world.s3.current_keys(RAW) == ["processed/queues.md"]


@pytest.mark.failure(25, 38)
def test_the_same_text_in_other_bytes_is_a_new_version_and_nothing_is_embedded_twice(world: World) -> None:
    document_id = world.upload("queues.md", GUIDE)
    world.run()
    before = world.embedder.embedded.total()
    world.upload("queues.md", GUIDE + "\n")
    world.run()
    world.check()
    assert world.live(document_id) == 2
    assert world.embedder.embedded.total() == before
    assert world.version(document_id, 1).retired


def test_the_same_text_in_another_document_is_not_embedded_again(world: World) -> None:
    world.upload("a.md", GUIDE)
    world.run()
    before = world.embedder.embedded.total()
    world.upload("b.md", GUIDE)
    world.run()
    world.check()
    assert world.embedder.embedded.total() == before


def test_deleting_one_of_two_equal_documents_leaves_the_other_whole(world: World) -> None:
    world.upload("a.md", GUIDE)
    world.run()
    other = world.upload("b.md", GUIDE)
    world.run()
    world.delete("processed/a.md")
    world.run()
    world.check()
    assert world.windows(other)


@pytest.mark.failure(24, 38)
def test_a_changed_document_answers_from_its_new_version_only(world: World) -> None:
    document_id = world.upload("queues.md", GUIDE)
    world.run()
    world.upload("queues.md", SHORT)
    world.run()
    world.check()
    assert world.live(document_id) == 2
    assert "Paragraph 7" not in world.texts(document_id)
    assert set(world.windows(document_id).values()) == {2}
    assert world.s3.current_keys(RAW) == ["archived/queues.v1.md", "processed/queues.md"]


def test_until_the_new_version_is_complete_the_old_one_answers(world: World) -> None:
    document_id = world.upload("queues.md", GUIDE)
    world.run()
    world.upload("queues.md", SHORT)
    world.step()
    assert world.version(document_id, 2).status is DocumentStatus.PENDING
    assert world.live(document_id) == 1
    assert "Paragraph 7" in world.texts(document_id)


@pytest.mark.failure(26)
def test_a_new_version_that_fails_leaves_the_old_one_answering(world: World) -> None:
    document_id = world.upload("queues.md", GUIDE)
    world.run()
    world.upload("queues.md", b"\x00\x01\x02\x03" * 500)
    world.run()
    world.check()
    assert world.version(document_id, 2).status is DocumentStatus.FAILED
    assert world.live(document_id) == 1
    assert world.s3.current_keys(RAW) == ["failed/queues.md", "processed/queues.md"]


@pytest.mark.failure(3)
def test_a_version_replaced_while_it_embeds_never_answers(world: World) -> None:
    document_id = world.upload("queues.md", GUIDE)
    world.step()  # registered
    world.step()  # chunked, its messages are waiting
    world.upload("queues.md", SHORT)
    world.run()
    world.check()
    first = world.version(document_id, 1)
    assert (first.status, first.error_code) == (DocumentStatus.FAILED, "SUPERSEDED")
    assert first.s3_key == "archived/queues.v1.md"
    assert set(world.windows(document_id).values()) == {2}


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("picture.png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 64, "UNSUPPORTED_TYPE"),
        ("empty.md", b"", "EMPTY_FILE"),
        ("blank.txt", b"   \n\n  ", "NO_TEXT"),
    ],
)
@pytest.mark.failure(18)
def test_what_cannot_be_ingested_fails_with_its_reason(world: World, name: str, body: bytes, reason: str) -> None:
    document_id = world.upload(name, body)
    world.run()
    world.check()
    version = world.version(document_id, 1)
    assert (version.status, version.error_code) == (DocumentStatus.FAILED, reason)
    assert version.error_message
    assert world.s3.current_keys(RAW) == [f"failed/{name}"]
    moved = world.s3.head_object(Bucket=RAW, Key=f"failed/{name}")
    assert moved["Metadata"]["error-code"] == reason
    assert moved["Metadata"]["error-message"]
    assert not world.sqs.queues["portfolio-ingestion-dlq"].messages


def test_a_deleted_document_leaves_nothing_behind(world: World) -> None:
    document_id = world.upload("queues.md", GUIDE)
    world.run()
    world.delete("processed/queues.md")
    world.run()
    world.check()
    assert world.live(document_id) == 0
    assert not world.windows()
    assert not world.s3.current_keys("portfolio-embeddings")
    assert not world.dynamo.tables["embedding_chunks"].items
    assert not world.dynamo.tables["embedding_vectors"].items


@pytest.mark.failure(4)
def test_a_document_deleted_while_it_is_processed_leaves_nothing_behind(world: World) -> None:
    document_id = world.upload("queues.md", GUIDE)
    world.step()
    world.step()
    world.delete("incoming/queues.md")
    world.run()
    world.check()
    assert world.version(document_id, 1).error_code == "DELETED"
    assert not world.windows()


def test_a_document_uploaded_again_after_its_deletion_answers_again(world: World) -> None:
    document_id = world.upload("queues.md", GUIDE)
    world.run()
    world.delete("processed/queues.md")
    world.run()
    world.upload("queues.md", GUIDE)
    world.run()
    world.check()
    assert world.live(document_id) == 2


@pytest.mark.failure(5)
def test_the_pipelines_own_moves_purge_nothing(world: World) -> None:
    document_id = world.upload("queues.md", GUIDE)
    world.run()
    assert not world.notifications
    # The removal from incoming/ has been delivered by now: the document still answers.
    assert world.live(document_id) == 1


def test_a_sidecar_uploaded_first_gives_its_attributes(world: World) -> None:
    sidecar = {"metadataAttributes": {"team": "platform", "year": 2026, "tags": ["a", "b"]}}
    world.upload("queues.md.metadata.json", json.dumps(sidecar))
    document_id = world.upload("queues.md", GUIDE)
    world.run()
    world.check()
    assert world.version(document_id, 1).metadata == {"team": "platform", "year": 2026, "tags": ["a", "b"]}
    record = next(iter(world.chroma.data[COLLECTION].values()))
    assert record.metadata["team"] == "platform"
    assert world.s3.current_keys(RAW) == ["processed/queues.md", "processed/queues.md.metadata.json"]


def test_front_matter_gives_attributes_and_a_sidecar_holds_against_it(world: World) -> None:
    world.upload("queues.md.metadata.json", '{"metadataAttributes": {"team": "platform"}}')
    document_id = world.upload("queues.md", f"---\nteam: docs\nyear: 2025\nfilename: mine\n---\n{GUIDE}")
    world.run()
    world.check()
    assert world.version(document_id, 1).metadata == {"team": "platform", "year": 2025}
    record = next(iter(world.chroma.data[COLLECTION].values()))
    assert (record.metadata["team"], record.metadata["year"]) == ("platform", 2025)
    assert record.metadata["filename"] == "queues.md"


def test_a_sidecar_uploaded_later_becomes_a_new_version_without_embedding(world: World) -> None:
    document_id = world.upload("queues.md", GUIDE)
    world.run()
    before = world.embedder.embedded.total()
    world.upload("queues.md.metadata.json", '{"metadataAttributes": {"team": "platform"}}')
    world.run()
    world.check()
    assert world.live(document_id) == 2
    assert world.version(document_id, 2).metadata == {"team": "platform"}
    assert world.embedder.embedded.total() == before


def test_a_document_keeps_its_attributes_when_only_its_bytes_change(world: World) -> None:
    world.upload("queues.md.metadata.json", '{"metadataAttributes": {"team": "platform"}}')
    document_id = world.upload("queues.md", GUIDE)
    world.run()
    world.upload("queues.md", SHORT)
    world.run()
    assert world.version(document_id, 2).metadata == {"team": "platform"}


def test_a_broken_sidecar_fails_the_document_until_it_is_mended(world: World) -> None:
    world.upload("queues.md.metadata.json", '{"metadataAttributes": {"document_id": "mine"}}')
    document_id = world.upload("queues.md", GUIDE)
    world.run()
    world.check()
    failed = world.version(document_id, 1)
    assert (failed.error_code, failed.status) == ("BAD_METADATA", DocumentStatus.FAILED)
    assert "reserved" in (failed.error_message or "")
    world.upload("queues.md.metadata.json", '{"metadataAttributes": {"owner": "me"}}')
    world.run()
    world.check()
    assert world.live(document_id) == 2
    assert world.s3.current_keys(RAW, "incoming/") == []
    assert world.s3.current_keys(RAW, "processed/") == ["processed/queues.md", "processed/queues.md.metadata.json"]


@pytest.mark.parametrize(
    "key", ["a b/c+d.md", "100%2F.md", "caf\u00e9.md", "cafe\u0301.md", "../up.md", "\u65e5\u672c.md"]
)
@pytest.mark.failure(20)
def test_keys_make_an_exact_round_trip(world: World, key: str) -> None:
    document_id = world.upload(key, SHORT)
    world.run()
    world.check()
    assert world.live(document_id) == 1
    assert world.s3.current_keys(RAW) == [f"processed/{key}"]


@pytest.mark.failure(20)
def test_a_key_that_could_not_be_moved_is_refused_with_its_reason(world: World) -> None:
    key = "x" * 1012 + ".md"
    document_id = world.upload(key, SHORT)
    world.run()
    assert world.version(document_id, 1).error_code == "KEY_TOO_LONG"
    assert world.s3.current_keys(RAW) == [f"failed/{key}"]


@pytest.mark.failure(36)
def test_folder_markers_and_test_events_are_ignored(world: World) -> None:
    world.upload("guides/", b"")
    world.run()
    world.invoke("document_intake", {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": RAW})
    assert not world.dynamo.tables["document_registry"].items
