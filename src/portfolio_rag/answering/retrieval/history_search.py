"""The nearest windows among versions that were replaced, of those that answered at a moment.

Their collection is asked for ids and cosines alone, and for more than are wanted: an id says when its version answered
(domain/versions.py). Chroma's own filter by two times took 22 ms at 10,000 windows and 219 ms at 50,000, four times as
many ids without it 4 and 10 ms (docs/decisions/0029-versions-as-of.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from portfolio_rag.domain.filters import Filter, matches
from portfolio_rag.domain.versions import HistoryWindow, history_collection, microseconds, read_history_id
from portfolio_rag.ports.vector_store import VectorHit, VectorStore
from portfolio_rag.ports.vectors import Vectors

_SPARE = 4
"""Times as many windows are asked for as are wanted: a text that has not changed stands there once for each version."""

MOST = 1600
"""Windows looked at; of Chroma Cloud, which answers with fewer, as many as it does."""


class HistorySearch:
    def __init__(self, vectors: VectorStore) -> None:
        self._vectors = vectors

    def search(
        self,
        collection: str,
        vector: Vectors,
        *,
        moment: str,
        limit: int,
        where: Filter | None = None,
        floor: float = -1.0,
    ) -> list[VectorHit]:
        """Nearest first, at most `limit`, of the versions that `collection` has replaced; metadata as of a live hit.

        Not all below the cosine `floor`: what answers still fills the places there.

        They count as not read by the full-text index, which knows nothing of them.
        """
        history, at = history_collection(collection), microseconds(moment)
        asked = min(limit * _SPARE, MOST)
        while True:
            found = self._vectors.nearest(history, vector, limit=asked)
            passing = self._passing(history, found, at, where)
            if len(passing) >= limit or len(found) < asked or asked == MOST or found[-1][1] < floor:
                break
            asked = min(asked * _SPARE, MOST)
        if where is not None and len(passing) < limit and len(found) == asked and found[-1][1] >= floor:
            # The filter is against the question: those that pass it lie further away.
            hits = self._vectors.query(history, vector, limit=asked, where=where)
            passing = self._passing(history, [(hit.id, hit.score) for hit in hits], at, None)
        return [_hit(window, score) for window, score in passing[:limit]]

    def _passing(
        self, history: str, found: Sequence[tuple[str, float]], moment: int, where: Filter | None
    ) -> list[tuple[HistoryWindow, float]]:
        windows = ((read_history_id(id_), score) for id_, score in found)
        answered = [(window, score) for window, score in windows if window and window.answered_at(moment)]
        if where is None or not answered:
            return answered
        attributes = self._vectors.metadata(history, [window.id for window, _ in answered])
        return [
            (window, score)
            for window, score in answered
            if window.id in attributes and matches(where, attributes[window.id])
        ]


def _hit(window: HistoryWindow, score: float) -> VectorHit:
    chunk_id, _, number = window.window_id.rpartition("#")
    metadata = {
        "chunk_id": chunk_id,
        "document_id": window.document_id,
        "version": window.version,
        "window": int(number),
    }
    return VectorHit(window.window_id, score, metadata, unread=True)
