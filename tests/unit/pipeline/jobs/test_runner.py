"""batch-reindex: its three kinds of job."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portfolio_rag.domain.errors import Conflict
from portfolio_rag.domain.identifiers import iso
from portfolio_rag.domain.jobs import Job, JobStatus, JobType, Trigger
from portfolio_rag.pipeline.jobs.service import JobRequest, logical_prefix
from tests.simulation.world import COLLECTION, World

GUIDE = "# Topics\n\n" + "\n\n".join(f"Paragraph {n} says something about topic {n} at length." for n in range(40))


def run(world: World, job_type: JobType, *, prefix: str = "", if_needed: bool = False, job_id: str = "job-0001") -> Job:
    """Run a job; whenever it waits, the rest of the world goes on."""
    built = world.container
    built.sleep = lambda seconds: world.run()
    request = JobRequest(job_type, Trigger.USER, job_id, logical_prefix(prefix), if_needed)
    return built.job_runner.run(request, end=world.clock.now() + timedelta(minutes=10))


def test_incremental_ingests_what_was_missed_and_counts_it(world: World) -> None:
    world.upload("a.md", GUIDE)
    world.upload("b.png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 64)
    world.notifications.clear()
    job = run(world, JobType.INCREMENTAL)
    assert (job.status, job.documents_total, job.documents_processed, job.documents_failed) == (
        JobStatus.COMPLETED, 2, 1, 1,
    )  # fmt: skip
    assert job.error_details["incoming/b.png"].startswith("UNSUPPORTED_TYPE")
    assert world.container.jobs.get("job-0001") == job
    assert job.completed_at is not None


def test_batch_ingests_everything_under_its_prefix_again_without_embedding(world: World) -> None:
    inside = world.upload("guides/a.md", GUIDE)
    outside = world.upload("other/b.md", GUIDE.replace("topic", "matter"))
    world.run()
    before = world.embedder.embedded.total()
    job = run(world, JobType.BATCH, prefix="s3://portfolio-raw/processed/guides/")
    world.check()
    assert (job.documents_total, job.documents_processed, job.statistics["reingested"]) == (1, 1, 1)
    assert (world.live(inside), world.live(outside)) == (2, 1)
    assert world.embedder.embedded.total() == before


def test_a_job_that_ingested_nothing_but_failures_is_no_success(world: World) -> None:
    world.upload("b.png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 64)
    world.notifications.clear()
    assert run(world, JobType.INCREMENTAL).status is JobStatus.FAILED


@pytest.mark.failure(23)
def test_reindex_rebuilds_a_wiped_index_from_the_backup_without_embedding(world: World) -> None:
    document_id = world.upload("a.md", GUIDE)
    world.run()
    windows, before = world.windows(document_id), world.embedder.embedded.total()
    world.chroma.data.clear()
    job = run(world, JobType.REINDEX)
    world.check()
    assert job.status is JobStatus.COMPLETED
    assert job.statistics["windows"] == len(windows)
    assert world.windows(document_id) == windows
    assert world.embedder.embedded.total() == before
    assert COLLECTION not in world.chroma.data


def test_reindex_if_needed_does_nothing_when_all_is_well(world: World) -> None:
    world.upload("a.md", GUIDE)
    world.run()
    job = run(world, JobType.REINDEX, if_needed=True)
    assert (job.status, job.statistics["rebuilt"]) == (JobStatus.COMPLETED, 0)
    assert COLLECTION in world.chroma.data


def test_reindex_if_needed_rebuilds_when_a_vector_is_gone(world: World) -> None:
    world.upload("a.md", GUIDE)
    world.run()
    world.chroma.data[COLLECTION].popitem()
    assert run(world, JobType.REINDEX, if_needed=True).statistics["rebuilt"] == 1
    world.check()


@pytest.mark.failure(28)
def test_documents_ingested_during_a_reindex_are_in_the_new_index(world: World) -> None:
    world.upload("a.md", GUIDE)
    world.run()
    now = world.clock.now()
    world.container.index_aliases.begin_build("building", "someone", iso(now), iso(now + timedelta(minutes=20)))
    document_id = world.upload("b.md", GUIDE.replace("topic", "matter"))
    world.run()
    assert {record.metadata["document_id"] for record in world.chroma.data["building"].values()} == {document_id}


@pytest.mark.failure(29)
def test_two_reindexes_do_not_overlap(world: World) -> None:
    now = world.clock.now()
    world.container.index_aliases.begin_build("building", "someone", iso(now), iso(now + timedelta(minutes=20)))
    with pytest.raises(Conflict, match="Another reindex is running"):
        run(world, JobType.REINDEX)
    recorded = world.container.jobs.get("job-0001")
    assert recorded is not None
    assert recorded.status is JobStatus.FAILED
    assert "Another reindex" in recorded.error_details["job"]


@pytest.mark.failure(29)
def test_a_lease_left_by_a_crash_expires(world: World) -> None:
    world.upload("a.md", GUIDE)
    world.run()
    now = world.clock.now()
    world.container.index_aliases.begin_build("building", "someone", iso(now), iso(now + timedelta(minutes=20)))
    world.clock.advance(timedelta(minutes=21))
    assert run(world, JobType.REINDEX).status is JobStatus.COMPLETED
    world.check()


@pytest.mark.failure(29, 30)
def test_what_a_vanished_reindex_was_building_is_cleared_when_its_lease_is_over(world: World) -> None:
    now = world.clock.now()
    building = f"{COLLECTION}-vanished"
    world.container.index_aliases.begin_build(building, "someone", iso(now), iso(now + timedelta(minutes=20)))
    world.container.vectors.ensure(building, fingerprint=world.embedder.fingerprint)
    document_id = world.upload("a.md", GUIDE)
    world.run()
    windows = world.windows(document_id)
    world.clock.advance(timedelta(minutes=19))
    world.container.abandoned_work.recover()
    assert world.container.index_aliases.current().building == building
    assert building in world.chroma.data
    world.clock.advance(timedelta(minutes=2))
    world.rest()
    assert world.container.index_aliases.current().building is None
    assert list(world.chroma.data) == [COLLECTION]
    assert world.windows(document_id) == windows


def test_a_failed_rebuild_leaves_the_old_index_answering(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    document_id = world.upload("a.md", GUIDE)
    world.run()
    windows = world.windows(document_id)

    def broken(*args: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(world.container.backup, "read", broken)
    with pytest.raises(RuntimeError):
        run(world, JobType.REINDEX)
    assert world.windows(document_id) == windows
    assert world.container.index_aliases.current().building is None


def test_a_job_whose_event_comes_twice_runs_once(world: World) -> None:
    world.upload("a.md", GUIDE)
    world.run()
    first = run(world, JobType.BATCH)
    assert run(world, JobType.BATCH) == first


@pytest.mark.parametrize("source", ["s3://portfolio-raw/incoming/guides/", "incoming/guides/", "/guides/", "guides/"])
def test_every_way_to_write_a_prefix(source: str) -> None:
    assert logical_prefix(source) == "guides/"
