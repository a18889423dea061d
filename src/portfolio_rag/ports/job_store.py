"""The table of jobs."""

from __future__ import annotations

from typing import Protocol

from portfolio_rag.domain.jobs import Job, JobStatus


class JobStore(Protocol):
    """`ingestion_jobs`.

    Whoever changes a job has taken it (`claim`): the other writes hold only while `run_until` is what that one has
    written, and raise ConditionFailed when another invocation has the job, or it has ended.
    """

    def create(self, job: Job) -> bool:
        """Record a new job; false if there is one of that id."""

    def claim(self, job_id: str, step: int, now: str, until: str) -> Job:
        """Take a job that has not ended, at that step, while nobody else works on it. Raises ConditionFailed."""

    def save(self, job: Job, now: str) -> Job:
        """Record how far it is; returns the job as stored, with what others have written (a request to cancel)."""

    def hand_over(self, job: Job, now: str) -> Job:
        """The same, and let go of it: the next invocation begins with `step` + 1."""

    def pause(self, job: Job, now: str) -> Job:
        """The same, and PAUSED: it rests until it is resumed. Not where somebody has asked to cancel it."""

    def resume(self, job_id: str, budget_usd: float | None, now: str) -> Job:
        """Let a PAUSED job go on, within that budget. Raises ConditionFailed where it is not PAUSED."""

    def release(self, job: Job, error: str) -> None:
        """Let go of it as it was recorded last, because of that error: it may be taken at the same step again."""

    def end(self, job: Job, now: str) -> Job:
        """Record its end. COMPLETED and FAILED hold only where nobody has asked to cancel it."""

    def request_cancel(self, job_id: str, now: str) -> Job:
        """Ask for its end; again is fine, and a PAUSED job goes on to it.

        Raises ConditionFailed once it has ended or its index has been switched.
        """

    def relaunched(self, job: Job, now: str) -> Job:
        """Count another launch of a job that nobody works on; only if it has not been touched since it was read."""

    def get(self, job_id: str) -> Job | None: ...

    def list(self, *, status: JobStatus | None = None, limit: int = 50) -> list[Job]:
        """Newest first."""
