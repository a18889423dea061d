"""Deliveries that come twice, late or out of order, and dependencies that fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion, ObjectRef
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.pipeline.documents.lifecycle import Lifecycle
from portfolio_rag.pipeline.documents.object_moves import ObjectMoves
from tests.simulation.s3 import s3_event
from tests.simulation.world import EMBEDDING, INGESTION, RAW, Notification, World

GUIDE = "# Topics\n\n" + "\n\n".join(f"Paragraph {n} says something about topic {n} at length." for n in range(40))


@pytest.mark.failure(1)
def test_a_doubled_event_registers_once(world: World) -> None:
    document_id = world.upload("a.md", GUIDE)
    world.notifications *= 2
    world.run()
    world.check()
    assert len(world.container.registry.versions(document_id)) == 1


@pytest.mark.failure(37)
def test_an_event_days_later_changes_nothing(world: World) -> None:
    document_id = world.upload("a.md", GUIDE)
    note = world.notifications[0]
    world.run()
    world.clock.advance(timedelta(days=5))
    world.notifications.append(note)
    world.run()
    world.check()
    assert len(world.container.registry.versions(document_id)) == 1


@pytest.mark.failure(2)
def test_the_second_uploads_event_before_the_first(world: World) -> None:
    document_id = world.upload("a.md", "# One\n\nThe first text.")
    world.upload("a.md", "# Two\n\nThe second text.")
    world.notifications.reverse()
    world.run()
    world.check()
    assert "second" in world.texts(document_id)
    # The first upload was replaced before anybody saw it; its bytes are kept.
    assert [key for key in world.s3.current_keys(RAW) if key.startswith("archived/a.replaced-")]


@pytest.mark.failure(6)
def test_doubled_embedding_messages_are_counted_once(world: World) -> None:
    document_id = world.upload("a.md", GUIDE)
    world.step()
    world.step()
    queue = world.sqs.queues[EMBEDDING]
    event = world.sqs.receive(EMBEDDING, queue.messages)
    world.invoke("embedding_generator", event)
    world.invoke("embedding_generator", event)
    world.run()
    world.check()
    version = world.version(document_id, 1)
    assert version.embedded_count == version.chunk_count
    assert world.metrics.total("IngestedDocuments") == 1
    assert max(world.embedder.embedded.values()) == 1


@pytest.mark.failure(9)
def test_a_doubled_ingestion_message_sends_only_what_waits(world: World) -> None:
    world.upload("a.md", GUIDE)
    world.step()
    event = world.sqs.receive(INGESTION, world.sqs.queues[INGESTION].messages)
    world.invoke("document_processor", event)
    sent = len(world.sqs.queues[EMBEDDING].messages)
    batch = world.sqs.queues[EMBEDDING].messages[:]
    world.sqs.acknowledge(EMBEDDING, batch, world.invoke("embedding_generator", world.sqs.receive(EMBEDDING, batch)))
    world.invoke("document_processor", event)
    assert sent > 0
    assert not world.sqs.queues[EMBEDDING].messages
    world.run()
    world.check()


def test_chroma_down_and_back_loses_nothing(world: World) -> None:
    document_id = world.upload("a.md", GUIDE)
    world.step()
    world.step()
    world.chroma.down = True
    world.step()
    assert world.version(document_id, 1).status is DocumentStatus.PROCESSING
    assert world.metrics.total("ChromaDBErrors") == 1
    world.chroma.down = False
    world.run()
    world.check()
    assert world.live(document_id) == 1


def failed_by_an_outage(world: World) -> str:
    """A document whose embedding met an outage of Chroma that is not over; its id."""
    document_id = world.upload("a.md", GUIDE)
    world.step()
    world.step()
    world.chroma.down = True
    world.run()
    return document_id


@pytest.mark.failure(21)
def test_an_outage_longer_than_the_queue_waits_ends_failed_and_recovers_without_a_hand(world: World) -> None:
    document_id = failed_by_an_outage(world)
    failed = world.version(document_id, 1)
    assert (failed.status, failed.error_code) == (DocumentStatus.FAILED, "DEPENDENCY_UNAVAILABLE")
    assert world.sqs.queues["portfolio-embedding-dlq"].messages
    assert world.metrics.total("FailedChunks") == failed.chunk_count
    world.chroma.down = False
    world.rest()
    world.check()
    assert world.live(document_id) == 2
    assert world.version(document_id, 2).attempt == 2
    assert world.s3.current_keys(RAW, "processed/") == ["processed/a.md"]
    assert not world.s3.current_keys(RAW, "failed/")


@pytest.mark.failure(21, 30)
def test_what_an_outage_has_failed_recovers_though_nobody_looked_after_it_for_days(world: World) -> None:
    document_id = failed_by_an_outage(world)
    world.chroma.down = False
    world.clock.advance(timedelta(days=10))
    world.rest()
    world.check()
    assert world.live(document_id) == 2


@pytest.mark.failure(3, 5)
def test_a_deletion_of_what_answers_leaves_the_version_that_completes_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id = world.upload("a.md", GUIDE)
    world.run()
    world.upload("a.md", GUIDE.replace("topic", "matter"))
    world.step()
    world.step()
    world.delete("processed/a.md")
    # One more upload, so that something waits in incoming/; it will be refused.
    world.upload("a.md", b"\x00\x01\x02\x03" * 300)
    unpublish = type(world.container.registry).unpublish

    def then_the_new_version_completes(*arguments: Any) -> None:
        unpublish(*arguments)
        world.attempt("embedding_generator", world.sqs.receive(EMBEDDING, world.sqs.visible(EMBEDDING)))

    monkeypatch.setattr(type(world.container.registry), "unpublish", then_the_new_version_completes)
    removed = s3_event(RAW, "processed/a.md", "ObjectRemoved:DeleteMarkerCreated", "any")
    assert world.attempt("document_intake", removed)
    assert world.live(document_id) == 2
    world.rest()
    world.check()
    assert world.live(document_id) == 2
    assert "matter 7" in world.texts(document_id)


def test_a_poison_message_does_not_hold_up_its_batch_mates(world: World) -> None:
    document_id = world.upload("a.md", GUIDE)
    world.step()
    world.step()
    world.sqs.send_message_batch(
        QueueUrl=f"sim://{EMBEDDING}", Entries=[{"Id": "0", "MessageBody": '{"not": "a message"}'}]
    )
    world.run()
    world.check()
    assert world.live(document_id) == 1
    assert [message.body for message in world.sqs.queues["portfolio-embedding-dlq"].messages] == [
        '{"not": "a message"}'
    ]


@pytest.mark.failure(30)
def test_a_worker_that_vanishes_is_replaced(world: World) -> None:
    document_id = world.upload("a.md", GUIDE)
    world.step()
    world.sqs.queues[INGESTION].messages.clear()
    world.run()
    assert world.version(document_id, 1).status is DocumentStatus.PENDING
    world.clock.advance(timedelta(hours=1))
    report = world.container.monitor.run()
    assert (report.stuck, report.driven_again) == (1, 1)
    world.run()
    world.check()
    assert world.live(document_id) == 1


@pytest.mark.failure(30)
def test_documents_that_wait_for_the_processor_in_a_long_queue_are_left_alone(world: World) -> None:
    _waits_for_hours(world, steps=1)


@pytest.mark.failure(30)
def test_documents_that_wait_for_their_vectors_in_a_long_queue_are_left_alone(world: World) -> None:
    _waits_for_hours(world, steps=2)


def _waits_for_hours(world: World, steps: int) -> None:
    """Nothing is lost, only late. Driving it again would make the queue longer, and in the end it would be FAILED."""
    document_id = world.upload("a.md", GUIDE)
    for _ in range(steps):
        world.step()
    queue = world.sqs.queues[[INGESTION, EMBEDDING][steps - 1]]
    waiting = len(queue.messages)
    assert waiting
    for _ in range(6):
        world.clock.advance(timedelta(hours=1))
        report = world.container.monitor.run()
        assert (report.stuck, report.driven_again) == (0, 0)
    assert len(queue.messages) == waiting
    world.run()
    world.check()
    assert world.live(document_id) == 1


@pytest.mark.failure(30)
def test_a_lost_ingestion_message_is_noticed_in_a_queue_that_never_empties(world: World) -> None:
    _loses_a_message(world, steps=1)


@pytest.mark.failure(30)
def test_a_lost_embedding_message_is_noticed_in_a_queue_that_never_empties(world: World) -> None:
    _loses_a_message(world, steps=2)


def _loses_a_message(world: World, steps: int) -> None:
    queue = world.sqs.queues[[INGESTION, EMBEDDING][steps - 1]]
    lost = world.upload("lost.md", GUIDE)
    for _ in range(steps):
        world.step()
    queue.messages.clear()
    world.clock.advance(timedelta(hours=1))
    assert world.live(world.upload("later.md", GUIDE)) == 0
    world.run()
    waits = world.upload("waits.md", GUIDE)
    for _ in range(steps):
        world.step()
    assert queue.messages
    assert not world.version(waits, 1).status.terminal
    report = world.container.monitor.run()
    assert (report.stuck, report.driven_again) == (1, 1)
    world.run()
    world.check()
    assert [world.live(lost), world.live(waits)] == [1, 1]


def test_a_flood_of_one_kind_leaves_time_for_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one round can do: the figures are published all the same, and the next round goes on."""
    world.upload("lost.md", GUIDE)
    for n in range(40):
        world.upload(f"{n:02}.md", GUIDE)
    world.notifications[1:] = []
    world.step()
    world.sqs.queues[INGESTION].messages.clear()
    world.clock.advance(timedelta(hours=1))
    sweep = world.container.intake.register_missed

    def slow(ref: ObjectRef) -> DocumentVersion | None:
        world.clock.advance(timedelta(seconds=1))
        return sweep(ref)

    monkeypatch.setattr(world.container.intake, "register_missed", slow)
    before = world.metrics.total("StuckDocuments")
    report = world.container.monitor.run()
    assert (report.stuck, report.driven_again) == (1, 1)
    assert 8 <= report.swept <= 12
    assert world.metrics.total("StuckDocuments") == before + 1


