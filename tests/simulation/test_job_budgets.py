"""Jobs that stop when they have cost what they may, lose nothing by it and go on."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from portfolio_rag.domain.errors import Conflict, InvalidRequest
from portfolio_rag.domain.job_cost import JobWork
from portfolio_rag.domain.jobs import JobStatus, JobType
from portfolio_rag.domain.versions import live_collection
from portfolio_rag.pipeline.jobs.service import summary
from tests.simulation.test_job_steps import ingested, job_of, mark_of
from tests.simulation.world import COLLECTION, World

DOCUMENT = JobWork(documents=1).usd
NOTHING = 1e-12
"""Of a dollar: the first step uses it up."""


def run_paused(world: World, job_type: JobType, budget: float) -> str:
    """A job that its budget has stopped, when nothing more is delivered."""
    job_id = world.jobs.start(job_type, budget_usd=budget).job_id
    world.run()
    assert job_of(world, job_id).status is JobStatus.PAUSED
    return job_id


def test_a_batch_stops_at_its_budget_and_goes_on_from_there(world: World) -> None:
    ids = ingested(world, 9)
    job_id = run_paused(world, JobType.BATCH, 3.5 * DOCUMENT)
    paused = job_of(world, job_id)
    # The fourth has used it up, and no more than a step beyond it.
    assert sum(mark_of(world, document_id)[-1] == job_id for document_id in ids) == 4
    assert 3.5 * DOCUMENT <= paused.spent_usd < 4.5 * DOCUMENT
    assert paused.documents_total == 4
    assert f"{paused.spent_usd:.4f} of {3.5 * DOCUMENT:.4f} USD" in summary(paused)
    assert f"rag jobs resume {job_id}" in summary(paused)

    world.jobs.resume(job_id, 6.5 * DOCUMENT)
    world.run()
    again = job_of(world, job_id)
    assert (again.status, again.documents_total) == (JobStatus.PAUSED, 7)

    world.jobs.resume(job_id)
    world.rest()
    world.check()
    ended = job_of(world, job_id)
    assert (ended.status, ended.documents_processed, ended.budget_usd) == (JobStatus.COMPLETED, 9, None)
    assert [mark_of(world, document_id) for document_id in ids] == [[None, job_id]] * 9
    assert ended.spent_usd >= 9 * DOCUMENT


def test_a_reindex_keeps_what_it_has_built_and_ingestion_writes_to_it(world: World) -> None:
    ingested(world, 30)
    embedded = world.embedder.embedded.total()
    job_id = run_paused(world, JobType.REINDEX, NOTHING)
    built = job_of(world, job_id).statistics["windows"]
    building = world.container.index_aliases.current().building
    assert building is not None
    assert 0 < built == len(world.chroma.data[building])
    # Days later: nobody has launched it, taken its lease or dropped its collection.
    world.clock.advance(timedelta(days=2))
    for _ in range(3):
        world.attempt("check_health", {})
    assert job_of(world, job_id).relaunches == 0
    assert building in world.chroma.data
    added = world.upload("late.md", "# Late\n\nUploaded while the job was paused.\n")
    world.run()
    assert any(id_.startswith(chunk.chunk_id) for chunk in world.container.chunks.of_document(added, version=1)
               for id_ in world.chroma.data[building])  # fmt: skip
    once = world.embedder.embedded.total()
    assert once > embedded

    world.jobs.resume(job_id)
    world.rest()
    world.check()
    assert job_of(world, job_id).status is JobStatus.COMPLETED
    assert world.container.index_aliases.current().live == building
    assert world.embedder.embedded.total() == once


def test_a_reindex_that_was_left_too_long_begins_anew_and_embeds_nothing(world: World) -> None:
    ingested(world, 30)
    embedded = world.embedder.embedded.total()
    windows = world.windows()
    job_id = run_paused(world, JobType.REINDEX, NOTHING)
    world.clock.advance(timedelta(days=8))
    for _ in range(2):
        world.attempt("check_health", {})
        world.clock.advance(timedelta(minutes=5))
    assert world.container.index_aliases.current().building is None
    assert {live_collection(name) for name in world.chroma.data} == {COLLECTION}
    world.jobs.resume(job_id)
    world.rest()
    world.check()
    assert job_of(world, job_id).status is JobStatus.COMPLETED
    assert world.windows() == windows
    assert world.embedder.embedded.total() == embedded


@pytest.mark.parametrize("job_type", JobType)
def test_a_paused_job_can_be_cancelled(world: World, job_type: JobType) -> None:
    ingested(world, 30)
    if job_type is JobType.INCREMENTAL:
        for number in range(5):
            world.upload(f"new{number}.md", f"# New\n\nDocument {number} is new.\n")
        world.notifications.clear()
    job_id = run_paused(world, job_type, NOTHING)
    world.jobs.cancel(job_id)
    world.rest()
    world.check()
    assert job_of(world, job_id).status is JobStatus.CANCELLED
    assert world.container.index_aliases.current().building is None
    assert {live_collection(name) for name in world.chroma.data} == {COLLECTION}


def test_only_a_paused_job_is_resumed_and_only_with_more(world: World) -> None:
    ingested(world, 9)
    job_id = run_paused(world, JobType.BATCH, 2 * DOCUMENT)
    with pytest.raises(InvalidRequest, match="must be more than that"):
        world.jobs.resume(job_id, DOCUMENT)
    assert job_of(world, job_id).status is JobStatus.PAUSED
    world.jobs.resume(job_id)
    with pytest.raises(Conflict, match="RUNNING"):
        world.jobs.resume(job_id)
    world.rest()
    with pytest.raises(Conflict, match="COMPLETED"):
        world.jobs.resume(job_id)


def test_whatever_happens_meanwhile_a_budget_loses_no_document() -> None:
    """Crashes, duplicates and lost events around jobs that stop again and again."""
    for seed in range(6):
        world = World(random.Random(seed), duplicates=0.3)
        world.lost_invocations = 0.2
        ids = ingested(world, 6)
        budget = NOTHING
        job_id = world.jobs.start(JobType.BATCH, budget_usd=budget).job_id
        for _ in range(20):
            world.rest()
            job = job_of(world, job_id)
            if job.status is not JobStatus.PAUSED:
                break
            world.jobs.resume(job_id, job.spent_usd + DOCUMENT / 2)
        world.check()
        job = job_of(world, job_id)
        if job.status is JobStatus.COMPLETED:
            assert {mark_of(world, document_id)[-1] for document_id in ids} == {job_id}
        else:
            assert "stopped at the same place" in job.error_details["job"]
