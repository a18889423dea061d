"""The index alias and the lease of a reindex behind `ports.IndexAliases`: one item beside the jobs."""

from __future__ import annotations

import contextlib

from portfolio_rag.adapters.dynamodb.job_store import DynamoJobStore
from portfolio_rag.adapters.dynamodb.table import Item, Table, Wanted, item, value
from portfolio_rag.domain.errors import ConditionFailed, Conflict, NotFound
from portfolio_rag.domain.jobs import Job
from portfolio_rag.ports.index_alias import IndexAlias


class DynamoIndexAliases:
    """`table` is that of the jobs; `base_collection` answers until a reindex has moved the alias."""

    def __init__(self, table: Table, jobs: DynamoJobStore, base_collection: str) -> None:
        self._table = table
        self._jobs = jobs
        self._base = base_collection
        # No `status`: the item is in no index and never listed as a job.
        self._key = {"job_id": f"index#{base_collection}"}

    def current(self) -> IndexAlias:
        return self.of(self._table.get(self._key))

    def wanted(self) -> Wanted:
        """The alias as a part of a larger read, for what `of` makes of it."""
        return Wanted(self._table, (self._key,))

    def of(self, stored: Item | None) -> IndexAlias:
        """The alias that an item holds; without one, nothing has moved it yet."""
        stored = stored or {}
        return IndexAlias(stored.get("live", self._base), stored.get("building"), stored.get("changed_at"))

    def begin_build(self, collection: str, owner: str, now: str, until: str) -> None:
        try:
            self._table.update(
                self._key,
                UpdateExpression="SET live = if_not_exists(live, :base), building = :building, changed_at = :now, "
                "lease_owner = :owner, lease_until = :until",
                ConditionExpression="attribute_not_exists(lease_owner) OR lease_until < :now OR lease_owner = :owner",
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

    def renew_build(self, owner: str, until: str) -> None:
        self._table.update(
            self._key,
            UpdateExpression="SET lease_until = :until",
            ConditionExpression="lease_owner = :owner",
            ExpressionAttributeValues={":owner": value(owner), ":until": value(until)},
        )

    def abandon_build(self, now: str) -> bool:
        try:
            self._table.update(
                self._key,
                UpdateExpression="SET changed_at = :now REMOVE building, lease_owner, lease_until",
                ConditionExpression="lease_until < :now",
                ExpressionAttributeValues={":now": value(now)},
            )
        except ConditionFailed:
            return False
        return True

    def end_build(self, owner: str) -> None:
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                self._key,
                UpdateExpression="REMOVE building, lease_owner, lease_until",
                ConditionExpression="lease_owner = :owner",
                ExpressionAttributeValues={":owner": value(owner)},
            )

    def switch(self, job: Job, collection: str, now: str) -> Job:
        moved = {
            "TableName": self._table.name,
            "Key": item(self._key),
            "UpdateExpression": "SET live = :live, changed_at = :now REMOVE building, lease_owner, lease_until",
            "ConditionExpression": "lease_owner = :owner",
            "ExpressionAttributeValues": {
                ":live": value(collection),
                ":now": value(now),
                ":owner": value(job.job_id),
            },
        }
        self._table.transact([{"Update": moved}, self._jobs.switched(job, now)])
        stored = self._jobs.get(job.job_id)
        if stored is None:
            raise NotFound(f"There is no job {job.job_id}.")
        return stored
