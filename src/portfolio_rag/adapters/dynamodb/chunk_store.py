"""`embedding_chunks` behind `ports.ChunkStore`.

Chunks are created in transactions (100 actions a call) and not by BatchWriteItem (25 items, no conditions): a second
worker on the same message must never set a chunk back to PENDING that has its vector already, and nothing may be
written for a version that is no longer PROCESSING.

A chunk fits an item (400 KB) with its text in it, whatever the document: text/chunking/units.py and
text/extraction/document.py bound its characters and those of its headings. So nothing is moved elsewhere and pointed
to; the tests of item sizes hold it so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any

from portfolio_rag.adapters.dynamodb.chunk_parts import decode_parts, encode_parts
from portfolio_rag.adapters.dynamodb.document_heads import publication
from portfolio_rag.adapters.dynamodb.table import (
    TRANSACTION_ACTIONS,
    TRANSACTION_BYTES,
    Item,
    Table,
    TransactionRefused,
    item,
    item_bytes,
    value,
)
from portfolio_rag.domain.chunks import Chunk, ChunkStatus
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion, check_transition
from portfolio_rag.domain.errors import ConditionFailed
from portfolio_rag.domain.identifiers import window_id
from portfolio_rag.ports.chunk_store import EmbeddedChunk

DOCUMENT_INDEX = "document_id-chunk_index-index"

_FIELDS = tuple(field.name for field in fields(Chunk))
_COUNTED = (
    ", chunk_count = :expected, content_sha256 = :sha256, recipe = :recipe"
    ", chunked_at = if_not_exists(chunked_at, :now)"
)
_GROUP = TRANSACTION_ACTIONS - 1
"""One action of each transaction guards or counts on the document's version."""


_Row = tuple[Chunk, Item]
"""A chunk and its item, which is made once."""


