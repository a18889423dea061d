"""What a crashed batch-reindex leaves behind: a job that says RUNNING for ever, a lease, collections nobody asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from portfolio_rag.models import JobStatus, iso
from portfolio_rag.ports import Clock, JobStore, VectorStore

_VANISHED_AFTER = timedelta(minutes=20)  # Longer than any invocation (15 minutes).
_GRACE = timedelta(minutes=1)  # Queries that read the pointer before a switch end on the old collection.


class Leftovers:
    def __init__(self, jobs: JobStore, vectors: VectorStore, clock: Clock, base_collection: str) -> None:
        self._jobs = jobs
        self._vectors = vectors
        self._clock = clock
        self._base = base_collection

    def clear(self) -> int:
        """Clear all of it away; returns how many jobs, leases and collections that was."""
        return self._end_vanished_jobs() + self._jobs.abandon_build(iso(self._clock.now())) + self._drop_collections()

    def _end_vanished_jobs(self) -> int:
        before = iso(self._clock.now() - _VANISHED_AFTER)
        vanished = [
            job
            for status in (JobStatus.PENDING, JobStatus.RUNNING)
            for job in self._jobs.list(status=status)
            if (job.updated_at or job.started_at) < before
        ]
        ended = 0
        for listed in vanished:
            # The list comes from an index that lags.
            job = self._jobs.get(listed.job_id)
            if job is None or job.status not in (JobStatus.PENDING, JobStatus.RUNNING):
                continue
            reason = "The job stopped without a word, most likely for lack of time or memory. Start it again."
            self._jobs.put(
                replace(
                    job, status=JobStatus.FAILED, completed_at=iso(self._clock.now()), error_details={"job": reason}
                )
            )
            ended += 1
        return ended

    def _drop_collections(self) -> int:
        # Listed before the pointer is read: a collection is named there before it is created.
        ours = [name for name in self._vectors.collections() if name == self._base or name.startswith(f"{self._base}-")]
        pointer = self._jobs.index_pointer()
        if pointer.changed_at is not None and pointer.changed_at > iso(self._clock.now() - _GRACE):
            return 0
        unused = [name for name in ours if name not in pointer.targets]
        for name in unused:
            self._vectors.drop(name)
        return len(unused)
