"""What batch-reindex leaves behind: jobs that nobody works on, a lease, collections that nobody asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from portfolio_rag.domain.errors import ConditionFailed
from portfolio_rag.domain.identifiers import iso
from portfolio_rag.domain.jobs import Job, JobStatus, JobType
from portfolio_rag.domain.versions import live_collection
from portfolio_rag.pipeline.jobs.claim import cancelled
from portfolio_rag.pipeline.jobs.service import launch
from portfolio_rag.ports.index_alias import IndexAliases
from portfolio_rag.ports.job_store import JobStore
from portfolio_rag.ports.runtime import Clock, JobLauncher
from portfolio_rag.ports.vector_store import VectorStore

_LATE = timedelta(minutes=10)
"""An asynchronous invocation comes within seconds; under throttling, within minutes."""

_MAX_RELAUNCHES = 3
_GRACE = timedelta(minutes=1)
"""Queries that read the alias before a switch end on the old collection."""


class AbandonedWork:
    def __init__(
        self,
        jobs: JobStore,
        aliases: IndexAliases,
        launcher: JobLauncher,
        vectors: VectorStore,
        clock: Clock,
        base_collection: str,
    ) -> None:
        self._jobs = jobs
        self._aliases = aliases
        self._launcher = launcher
        self._vectors = vectors
        self._clock = clock
        self._base = base_collection

    def recover(self) -> int:
        """Have jobs go on and clear the rest away; returns how many jobs, leases and collections had been left."""
        abandoned = sum(self._look_after(job.job_id) for job in self._open_jobs())
        return abandoned + self._aliases.abandon_build(self._clock.now_iso()) + self._drop_collections()

    def _open_jobs(self) -> list[Job]:
        return [job for status in (JobStatus.PENDING, JobStatus.RUNNING) for job in self._jobs.list(status=status)]

    def _look_after(self, job_id: str) -> bool:
        """Launch a job again that waits, or whose invocation was lost or has died; end it when that does not help.

        True if it had been lost.
        """
        job = self._jobs.get(job_id)  # The list comes from an index that lags.
        if job is None or job.status.ended or job.status is JobStatus.PAUSED:
            return False
        now = self._clock.now()
        if job.run_until is not None and job.run_until > iso(now):
            return False
        waits = job.run_until is None and job.relaunches == 0 and bool(job.checkpoint.get("waiting"))
        if not waits and job.run_until is None and (job.updated_at or job.started_at) > iso(now - _LATE):
            return False
        try:
            if job.relaunches >= _MAX_RELAUNCHES:
                self._end(job)
            else:
                launch(self._launcher, self._jobs.relaunched(job, iso(now)))
        except ConditionFailed:
            return False  # It went on by itself.
        return not waits

    def _end(self, job: Job) -> None:
        reason = (
            f"It stopped at the same place {_MAX_RELAUNCHES + 1} times. "
            f"{job.last_error or 'Most likely it lacks memory: the log of batch-reindex tells.'} Start it again."
        )
        failed = replace(job, status=JobStatus.FAILED, error_details={"job": reason, **job.error_details})
        ended = cancelled(job) if job.cancel_requested_at is not None else failed
        if job.job_type is JobType.REINDEX:
            self._aliases.end_build(job.job_id)
        self._jobs.end(ended, self._clock.now_iso())

    def _drop_collections(self) -> int:
        # Listed before the alias is read: a collection is named there before it is created.
        ours = [name for name in self._vectors.collections() if self._is_ours(live_collection(name))]
        alias = self._aliases.current()
        if alias.changed_at is not None and alias.changed_at > iso(self._clock.now() - _GRACE):
            return 0
        unused = [name for name in ours if live_collection(name) not in alias.targets]
        for name in unused:
            self._vectors.drop(name)
        return len(unused)

    def _is_ours(self, collection: str) -> bool:
        return collection == self._base or collection.startswith(f"{self._base}-")
