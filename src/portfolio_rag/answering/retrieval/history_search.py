"""The nearest windows of the versions that answered at a moment: some answer still, the others stand in the history.

Both are searched at once, each for more than are wanted, and a window counts where neither can hold a nearer one that
is not known: at or above the `floor` of both. Where that leaves too few, the one with the higher floor is asked again.

The history is asked for ids and cosines alone: an id says when its version answered (domain/versions.py). Chroma's own
filter by two times took 17 ms at 10,000 windows and 157 ms at 50,000, four times as many ids without it 4 and 10 ms
(docs/decisions/0029-versions-as-of.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from portfolio_rag.answering.retrieval.vector_search import NO_MORE, NearestWindows, VectorSearch
from portfolio_rag.domain.filters import Condition, Filter, matches
from portfolio_rag.domain.versions import HistoryWindow, history_collection, microseconds, read_history_id
from portfolio_rag.ports.vector_store import VectorHit, VectorStore
from portfolio_rag.ports.vectors import Vectors

_SPARE = 4
"""Times as many windows are asked for as are wanted: a text that has not changed stands there once for each version."""

_GROWTH = 4

MOST = 1600
"""Windows looked at on each side; of Chroma Cloud, which answers with fewer, as many as it does."""


def uploaded_by(moment: str) -> Condition:
    """What answered then had been uploaded by then."""
    return Condition("lessThanOrEquals", "upload_timestamp", moment)


@dataclass(frozen=True, slots=True)
class _Question:
    collection: str
    vector: Vectors
    moment: str
    where: Filter | None

    @property
    def history(self) -> str:
        return history_collection(self.collection)


class HistorySearch:
    def __init__(self, vectors: VectorStore, live: VectorSearch, beside: Callable[..., Future[Any]]) -> None:
        """`beside` calls a function in another thread."""
        self._vectors = vectors
        self._live = live
        self._beside = beside

    def search(
        self, collection: str, vector: Vectors, *, moment: str, limit: int, where: Filter | None = None
    ) -> tuple[list[VectorHit], bool]:
        """Nearest first, at most `limit`, metadata as of a live hit; and whether there are no more.

        Those of the history count as not read by the full-text index, which knows nothing of them.
        """
        question = _Question(collection, vector, moment, where)
        asked_live, asked = limit, min(limit * _SPARE, MOST)
        answers = self._beside(self._answering, question, asked_live)
        found = self._vectors.nearest(question.history, vector, limit=asked)
        live: NearestWindows = answers.result()
        replaced = self._passing(question, found, asked, live.floor)
        while True:
            floor = max(live.floor, replaced.floor)
            both = sorted([*live.hits, *replaced.hits], key=lambda hit: -hit.score)
            known = [hit for hit in both if hit.score >= floor]
            if len(known) >= limit or floor == NO_MORE:
                return known[:limit], floor == NO_MORE and len(known) <= limit
            if live.floor == floor and asked_live < MOST:
                asked_live = min(asked_live * _GROWTH, MOST)
                live = self._answering(question, asked_live)
            elif replaced.floor > NO_MORE and asked < MOST:
                asked = min(asked * _GROWTH, MOST)
                replaced = self._further(question, asked)
            else:
                return both[:limit], len(both) <= limit

    def _answering(self, question: _Question, limit: int) -> NearestWindows:
        """Of what answers now."""
        return self._live.uploaded_by_then(
            question.collection, question.vector, limit=limit, then=uploaded_by(question.moment), where=question.where
        )

    def _passing(
        self, question: _Question, found: Sequence[tuple[str, float]], asked: int, above: float
    ) -> NearestWindows:
        """Of `found` in the history, what answered then and passes.

        Under a filter, none below `above`: reading attributes costs more than the search.
        """
        answered, floor = _answered(question, found), _floor(found, asked)
        if question.where is None or not answered:
            return NearestWindows([_hit(window, score) for window, score in answered], floor)
        near = [(window, score) for window, score in answered if score >= above]
        attributes = self._vectors.metadata(question.history, [window.id for window, _ in near]) if near else {}
        passing = [
            _hit(window, score)
            for window, score in near
            if window.id in attributes and matches(question.where, attributes[window.id])
        ]
        return NearestWindows(passing, max(floor, above))

    def _further(self, question: _Question, asked: int) -> NearestWindows:
        """The same of more windows, by Chroma's own filter: what passes it lies far away."""
        if question.where is None:
            found = self._vectors.nearest(question.history, question.vector, limit=asked)
        else:
            hits = self._vectors.query(question.history, question.vector, limit=asked, where=question.where)
            found = [(hit.id, hit.score) for hit in hits]
        answered = [_hit(window, score) for window, score in _answered(question, found)]
        return NearestWindows(answered, _floor(found, asked))


def _answered(question: _Question, found: Sequence[tuple[str, float]]) -> list[tuple[HistoryWindow, float]]:
    at = microseconds(question.moment)
    windows = ((read_history_id(id_), score) for id_, score in found)
    return [(window, score) for window, score in windows if window is not None and window.answered_at(at)]


def _floor(found: Sequence[tuple[str, float]], asked: int) -> float:
    return found[-1][1] if len(found) >= asked else NO_MORE


def _hit(window: HistoryWindow, score: float) -> VectorHit:
    chunk_id, _, number = window.window_id.rpartition("#")
    metadata = {
        "chunk_id": chunk_id,
        "document_id": window.document_id,
        "version": window.version,
        "window": int(number),
    }
    return VectorHit(window.window_id, score, metadata, unread=True)