class DynamoChunkStore:
    def __init__(self, table: Table, registry_table_name: str) -> None:
        self._table = table
        self._registry = registry_table_name

    def create(
        self, version: DocumentVersion, chunks: Sequence[Chunk], *, expected: int | None, now: str
    ) -> list[Chunk]:
        waiting: list[Chunk] = []
        for group in _groups((chunk, _item(chunk)) for chunk in chunks):
            waiting += self._create_group(version, group, expected, now)
        return waiting

    def get(self, keys: Iterable[tuple[str, str]]) -> list[Chunk]:
        return [chunk_of(stored) for stored in self._table.get_many(chunk_key(*key) for key in keys)]

    def window_ids(self, keys: Iterable[tuple[str, str]]) -> set[str]:
        stored = self._table.get_many((chunk_key(*key) for key in keys), attributes=("chunk_id", "windows"))
        return {window_id(chunk["chunk_id"], n) for chunk in stored for n in range(len(chunk["windows"]))}

    def keys(self) -> Iterator[tuple[str, str]]:
        for stored in self._table.scan(ProjectionExpression="chunk_id, document_id"):
            yield stored["chunk_id"], stored["document_id"]

    def of_document(
        self, document_id: str, *, version: int | None = None, indexes: tuple[int, int] | None = None
    ) -> Iterator[Chunk]:
        expressions: dict[str, Any] = {
            "IndexName": DOCUMENT_INDEX,
            "KeyConditionExpression": "document_id = :id",
            "ExpressionAttributeValues": {":id": value(document_id)},
        }
        if indexes is not None:
            expressions["KeyConditionExpression"] += " AND chunk_index BETWEEN :first AND :last"
            expressions["ExpressionAttributeValues"] |= {":first": value(indexes[0]), ":last": value(indexes[1])}
        if version is not None:
            expressions["FilterExpression"] = "#version = :version"
            expressions["ExpressionAttributeNames"] = {"#version": "version"}
            expressions["ExpressionAttributeValues"][":version"] = value(version)
        for stored in self._table.query(**expressions):
            yield chunk_of(stored)

    def mark_last(self, version: DocumentVersion, embedded: Sequence[EmbeddedChunk], now: str) -> bool:
        if version.chunk_count != version.embedded_count + len(embedded) or len(embedded) > _GROUP - 1:
            return False
        check_transition(version.status, DocumentStatus.COMPLETED)
        complete = {
            "Update": {
                **self._version_address(version),
                "UpdateExpression": "SET #status = :completed, embedded_count = :all, processing_completed_at = :now, "
                "embedded_at = :now, updated_at = :now REMOVE error_code, error_message",
                "ConditionExpression": "#status = :processing AND attempt = :attempt "
                "AND embedded_count = :seen AND chunk_count = :all",
                "ExpressionAttributeNames": {"#status": "status"},
                "ExpressionAttributeValues": {
                    **_processing(version),
                    ":completed": value(DocumentStatus.COMPLETED),
                    ":seen": value(version.embedded_count),
                    ":all": value(version.chunk_count),
                    ":now": value(now),
                },
            }
        }
        try:
            self._table.transact([complete, publication(self._registry, version, now), *map(self._mark, embedded)])
        except TransactionRefused:
            return False
        return True

    def mark_embedded(self, version: DocumentVersion, embedded: Sequence[EmbeddedChunk], now: str) -> None:
        for start in range(0, len(embedded), _GROUP):
            self._mark_group(version, list(embedded[start : start + _GROUP]), now)

    def delete(self, keys: Iterable[tuple[str, str]]) -> None:
        self._table.delete_many(chunk_key(*key) for key in keys)

    def _create_group(self, version: DocumentVersion, group: list[_Row], expected: int | None, now: str) -> list[Chunk]:
        counted = expected is not None
        extracted = version.extracted_at is not None
        guard = {
            "Update": {
                **self._version_address(version),
                "UpdateExpression": "SET updated_at = :now"
                + (", extracted_at = if_not_exists(extracted_at, :extracted)" if extracted else "")
                + (_COUNTED if counted else ""),
                "ConditionExpression": "#status = :processing AND attempt = :attempt"
                + (" AND (attribute_not_exists(chunk_count) OR chunk_count = :expected)" if counted else ""),
                "ExpressionAttributeNames": {"#status": "status"},
                "ExpressionAttributeValues": {
                    **_processing(version),
                    **({":extracted": value(version.extracted_at)} if extracted else {}),
                    **(
                        {
                            ":expected": value(expected),
                            ":sha256": value(version.content_sha256),
                            ":recipe": value(version.recipe),
                        }
                        if counted
                        else {}
                    ),
                    ":now": value(now),
                },
            }
        }
        missing: list[_Row] = group
        known: list[Chunk] = []
        while missing:
            puts = [
                {
                    "Put": {
                        "TableName": self._table.name,
                        "Item": stored,
                        "ConditionExpression": "attribute_not_exists(chunk_id)",
                    }
                }
                for _, stored in missing
            ]
            try:
                self._table.transact([guard, *puts])
                known += [chunk for chunk, _ in missing]
                break
            except TransactionRefused as refused:
                if refused.reasons[0] == "ConditionalCheckFailed":
                    raise ConditionFailed(f"Version {version.version} is no longer being processed.") from refused
                # Some are there already: a redelivery, or another worker on the same message.
                found = self.get((chunk.chunk_id, chunk.document_id) for chunk, _ in missing)
                known += found
                present = {chunk.chunk_id for chunk in found}
                missing = [row for row in missing if row[0].chunk_id not in present]
        return sorted(
            (chunk for chunk in known if chunk.status is ChunkStatus.PENDING), key=lambda chunk: chunk.chunk_index
        )

    def _mark_group(self, version: DocumentVersion, group: list[EmbeddedChunk], now: str) -> None:
        waiting = group
        while waiting:
            count = {
                "Update": {
                    **self._version_address(version),
                    "UpdateExpression": "SET updated_at = :now, embedded_at = :now ADD embedded_count :count",
                    "ConditionExpression": "#status = :processing AND attempt = :attempt",
                    "ExpressionAttributeNames": {"#status": "status"},
                    "ExpressionAttributeValues": {
                        **_processing(version),
                        ":count": value(len(waiting)),
                        ":now": value(now),
                    },
                }
            }
            try:
                self._table.transact([count, *map(self._mark, waiting)])
                return
            except TransactionRefused as refused:
                if refused.reasons[0] == "ConditionalCheckFailed":
                    raise ConditionFailed(f"Version {version.version} is no longer being processed.") from refused
                stored = self.get((chunk.chunk_id, chunk.document_id) for chunk, _ in waiting)
                if len(stored) < len(waiting):
                    raise ConditionFailed("Chunks of this version have been removed.") from refused
                # Another worker marked some of them: those are counted.
                pending = {chunk.chunk_id for chunk in stored if chunk.status is ChunkStatus.PENDING}
                waiting = [chunk for chunk in waiting if chunk[0].chunk_id in pending]

    def _mark(self, embedded: EmbeddedChunk) -> dict[str, Any]:
        chunk, vector_s3 = embedded
        return {
            "Update": {
                "TableName": self._table.name,
                "Key": item(chunk_key(chunk.chunk_id, chunk.document_id)),
                "UpdateExpression": "SET #status = :embedded, embedding_vector_s3 = :s3",
                "ConditionExpression": "#status = :pending",
                "ExpressionAttributeNames": {"#status": "status"},
                "ExpressionAttributeValues": {
                    ":embedded": value(ChunkStatus.EMBEDDED),
                    ":pending": value(ChunkStatus.PENDING),
                    ":s3": value(vector_s3),
                },
            }
        }

    def _version_address(self, version: DocumentVersion) -> dict[str, Any]:
        return {
            "TableName": self._registry,
            "Key": item({"document_id": version.document_id, "version": version.version}),
        }


def _processing(version: DocumentVersion) -> dict[str, Any]:
    return {":processing": value(DocumentStatus.PROCESSING), ":attempt": value(version.attempt)}


def chunk_key(chunk_id: str, document_id: str) -> dict[str, Any]:
    return {"chunk_id": chunk_id, "document_id": document_id}


def _item(chunk: Chunk) -> Item:
    stored = {name: getattr(chunk, name) for name in _FIELDS if name != "parts"}
    return item({**stored, "chromadb_id": window_id(chunk.chunk_id, 0), "parts": encode_parts(chunk.parts)})


def chunk_of(stored: Item) -> Chunk:
    known = {name: stored[name] for name in _FIELDS if name in stored}
    return Chunk(
        **{
            **known,
            "status": ChunkStatus(stored["status"]),
            "span": tuple(stored["span"]),
            "windows": tuple((start, end) for start, end in stored["windows"]),
            "heading_path": tuple(stored.get("heading_path", ())),
            "parts": decode_parts(stored.get("parts")),
        }
    )


def _groups(rows: Iterable[_Row]) -> Iterator[list[_Row]]:
    """Groups that fit into one transaction, by count and by bytes."""
    group: list[_Row] = []
    size = 0
    for row in rows:
        row_bytes = item_bytes(row[1])
        if group and (len(group) == _GROUP or size + row_bytes > TRANSACTION_BYTES):
            yield group
            group, size = [], 0
        group.append(row)
        size += row_bytes
    if group:
        yield group
