"""`ingestion_jobs` behind `ports.JobStore`; the index pointer and the reindex lease are one item beside the jobs."""

from __future__ import annotations

import builtins
from dataclasses import asdict, fields

from portfolio_rag.adapters.dynamodb import Item, Table, value
from portfolio_rag.errors import ConditionFailed, Conflict
from portfolio_rag.models import Job, JobStatus, JobType, Trigger
from portfolio_rag.ports import IndexPointer

STATUS_INDEX = "status-started_at-index"

_FIELDS = tuple(field.name for field in fields(Job))


class DynamoJobStore:
    def __init__(self, table: Table, base_collection: str) -> None:
        self._table = table
        self._base = base_collection
        # No `status`: the item is in no index and never listed as a job.
        self._pointer_key = {"job_id": f"index#{base_collection}"}

    def put(self, job: Job) -> None:
        self._table.put(asdict(job))

    def get(self, job_id: str) -> Job | None:
        stored = self._table.get({"job_id": job_id})
        return _job(stored) if stored and "status" in stored else None

    def list(self, *, status: JobStatus | None = None, limit: int = 50) -> builtins.list[Job]:
        found: builtins.list[Job] = []
        for wanted in [status] if status else builtins.list(JobStatus):
            newest = self._table.query(
                IndexName=STATUS_INDEX,
                KeyConditionExpression="#status = :status",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={":status": value(wanted)},
                ScanIndexForward=False,
                Limit=limit,
            )
            found += [_job(stored) for stored, _ in zip(newest, range(limit), strict=False)]
        return sorted(found, key=lambda job: job.started_at, reverse=True)[:limit]

    def index_pointer(self) -> IndexPointer:
        stored = self._table.get(self._pointer_key) or {}
        return IndexPointer(stored.get("live", self._base), stored.get("building"), stored.get("changed_at"))

    def begin_build(self, collection: str, owner: str, now: str, until: str) -> None:
        try:
            self._table.update(
                self._pointer_key,
                UpdateExpression="SET live = if_not_exists(live, :base), building = :building, changed_at = :now, "
                "lease_owner = :owner, lease_until = :until",
                ConditionExpression="attribute_not_exists(lease_owner) OR lease_until < :now",
                ExpressionAttributeValues={
                    ":base": value(self._base),
                    ":building": value(collection),
                    ":owner": value(owner),
                    ":until": value(until),
                    ":now": value(now),
                },
            )
        except ConditionFailed as error:
            raise Conflict("Another reindex is running: wait until it has ended, then start again.") from error

    def abandon_build(self, now: str) -> bool:
        try:
            self._table.update(
                self._pointer_key,
                UpdateExpression="SET changed_at = :now REMOVE building, lease_owner, lease_until",
                ConditionExpression="lease_until < :now",
                ExpressionAttributeValues={":now": value(now)},
            )
        except ConditionFailed:
            return False
        return True

    def end_build(self, owner: str, now: str, *, live: str | None) -> None:
        self._table.update(
            self._pointer_key,
            UpdateExpression=f"SET {'live = :live, ' if live else ''}changed_at = :now "
            "REMOVE building, lease_owner, lease_until",
            ConditionExpression="lease_owner = :owner",
            ExpressionAttributeValues={
                ":owner": value(owner),
                ":now": value(now),
                **({":live": value(live)} if live else {}),
            },
        )


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