def test_a_document_that_never_ends_fails_after_its_last_drive(world: World) -> None:
    document_id = world.upload("a.md", GUIDE)
    world.step()
    for _ in range(4):
        world.sqs.queues[INGESTION].messages.clear()
        world.clock.advance(timedelta(hours=1))
        world.container.monitor.run()
    assert world.version(document_id, 1).error_code == "INTERNAL"


@pytest.mark.failure(31)
def test_an_object_whose_event_never_came_is_swept_up(world: World) -> None:
    document_id = world.upload("a.md", GUIDE)
    world.notifications.clear()
    world.clock.advance(timedelta(minutes=15))
    assert world.container.monitor.run().swept == 1
    world.run()
    world.check()
    assert world.live(document_id) == 1


def test_the_failure_rate_is_published(world: World) -> None:
    world.upload("a.md", GUIDE)
    world.upload("b.png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 64)
    world.run()
    report = world.container.monitor.run()
    assert report.failure_rate == pytest.approx(50.0)
    assert world.metrics.total("FailureRate") == pytest.approx(50.0)


def test_s3_events_of_other_prefixes_are_ignored(world: World) -> None:
    world.s3.put_object(Bucket=RAW, Key="processed/a.md", Body=b"text")
    world.invoke("document_intake", s3_event(RAW, "processed/a.md", "ObjectCreated:Put", "v000001"))
    assert not world.dynamo.tables["document_registry"].items


@pytest.mark.failure(2)
def test_the_bytes_that_are_read_are_those_of_the_version(world: World) -> None:
    document_id = world.upload("a.md", "# One\n\nThe first text.")
    world.step()
    world.upload("a.md", "# Two\n\nThe second text.")
    late = world.notifications.pop()
    world.run()
    assert "first" in world.texts(document_id)
    world.notifications.append(late)
    world.rest()
    world.check()
    assert "second" in world.texts(document_id)


class Gone(BaseException):
    """The process is gone."""


def crash_once(owner: type, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The next call of that method is the last thing that its process does."""
    original = getattr(owner, name)

    def crash(*arguments: object) -> None:
        monkeypatch.setattr(owner, name, original)
        raise Gone

    monkeypatch.setattr(owner, name, crash)


@pytest.mark.failure(7)
def test_bytes_that_a_later_upload_archives_are_found_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    document_id = world.upload("a.md", GUIDE)
    crash_once(Lifecycle, monkeypatch, "_finalize_completed")
    with pytest.raises(Gone):
        world.run()
    world.upload("a.md", b"\x00\x01\x02\x03" * 300)
    world.rest()
    world.check()
    assert world.live(document_id) == 1
    assert world.bytes_of(world.version(document_id, 1)) == GUIDE.encode()


@pytest.mark.failure(4)
def test_a_deleted_document_does_not_come_back_with_what_a_crash_left(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id = world.upload("a.md", GUIDE)
    crash_once(ObjectMoves, monkeypatch, "_remove_moved")
    with pytest.raises(Gone):
        world.run()
    assert world.s3.current_keys(RAW) == ["incoming/a.md", "processed/a.md"]
    head = world.container.registry.head(document_id)
    assert head is not None
    world.container.registry.mark_deleted(head, "2026-01-01T00:00:00.000000Z")
    world.attempt("batch_reindex", {"job_id": "job-1", "job_type": "INCREMENTAL"})
    world.rest()
    world.check()
    assert world.live(document_id) == 0
    assert len(world.container.registry.versions(document_id)) == 1


@pytest.mark.failure(4)
def test_a_deletion_that_broke_off_is_brought_to_its_end(world: World) -> None:
    document_id = world.upload("a.md", GUIDE)
    world.run()
    head = world.container.registry.head(document_id)
    assert head is not None
    world.container.registry.mark_deleted(head, "2026-01-01T00:00:00.000000Z")
    world.rest()
    world.check()
    assert not world.windows()
    assert not world.s3.current_keys(RAW, "processed/")


def test_a_batch_takes_no_old_failure_for_the_document(world: World) -> None:
    document_id = world.upload("a.md", GUIDE)
    world.rest()
    world.s3.put_object(Bucket=RAW, Key="failed/a.md", Body=b"# Old\n\nAn upload that failed long ago.")
    assert world.container.intake.reingest(ObjectRef(RAW, "failed/a.md")) is None
    world.attempt("batch_reindex", {"job_id": "job-1", "job_type": "BATCH"})
    world.rest()
    world.check()
    assert world.texts(document_id).startswith("Topics")


@pytest.mark.failure(31)
def test_a_deletion_whose_event_never_came_is_found_by_the_job_of_every_day(world: World) -> None:
    document_id, other = world.upload("a.md", GUIDE), world.upload("b.md", GUIDE)
    world.rest()
    world.delete("processed/a.md")
    world.notifications.clear()
    world.attempt("batch_reindex", {"job_id": "job-1", "job_type": "INCREMENTAL"})
    assert (world.live(document_id), world.live(other)) == (0, 1)
    job = world.container.jobs.get("job-1")
    assert job is not None
    assert job.statistics["deleted"] == 1
    world.rest()
    world.check()


@pytest.mark.failure(37)
def test_a_late_removal_of_the_old_object_leaves_a_version_that_has_not_moved_yet(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id = world.upload("a.md", GUIDE)
    world.run()
    world.delete("processed/a.md")
    late = world.notifications[-1]
    world.run()
    world.upload("a.md", GUIDE)
    crash_once(Lifecycle, monkeypatch, "_finalize_completed")
    with pytest.raises(Gone):
        world.run()
    world.notifications.append(late)
    world.rest()
    world.check()
    assert world.live(document_id) == 2


def crashed_move(life: Callable[[World], None], *, after_the_copy: bool) -> World:
    """A document that answers, while the registry still looks for it in `incoming/`: its last move has failed."""
    probe = World()
    life(probe)
    copies = [int(line.split()[0]) for line in probe.faults.trace if "s3.copy_object" in line]
    world = World()
    world.faults.plan = {copies[-1] + after_the_copy: "fails"}
    life(world)
    return world


def one_upload(world: World) -> None:
    world.upload("a.md", GUIDE)
    world.run()


A = document_id_for(RAW, "a.md")


@pytest.mark.failure(5, 26)
def test_a_deletion_counts_though_a_crash_hid_the_move_and_a_later_upload_failed() -> None:
    world = crashed_move(one_upload, after_the_copy=True)
    world.upload("a.md", "")
    world.run()
    assert keys.stage_of(world.version(A, 1).s3_key) == keys.ARCHIVED
    world.delete("processed/a.md")
    world.run()
    assert world.live(A) == 0
    world.rest()
    world.check()
    assert not world.texts(A)


def test_the_reconciler_brings_nothing_back_whose_deletion_was_never_told() -> None:
    world = crashed_move(one_upload, after_the_copy=True)
    world.upload("a.md", "")
    world.run()
    world.delete("processed/a.md")
    world.notifications.clear()
    world.rest()
    world.check()
    assert world.live(A) == 0
    assert "processed/a.md" not in world.s3.current_keys(RAW)


def test_a_move_that_a_crash_hid_is_made_up_for_after_a_later_upload_has_failed() -> None:
    world = crashed_move(one_upload, after_the_copy=True)
    world.upload("a.md", "")
    world.rest()
    world.check()
    assert world.live(A) == 1
    assert world.version(A, 1).s3_key == "processed/a.md"


def test_a_late_deletion_of_what_came_before_takes_nothing_away() -> None:
    late: list[Notification] = []

    def deleted_and_uploaded_anew(world: World) -> None:
        world.upload("a.md", GUIDE)
        world.run()
        world.delete("processed/a.md")
        late[:] = world.notifications
        world.run()
        world.clock.advance(timedelta(hours=1))
        one_upload(world)

    world = crashed_move(deleted_and_uploaded_anew, after_the_copy=False)
    assert world.version(A, 2).s3_key == "incoming/a.md"
    world.notifications += late
    world.run()
    assert world.live(A) == 2
    world.rest()
    world.check()
    assert world.live(A) == 2
