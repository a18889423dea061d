"""batch-reindex: one invocation of a job of type BATCH, INCREMENTAL or REINDEX, recorded in `ingestion_jobs`.

A job goes on over as many invocations as it takes. Each takes the job (`claim`), works from the checkpoint until its
time is nearly over, records how far it is, and invokes the function again for the next step. That event may come twice,
late or never: the claim lets one invocation at a time work on a job and refuses events of earlier steps, and
check-health launches a job again that nobody works on (pipeline/maintenance/abandoned_jobs.py).
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from datetime import datetime, timedelta

from portfolio_rag.domain.errors import ConditionFailed, DependencyUnavailable, NotFound, PortfolioRagError
from portfolio_rag.domain.identifiers import iso
from portfolio_rag.domain.jobs import Job, JobStatus, JobType
from portfolio_rag.pipeline.jobs.claim import Cancelled, ClaimedJob, ClaimLost, StopReason, cancelled
from portfolio_rag.pipeline.jobs.ingest import IngestJob
from portfolio_rag.pipeline.jobs.reindex import ReindexJob
from portfolio_rag.pipeline.jobs.service import JobRequest, launch
from portfolio_rag.ports.job_store import JobStore
from portfolio_rag.ports.runtime import Clock, JobLauncher

_log = logging.getLogger(__name__)

_RESERVE = timedelta(seconds=20)
"""Of the invocation, for recording how far it is: no step takes longer."""

_MARGIN = timedelta(seconds=30)
"""Clocks differ; after it, an invocation is over for certain."""

_MAX_STEPS = 2000
"""Of 15 minutes each, three weeks. A function that invokes itself needs a bound of its own (see terraform/main.tf)."""


class JobRunner:
    def __init__(
        self, jobs: JobStore, ingest: IngestJob, reindex: ReindexJob, launcher: JobLauncher, clock: Clock
    ) -> None:
        self._jobs = jobs
        self._ingest = ingest
        self._reindex = reindex
        self._launcher = launcher
        self._clock = clock

    def run(self, request: JobRequest, *, end: datetime) -> Job:
        """Work on the job until it ends, has to wait, or the invocation nears its `end`; the job as recorded then.

        What another invocation has, what has ended and what is of an earlier step is left alone. When a dependency is
        down the job is let go of and the error raised, for a later try. Any other error ends it as FAILED and is raised
        too.
        """
        self._record(request)
        try:
            job = self._jobs.claim(request.job_id, request.step, self._clock.now_iso(), iso(end + _MARGIN))
        except ConditionFailed:
            _log.info("Job %s is not to be taken at step %s.", request.job_id, request.step)
            return self._recorded(request.job_id)
        claimed = ClaimedJob(self._jobs, self._clock, job, end - _RESERVE)
        try:
            return self._work(claimed)
        except ClaimLost:
            return self._recorded(job.job_id)
        except DependencyUnavailable as error:
            self._release(claimed, error)
            raise

    def _record(self, request: JobRequest) -> None:
        """A job that a rule has asked for is recorded by the function itself."""
        now = self._clock.now_iso()
        new = Job(
            job_id=request.job_id,
            job_type=request.job_type,
            status=JobStatus.PENDING,
            source_s3_prefix=request.source_s3_prefix,
            triggered_by=request.triggered_by,
            started_at=now,
            updated_at=now,
            checkpoint={"if_needed": True} if request.if_needed else {},
        )
        if request.step == 0:
            self._jobs.create(new)

    def _recorded(self, job_id: str) -> Job:
        job = self._jobs.get(job_id)
        if job is None:
            raise NotFound(f"There is no job {job_id}.")
        return job

    def _work(self, claimed: ClaimedJob) -> Job:
        try:
            if claimed.job.cancel_requested_at is not None:
                raise Cancelled(claimed.job.job_id)
            result = (self._reindex if claimed.job.job_type is JobType.REINDEX else self._ingest).work(claimed)
            if isinstance(result, Job):
                return claimed.end(result)
            if result is StopReason.OUT_OF_TIME and claimed.is_over_budget:
                return self._pause(claimed)
            if claimed.job.step >= _MAX_STEPS:
                raise PortfolioRagError(f"The job is not at its end after {_MAX_STEPS} invocations.")
            return self._hand_over(claimed, result)
        except Cancelled:
            self._give_up(claimed.job)
            return claimed.end(cancelled(claimed.job))
        except (ClaimLost, DependencyUnavailable):
            raise
        except Exception as error:
            self._give_up(claimed.job)
            self._fail(claimed, error)
            raise

    def _fail(self, claimed: ClaimedJob, error: Exception) -> None:
        details = {"job": f"{type(error).__name__}: {error}", **claimed.job.error_details}
        try:
            claimed.end(replace(claimed.job, status=JobStatus.FAILED, error_details=details))
        except Cancelled:
            claimed.end(cancelled(replace(claimed.job, error_details=details)))

    def _give_up(self, job: Job) -> None:
        if job.job_type is JobType.REINDEX:
            self._reindex.abandon(job)

    def _pause(self, claimed: ClaimedJob) -> Job:
        if claimed.job.job_type is JobType.REINDEX:
            self._reindex.keep(claimed.job)
        return claimed.pause()

    def _hand_over(self, claimed: ClaimedJob, reason: StopReason) -> Job:
        job = claimed.hand_over(reason)
        if reason is StopReason.OUT_OF_TIME or job.cancel_requested_at is not None:
            launch(self._launcher, job)
        return job

    def _release(self, claimed: ClaimedJob, error: DependencyUnavailable) -> None:
        """So that the next try need not wait until this invocation would have been over."""
        with contextlib.suppress(PortfolioRagError):
            self._jobs.release(claimed.job, str(error))
