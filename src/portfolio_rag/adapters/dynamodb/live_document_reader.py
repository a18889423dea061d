"""What a search reads of `document_registry` and `embedding_chunks`, in one call: `ports.LiveDocumentReader`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from portfolio_rag.adapters.dynamodb.chunk_store import chunk_key, chunk_of
from portfolio_rag.adapters.dynamodb.document_items import HEAD, document_key
from portfolio_rag.adapters.dynamodb.table import Item, Table, Wanted, get_many
from portfolio_rag.domain.access import access_list_of
from portfolio_rag.domain.documents import LiveDocument
from portfolio_rag.domain.versions import Publications, publications_of, version_at
from portfolio_rag.ports.live_document_reader import LiveRead

_DOCUMENT = tuple(field.name for field in fields(LiveDocument))
_HEAD = ("live_version", "deleted_at")


class DynamoLiveDocumentReader:
    def __init__(self, registry: Table, chunks: Table) -> None:
        self._registry = registry
        self._chunks = chunks

    def read(self, versions: Iterable[tuple[str, int]], chunks: Iterable[tuple[str, str]]) -> LiveRead:
        pairs = list(dict.fromkeys(versions))
        keys = dict.fromkeys([*((document_id, HEAD) for document_id, _ in pairs), *pairs])
        # Few attributes: half of what a search computes for DynamoDB was the parsing of those that nobody looks at.
        registered, stored = get_many(
            Wanted(self._registry, (document_key(*key) for key in keys), (*_DOCUMENT, *_HEAD)),
            Wanted(self._chunks, (chunk_key(*key) for key in dict.fromkeys(chunks))),
        )
        rows = {(row["document_id"], row["version"]): row for row in registered}
        live = {
            head["document_id"]: head["live_version"]
            for (_, version), head in rows.items()
            if version == HEAD and head.get("deleted_at") is None
        }
        documents = {
            pair: _live_document(rows[pair]) for pair in pairs if pair in rows and live.get(pair[0]) == pair[1]
        }
        return LiveRead(documents, {row["chunk_id"]: chunk_of(row) for row in stored})

    def read_as_of(
        self, moment: str, versions: Iterable[tuple[str, int]], chunks: Iterable[tuple[str, str]]
    ) -> LiveRead:
        pairs = list(dict.fromkeys(versions))
        ids = dict.fromkeys(document_id for document_id, _ in pairs)
        (heads,) = get_many(
            Wanted(self._registry, (document_key(id_, HEAD) for id_ in ids), ("document_id", "publications", *_HEAD))
        )
        live = {head["document_id"]: int(head["live_version"]) for head in heads if head.get("deleted_at") is None}
        publications = {head["document_id"]: publications_of(head.get("publications", ())) for head in heads}
        answered = {pair for pair in pairs if pair[0] in live and _answered(*pair, publications, live, moment)}
        keys = dict.fromkeys([*answered, *((id_, live[id_]) for id_, _ in answered)])
        registered, stored = get_many(
            Wanted(self._registry, (document_key(*key) for key in keys), _DOCUMENT),
            Wanted(self._chunks, (chunk_key(*key) for key in dict.fromkeys(chunks))),
        )
        documents = {(row["document_id"], row["version"]): _live_document(row) for row in registered}
        return LiveRead(
            {
                pair: documents[pair]
                for pair in pairs
                # Of what answered before publications were recorded, the row says since when it does.
                if pair in answered and pair in documents and (documents[pair].processing_completed_at or "") <= moment
            },
            {row["chunk_id"]: chunk_of(row) for row in stored},
            {id_: documents[id_, live[id_]] for id_, _ in answered if (id_, live[id_]) in documents},
        )


def _answered(
    document_id: str, version: int, publications: dict[str, Publications], live: dict[str, int], moment: str
) -> bool:
    known = publications[document_id]
    return (version_at(known, moment) if known else live[document_id]) == version


def _live_document(row: Item) -> LiveDocument:
    known = {name: row[name] for name in _DOCUMENT if name in row}
    return LiveDocument(**{**known, "access_list": access_list_of(known.get("access_list", ()))})
