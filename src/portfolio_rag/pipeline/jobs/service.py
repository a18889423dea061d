"""Batch jobs as people and rules see them: ask for one, look at it, cancel it. pipeline/jobs/runner.py runs them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.errors import ConditionFailed, Conflict, DependencyUnavailable, InvalidRequest, NotFound
from portfolio_rag.domain.jobs import Job, JobStatus, JobType, Trigger
from portfolio_rag.pipeline.jobs.report import JobReport, Outcome, ReportPage
from portfolio_rag.ports.job_store import JobStore
from portfolio_rag.ports.runtime import Clock, JobLauncher

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What starts batch-reindex: the event of the daily rule, what the API sends, or a job that goes on.

    `if_needed` lets a REINDEX end at once when Chroma holds what the backup says. `step` is the job's when it was
    handed over: of several events with the same step, one is heeded.
    """

    job_type: JobType
    triggered_by: Trigger
    job_id: str
    source_s3_prefix: str = ""
    if_needed: bool = False
    step: int = 0

    @classmethod
    def from_event(cls, event: Mapping[str, Any], request_id: str) -> JobRequest:
        """`request_id` names a job that nobody has named: Lambda's retries of one event share it.

        Raises InvalidRequest for a job type or a trigger that does not exist.
        """
        try:
            return cls(
                job_type=JobType(event.get("job_type", JobType.INCREMENTAL)),
                triggered_by=Trigger(event.get("triggered_by", Trigger.EVENT)),
                job_id=str(event.get("job_id") or request_id),
                source_s3_prefix=logical_prefix(str(event.get("source_s3_prefix", ""))),
                if_needed=bool(event.get("if_needed", False)),
                step=int(event.get("step", 0)),
            )
        except ValueError as error:
            raise InvalidRequest(f"{error}. Job types: {', '.join(JobType)}.") from error


def launch(launcher: JobLauncher, job: Job) -> None:
    """Have batch-reindex go on with a job that is recorded. Again is fine: one of them takes it.

    Where that cannot be, check-health does it later.
    """
    try:
        launcher.launch({"job_id": job.job_id, "job_type": job.job_type, "step": job.step})
    except DependencyUnavailable:
        _log.warning("check-health will have job %s go on.", job.job_id, exc_info=True)


def logical_prefix(source: str) -> str:
    """`s3://portfolio-raw/incoming/guides/`, `incoming/guides/` and `guides/` all mean `guides/`."""
    if source.startswith("s3://"):
        source = source.removeprefix("s3://").partition("/")[2]
    return keys.logical_key_of(source.lstrip("/"))


class JobService:
    """The API's side."""

    def __init__(self, jobs: JobStore, report: JobReport, launcher: JobLauncher, clock: Clock) -> None:
        self._jobs = jobs
        self._report = report
        self._launcher = launcher
        self._clock = clock

    def start(
        self,
        job_type: JobType,
        *,
        source_s3_prefix: str = "",
        triggered_by: Trigger = Trigger.USER,
        budget_usd: float | None = None,
    ) -> Job:
        """Record the job as PENDING and start the function; it is RUNNING when the function has picked it up.

        With a budget it is PAUSED when it has cost so much (domain/job_cost.py).
        """
        now = self._clock.now_iso()
        job = Job(
            job_id=str(uuid4()),
            job_type=job_type,
            status=JobStatus.PENDING,
            source_s3_prefix=logical_prefix(source_s3_prefix),
            triggered_by=triggered_by,
            started_at=now,
            updated_at=now,
            budget_usd=budget_usd,
        )
        self._jobs.create(job)
        launch(self._launcher, job)
        return job

    def get(self, job_id: str) -> Job:
        """Raises NotFound."""
        job = self._jobs.get(job_id)
        if job is None:
            raise NotFound(f"There is no job {job_id}.")
        return job

    def list(self, status: JobStatus | None = None, limit: int = 50) -> list[Job]:
        return self._jobs.list(status=status, limit=limit)

    def cancel(self, job_id: str) -> Job:
        """Ask for the end of a job: it stops at its next step and is CANCELLED then. Again is fine.

        Raises NotFound, and Conflict where there is nothing left to stop.
        """
        self.get(job_id)
        try:
            job = self._jobs.request_cancel(job_id, self._clock.now_iso())
        except ConditionFailed:
            current = self.get(job_id)
            if current.status.ended:
                raise Conflict(f"The job has ended already: it is {current.status}.") from None
            raise Conflict("The new index answers already; what is left of the job ends by itself.") from None
        # Nobody may be working on it just now; whoever is does not mind.
        launch(self._launcher, job)
        return job

    def resume(self, job_id: str, budget_usd: float | None = None) -> Job:
        """Have a PAUSED job go on: until it has cost `budget_usd` in all, or without a limit.

        Raises NotFound, InvalidRequest where that much is spent already, and Conflict where it is not PAUSED.
        """
        job = self.get(job_id)
        if budget_usd is not None and budget_usd <= job.spent_usd:
            raise InvalidRequest(f"The job has cost {job.spent_usd:.6f} USD so far: the budget must be more than that.")
        try:
            resumed = self._jobs.resume(job_id, budget_usd, self._clock.now_iso())
        except ConditionFailed:
            raise Conflict(f"The job is not paused: it is {self.get(job_id).status}.") from None
        launch(self._launcher, resumed)
        return resumed

    def documents(
        self, job_id: str, *, outcome: Outcome | None = None, limit: int = 100, cursor: str | None = None
    ) -> ReportPage:
        """What the job has done with each document, a page at a time. Raises NotFound and InvalidRequest."""
        parts = int(self.get(job_id).checkpoint.get("parts", 0))
        return self._report.page(job_id, parts, limit=limit, cursor=cursor, outcome=outcome)


def summary(job: Job) -> str:
    """What came of the job, in one sentence."""
    if job.status is JobStatus.PENDING:
        return "Waiting to be picked up."
    if job.status is JobStatus.PAUSED:
        return (
            f"Paused: it has cost {job.spent_usd:.4f} of {job.budget_usd or 0:.4f} USD. {_so_far(job)} "
            f"`rag jobs resume {job.job_id}` has it go on."
        )
    return _so_far(job)


def _so_far(job: Job) -> str:
    counts = job.statistics
    if job.job_type is JobType.REINDEX:
        return _reindexed(job)
    ingested = sum(counts.get(name, 0) for name in ("new", "modified", "reingested"))
    parts = [
        f"{counts[name]} {word}"
        for name, word in (
            ("new", "new"),
            ("modified", "modified"),
            ("reingested", "unchanged"),
            ("deleted", "deleted"),
            ("skipped", "skipped"),
            ("failed", "failed"),
        )
        if counts.get(name)
    ]
    told = ", ".join(parts) or "nothing there to do"
    if not job.status.ended:
        under_way = counts.get("under_way", 0)
        return f"So far: {told}; {under_way} under way." if under_way else f"So far: {told}."
    words = f"{ingested} document{'s' if ingested > 1 else ''} ingested" if ingested else "Nothing was ingested"
    return f"{'Cancelled. ' if job.status is JobStatus.CANCELLED else ''}{words}: {told}."


def _reindexed(job: Job) -> str:
    windows = job.statistics.get("windows", 0)
    if job.status is JobStatus.COMPLETED:
        if not job.statistics.get("rebuilt"):
            return "The index is as the backup says: nothing to do."
        return f"A new index with {windows} windows of {job.documents_total} documents answers."
    if job.status.ended:
        return f"{job.status.capitalize()}: the index that answered before goes on answering."
    return f"So far: {windows} windows in the new index."
