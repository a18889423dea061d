"""`ingestion_jobs` behind `ports.JobStore`."""

from __future__ import annotations

import builtins
import contextlib
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from portfolio_rag.adapters.dynamodb.table import Item, Table, item, value
from portfolio_rag.domain.errors import ConditionFailed
from portfolio_rag.domain.jobs import Job, JobStatus, JobType, Trigger

STATUS_INDEX = "status-started_at-index"

_FIELDS = tuple(field.name for field in fields(Job))
# What whoever works on a job records of it; all else has one writer of its own.
_WORKED_ON = (
    "documents_total",
    "documents_processed",
    "documents_failed",
    "error_details",
    "statistics",
    "checkpoint",
    "spent_usd",
)
_OPEN = "#status IN (:pending, :running)"
_PAUSED = ("#status = :paused", {":paused": JobStatus.PAUSED})
_OPEN_VALUES = {":pending": JobStatus.PENDING, ":running": JobStatus.RUNNING}


class DynamoJobStore:
    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, job: Job) -> bool:
        return self._table.create(asdict(job), "job_id")

    def claim(self, job_id: str, step: int, now: str, until: str) -> Job:
        return self._change(
            job_id,
            {"status": JobStatus.RUNNING, "run_until": until, "updated_at": now},
            f"{_OPEN} AND #step = :at_step AND (attribute_not_exists(#run_until) OR #run_until < :now)",
            {**_OPEN_VALUES, ":at_step": step, ":now": now},
        )

    def save(self, job: Job, now: str) -> Job:
        return self._owned(job, {**_work(job), "updated_at": now, "relaunches": 0})

    def hand_over(self, job: Job, now: str) -> Job:
        following = {**_work(job), "updated_at": now, "relaunches": 0, "step": job.step + 1}
        return self._owned(job, following, remove=("run_until", "last_error"))

    def pause(self, job: Job, now: str) -> Job:
        following = {**_work(job), "status": JobStatus.PAUSED, "updated_at": now, "relaunches": 0, "step": job.step + 1}
        return self._owned(
            job,
            following,
            remove=("run_until", "last_error"),
            condition=" AND attribute_not_exists(#cancel_requested_at)",
        )

    def resume(self, job_id: str, budget_usd: float | None, now: str) -> Job:
        following = {"status": JobStatus.RUNNING, "updated_at": now}
        limit = {} if budget_usd is None else {"budget_usd": budget_usd}
        no_limit = ("budget_usd",) if budget_usd is None else ()
        return self._change(job_id, {**following, **limit}, *_PAUSED, no_limit)

    def release(self, job: Job, error: str) -> None:
        self._owned(job, {"last_error": error}, remove=("run_until",))

    def end(self, job: Job, now: str) -> Job:
        ended = {**_work(job), "status": job.status, "completed_at": now, "updated_at": now}
        asked = "" if job.status is JobStatus.CANCELLED else " AND attribute_not_exists(#cancel_requested_at)"
        return self._owned(job, ended, remove=("run_until", "last_error"), condition=asked)

    def request_cancel(self, job_id: str, now: str) -> Job:
        with contextlib.suppress(ConditionFailed):
            return self._change(job_id, {"status": JobStatus.RUNNING, "cancel_requested_at": now}, *_PAUSED)
        return self._change(
            job_id,
            {"cancel_requested_at": now},
            f"{_OPEN} AND #switched = :false",
            {**_OPEN_VALUES, ":false": False},
        )

    def relaunched(self, job: Job, now: str) -> Job:
        return self._owned(
            job,
            {"relaunches": job.relaunches + 1, "updated_at": now},
            condition=" AND #step = :at_step AND #updated_at = :seen",
            values={":at_step": job.step, ":seen": job.updated_at},
        )

    def get(self, job_id: str) -> Job | None:
        stored = self._table.get({"job_id": job_id})
        return _job(stored) if stored and "status" in stored else None

    def list(self, *, status: JobStatus | None = None, limit: int = 50) -> builtins.list[Job]:
        jobs: builtins.list[Job] = []
        for wanted in [status] if status else builtins.list(JobStatus):
            newest = self._table.query(
                IndexName=STATUS_INDEX,
                KeyConditionExpression="#status = :status",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={":status": value(wanted)},
                ScanIndexForward=False,
                Limit=limit,
            )
            jobs += [_job(stored) for stored, _ in zip(newest, range(limit), strict=False)]
        return sorted(jobs, key=lambda job: job.started_at, reverse=True)[:limit]

    def switched(self, job: Job, now: str) -> dict[str, Any]:
        """For a transaction: the write that records in the job that its index has been switched."""
        record = _update(
            {**_work(job), "updated_at": now, "relaunches": 0, "switched": True},
            f"{_OPEN} AND #run_until = :mine AND attribute_not_exists(#cancel_requested_at)",
            {**_OPEN_VALUES, ":mine": job.run_until},
        )
        return {"Update": {"TableName": self._table.name, "Key": item(_key(job.job_id)), **record}}

    def _owned(
        self,
        job: Job,
        attributes: Mapping[str, Any],
        *,
        remove: tuple[str, ...] = (),
        condition: str = "",
        values: Mapping[str, Any] | None = None,
    ) -> Job:
        """A write that holds only while the job has not ended and `run_until` is what it was when it was read."""
        held = "#run_until = :mine" if job.run_until else "attribute_not_exists(#run_until)"
        mine = {":mine": job.run_until} if job.run_until else {}
        all_values = {**_OPEN_VALUES, **mine, **(values or {})}
        return self._change(job.job_id, attributes, f"{_OPEN} AND {held}{condition}", all_values, remove)

    def _change(
        self,
        job_id: str,
        attributes: Mapping[str, Any],
        condition: str,
        values: Mapping[str, Any],
        remove: tuple[str, ...] = (),
    ) -> Job:
        return _job(self._table.update(_key(job_id), **_update(attributes, condition, values, remove)))


def _key(job_id: str) -> dict[str, Any]:
    return {"job_id": job_id}


def _work(job: Job) -> dict[str, Any]:
    return {name: getattr(job, name) for name in _WORKED_ON}


def _update(
    attributes: Mapping[str, Any], condition: str, values: Mapping[str, Any], remove: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Every name through a placeholder: `statistics` and `status` are reserved words, and the list grows."""
    changes = ", ".join(f"#{name} = :{name}" for name in attributes)
    removals = ", ".join(f"#{name}" for name in remove)
    update = f"SET {changes}" + (f" REMOVE {removals}" if remove else "")
    names = [name for name in _FIELDS if f"#{name} " in f"{update} {condition} ".replace(",", " ").replace(")", " ")]
    return {
        "UpdateExpression": update,
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {f"#{name}": name for name in names},
        "ExpressionAttributeValues": {
            **{f":{name}": value(content) for name, content in attributes.items()},
            **{name: value(content) for name, content in values.items()},
        },
    }


def _job(stored: Item) -> Job:
    known = {name: stored[name] for name in _FIELDS if name in stored}
    return Job(
        **{
            **known,
            "job_type": JobType(stored["job_type"]),
            "status": JobStatus(stored["status"]),
            "triggered_by": Trigger(stored["triggered_by"]),
        }
    )
