"""The nearest windows by meaning: from Chroma, and under a filter from the replica of the vectors where that is faster.

Chroma's search costs 3 to 4 ms of its processor at 76,000 windows, reading the metadata of 50 hits 7 ms more, and a
metadata filter 75 to 230 ms, the more the more windows pass (docs/decisions/0010-filters-beside-chroma.md). So it is
asked for ids and cosines alone, and a filter is answered in one of two ways:

- few windows pass: their vectors are compared one by one, which is exact;
- many pass: Chroma is asked for more windows than wanted, and those that do not pass are left out. Should too few be
  left, all that pass are compared after all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portfolio_rag.domain.filters import Filter, Group, matches
from portfolio_rag.domain.identifiers import window_id
from portfolio_rag.ports.vector_replica import ReplicaHit, VectorReplica
from portfolio_rag.ports.vector_store import VectorHit, VectorStore
from portfolio_rag.ports.vectors import Vectors

_SPARE = 2.0
"""Times as many windows are asked for as would be enough if the filter knew nothing of the question."""

_MIN_SCAN = 2000
"""So few windows are always compared one by one."""

_HIT_IN_SCANS = 10.0
"""What a further hit costs, in windows compared one by one: some 20 us, Chroma's part and ours, and 2 us."""


NO_MORE = -math.inf


@dataclass(frozen=True, slots=True)
class NearestWindows:
    """All windows that pass with a cosine of `floor` or more, nearest first, and perhaps others.

    `floor` is NO_MORE where these are all that there are.
    """

    hits: list[VectorHit]
    floor: float


class VectorSearch:
    """`replica` is None where there is no full-text index: everything is Chroma's then."""

    def __init__(self, vectors: VectorStore, replica: VectorReplica | None = None) -> None:
        self._vectors = vectors
        self._replica = replica

    def search(
        self, collection: str, vector: Vectors, *, limit: int, where: Filter | None = None, exact_filter: bool = False
    ) -> list[VectorHit]:
        """Nearest first, at most `limit`; each has `chunk_id`, `document_id`, `version` and `window` as metadata.

        `exact_filter`: Chroma's own filter, which knows every window that it holds, where the replica may lag behind.
        """
        if self._replica is None or (where is not None and exact_filter):
            return self._vectors.query(collection, vector, limit=limit, where=where)
        if where is None:
            return self._owned(collection, self._vectors.nearest(collection, vector, limit=limit))
        passing = self._replica.matches(collection, where)
        if passing is None:
            return self._vectors.query(collection, vector, limit=limit, where=where)
        wanted = math.ceil(_SPARE * limit * passing.total / max(1, passing.windows))
        if passing.windows > max(_MIN_SCAN, _HIT_IN_SCANS * wanted):
            hits = self._vectors.nearest(collection, vector, limit=wanted)
            owners = self._replica.owners([_chunk_of(id_) for id_, _ in hits], where)
            kept = [_hit(id_, score, *owners[_chunk_of(id_)]) for id_, score in hits if _chunk_of(id_) in owners]
            if len(kept) >= limit:
                return kept[:limit]
        return [_local(hit) for hit in self._replica.search(vector, limit=limit, where=where)]

    def uploaded_by_then(
        self, collection: str, vector: Vectors, *, limit: int, then: Filter, where: Filter | None = None
    ) -> NearestWindows:
        """Of what answers now, windows that were uploaded by `then`, which is told apart from the rest of a filter:

        Chroma cannot compare the times, and counting the documents that pass took longer than the search. So more are
        asked for than wanted, as in `search` where many pass, and the times of those alone are looked up.
        """
        if where is not None:
            both = Group("andAll", (where, then))
            hits = self.search(collection, vector, limit=limit, where=both, exact_filter=self._replica is None)
            return NearestWindows(hits, hits[-1].score if len(hits) >= limit else NO_MORE)
        asked = math.ceil(_SPARE * limit)
        if self._replica is None:
            found = self._vectors.query(collection, vector, limit=asked)
            floor = found[-1].score if len(found) >= asked else NO_MORE
            return NearestWindows([hit for hit in found if matches(then, hit.metadata)], floor)
        nearest = self._vectors.nearest(collection, vector, limit=asked)
        floor = nearest[-1][1] if len(nearest) >= asked else NO_MORE
        return NearestWindows(self._owned(collection, nearest, then), floor)

    def similarities(self, collection: str, ids: Sequence[str], vector: Vectors) -> dict[str, float]:
        """Cosine of those windows with `vector`; ids that the collection does not have are left out."""
        similarities = self._replica.similarities(collection, ids, vector) if self._replica is not None else {}
        missing = [id_ for id_ in ids if id_ not in similarities]
        return {**similarities, **self._vectors.similarities(collection, missing, vector)} if missing else similarities

    def _owned(
        self, collection: str, hits: Sequence[tuple[str, float]], where: Filter | None = None
    ) -> list[VectorHit]:
        """Those that pass, with their documents: of windows that the replica does not know yet, from Chroma."""
        assert self._replica is not None
        chunks = [_chunk_of(id_) for id_, _ in hits]
        owners = known = self._replica.owners(chunks)
        if where is not None:
            owners = self._replica.owners(chunks, where)
        unknown = [id_ for id_, _ in hits if _chunk_of(id_) not in known]
        for id_, metadata in self._metadata(collection, unknown):
            if where is None or matches(where, metadata):
                owners[_chunk_of(id_)] = (str(metadata["document_id"]), int(str(metadata["version"])))
        new = set(unknown)
        # A window that is in neither was deleted between the two reads.
        return [
            _hit(id_, score, *owners[_chunk_of(id_)], unread=id_ in new)
            for id_, score in hits
            if _chunk_of(id_) in owners
        ]

    def _metadata(self, collection: str, ids: Sequence[str]) -> Iterable[tuple[str, dict[str, object]]]:
        if not ids:
            return []
        return ((id_, dict(found)) for id_, found in self._vectors.metadata(collection, ids).items())


def _chunk_of(id_: str) -> str:
    return id_.rpartition("#")[0]


def _hit(id_: str, score: float, document_id: str, version: int, *, unread: bool = False) -> VectorHit:
    chunk_id, _, window = id_.rpartition("#")
    metadata = {"chunk_id": chunk_id, "document_id": document_id, "version": version, "window": int(window)}
    return VectorHit(id_, score, metadata, unread)


def _local(hit: ReplicaHit) -> VectorHit:
    return _hit(window_id(hit.chunk_id, hit.window), hit.score, hit.document_id, hit.version)
