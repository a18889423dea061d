"""`document_registry` behind `ports.DocumentRegistry`: every change of state is one conditional write.

What concerns heads alone, versions alone and lists by status has modules of its own; here is what concerns both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from portfolio_rag.adapters.dynamodb.document_heads import AS_READ, DocumentHeads, as_read, publication
from portfolio_rag.adapters.dynamodb.document_items import DUE, HEAD, document_key, head_of, version_of
from portfolio_rag.adapters.dynamodb.document_versions import DocumentVersions
from portfolio_rag.adapters.dynamodb.status_listing import StatusListing
from portfolio_rag.adapters.dynamodb.table import item, value
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus, DocumentVersion, check_transition


class DynamoDocumentRegistry(DocumentHeads, DocumentVersions, StatusListing):
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
            pairs[key] = (head_of(head) if head else None, version_of(version) if version else None)
        return pairs

    def live_versions(self, keys: Iterable[tuple[str, int]]) -> dict[tuple[str, int], DocumentVersion]:
        return {
            key: version
            for key, (head, version) in self.heads_and_versions(keys).items()
            if version is not None and head is not None and head.deleted_at is None and head.live_version == key[1]
        }

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
            put_head["ConditionExpression"] = f"latest_version = :latest AND live_version = :live AND {AS_READ}"
            put_head["ExpressionAttributeValues"] = as_read(previous)
        else:
            put_head["ConditionExpression"] = "attribute_not_exists(document_id)"
        put_version = {
            "TableName": self._table.name,
            "Item": item(asdict(version)),
            "ConditionExpression": "attribute_not_exists(document_id)",
        }
        self._table.transact([{"Put": put_head}, {"Put": put_version}])

    def complete(self, version: DocumentVersion, now: str) -> None:
        check_transition(version.status, DocumentStatus.COMPLETED)
        update_version = {
            "TableName": self._table.name,
            "Key": item(document_key(version.document_id, version.version)),
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
