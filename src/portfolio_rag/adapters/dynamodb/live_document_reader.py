"""What a search reads of documents, of chunks and of the index alias, in one call: `ports.LiveDocumentReader`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields

from portfolio_rag.adapters.dynamodb.chunk_store import chunk_key, chunk_of
from portfolio_rag.adapters.dynamodb.document_items import HEAD, document_key
from portfolio_rag.adapters.dynamodb.index_aliases import DynamoIndexAliases
from portfolio_rag.adapters.dynamodb.table import Item, Table, Wanted, get_many
from portfolio_rag.domain.access import access_list_of
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import LiveDocument
from portfolio_rag.domain.versions import Publications, publications_of, version_at
from portfolio_rag.ports.live_document_reader import LiveRead

_DOCUMENT = tuple(field.name for field in fields(LiveDocument))
_HEAD = ("live_version", "deleted_at")


class DynamoLiveDocumentReader:
    def __init__(self, registry: Table, chunks: Table, aliases: DynamoIndexAliases) -> None:
        self._registry = registry
        self._chunks = chunks
        self._aliases = aliases

    def read(self, versions: Iterable[tuple[str, int]], chunks: Iterable[tuple[str, str]]) -> LiveRead:
        pairs = list(dict.fromkeys(versions))
        rows, chunks_read, index = self._read(pairs, chunks, _HEAD)
        live = {
            head["document_id"]: head["live_version"]
            for (_, version), head in rows.items()
            if version == HEAD and head.get("deleted_at") is None
        }
        documents = {
            pair: _live_document(rows[pair]) for pair in pairs if pair in rows and live.get(pair[0]) == pair[1]
        }
        return LiveRead(documents, chunks_read, index)

    def read_as_of(
        self,
        moment: str,
        versions: Iterable[tuple[str, int]],
        chunks: Iterable[tuple[str, str]],
        *,
        current: bool = True,
    ) -> LiveRead:
        pairs = list(dict.fromkeys(versions))
        rows, chunks_read, index = self._read(pairs, chunks, (*_HEAD, "publications"))
        live = {
            head["document_id"]: int(head["live_version"])
            for (_, version), head in rows.items()
            if version == HEAD and head.get("deleted_at") is None
        }
        documents = {
            pair: document
            for pair in pairs
            if pair in rows and pair[0] in live
            # Of what answered before publications were recorded, the row says since when it does.
            if _answered(*pair, publications_of(rows[pair[0], HEAD].get("publications", ())), live, moment)
            and ((document := _live_document(rows[pair])).processing_completed_at or "") <= moment
        }
        if not current:
            return LiveRead(documents, chunks_read, index)
        answers_now = {id_: (id_, live[id_]) for id_, _ in documents}
        missing = [document_key(*pair) for pair in answers_now.values() if pair not in rows]
        if missing:
            more = self._registry.get_many(missing, attributes=_DOCUMENT)
            rows |= {(row["document_id"], row["version"]): row for row in more}
        return LiveRead(
            documents,
            chunks_read,
            index,
            {id_: _live_document(rows[pair]) for id_, pair in answers_now.items() if pair in rows},
        )

    def _read(
        self, pairs: Sequence[tuple[str, int]], chunks: Iterable[tuple[str, str]], of_heads: Sequence[str]
    ) -> tuple[dict[tuple[str, int], Item], dict[str, Chunk], str]:
        """The rows of those pairs and of their heads, the chunks, and the collection that answers."""
        keys = dict.fromkeys([*((document_id, HEAD) for document_id, _ in pairs), *pairs])
        # Few attributes: half of what a search computes for DynamoDB was the parsing of those that nobody looks at.
        alias, registered, stored = get_many(
            self._aliases.wanted(),
            Wanted(self._registry, (document_key(*key) for key in keys), (*_DOCUMENT, *of_heads)),
            Wanted(self._chunks, (chunk_key(*key) for key in dict.fromkeys(chunks))),
        )
        rows = {(row["document_id"], row["version"]): row for row in registered}
        return rows, {row["chunk_id"]: chunk_of(row) for row in stored}, self._aliases.of(next(iter(alias), None)).live


def _answered(document_id: str, version: int, known: Publications, live: dict[str, int], moment: str) -> bool:
    return (version_at(known, moment) if known else live[document_id]) == version


def _live_document(row: Item) -> LiveDocument:
    known = {name: row[name] for name in _DOCUMENT if name in row}
    return LiveDocument(**{**known, "access_list": access_list_of(known.get("access_list", ()))})
