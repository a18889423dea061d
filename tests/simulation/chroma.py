"""Chroma behind `ports.VectorStore`: collections of vectors, exact cosine search, metadata filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from portfolio_rag.adapters.chroma.repeated_writes import differing
from portfolio_rag.domain.errors import VectorStoreUnavailable
from portfolio_rag.domain.filters import Filter, matches
from portfolio_rag.ports.vector_store import VectorHit, VectorRecord
from portfolio_rag.ports.vectors import Vectors


class ChromaModel:
    def __init__(self, now: Callable[[], datetime]) -> None:
        self.data: dict[str, dict[str, VectorRecord]] = {}
        self.fingerprints: dict[str, str | None] = {}
        self.replaced: list[str] = []
        """Ids of the windows that were written though they were there: what costs Chroma most."""
        self.down = False
        self.away_until = datetime.min.replace(tzinfo=UTC)
        self._now = now

    def ping(self) -> None:
        self._answer()

    def parts(self, collection: str) -> list[str]:
        return [collection]

    def ensure(self, collection: str, *, fingerprint: str | None = None) -> None:
        self._answer()
        if collection not in self.data:
            self.data[collection] = {}
            self.fingerprints[collection] = fingerprint

    def upsert(
        self,
        collection: str,
        records: Sequence[VectorRecord],
        *,
        fingerprint: str | None = None,
        repeated: bool = False,
    ) -> None:
        self.ensure(collection, fingerprint=fingerprint)
        stored = self.data[collection]
        written = {record.id: record for record in (differing(records, stored) if repeated else records)}
        self.replaced += sorted(written.keys() & stored.keys())
        stored.update(written)

    def fingerprint(self, collection: str) -> str | None:
        # The adapter asks once a collection: no call to count, or to fail.
        return self.fingerprints.get(collection) if collection in self.data else None

    def query(self, collection: str, vector: Vectors, *, limit: int, where: Filter | None = None) -> list[VectorHit]:
        self._answer()
        stored = self.data.get(collection, {}).values()
        found = [record for record in stored if where is None or matches(where, record.metadata)]
        hits = [VectorHit(record.id, float(np.dot(record.vector, vector)), record.metadata) for record in found]
        return sorted(hits, key=lambda hit: -hit.score)[:limit]

    def nearest(self, collection: str, vector: Vectors, *, limit: int) -> list[tuple[str, float]]:
        return [(hit.id, hit.score) for hit in self.query(collection, vector, limit=limit)]

    def metadata(self, collection: str, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        return {id_: record.metadata for id_, record in self._records(collection, ids)}

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        return {id_: record.vector for id_, record in self._records(collection, ids)}

    def similarities(self, collection: str, ids: Sequence[str], vector: Vectors) -> dict[str, float]:
        return {id_: float(np.dot(record.vector, vector)) for id_, record in self._records(collection, ids)}

    def delete(self, collection: str, ids: Sequence[str], *, document_id: str | None = None) -> None:
        self._answer()
        for id_ in ids:
            self.data.get(collection, {}).pop(id_, None)

    def windows_of(self, collection: str, document_id: str) -> dict[str, int]:
        self._answer()
        return {
            id_: record.metadata["version"]
            for id_, record in self.data.get(collection, {}).items()
            if record.metadata["document_id"] == document_id
        }

    def present(self, collection: str, ids: Sequence[str], *, document_id: str | None = None) -> set[str]:
        self._answer()
        return self.data.get(collection, {}).keys() & set(ids)

    def page(self, collection: str, *, offset: int, limit: int) -> list[tuple[str, Mapping[str, Any]]]:
        self._answer()
        stored = list(self.data.get(collection, {}).items())[offset : offset + limit]
        return [(id_, record.metadata) for id_, record in stored]

    def count(self, collection: str) -> int:
        self._answer()
        return len(self.data.get(collection, {}))

    def drop(self, collection: str) -> None:
        self._answer()
        self.data.pop(collection, None)

    def collections(self) -> list[str]:
        self._answer()
        return list(self.data)

    def _records(self, collection: str, ids: Sequence[str]) -> list[tuple[str, VectorRecord]]:
        self._answer()
        stored = self.data.get(collection, {})
        return [(id_, stored[id_]) for id_ in ids if id_ in stored]

    def _answer(self) -> None:
        if self.down or self._now() < self.away_until:
            raise VectorStoreUnavailable("Chroma is down.")
