"""One invocation's hold on a job: how far it is, recorded step by step, as long as the job is this invocation's."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import Any

from portfolio_rag.domain.errors import ConditionFailed
from portfolio_rag.domain.job_cost import JobWork
from portfolio_rag.domain.jobs import Job, JobStatus
from portfolio_rag.ports.index_alias import IndexAliases
from portfolio_rag.ports.job_store import JobStore
from portfolio_rag.ports.runtime import Clock


class StopReason(Enum):
    """Why an invocation stops before the job has ended."""

    OUT_OF_TIME = "there is more to do: the next invocation goes on at once"
    WAITING = "others have to finish first: check-health has somebody look again"


class Cancelled(Exception):
    """Somebody has asked for the end of the job."""


class ClaimLost(Exception):
    """Another invocation has the job, or it has ended: nothing that this one does counts any more."""


class ClaimedJob:
    def __init__(self, jobs: JobStore, clock: Clock, job: Job, deadline: datetime) -> None:
        self.job = job
        self._jobs = jobs
        self._clock = clock
        self._deadline = deadline
        self._has_progressed = False
        self._unrecorded = JobWork()
        self._counted_until = clock.now()

    @property
    def is_over_budget(self) -> bool:
        """True once the job has cost what it may, the work that is not recorded yet included."""
        return self.job.budget_usd is not None and self._spent() >= self.job.budget_usd

    def charge(self, *, documents: int = 0, windows: int = 0) -> None:
        """Count work that costs something; the time of this invocation is counted by itself."""
        self._unrecorded = replace(
            self._unrecorded,
            documents=self._unrecorded.documents + documents,
            windows=self._unrecorded.windows + windows,
        )

    def _spent(self) -> float:
        seconds = (self._clock.now() - self._counted_until).total_seconds()
        return self.job.spent_usd + replace(self._unrecorded, seconds=seconds).usd

    def _charged(self, job: Job) -> Job:
        """The job with all that was spent on it, which is recorded then."""
        charged = replace(job, spent_usd=self._spent())
        self._unrecorded, self._counted_until = JobWork(), self._clock.now()
        return charged

    def has_time_for(self, seconds: float = 0.0) -> bool:
        """True while there is time for what takes so long, and until this invocation has come any further at all.

        The next step, for which no time is named, also needs money: where the budget is used up there is none.

        Otherwise a job whose invocations are as good as over when they begin would hand over for ever.
        """
        if self.is_over_budget and not seconds:
            return False
        if not self._has_progressed and not seconds:
            return True
        return (self._deadline - self._clock.now()).total_seconds() > seconds

    def checkpoint_value(self, name: str, start: Any) -> Any:
        """One value of the checkpoint; `start` before it was ever recorded."""
        return self.job.checkpoint.get(name, start)

    def save(self, checkpoint: dict[str, Any] | None = None, **changes: Any) -> None:
        """Record how far it is: values of the checkpoint, and attributes of the job.

        Always after the work that it stands for, which may be done twice and must never be left out. Raises Cancelled
        and ClaimLost.
        """
        changed = replace(self.job, checkpoint={**self.job.checkpoint, **(checkpoint or {})}, **changes)
        job = self._charged(changed)
        try:
            self.job = self._jobs.save(job, self._clock.now_iso())
        except ConditionFailed as error:
            raise ClaimLost(job.job_id) from error
        self._has_progressed = True
        self._raise_if_cancelled()

    def switch(self, aliases: IndexAliases, collection: str) -> bool:
        """Let that collection answer; false without the lease. Raises Cancelled and ClaimLost."""
        try:
            self.job = aliases.switch(self.job, collection, self._clock.now_iso())
        except ConditionFailed:
            mine, self.job = self.job.run_until, self._jobs.get(self.job.job_id) or self.job
            if self.job.status.ended or self.job.run_until != mine:
                raise ClaimLost(self.job.job_id) from None
            self._raise_if_cancelled()
            return False
        return True

    def hand_over(self, reason: StopReason) -> Job:
        """Let the next invocation go on from here. Raises ClaimLost."""
        checkpoint = {**self.job.checkpoint, "waiting": reason is StopReason.WAITING}
        try:
            return self._jobs.hand_over(self._charged(replace(self.job, checkpoint=checkpoint)), self._clock.now_iso())
        except ConditionFailed as error:
            raise ClaimLost(self.job.job_id) from error

    def pause(self) -> Job:
        """Leave the job until somebody resumes it. Raises Cancelled where that was asked for instead, and ClaimLost."""
        try:
            return self._jobs.pause(self._charged(self.job), self._clock.now_iso())
        except ConditionFailed as error:
            raise self._cancelled_or_lost(self.job) from error

    def end(self, job: Job) -> Job:
        """Record the end. Raises Cancelled where that is its end instead, and ClaimLost."""
        try:
            return self._jobs.end(self._charged(job), self._clock.now_iso())
        except ConditionFailed as error:
            raise self._cancelled_or_lost(job) from error

    def _cancelled_or_lost(self, job: Job) -> Cancelled | ClaimLost:
        current = self._jobs.get(job.job_id)
        if current is not None and not current.status.ended and current.run_until == job.run_until:
            return Cancelled(job.job_id)
        return ClaimLost(job.job_id)

    def _raise_if_cancelled(self) -> None:
        if self.job.cancel_requested_at is not None:
            raise Cancelled(self.job.job_id)


def cancelled(job: Job) -> Job:
    """The job as it is recorded when it ends because somebody asked for it."""
    reason = "It was cancelled. What it had sent on before is ingested all the same."
    return replace(job, status=JobStatus.CANCELLED, error_details={**job.error_details, "job": reason})
