"""What a job would take, told before it starts; the sums are written out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from portfolio_rag.domain.identifiers import iso
from portfolio_rag.domain.job_cost import JobWork, document_usd
from portfolio_rag.domain.jobs import Job, JobStatus, JobType, Trigger
from portfolio_rag.pipeline.jobs.estimate import JobEstimate
from tests.simulation.schedule import text_of
from tests.simulation.world import EMBEDDINGS, World

PICTURE = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


def filled(world: World) -> World:
    world.upload("guides/a.md", text_of("a", 4))
    world.upload("guides/b.md", text_of("b", 2))
    world.upload("c.md", text_of("c", 1))
    world.upload("guides/d.png", PICTURE)
    world.rest()
    return world


def chunks_of(world: World, prefix: str = "") -> int:
    versions = world.container.registry.iter_by_status("COMPLETED")  # type: ignore[arg-type]
    return sum(version.chunk_count or 0 for version in versions if version.s3_key.startswith(f"processed/{prefix}"))


def earlier(world: World, job_id: str, seconds: float, **changes: object) -> None:
    """A job that took so long."""
    began = world.clock.now() - timedelta(days=1)
    job = Job(job_id, JobType.REINDEX, JobStatus.COMPLETED, "", Trigger.USER, iso(began),
              completed_at=iso(began + timedelta(seconds=seconds)))  # fmt: skip
    world.container.jobs.create(replace(job, **changes))  # type: ignore[arg-type]


def estimate(world: World, job_type: JobType, prefix: str = "") -> JobEstimate:
    return world.container.job_estimator.estimate(job_type, source_s3_prefix=prefix)


def test_what_one_document_costs_by_hand() -> None:
    # 0.5 × 0.4 + 1.73 × 1.3 + 3 × 1.73 × 0.025 GB-seconds, 4 requests, 8 writes and reads of S3, 40 + 20 + 3 write
    # units, 40 read units, 12 messages, 100 KB through NAT, 4 KB of logs.
    assert document_usd(1, 3) == pytest.approx(
        2.57875 * 0.0000166667 + 4 * 0.0000002 + 8 * 0.0000054 + 63 * 0.000000625 + 40 * 0.000000125
        + 12 * 0.0000004 + 0.0001 * 0.045 + 0.000004 * 0.50
    )  # fmt: skip
    assert document_usd(0, 0) == 0
    assert JobWork(seconds=100).usd == pytest.approx(173 * 0.0000166667)
    assert JobWork(windows=500).usd == pytest.approx(20 * 0.0000054)


def test_a_reindex_copies_what_the_backup_has(world: World) -> None:
    filled(world)
    windows = 3 * chunks_of(world)
    told = estimate(world, JobType.REINDEX)
    assert told == JobEstimate(JobType.REINDEX, 3, windows, 0, windows / 1_000, told.usd, 0)
    assert told.usd == pytest.approx(JobWork(seconds=windows / 1_000, windows=windows).usd)


def test_a_reindex_embeds_what_the_backup_lacks(world: World) -> None:
    filled(world)
    for key in list(world.s3.current_keys(EMBEDDINGS, "")):
        world.s3.delete_object(Bucket=EMBEDDINGS, Key=key)
    windows = 3 * chunks_of(world)
    told = estimate(world, JobType.REINDEX)
    assert (told.windows_copied, told.windows_embedded, told.seconds) == (0, windows, windows / 40)


def test_the_time_is_that_of_the_last_jobs(world: World) -> None:
    filled(world)
    windows = 3 * chunks_of(world)
    earlier(world, "copied", 10, statistics={"windows": 300, "embedded": 0}, documents_total=3)
    earlier(world, "copied-too", 20, statistics={"windows": 300, "embedded": 0}, documents_total=3)
    # Not of its kind: nothing to do, everything embedded, paused on its way, no reindex.
    earlier(world, "none", 500, statistics={"windows": 0, "embedded": 0}, documents_total=3)
    earlier(world, "embedded", 500, statistics={"windows": 300, "embedded": 3}, documents_total=3)
    earlier(world, "paused", 500, statistics={"windows": 300, "embedded": 0}, documents_total=3, budget_usd=1.0)
    earlier(world, "batch", 500, job_type=JobType.BATCH, documents_processed=3)
    told = estimate(world, JobType.REINDEX)
    assert told.measured_jobs == 2
    assert told.seconds == pytest.approx(windows / (600 / 30))


def test_a_batch_counts_what_is_under_its_prefix_failures_included(world: World) -> None:
    filled(world)
    told = estimate(world, JobType.BATCH, "s3://portfolio-raw/processed/guides/")
    windows = 3 * chunks_of(world, "guides/") + 15.5
    assert (told.documents, told.windows_embedded) == (3, round(windows))
    assert told.seconds == pytest.approx(3 / 5)
    assert told.usd == pytest.approx(JobWork(seconds=3 / 5).usd + document_usd(3, windows))
    assert estimate(world, JobType.BATCH).documents == 4
    earlier(world, "batch", 60, job_type=JobType.BATCH, documents_processed=30)
    assert estimate(world, JobType.BATCH).seconds == pytest.approx(4 / 0.5)


def test_an_incremental_counts_what_waits(world: World) -> None:
    filled(world)
    assert estimate(world, JobType.INCREMENTAL).documents == 0
    world.upload("guides/new.md", text_of("new", 1))
    world.upload("guides/new.md.metadata.json", "{}")
    told = estimate(world, JobType.INCREMENTAL, "guides/")
    assert (told.documents, told.windows_embedded) == (1, 16)


def test_an_estimate_starts_nothing(world: World) -> None:
    filled(world)
    for job_type in JobType:
        estimate(world, job_type)
    assert world.container.jobs.list() == []
    assert not world.invocations
