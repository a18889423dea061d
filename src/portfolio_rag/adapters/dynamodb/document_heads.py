"""The heads of documents: what answers, what was deleted, what is to be reconciled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from portfolio_rag.adapters.dynamodb.document_items import DUE, EXPIRING, HEAD, STATUS_INDEX, document_key, head_of
from portfolio_rag.adapters.dynamodb.table import Table, item, value
from portfolio_rag.domain.documents import DocumentHead, DocumentVersion
from portfolio_rag.domain.versions import Publication, Publications

AS_READ = (
    "(attribute_not_exists(unchanged_upload) OR unchanged_upload = :unchanged) "
    "AND (attribute_not_exists(forgotten) OR forgotten = :forgotten)"
)
"""No upload was noted as unchanged since the head was read, as what is noted so must not become a version; and no
version was forgotten, as that must not be undone. `as_read` gives its values."""


class DocumentHeads:
    def __init__(self, table: Table) -> None:
        self._table = table

    def head(self, document_id: str) -> DocumentHead | None:
        stored = self._table.get(document_key(document_id, HEAD))
        return head_of(stored) if stored else None

    def heads(self, *, after: str = "") -> Iterator[DocumentHead]:
        start = {"ExclusiveStartKey": item(document_key(after, HEAD))} if after else {}
        for stored in self._table.scan(
            FilterExpression="#version = :head",
            ExpressionAttributeNames={"#version": "version"},
            ExpressionAttributeValues={":head": value(HEAD)},
            **start,
        ):
            yield head_of(stored)

    def heads_of(self, document_ids: Iterable[str]) -> dict[str, DocumentHead]:
        rows = self._table.get_many(document_key(document_id, HEAD) for document_id in dict.fromkeys(document_ids))
        return {row["document_id"]: head_of(row) for row in rows}

    def mark_deleted(self, head: DocumentHead, now: str) -> None:
        self._change_head(head, "SET live_version = :zero, publications = :none, deleted_at = :now", now)

    def unpublish(self, head: DocumentHead, now: str) -> None:
        self._change_head(head, "SET live_version = :zero, publications = :none", now)

    def forget_versions(self, head: DocumentHead, kept: Publications, now: str) -> None:
        self._table.update(
            document_key(head.document_id, HEAD),
            UpdateExpression="SET publications = :kept, forgotten = :more, #status = :due, upload_timestamp = :now",
            ConditionExpression=f"live_version = :live AND latest_version = :latest AND {AS_READ}",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={
                **as_read(head),
                ":kept": value([asdict(entry) for entry in kept]),
                ":more": value(head.forgotten + 1),
                ":due": value(DUE),
                ":now": value(now),
            },
        )

    def record_unchanged_upload(self, head: DocumentHead, upload: str | None, now: str) -> None:
        self._table.update(
            document_key(head.document_id, HEAD),
            UpdateExpression="SET last_seen_at = :now" + (", unchanged_upload = :upload" if upload else ""),
            ConditionExpression="latest_version = :latest AND live_version = :live "
            f"AND attribute_not_exists(deleted_at) AND {AS_READ}",
            ExpressionAttributeValues={
                **as_read(head),
                ":now": value(now),
                **({":upload": value(upload)} if upload else {}),
            },
        )

    def pending_reconciliation(self, *, changed_after: str = "") -> Iterator[DocumentHead]:
        condition, values = "#status = :due", {":due": value(DUE)}
        if changed_after:
            condition += " AND upload_timestamp > :after"
            values[":after"] = value(changed_after)
        for stored in self._table.query(
            IndexName=STATUS_INDEX,
            KeyConditionExpression=condition,
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues=values,
        ):
            yield head_of(stored)

    def mark_reconciled(self, head: DocumentHead, *, expires: str | None = None) -> None:
        values = {":seen": value(head.due), ":due": value(DUE)}
        if expires is not None:
            values |= {":expiring": value(EXPIRING), ":expires": value(expires)}
        self._table.update(
            document_key(head.document_id, HEAD),
            UpdateExpression="REMOVE #status, upload_timestamp"
            if expires is None
            else "SET #status = :expiring, upload_timestamp = :expires",
            ConditionExpression="#status = :due AND upload_timestamp = :seen",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues=values,
        )

    def expiring(self, *, before: str) -> Iterator[DocumentHead]:
        for stored in self._table.query(
            IndexName=STATUS_INDEX,
            KeyConditionExpression="#status = :expiring AND upload_timestamp < :before",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":expiring": value(EXPIRING), ":before": value(before)},
        ):
            yield head_of(stored)

    def _change_head(self, head: DocumentHead, update: str, now: str) -> None:
        self._table.update(
            document_key(head.document_id, HEAD),
            UpdateExpression=f"{update}, #status = :due, upload_timestamp = :now",
            ConditionExpression="latest_version = :latest AND live_version = :live",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={
                ":zero": value(0),
                ":none": value([]),
                ":due": value(DUE),
                ":now": value(now),
                ":latest": value(head.latest_version),
                ":live": value(head.live_version),
            },
        )


def publication(table_name: str, version: DocumentVersion, now: str) -> dict[str, Any]:
    """The action of a transaction that lets a version answer: only the newest one, of a document that is there."""
    return {
        "Update": {
            "TableName": table_name,
            "Key": item(document_key(version.document_id, HEAD)),
            "UpdateExpression": "SET live_version = :version, #status = :due, upload_timestamp = :now, "
            "publications = list_append(if_not_exists(publications, :none), :published)",
            "ConditionExpression": "live_version < :version AND latest_version = :version "
            "AND attribute_not_exists(deleted_at)",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {
                ":version": value(version.version),
                ":due": value(DUE),
                ":now": value(now),
                ":none": value([]),
                ":published": value([asdict(Publication(version.version, now))]),
            },
        }
    }


def as_read(head: DocumentHead) -> dict[str, Any]:
    """The values of a condition that the head is as it was read: `AS_READ` and both version numbers."""
    return {
        ":latest": value(head.latest_version),
        ":live": value(head.live_version),
        ":unchanged": value(head.unchanged_upload),
        ":forgotten": value(head.forgotten),
    }
