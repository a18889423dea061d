"""An index of several collections as one `VectorStore`: for stores that limit the records of a collection.

A document's windows are all in one collection, chosen by a hash of its id (domain/index_names.py). What concerns one
document goes to that collection, what is asked by ids alone goes to all, and so does a search, whose hits are merged by
their cosine. If one of them does not answer, the call fails: a part of the hits would look like all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from portfolio_rag.domain.filters import Filter
from portfolio_rag.domain.index_names import index_of, partition_name, partition_names
from portfolio_rag.ports.runtime import Parallel
from portfolio_rag.ports.vector_store import VectorHit, VectorRecord, VectorStore
from portfolio_rag.ports.vectors import Vectors

_T = TypeVar("_T")


class PartitionedVectorStore:
    """`VectorStore` over one that knows collections only. An index of one collection costs nothing more than there."""

    def __init__(self, store: VectorStore, parallel: Parallel) -> None:
        self._store = store
        self._parallel = parallel

    def ping(self) -> None:
        self._store.ping()

    def parts(self, collection: str) -> list[str]:
        return partition_names(collection)

    def ensure(self, collection: str, *, fingerprint: str | None = None) -> None:
        self._on_all(collection, lambda part: self._store.ensure(part, fingerprint=fingerprint))

    def upsert(
        self,
        collection: str,
        records: Sequence[VectorRecord],
        *,
        fingerprint: str | None = None,
        repeated: bool = False,
    ) -> None:
        by_part: dict[str, list[VectorRecord]] = defaultdict(list)
        for record in records:
            by_part[partition_name(collection, str(record.metadata.get("document_id")))].append(record)

        def write(part: str) -> None:
            self._store.upsert(part, by_part[part], fingerprint=fingerprint, repeated=repeated)

        self._parallel(write, by_part)

    def fingerprint(self, collection: str) -> str | None:
        # Collections that were made anew one by one, after a loss, may differ: then it is that of no model.
        labels = set(self._on_all(collection, self._store.fingerprint)) - {None}
        return "+".join(sorted(filter(None, labels))) or None

    def query(self, collection: str, vector: Vectors, *, limit: int, where: Filter | None = None) -> list[VectorHit]:
        found = self._on_all(collection, lambda part: self._store.query(part, vector, limit=limit, where=where))
        return _nearest(found, lambda hit: hit.score, limit)

    def nearest(self, collection: str, vector: Vectors, *, limit: int) -> list[tuple[str, float]]:
        found = self._on_all(collection, lambda part: self._store.nearest(part, vector, limit=limit))
        return _nearest(found, lambda hit: hit[1], limit)

    def metadata(self, collection: str, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        return _united(self._on_all(collection, lambda part: self._store.metadata(part, ids)))

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        return _united(self._on_all(collection, lambda part: self._store.vectors(part, ids)))

    def similarities(self, collection: str, ids: Sequence[str], vector: Vectors) -> dict[str, float]:
        return _united(self._on_all(collection, lambda part: self._store.similarities(part, ids, vector)))

    def delete(self, collection: str, ids: Sequence[str], *, document_id: str | None = None) -> None:
        self._on_all(collection, lambda part: self._store.delete(part, ids), document_id)

    def windows_of(self, collection: str, document_id: str) -> dict[str, int]:
        return self._store.windows_of(partition_name(collection, document_id), document_id)

    def present(self, collection: str, ids: Sequence[str], *, document_id: str | None = None) -> set[str]:
        found = self._on_all(collection, lambda part: self._store.present(part, ids), document_id)
        return set().union(*found)

    def page(self, collection: str, *, offset: int, limit: int) -> list[tuple[str, Mapping[str, Any]]]:
        return self._store.page(collection, offset=offset, limit=limit)

    def count(self, collection: str) -> int:
        return sum(self._on_all(collection, self._store.count))

    def drop(self, collection: str) -> None:
        self._on_all(collection, self._store.drop)

    def collections(self) -> list[str]:
        return list(dict.fromkeys(map(index_of, self._store.collections())))

    def _on_all(self, index: str, call: Callable[[str], _T], document_id: str | None = None) -> list[_T]:
        """What the calls return, side by side on each collection of the index; only on that of a document, if given."""
        parts = partition_names(index) if document_id is None else [partition_name(index, document_id)]
        found: dict[str, _T] = {}

        def ask(part: str) -> None:
            found[part] = call(part)

        self._parallel(ask, parts)
        return [found[part] for part in parts]


def _nearest(found: list[list[_T]], score: Callable[[_T], float], limit: int) -> list[_T]:
    if len(found) == 1:
        return found[0]
    return sorted((hit for hits in found for hit in hits), key=score, reverse=True)[:limit]


def _united(found: list[dict[str, _T]]) -> dict[str, _T]:
    return {id_: value for answers in found for id_, value in answers.items()}
