"""The versions of documents: each change of what one has come to is one conditional write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from portfolio_rag.adapters.dynamodb.document_items import HEAD, document_key, version_of
from portfolio_rag.adapters.dynamodb.table import Table, value
from portfolio_rag.domain.attributes import AttributeValue
from portfolio_rag.domain.document_warnings import DocumentWarning
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion, ObjectRef, Progress, check_transition
from portfolio_rag.domain.errors import FailureReason

_ACTIVE = {":pending": value(DocumentStatus.PENDING), ":processing": value(DocumentStatus.PROCESSING)}


class DocumentVersions:
    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, document_id: str, version: int) -> DocumentVersion | None:
        stored = self._table.get(document_key(document_id, version))
        return version_of(stored) if stored else None

    def versions_of(self, keys: Iterable[tuple[str, int]]) -> dict[tuple[str, int], DocumentVersion]:
        rows = self._table.get_many(document_key(*key) for key in dict.fromkeys(keys))
        return {(row["document_id"], row["version"]): version_of(row) for row in rows}

    def versions(self, document_id: str) -> list[DocumentVersion]:
        rows = self._table.query(
            KeyConditionExpression="document_id = :id AND #version > :head",
            ExpressionAttributeNames={"#version": "version"},
            ExpressionAttributeValues={":id": value(document_id), ":head": value(HEAD)},
            ScanIndexForward=False,
            ConsistentRead=True,
        )
        return [version_of(row) for row in rows]

    def start(self, document_id: str, version: int, attempt: int, now: str) -> DocumentVersion:
        stored = self._table.update(
            document_key(document_id, version),
            UpdateExpression="SET #status = :processing, updated_at = :now, "
            "processing_started_at = if_not_exists(processing_started_at, :now)",
            ConditionExpression="#status IN (:pending, :processing) AND attempt = :attempt",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={**_ACTIVE, ":now": value(now), ":attempt": value(attempt)},
        )
        return version_of(stored)

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
        return version_of(stored)
