"""Jobs that need many invocations, are started twice, lost or cancelled; and what they tell of each document."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from portfolio_rag.domain.documents import DocumentStatus, ObjectRef
from portfolio_rag.domain.errors import Conflict, InvalidRequest, NotFound
from portfolio_rag.domain.jobs import Job, JobStatus, JobType
from portfolio_rag.pipeline.documents.vector_backup import BackupEntry, VectorBackup
from portfolio_rag.pipeline.ingestion.registration import Registration
from portfolio_rag.pipeline.jobs.report import Outcome
from portfolio_rag.pipeline.jobs.service import summary
from portfolio_rag.ports.vector_store import VectorRecord
from tests.simulation.schedule import text_of
from tests.simulation.world import COLLECTION, EMBEDDINGS, RAW, Invocation, World

HARDLY_ANY = timedelta(milliseconds=5)
PICTURE = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


def ingested(world: World, count: int) -> list[str]:
    """So many documents at rest; their ids."""
    ids = [world.upload(f"{number:02d}.md", text_of(f"name{number}", 1)) for number in range(count)]
    world.rest()  # Looked over too: what is missing after this, nobody mends.
    return ids


def job_of(world: World, job_id: str) -> Job:
    job = world.container.jobs.get(job_id)
    assert job is not None
    return job


def step(world: World, job_id: str) -> Job:
    """The next invocation of the job, alone."""
    world.invocations.clear()
    world.attempt("batch_reindex", {"job_id": job_id, "step": job_of(world, job_id).step})
    return job_of(world, job_id)


def mark_of(world: World, document_id: str) -> list[str | None]:
    return [version.job_id for version in reversed(world.container.registry.versions(document_id))]


# --- over many invocations


def test_a_job_knows_what_it_has_driven_though_another_has_driven_it_since(world: World) -> None:
    [document_id] = ingested(world, 1)
    original = ObjectRef(RAW, "processed/00.md")
    intake = world.container.intake
    first = intake.register_for_job(original, "job-1").version
    world.rest()
    intake.register_for_job(original, "job-2")
    world.rest()
    again = intake.register_for_job(original, "job-1")
    assert first is not None
    assert again.version is not None
    assert (again.version.version, again.already_registered) == (first.version, True)
    assert mark_of(world, document_id) == [None, "job-1", "job-2"]


def test_a_batch_goes_on_by_itself_and_drives_every_document_once(world: World) -> None:
    ids = ingested(world, 9)
    world.upload("new.md", text_of("new", 1))
    world.upload("picture.png", PICTURE)
    world.notifications.clear()
    job_id = world.start_job(JobType.BATCH, work=HARDLY_ANY)
    world.rest()
    world.check()
    job = job_of(world, job_id)
    assert job.step >= 3
    assert job.status is JobStatus.COMPLETED
    assert (job.documents_total, job.documents_processed, job.documents_failed) == (11, 10, 1)
    assert {name: count for name, count in job.statistics.items() if count} == {
        "scanned": 11, "new": 1, "reingested": 9, "failed": 1,
    }  # fmt: skip
    assert [mark_of(world, document_id) for document_id in ids] == [[None, job_id]] * 9


@pytest.mark.parametrize("job_type", JobType)
def test_continuations_may_come_twice_late_or_never(job_type: JobType) -> None:
    for seed in range(6):
        world = World(random.Random(seed), duplicates=0.3)
        world.lost_invocations = 0.3
        ingested(world, 4)
        job_id = world.start_job(job_type, work=HARDLY_ANY)
        world.rest()
        world.check()
        job = job_of(world, job_id)
        # What is lost again and again is given up after a while, and says so.
        assert job.status is JobStatus.COMPLETED or "stopped at the same place" in job.error_details["job"]


def test_every_invocation_comes_further_even_if_its_time_is_over_when_it_begins(world: World) -> None:
    ingested(world, 3)
    for job_type in JobType:
        job_id = world.start_job(job_type, work=timedelta(0))
        world.rest()
        world.check()
        assert (job_of(world, job_id).status, job_of(world, job_id).step < 20) == (JobStatus.COMPLETED, True)


def test_an_event_of_an_earlier_step_changes_nothing(world: World) -> None:
    ingested(world, 6)
    job_id = world.start_job(JobType.BATCH, work=HARDLY_ANY)
    after = step(world, job_id)
    assert after.step == 1
    world.attempt("batch_reindex", {"job_id": job_id, "step": 0})
    assert job_of(world, job_id) == after


def test_while_one_invocation_works_another_one_of_the_same_step_is_refused(world: World) -> None:
    ids = ingested(world, 3)
    job_id = world.start_job(JobType.BATCH)
    world.invocations.clear()
    world.faults.plan = {world.faults.calls + 12: "crash-before"}
    assert not world.attempt("batch_reindex", {"job_id": job_id})
    held = job_of(world, job_id)
    assert held.run_until is not None
    world.attempt("batch_reindex", {"job_id": job_id})
    assert job_of(world, job_id) == held
    # Once that one is over for certain, the same event goes on with what it has left.
    world.clock.advance(timedelta(minutes=16))
    world.attempt("batch_reindex", {"job_id": job_id})
    world.rest()
    world.check()
    assert [mark_of(world, document_id) for document_id in ids] == [[None, job_id]] * 3
    assert job_of(world, job_id).statistics["reingested"] == 3


def crash(world: World) -> None:
    """Whoever makes the next external call dies before it."""
    world.faults.plan = {world.faults.calls: "crash-before"}


class CrashAt:
    """In the place of a method: the process dies with its `number`-th call."""

    def __init__(self, world: World, method: Callable[..., Any], number: int) -> None:
        self._world = world
        self._method = method
        self._left = number

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._left -= 1
        if self._left == 0:
            crash(self._world)
        return self._method(*args, **kwargs)


@pytest.mark.failure(34)
def test_what_a_job_drove_before_a_crash_is_counted_though_it_has_moved_since(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        world.upload(f"{number}.md", text_of(f"name{number}", 1))
    world.notifications.clear()
    job_id = world.start_job(JobType.INCREMENTAL)
    intake = world.container.intake
    monkeypatch.setattr(intake, "register_for_job", CrashAt(world, intake.register_for_job, 3))
    assert not world.attempt("batch_reindex", {"job_id": job_id})
    world.invocations.clear()
    world.run()
    assert len(world.s3.current_keys("portfolio-raw", "processed/")) == 2
    world.clock.advance(timedelta(minutes=16))
    world.attempt("batch_reindex", {"job_id": job_id})
    world.rest()
    world.check()
    assert job_of(world, job_id).statistics["new"] == 4


@pytest.mark.failure(28, 34)
def test_a_crash_in_the_middle_of_copying_leaves_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(hurried=True)
    ingested(world, 6)
    windows = world.windows()
    # Two entries a batch: the copy dies while it reads the second one, before it writes any of it.
    backup = world.container.stores.backup
    monkeypatch.setattr(backup, "read", CrashAt(world, backup.read, 3))
    job_id = world.start_job(JobType.REINDEX)
    assert not world.attempt("batch_reindex", {"job_id": job_id})
    world.rest()
    world.check()
    assert job_of(world, job_id).status is JobStatus.COMPLETED
    assert world.windows() == windows


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_job_whose_continuation_never_comes_is_given_up_with_the_reason(world: World, cancelled: bool) -> None:
    ingested(world, 6)
    job_id = world.start_job(JobType.REINDEX, work=HARDLY_ANY)
    assert step(world, job_id).status is JobStatus.RUNNING
    if cancelled:
        world.jobs.cancel(job_id)
    for _ in range(12):
        world.invocations.clear()
        world.clock.advance(timedelta(minutes=5))
        world.attempt("check_health", {})
    job = job_of(world, job_id)
    if cancelled:
        assert (job.status, job.error_details["job"][:17]) == (JobStatus.CANCELLED, "It was cancelled.")
    else:
        assert job.status is JobStatus.FAILED
        assert "stopped at the same place 4 times" in job.error_details["job"]
    assert world.container.index_aliases.current().building is None
    assert set(world.chroma.data) == {COLLECTION}


def test_a_dependency_that_is_down_stops_a_job_and_does_not_end_it(world: World) -> None:
    ingested(world, 6)
    job_id = world.start_job(JobType.REINDEX, work=HARDLY_ANY)
    step(world, job_id)
    world.chroma.down = True
    stopped = step(world, job_id)
    assert (stopped.status, stopped.run_until, stopped.last_error) == (JobStatus.RUNNING, None, "Chroma is down.")
    world.chroma.down = False
    world.rest()
    world.check()
    assert job_of(world, job_id).status is JobStatus.COMPLETED


def test_the_record_stays_small_and_the_report_has_every_reason(world: World) -> None:
    for number in range(110):
        world.upload(f"{number:04d}{'x' * 900}.png", PICTURE)
    world.notifications.clear()
    job_id = world.start_job(JobType.INCREMENTAL)
    world.rest()
    stored = world.dynamo.tables["ingestion_jobs"].items[job_id,]
    assert len(json.dumps(stored)) < 100_000
    job = job_of(world, job_id)
    assert (job.status, job.documents_failed, job.statistics["failed"]) == (JobStatus.FAILED, 110, 110)
    assert job.error_details["job"] == "Nothing was ingested: 110 failed, 0 were skipped."
    assert summary(job) == "Nothing was ingested: 110 failed."
    told, cursor = [], None
    while True:
        page = world.jobs.documents(job_id, limit=35, cursor=cursor)
        told += page.items
        if (cursor := page.cursor) is None:
            break
    assert len({entry.key for entry in told}) == len(told) == 110
    assert all(entry.reason.startswith("UNSUPPORTED_TYPE: ") for entry in told)


def test_a_report_that_has_expired_is_named_and_the_job_keeps_its_counts(world: World) -> None:
    ingested(world, 3)
    job_id = world.start_job(JobType.BATCH)
    world.rest()
    assert len(world.jobs.documents(job_id).items) == 3
    world.container.store.delete_prefix(EMBEDDINGS, "jobs/")
    with pytest.raises(NotFound, match=r"lifecycle_days\.job_reports"):
        world.jobs.documents(job_id)
    assert job_of(world, job_id).documents_total == 3


def test_a_reindex_goes_on_where_it_stopped_and_keeps_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(hurried=True)
    ids = ingested(world, 6)
    read: list[str] = []
    backup_read = type(world.container.backup).read

    def noted(self: VectorBackup, entry: BackupEntry) -> list[VectorRecord]:
        read.append(entry.key)
        return backup_read(self, entry)

    monkeypatch.setattr(type(world.container.backup), "read", noted)
    job_id = world.start_job(JobType.REINDEX, work=HARDLY_ANY)
    windows = {document_id: world.windows(document_id) for document_id in ids}
    while not step(world, job_id).status.ended:
        # Far longer in all than any lease lasts, and somebody looks for expired ones all the while.
        world.clock.advance(timedelta(minutes=70))
        invocations = world.invocations[:]
        world.container.abandoned_work.recover()
        world.invocations[:] = invocations
        with pytest.raises(Conflict, match="Another reindex is running"):
            world.container.index_aliases.begin_build("other", "somebody", "2026-01-01", "2026-01-02")
        assert {document_id: world.windows(document_id) for document_id in ids} == windows
    assert job_of(world, job_id).status is JobStatus.COMPLETED
    assert job_of(world, job_id).step >= 3
    assert len(read) == len(set(read)), "something was copied twice"
    world.rest()
    world.check()


def test_a_reindex_that_has_lost_its_lease_begins_anew(world: World) -> None:
    ids = ingested(world, 6)
    job_id = world.start_job(JobType.REINDEX, work=HARDLY_ANY)
    step(world, job_id)
    assert step(world, job_id).statistics["windows"] > 0
    copied = world.chroma.data[world.container.index_aliases.current().building or ""].values()
    document_id = next(iter(copied)).metadata["document_id"]
    assert document_id in ids
    world.clock.advance(timedelta(hours=3))
    world.container.index_aliases.abandon_build("2027-01-01")
    # Gone while nobody wrote to the new collection: the copy that has been made of it must not answer.
    world.container.documents.delete(document_id)
    world.rest()
    world.check()
    assert job_of(world, job_id).status is JobStatus.COMPLETED
    assert not world.windows(document_id)


def test_a_reindex_whose_new_collection_is_gone_begins_anew(world: World) -> None:
    ingested(world, 6)
    job_id = world.start_job(JobType.REINDEX, work=HARDLY_ANY)
    step(world, job_id)
    assert step(world, job_id).statistics["windows"] > 0
    building = world.container.index_aliases.current().building
    assert building is not None
    del world.chroma.data[building]
    world.rest()
    world.check()
    assert job_of(world, job_id).status is JobStatus.COMPLETED


def test_after_a_change_of_model_a_reindex_embeds_each_text_once_over_many_invocations(world: World) -> None:
    ids = ingested(world, 5)
    world.embedder.fingerprint = "another"
    world.embedder.embedded.clear()
    job_id = world.start_job(JobType.REINDEX, work=HARDLY_ANY)
    world.rest()
    job = job_of(world, job_id)
    assert job.status is JobStatus.COMPLETED
    assert job.step >= 3
    assert job.statistics["embedded"] == 5
    assert set(world.embedder.embedded.values()) == {1}
    assert {entry.document_id for entry in world.report(job)} == set(ids)
    assert {entry.outcome for entry in world.report(job)} == {Outcome.EMBEDDED}
    assert len(world.windows()) == job.statistics["windows"]


# --- what a job tells


def test_every_document_has_an_outcome_and_a_reason(world: World) -> None:
    ingested(world, 2)
    world.upload("waits.md", text_of("waits", 1))
    world.step()  # registered, and in the queue
    world.upload("new.md", text_of("new", 1))
    world.upload("00.md", text_of("changed", 1))
    world.upload("picture.png", PICTURE)
    world.delete("processed/01.md")
    world.notifications.clear()
    job_id = world.start_job(JobType.INCREMENTAL)
    step(world, job_id)
    world.rest()
    world.check()
    told = {entry.key: (entry.outcome, entry.reason) for entry in world.report(job_of(world, job_id))}
    failed = told.pop("incoming/picture.png")
    assert (failed[0], failed[1][:16]) == (Outcome.FAILED, "UNSUPPORTED_TYPE")
    assert told == {
        "incoming/00.md": (Outcome.MODIFIED, "Uploaded anew, or its attributes were."),
        "incoming/new.md": (Outcome.NEW, "Uploaded."),
        "incoming/waits.md": (Outcome.SKIPPED, "Under way already."),
        "processed/01.md": (Outcome.DELETED, "Its object is gone from processed/."),
    }
    assert summary(job_of(world, job_id)) == "2 documents ingested: 1 new, 1 modified, 1 deleted, 1 skipped, 1 failed."
    page = world.jobs.documents(job_id, outcome=Outcome.SKIPPED)
    assert [entry.key for entry in page.items] == ["incoming/waits.md"]
    with pytest.raises(InvalidRequest, match="cursor"):
        world.jobs.documents(job_id, cursor="somewhere")


def test_a_batch_tells_what_has_changed_from_what_was_only_ingested_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(world, 2)
    failed = world.upload("empty.md", "")
    world.run()
    assert world.version(failed, 1).status is DocumentStatus.FAILED
    intake = world.container.intake
    register = intake.register_for_job

    def uploaded_meanwhile(ref: ObjectRef, job_id: str) -> Registration:
        monkeypatch.setattr(intake, "register_for_job", register)
        world.upload("00.md", text_of("changed", 1))
        world.notifications.clear()
        return register(ref, job_id)

    monkeypatch.setattr(intake, "register_for_job", uploaded_meanwhile)
    job_id = world.start_job(JobType.BATCH)
    world.rest()
    world.check()
    job = job_of(world, job_id)
    told = {entry.key: (entry.outcome, entry.reason) for entry in world.report(job)}
    assert told.pop("failed/empty.md")[0] is Outcome.FAILED
    assert told == {
        "incoming/00.md": (Outcome.MODIFIED, "Uploaded anew, or its attributes were."),
        "processed/01.md": (Outcome.REINGESTED, "Unchanged: ingested again under the rules in force."),
    }
    assert job.documents_processed == 2
    assert summary(job) == "2 documents ingested: 1 modified, 1 unchanged, 1 failed."


def test_a_document_that_is_replaced_while_the_job_waits_is_skipped_with_the_reason(world: World) -> None:
    ingested(world, 1)
    job_id = world.start_job(JobType.BATCH, work=timedelta(seconds=1))
    step(world, job_id)
    world.upload("00.md", text_of("changed", 1))
    world.rest()
    entry = world.report(job_of(world, job_id))[0]
    assert (entry.outcome, entry.reason[:11]) == (Outcome.SKIPPED, "SUPERSEDED:")


def test_a_batch_that_finds_nothing_is_no_success(world: World) -> None:
    ingested(world, 1)
    job_id = world.start_job(JobType.BATCH, prefix="guidez/")
    world.rest()
    job = job_of(world, job_id)
    assert job.status is JobStatus.FAILED
    assert job.error_details["job"] == "Nothing was ingested: there is no document under 'guidez/'."


def test_an_incremental_job_with_nothing_to_do_says_so(world: World) -> None:
    job_id = world.start_job(JobType.INCREMENTAL)
    assert summary(job_of(world, job_id)) == "Waiting to be picked up."
    world.rest()
    assert job_of(world, job_id).status is JobStatus.COMPLETED
    assert summary(job_of(world, job_id)) == "Nothing was ingested: nothing there to do."


# --- cancelling


def test_a_cancelled_batch_stops_and_lets_what_it_has_sent_on_finish(world: World) -> None:
    ids = ingested(world, 9)
    job_id = world.start_job(JobType.BATCH, work=HARDLY_ANY)
    driven = step(world, job_id).documents_total
    assert 0 < driven < 9
    asked = world.jobs.cancel(job_id)
    assert asked.status is JobStatus.RUNNING
    assert asked.cancel_requested_at is not None
    world.rest()
    world.check()
    job = job_of(world, job_id)
    assert job.status is JobStatus.CANCELLED
    assert job.error_details["job"] == "It was cancelled. What it had sent on before is ingested all the same."
    assert sum(mark_of(world, document_id) == [None, job_id] for document_id in ids) == driven
    assert [world.live(document_id) for document_id in ids] == [2] * driven + [1] * (9 - driven)
    with pytest.raises(Conflict, match="has ended already: it is CANCELLED"):
        world.jobs.cancel(job_id)


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_a_cancelled_reindex_leaves_the_old_index_and_no_lease(world: World, steps: int) -> None:
    document_id = ingested(world, 6)[0]
    windows = world.windows(document_id)
    job_id = world.start_job(JobType.REINDEX, work=HARDLY_ANY)
    for _ in range(steps):
        assert step(world, job_id).status is JobStatus.RUNNING
    world.jobs.cancel(job_id)
    world.jobs.cancel(job_id)  # again is fine
    world.run()
    assert job_of(world, job_id).status is JobStatus.CANCELLED
    assert set(world.chroma.data) == {COLLECTION}
    assert world.windows(document_id) == windows
    following = world.start_job(JobType.REINDEX)
    world.rest()
    assert job_of(world, following).status is JobStatus.COMPLETED
    world.check()


def test_a_job_that_waits_for_documents_can_be_cancelled(world: World) -> None:
    ingested(world, 1)
    job_id = world.start_job(JobType.BATCH, work=timedelta(seconds=1))
    waiting = step(world, job_id)
    assert (waiting.status, waiting.checkpoint["waiting"]) == (JobStatus.RUNNING, True)
    world.jobs.cancel(job_id)
    world.rest()
    assert job_of(world, job_id).status is JobStatus.CANCELLED


def test_a_reindex_whose_new_index_answers_cannot_be_cancelled(world: World) -> None:
    ingested(world, 2)
    job_id = world.start_job(JobType.REINDEX)
    world.container.sleep = lambda seconds: crash(world)
    world.run()
    assert job_of(world, job_id).switched
    with pytest.raises(Conflict, match="new index answers already"):
        world.jobs.cancel(job_id)
    world.rest()
    world.check()
    assert job_of(world, job_id).status is JobStatus.COMPLETED


def test_a_job_that_is_cancelled_in_its_last_moment_is_cancelled(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ingested(world, 1)
    job_id = world.start_job(JobType.INCREMENTAL)
    end = type(world.container.jobs).end

    def late(store: object, job: Job, now: str) -> Job:
        if job.status is JobStatus.COMPLETED:
            world.jobs.cancel(job_id)
        return end(store, job, now)  # type: ignore[arg-type]

    monkeypatch.setattr(type(world.container.jobs), "end", late)
    world.run()
    assert job_of(world, job_id).status is JobStatus.CANCELLED


def test_a_reindex_that_is_cancelled_before_its_switch_never_switches(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(world, 1)
    job_id = world.start_job(JobType.REINDEX)
    switch = type(world.container.index_aliases).switch

    def late(store: object, job: Job, collection: str, now: str) -> Job:
        world.jobs.cancel(job_id)
        return switch(store, job, collection, now)  # type: ignore[arg-type]

    monkeypatch.setattr(type(world.container.index_aliases), "switch", late)
    world.run()
    assert job_of(world, job_id).status is JobStatus.CANCELLED
    assert set(world.chroma.data) == {COLLECTION}
    world.check()


def test_an_unknown_job_cannot_be_cancelled(world: World) -> None:
    with pytest.raises(NotFound):
        world.jobs.cancel("nobody")


def test_a_rule_that_is_tried_again_starts_no_second_job(world: World) -> None:
    ingested(world, 1)
    event = {"job_type": "REINDEX", "triggered_by": "SCHEDULED", "if_needed": True}
    world.invocations.append(Invocation("batch_reindex", event))
    world.faults.plan = {world.faults.calls + 6: "fails"}
    world.run()
    jobs = world.container.jobs.list()
    assert [(job.status, job.triggered_by) for job in jobs] == [(JobStatus.COMPLETED, "SCHEDULED")]
