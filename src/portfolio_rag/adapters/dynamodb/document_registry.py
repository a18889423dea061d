"""`document_registry` behind `ports.DocumentRegistry`: every change of state is one conditional write."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from portfolio_rag.adapters.aws.clients import translated
from portfolio_rag.adapters.dynamodb.table import Item, Table, item, plain, value
from portfolio_rag.domain.access import access_list_of
from portfolio_rag.domain.attributes import AttributeValue
from portfolio_rag.domain.document_warnings import DocumentWarning, warnings_of
from portfolio_rag.domain.documents import (
    DocumentHead,
    DocumentStatus,
    DocumentVersion,
    ObjectRef,
    Progress,
    check_transition,
    progress_of,
)
from portfolio_rag.domain.errors import FailureReason, InvalidRequest
from portfolio_rag.domain.versions import Publication, Publications, publications_of
from portfolio_rag.ports.document_index import DocumentPlace
from portfolio_rag.ports.document_registry import Page

STATUS_INDEX = "status-upload_timestamp-index"
HEAD = 0  # The sort key of the head item; versions count from 1.
DUE = "DUE"
"""The `status` of a head that is due: it stands in the status index (no document's status, so no listing shows it) with
the time of its change as `upload_timestamp`, and leaves the index once it is reconciled. The index is sparse, so what
is due is found by one query, however many documents there are."""
EXPIRING = "EXPIRING"
"""… and of one that is not due and keeps versions for a time: with the time when the first has been kept for long
enough."""

_VERSION_FIELDS = tuple(field.name for field in fields(DocumentVersion))
_HEAD_FIELDS = tuple(field.name for field in fields(DocumentHead))
_AS_READ = (
    "(attribute_not_exists(unchanged_upload) OR unchanged_upload = :unchanged) "
    "AND (attribute_not_exists(forgotten) OR forgotten = :forgotten)"
)
"""No upload was noted as unchanged since the head was read, as what is noted so must not become a version; and no
version was forgotten, as that must not be undone."""
_CURSOR_FIELDS = ("document_id", "version", "status", "upload_timestamp")

MAX_READS = 10
"""Pages of the status index, of a megabyte each, that a list with a condition reads before it gives what it has: some
10,000 documents, a second or so."""

_ACTIVE = {":pending": value(DocumentStatus.PENDING), ":processing": value(DocumentStatus.PROCESSING)}


class DynamoDocumentRegistry:
    def __init__(self, table: Table) -> None:
        self._table = table

    def head(self, document_id: str) -> DocumentHead | None:
        stored = self._table.get(document_key(document_id, HEAD))
        return _head(stored) if stored else None

    def get(self, document_id: str, version: int) -> DocumentVersion | None:
        stored = self._table.get(document_key(document_id, version))
        return _version(stored) if stored else None

    def heads_and_versions(
        self, keys: Iterable[tuple[str, int]]
    ) -> dict[tuple[str, int], tuple[DocumentHead | None, DocumentVersion | None]]:
        wanted = list(dict.fromkeys(keys))
        unique = dict.fromkeys([*((document_id, HEAD) for document_id, _ in wanted), *wanted])
        rows = {
            (row["document_id"], row["version"]): row
            for row in self._table.get_many(document_key(document_id, version) for document_id, version in unique)
        }
        pairs: dict[tuple[str, int], tuple[DocumentHead | None, DocumentVersion | None]] = {}
        for key in wanted:
            head, version = rows.get((key[0], HEAD)), rows.get(key)
            pairs[key] = (_head(head) if head else None, _version(version) if version else None)
        return pairs

    def live_versions(self, keys: Iterable[tuple[str, int]]) -> dict[tuple[str, int], DocumentVersion]:
        return {
            key: version
            for key, (head, version) in self.heads_and_versions(keys).items()
            if version is not None and head is not None and head.deleted_at is None and head.live_version == key[1]
        }

    def heads(self, *, after: str = "") -> Iterator[DocumentHead]:
        start = {"ExclusiveStartKey": item(document_key(after, HEAD))} if after else {}
        for stored in self._table.scan(
            FilterExpression="#version = :head",
            ExpressionAttributeNames={"#version": "version"},
            ExpressionAttributeValues={":head": value(HEAD)},
            **start,
        ):
            yield _head(stored)

    def heads_of(self, document_ids: Iterable[str]) -> dict[str, DocumentHead]:
        rows = self._table.get_many(document_key(document_id, HEAD) for document_id in dict.fromkeys(document_ids))
        return {row["document_id"]: _head(row) for row in rows}

    def versions(self, document_id: str) -> list[DocumentVersion]:
        rows = self._table.query(
            KeyConditionExpression="document_id = :id AND #version > :head",
            ExpressionAttributeNames={"#version": "version"},
            ExpressionAttributeValues={":id": value(document_id), ":head": value(HEAD)},
            ScanIndexForward=False,
            ConsistentRead=True,
        )
        return [_version(row) for row in rows]

    def register(self, version: DocumentVersion, logical_key: str, previous: DocumentHead | None) -> None:
        head = DocumentHead(
            document_id=version.document_id,
            bucket=version.bucket,
            logical_key=logical_key,
            latest_version=version.version,
            live_version=previous.live_version if previous else 0,
            job_id=version.job_id or (previous.job_id if previous else None),
            last_seen_at=previous.last_seen_at if previous else None,
            unchanged_upload=previous.unchanged_upload if previous else None,
            publications=previous.publications if previous else (),
            forgotten=previous.forgotten if previous else 0,
        )
        stored = {**asdict(head), "version": HEAD, "status": DUE, "upload_timestamp": version.updated_at}
        put_head: dict[str, Any] = {"TableName": self._table.name, "Item": item(stored)}
        if previous:
            # live_version too: a completion in between must not be undone by our copy of the head.
            put_head["ConditionExpression"] = f"latest_version = :latest AND live_version = :live AND {_AS_READ}"
            put_head["ExpressionAttributeValues"] = _as_read(previous)
        else:
            put_head["ConditionExpression"] = "attribute_not_exists(document_id)"
        put_version = {
            "TableName": self._table.name,
            "Item": item(asdict(version)),
            "ConditionExpression": "attribute_not_exists(document_id)",
        }
        self._table.transact([{"Put": put_head}, {"Put": put_version}])

    def start(self, document_id: str, version: int, attempt: int, now: str) -> DocumentVersion:
        stored = self._table.update(
            document_key(document_id, version),
            UpdateExpression="SET #status = :processing, updated_at = :now, "
            "processing_started_at = if_not_exists(processing_started_at, :now)",
            ConditionExpression="#status IN (:pending, :processing) AND attempt = :attempt",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={**_ACTIVE, ":now": value(now), ":attempt": value(attempt)},
        )
        return _version(stored)

    def record_progress(self, version: DocumentVersion, progress: Progress, now: str) -> None:
        self._change(
            version,
            "SET progress = :progress, steps = :steps, content_sha256 = :sha256, recipe = :recipe, updated_at = :now",
            "#status = :processing AND attempt = :attempt AND (attribute_not_exists(steps) OR steps < :steps)",
            {
                ":processing": _ACTIVE[":processing"],
                ":progress": value(asdict(progress)),
                ":steps": value(progress.steps),
                ":sha256": value(version.content_sha256),
                ":recipe": value(version.recipe),
                ":attempt": value(version.attempt),
                ":now": value(now),
            },
        )

    def record_findings(
        self,
        version: DocumentVersion,
        warnings: Sequence[DocumentWarning],
        metadata: Mapping[str, AttributeValue],
        now: str,
    ) -> None:
        self._change(
            version,
            "SET warnings = :warnings, #metadata = :metadata, updated_at = :now",
            "#status = :processing AND attempt = :attempt",
            {
                ":processing": _ACTIVE[":processing"],
                ":warnings": value([asdict(warning) for warning in warnings]),
                ":metadata": value(dict(metadata)),
                ":attempt": value(version.attempt),
                ":now": value(now),
            },
        )

    def complete(self, version: DocumentVersion, now: str) -> None:
        check_transition(version.status, DocumentStatus.COMPLETED)
        update_version = {
            **self._address(version),
            "UpdateExpression": "SET #status = :completed, processing_completed_at = :now, updated_at = :now "
            "REMOVE error_code, error_message",
            "ConditionExpression": "#status = :processing AND embedded_count = chunk_count",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {
                ":completed": value(DocumentStatus.COMPLETED),
                ":processing": value(DocumentStatus.PROCESSING),
                ":now": value(now),
            },
        }
        self._table.transact([{"Update": update_version}, publication(self._table.name, version, now)])

    def fail(self, version: DocumentVersion, code: str, message: str, now: str) -> None:
        check_transition(version.status, DocumentStatus.FAILED)
        self._change(
            version,
            "SET #status = :failed, error_code = :code, error_message = :message, "
            "processing_completed_at = :now, updated_at = :now, settled = :false, retired = :retired",
            "#status IN (:pending, :processing) AND attempt = :attempt",
            {
                **_ACTIVE,
                ":failed": value(DocumentStatus.FAILED),
                ":code": value(code),
                ":message": value(message),
                ":now": value(now),
                ":attempt": value(version.attempt),
                ":false": value(False),
                ":retired": value(code in (FailureReason.SUPERSEDED, FailureReason.DELETED)),
            },
        )

    def record_redelivery(self, version: DocumentVersion, now: str) -> None:
        self._change(
            version,
            "SET updated_at = :now, drives = if_not_exists(drives, :zero) + :one",
            "#status IN (:pending, :processing) AND attempt = :attempt AND updated_at = :seen",
            {
                **_ACTIVE,
                ":now": value(now),
                ":zero": value(0),
                ":one": value(1),
                ":attempt": value(version.attempt),
                ":seen": value(version.updated_at),
            },
        )

    def update_location(
        self, version: DocumentVersion, ref: ObjectRef, *, settled: bool, retired: bool = False
    ) -> None:
        self._change(
            version,
            "SET s3_key = :key, s3_version_id = :version_id, settled = :settled, retired = :retired",
            "#status = :status AND attempt = :attempt",
            {
                ":key": value(ref.key),
                ":version_id": value(ref.version_id),
                ":settled": value(settled),
                ":retired": value(retired or version.retired),
                ":status": value(version.status),
                ":attempt": value(version.attempt),
            },
        )

    def mark_deleted(self, head: DocumentHead, now: str) -> None:
        self._change_head(head, "SET live_version = :zero, publications = :none, deleted_at = :now", now)

    def unpublish(self, head: DocumentHead, now: str) -> None:
        self._change_head(head, "SET live_version = :zero, publications = :none", now)

    def forget_versions(self, head: DocumentHead, kept: Publications, now: str) -> None:
        self._table.update(
            document_key(head.document_id, HEAD),
            UpdateExpression="SET publications = :kept, forgotten = :more, #status = :due, upload_timestamp = :now",
            ConditionExpression=f"live_version = :live AND latest_version = :latest AND {_AS_READ}",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={
                **_as_read(head),
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
            f"AND attribute_not_exists(deleted_at) AND {_AS_READ}",
            ExpressionAttributeValues={
                **_as_read(head),
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
            yield _head(stored)

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
            yield _head(stored)

    def list_by_status(
        self,
        status: DocumentStatus,
        *,
        limit: int,
        cursor: str | None = None,
        passes: Callable[[DocumentVersion], bool] | None = None,
    ) -> Page:
        if passes is not None:
            return self._list_passing(status, limit, cursor, passes)
        items: list[DocumentVersion] = []
        start: dict[str, Any] = {"ExclusiveStartKey": _decode_cursor(cursor, status)} if cursor else {}
        while True:
            # `Limit` counts items before the filter: ask until the page is full or the index at its end.
            answer = self._query_status(status, Limit=limit - len(items), **start)
            items += [_version(plain(stored)) for stored in answer.get("Items", [])]
            last = answer.get("LastEvaluatedKey")
            if not last or len(items) == limit:
                return Page(items, _encode_cursor(last) if last else None)
            start = {"ExclusiveStartKey": last}

    def _list_passing(
        self, status: DocumentStatus, limit: int, cursor: str | None, passes: Callable[[DocumentVersion], bool]
    ) -> Page:
        """Read in the largest pages that there are: few of many may pass."""
        items: list[DocumentVersion] = []
        last = _decode_cursor(cursor, status) if cursor else None
        for _ in range(MAX_READS):
            answer = self._query_status(status, **({"ExclusiveStartKey": last} if last else {}))
            for stored in answer.get("Items", []):
                version = _version(plain(stored))
                if passes(version):
                    items.append(version)
                    if len(items) == limit:
                        return Page(items, _encode_cursor({name: stored[name] for name in _CURSOR_FIELDS}))
            last = answer.get("LastEvaluatedKey")
            if not last:
                return Page(items, None)
        return Page(items, _encode_cursor(last or {}))

    def cursor_at(self, status: DocumentStatus, place: DocumentPlace) -> str:
        key = {
            "document_id": place.document_id,
            "version": place.version,
            "status": status,
            "upload_timestamp": place.upload_timestamp,
        }
        return _encode_cursor(item(key))

    def place_of(self, status: DocumentStatus, cursor: str) -> DocumentPlace:
        key = plain(_decode_cursor(cursor, status))
        return DocumentPlace(key["upload_timestamp"], key["document_id"], key["version"])

    def iter_by_status(
        self, status: DocumentStatus, *, uploaded_after: str | None = None, uploaded_before: str | None = None
    ) -> Iterator[DocumentVersion]:
        values = {":status": value(status)}
        condition = "#status = :status"
        if uploaded_after is not None:
            condition += " AND upload_timestamp > :after"
            values[":after"] = value(uploaded_after)
        if uploaded_before is not None:
            condition += " AND upload_timestamp < :before"
            values[":before"] = value(uploaded_before)
        for stored in self._table.query(
            IndexName=STATUS_INDEX,
            KeyConditionExpression=condition,
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues=values,
            ScanIndexForward=uploaded_before is not None,
        ):
            yield _version(stored)

    def count_by_status(self, statuses: Iterable[DocumentStatus] = DocumentStatus) -> dict[DocumentStatus, int]:
        return {status: self._count(status) for status in statuses}

    def _count(self, status: DocumentStatus) -> int:
        total = 0
        start: dict[str, Any] = {}
        while True:
            answer = self._query_status(status, Select="COUNT", **start)
            total += int(answer["Count"])
            if not answer.get("LastEvaluatedKey"):
                return total
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _query_status(self, status: DocumentStatus, **options: Any) -> dict[str, Any]:
        """One page of the status index, newest first, retired versions left out."""
        with translated("DynamoDB Query"):
            return dict(
                self._table.client.query(
                    TableName=self._table.name,
                    IndexName=STATUS_INDEX,
                    KeyConditionExpression="#status = :status",
                    FilterExpression="attribute_not_exists(retired) OR retired = :false",
                    ExpressionAttributeNames={"#status": "status"},
                    ExpressionAttributeValues={":status": value(status), ":false": value(False)},
                    ScanIndexForward=False,
                    **options,
                )
            )

    def _address(self, version: DocumentVersion) -> dict[str, Any]:
        return {"TableName": self._table.name, "Key": item(document_key(version.document_id, version.version))}

    def _change(self, version: DocumentVersion, update: str, condition: str, values: dict[str, Any]) -> DocumentVersion:
        # DynamoDB refuses names and values that no expression uses.
        names = {f"#{name}": name for name in ("status", "metadata") if f"#{name}" in f"{update} {condition}"}
        used = {name: content for name, content in values.items() if name in f"{update} {condition}"}
        stored = self._table.update(
            document_key(version.document_id, version.version),
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=used,
        )
        return _version(stored)

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


def _as_read(head: DocumentHead) -> dict[str, Any]:
    return {
        ":latest": value(head.latest_version),
        ":live": value(head.live_version),
        ":unchanged": value(head.unchanged_upload),
        ":forgotten": value(head.forgotten),
    }


def document_key(document_id: str, version: int) -> dict[str, Any]:
    return {"document_id": document_id, "version": version}


def _head(stored: Item) -> DocumentHead:
    known = {name: stored[name] for name in _HEAD_FIELDS if name in stored}
    return DocumentHead(
        **{
            **known,
            "publications": publications_of(known.get("publications", ())),
            "due": stored.get("upload_timestamp") if stored.get("status") == DUE else None,
        }
    )


def _version(stored: Item) -> DocumentVersion:
    known = {name: stored[name] for name in _VERSION_FIELDS if name in stored}
    if known.get("progress") is not None:
        known["progress"] = progress_of(known["progress"])
    known["warnings"] = warnings_of(known.get("warnings", ()))
    known["access_list"] = access_list_of(known.get("access_list", ()))
    return DocumentVersion(**{**known, "status": DocumentStatus(stored["status"])})


def _encode_cursor(key: Item) -> str:
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode()


def _decode_cursor(cursor: str, status: DocumentStatus) -> Item:
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        if set(key) != set(_CURSOR_FIELDS) or plain(key)["status"] != status:
            raise ValueError
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidRequest("The cursor is not valid here: use the one of the previous page, unchanged.") from error
    return dict(key)
