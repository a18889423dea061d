"""Versions by their status, from the index: pages for the API with their cursors, all of them for the pipeline."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from portfolio_rag.adapters.aws.clients import translated
from portfolio_rag.adapters.dynamodb.document_items import STATUS_INDEX, version_of
from portfolio_rag.adapters.dynamodb.table import Item, Table, item, plain, value
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion
from portfolio_rag.domain.errors import InvalidRequest
from portfolio_rag.ports.document_index import DocumentPlace
from portfolio_rag.ports.document_registry import Page

MAX_READS = 10
"""Pages of the status index, of a megabyte each, that a list with a condition reads before it gives what it has: some
10,000 documents, a second or so."""
_CURSOR_FIELDS = ("document_id", "version", "status", "upload_timestamp")


class StatusListing:
    def __init__(self, table: Table) -> None:
        self._table = table

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
            items += [version_of(plain(stored)) for stored in answer.get("Items", [])]
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
                version = version_of(plain(stored))
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
            yield version_of(stored)

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
