"""An upload that changes nothing makes no version; whatever happens meanwhile, nothing is lost and nothing stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from portfolio_rag.domain.documents import DocumentHead, ObjectRef
from portfolio_rag.domain.errors import ConfigurationError, DependencyUnavailable
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.domain.jobs import JobStatus, JobType
from portfolio_rag.pipeline.ingestion import recipe, unchanged
from tests.support.office import mail

from .fast import install
from .schedule import BAD, TEXTS, name_of
from .test_job_steps import job_of
from .test_races import together
from .world import CONFIG, RAW, SimContainer, World

KEY = "guides/queues.md"
DOCUMENT = document_id_for(RAW, KEY)
LONG = "long"
"""The text that answers, and comes again."""


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


def put(world: World, name: str = LONG, *, team: str | None = None) -> None:
    """One upload, its sidecar before it."""
    if team is not None:
        put_sidecar(world, team)
    world.upload(KEY, TEXTS[name])


def put_sidecar(world: World, team: str) -> None:
    world.upload(f"{KEY}.metadata.json", json.dumps({"metadataAttributes": {"team": team, "year": 2026}}))


def ingested(world: World, *, team: str | None = None) -> DocumentHead:
    put(world, team=team)
    world.run()
    assert name_of(world, DOCUMENT) == LONG
    return head_of(world)


def head_of(world: World) -> DocumentHead:
    head = world.container.registry.head(DOCUMENT)
    assert head is not None
    return head


def answers(world: World) -> str | None:
    return name_of(world, DOCUMENT) if world.live(DOCUMENT) else None


def comes_to_rest(world: World) -> None:
    world.rest()
    world.check()
    live = world.live(DOCUMENT)
    if live:
        assert world.bytes_of(world.version(DOCUMENT, live)) == TEXTS[str(answers(world))].encode()


# --- what is unchanged


def test_an_upload_with_its_sidecar_changes_nothing_and_leaves_nothing(world: World) -> None:
    ingested(world, team="platform")
    before = sorted(world.s3.current_keys(RAW))
    put(world, team="platform")
    world.run()
    assert head_of(world).latest_version == 1
    assert head_of(world).last_seen_at is not None
    assert sorted(world.s3.current_keys(RAW)) == before
    assert not world.s3.objects[RAW][f"incoming/{KEY}"]
    assert not world.s3.objects[RAW][f"incoming/{KEY}.metadata.json"]
    world.check()


def test_a_sidecar_counts_by_its_attributes_not_by_its_spelling(world: World) -> None:
    ingested(world, team="platform")
    world.upload(f"{KEY}.metadata.json", '{ "metadataAttributes": { "year": 2026, "team": "platform" } }')
    world.run()
    assert head_of(world).latest_version == 1
    put_sidecar(world, "security")
    world.run()
    comes_to_rest(world)
    assert head_of(world).live_version == 2
    assert world.version(DOCUMENT, 2).metadata["team"] == "security"


def test_an_upload_without_its_sidecar_keeps_the_attributes_that_it_had(world: World) -> None:
    ingested(world, team="platform")
    put(world)
    world.run()
    assert head_of(world).latest_version == 1
    assert world.version(DOCUMENT, 1).metadata["team"] == "platform"


@pytest.mark.parametrize("size", [9, 20_000], ids=["within the beginning", "beyond the beginning"])
def test_other_bytes_of_the_same_length_are_a_new_version(world: World, size: int) -> None:
    check_other_bytes(world, size)


def test_other_bytes_of_the_same_length_are_told_by_their_hash(world: World) -> None:
    check_other_bytes(world, 20_000)


def check_other_bytes(world: World, size: int) -> None:
    text = "# Queues\n\n" + "A queue keeps messages until somebody has read them. " * (size // 50)
    world.upload(KEY, f"{text}Alpha.")
    world.run()
    world.upload(KEY, f"{text}Omega.")
    world.run()
    assert head_of(world).live_version == 2
    assert "Omega" in world.texts(DOCUMENT)


def test_more_bytes_than_can_be_hashed_in_time_are_a_new_version(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchanged, "MAX_HASHED_BYTES", len(TEXTS[LONG]) - 1)
    ingested(world)
    put(world)
    world.run()
    assert head_of(world).live_version == 2


def test_under_other_rules_it_is_a_new_version(world: World) -> None:
    ingested(world)
    world.s3.put_object(Bucket=CONFIG, Key="ingestion-rules/default.json", Body=b'{"chunk_overlap_tokens": 4}')
    world.container = SimContainer(world)
    put(world)
    world.run()
    assert head_of(world).live_version == 2
    assert world.version(DOCUMENT, 2).recipe != world.version(DOCUMENT, 1).recipe


def test_what_the_rules_refuse_by_now_is_refused(world: World) -> None:
    ingested(world)
    world.s3.put_object(Bucket=CONFIG, Key="ingestion-rules/default.json", Body=b'{"max_file_size_bytes": 100}')
    world.container = SimContainer(world)
    put(world)
    world.run()
    assert world.version(DOCUMENT, 2).error_code == "TOO_LARGE"
    assert head_of(world).live_version == 1


def test_with_another_code_it_is_a_new_version(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ingested(world)
    monkeypatch.setattr(recipe, "code_digest", lambda: "other")
    put(world)
    world.run()
    assert head_of(world).live_version == 2


def test_under_another_model_it_is_a_new_version(world: World) -> None:
    ingested(world)
    world.s3.put_object(Bucket=CONFIG, Key="model-configs/default.json", Body=b'{"embedding_model": "another"}')
    world.container = SimContainer(world)
    put(world)
    world.run()
    assert head_of(world).live_version == 2
    assert world.version(DOCUMENT, 2).embedding_model == "another"


def test_a_mail_is_taken_in_again_with_the_attachments_that_somebody_has_deleted(world: World) -> None:
    message = mail("Our offer is attached.", {"terms.md": b"# Terms\n\nPay within 30 days.\n"})
    terms = document_id_for(RAW, "offer.eml/terms.md")
    world.upload("offer.eml", message)
    world.run()
    world.delete("processed/offer.eml/terms.md")
    world.run()
    world.clock.advance(timedelta(minutes=1))
    assert not world.live(terms)
    world.upload("offer.eml", message)
    world.run()
    assert world.live(terms)


def test_after_a_failed_upload_the_former_bytes_are_a_new_version(world: World) -> None:
    """The newest version has failed: to say that all is well takes one that has not."""
    ingested(world)
    world.upload(KEY, BAD)
    world.run()
    put(world)
    world.run()
    comes_to_rest(world)
    assert head_of(world).live_version == 3


def test_a_document_of_several_invocations_is_unchanged_too() -> None:
    world = World(hurried=True)
    ingested(world)
    put(world)
    world.run()
    assert head_of(world).latest_version == 1
    comes_to_rest(world)


def test_a_retry_is_a_retry_though_the_same_bytes_wait(world: World) -> None:
    """Whoever wants a document taken in again has a reason, whether or not the same bytes lie in `incoming/`."""
    ingested(world)
    put(world)
    registered = world.container.intake.register_for_job(ObjectRef(RAW, f"processed/{KEY}"), "job")
    assert registered.version is not None
    comes_to_rest(world)
    assert head_of(world).live_version == 2


@pytest.mark.parametrize("job_type", [JobType.BATCH, JobType.INCREMENTAL])
def test_a_job_counts_it_as_skipped_and_says_why(world: World, job_type: JobType) -> None:
    ingested(world)
    put(world)
    world.notifications.clear()
    job_id = world.start_job(job_type)
    comes_to_rest(world)
    job = job_of(world, job_id)
    assert job.status is JobStatus.COMPLETED
    assert job.statistics["skipped"] == 1
    skipped = [entry for entry in world.report(job) if entry.outcome == "SKIPPED"]
    assert [entry.key for entry in skipped] == [f"incoming/{KEY}"]
    assert "Unchanged" in skipped[0].reason
    assert job.statistics["reingested"] == (1 if job_type is JobType.BATCH else 0)


# --- what happens meanwhile


def test_who_deletes_a_document_and_uploads_it_again_has_it_back(world: World) -> None:
    ingested(world)
    world.delete(f"processed/{KEY}")
    put(world)
    world.notifications.reverse()  # The upload's event comes first.
    comes_to_rest(world)
    assert answers(world) == LONG


def test_a_later_upload_of_the_same_key_is_not_touched(world: World) -> None:
    for calls in range(16):
        world = World()
        ingested(world)
        put(world)
        meanwhile(world, calls, lambda world: put(world, "other"))
        comes_to_rest(world)
        assert answers(world) == "other"


def test_an_earlier_upload_below_it_does_not_come_to_light(world: World) -> None:
    ingested(world)
    put(world, "other")
    put(world)
    world.notifications.pop(0)  # The first one's event never comes.
    comes_to_rest(world)
    assert answers(world) == LONG
    assert head_of(world).latest_version == 1


def test_what_a_crash_has_left_does_not_bring_a_deleted_document_back() -> None:
    for calls in range(24):
        world = World()
        ingested(world)
        put(world)
        world.faults.plan = {world.faults.calls + calls: "crash-before"}
        world.attempt(*world.next_event())
        world.faults.plan.clear()
        noted = head_of(world).unchanged_upload is not None
        world.delete(f"processed/{KEY}")
        comes_to_rest(world)
        if noted:
            assert answers(world) is None, calls
        else:
            assert answers(world) in (None, LONG)


def test_an_upload_that_is_noted_becomes_no_version(world: World) -> None:
    """The other worker has looked at the document before, and decides after the deletion."""
    for calls in range(16):
        world = World()
        ingested(world)
        put(world)

        def note_and_delete(world: World) -> None:
            world.notifications.append(world.delivered[-1])
            world.invoke(*world.next_event())
            world.delete(f"processed/{KEY}")

        world.delivered.append(world.notifications[0])
        meanwhile(world, calls, note_and_delete)
        comes_to_rest(world)
        assert answers(world) is None
        assert head_of(world).latest_version == 1


def test_an_upload_that_another_worker_makes_a_version_of_keeps_its_bytes(world: World) -> None:
    """The document is deleted, and the upload, which lies there yet, is what it is made of then."""
    for calls in range(16):
        world = World()
        ingested(world)
        put(world)
        again, noted = world.notifications[0], []

        def delete_and_register(world: World) -> None:
            noted.append(head_of(world).unchanged_upload is not None)  # noqa: B023
            delete_and_notice(world)
            world.notifications.append(again)  # noqa: B023
            world.invoke(*world.next_event())

        meanwhile(world, calls, delete_and_register)
        comes_to_rest(world)
        assert answers(world) == (None if noted[0] else LONG), calls


def test_who_deletes_and_uploads_while_an_old_event_is_handled_has_it_back(world: World) -> None:
    for calls in range(16):
        world = World()
        ingested(world)
        world.notifications.append(next(note for note in world.delivered if note.event.startswith("ObjectCreated")))
        meanwhile(world, calls, delete_and_upload)
        comes_to_rest(world)
        assert answers(world) == LONG, calls


@dataclass(frozen=True)
class Meanwhile:
    """What users or other workers do while the intake looks at the upload, and what may answer in the end."""

    act: Callable[[World], None]
    allowed: tuple[str | None, ...]


def delete(world: World) -> None:
    world.delete(f"processed/{KEY}")


def delete_and_upload(world: World) -> None:
    world.delete(f"processed/{KEY}")
    put(world)


def delete_and_notice(world: World) -> None:
    """The event of the deletion is handled at once."""
    world.delete(f"processed/{KEY}")
    note = world.notifications.pop()
    world.container.intake.object_removed(ObjectRef(note.bucket, note.key, note.version_id))


def delete_through_the_api(world: World) -> None:
    world.container.documents.delete(DOCUMENT)


def delete_the_upload(world: World) -> None:
    world.delete(f"incoming/{KEY}")


def reingest(world: World) -> None:
    world.container.intake.register_for_job(ObjectRef(RAW, f"processed/{KEY}"), "job")


def sweep(world: World) -> None:
    world.container.intake.register_missed(ObjectRef(RAW, f"incoming/{KEY}"))


def reindex(world: World) -> None:
    world.attempt("batch_reindex", {"job_id": "11111111-job", "job_type": "REINDEX"})


def attributes(world: World) -> None:
    put_sidecar(world, "security")


MEANWHILE = {
    "the same again": Meanwhile(put, (LONG,)),
    "other bytes": Meanwhile(lambda world: put(world, "other"), ("other",)),
    "bytes that cannot be read": Meanwhile(lambda world: (world.upload(KEY, BAD), None)[1], (LONG,)),
    "deleted": Meanwhile(delete, (None, LONG)),
    "deleted and uploaded again": Meanwhile(delete_and_upload, (LONG,)),
    "deleted and noticed": Meanwhile(delete_and_notice, (None, LONG)),
    "deleted through the API": Meanwhile(delete_through_the_api, (None,)),
    "the upload deleted": Meanwhile(delete_the_upload, (LONG,)),
    "driven again by a job": Meanwhile(reingest, (LONG,)),
    "swept at the same time": Meanwhile(sweep, (LONG,)),
    "a reindex": Meanwhile(reindex, (LONG,)),
    "other attributes": Meanwhile(attributes, (LONG,)),
}


def meanwhile(world: World, calls: int, act: Callable[[World], None]) -> None:
    """The intake has made so many calls when the others do theirs, and goes on after them."""
    event = world.next_event()

    def other() -> None:
        if world.faults.gate is not None:
            world.faults.gate()
        try:
            act(world)
        except (ConfigurationError, DependencyUnavailable) as error:
            world.faults.note(f"        {error!r:.200}")

    together(world, [calls, 1000], [lambda: world.attempt(*event), other])


@pytest.mark.parametrize("name", MEANWHILE)
@pytest.mark.failure(2, 3, 5, 38)
def test_whatever_happens_meanwhile(name: str) -> None:
    case = MEANWHILE[name]
    for calls in range(22):
        world = World()
        ingested(world, team="platform")
        put(world, team="platform")
        world.notifications.pop(0)  # Of the sidecar: the document's own says the same.
        meanwhile(world, calls, case.act)
        comes_to_rest(world)
        assert answers(world) in case.allowed, (name, calls)
        if name == "other attributes":
            assert world.version(DOCUMENT, world.live(DOCUMENT)).metadata["team"] == "security", calls
