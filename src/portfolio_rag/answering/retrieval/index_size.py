"""How much the index holds, and how far behind the registry it is."""

from __future__ import annotations

from dataclasses import dataclass

from portfolio_rag.answering.retrieval.full_text_follower import FullTextFollower
from portfolio_rag.ports.index_alias import IndexAliases
from portfolio_rag.ports.vector_store import VectorStore


@dataclass(frozen=True, slots=True)
class IndexSize:
    """`windows` of the `collection` that answers; `documents` that are found by words, and those that wait for it.

    `is_whole` is false while the full-text index is being built: searches go by vectors alone then. `documents` is None
    where there is no such index (SEARCH_REPLICA=off).
    """

    collection: str
    windows: int
    documents: int | None
    waiting: int
    behind_seconds: float
    is_whole: bool


class IndexMeasure:
    def __init__(self, vectors: VectorStore, aliases: IndexAliases, follower: FullTextFollower | None) -> None:
        self._vectors = vectors
        self._aliases = aliases
        self._follower = follower

    def size(self) -> IndexSize:
        """Raises DependencyUnavailable."""
        live = self._aliases.current().live
        windows = self._vectors.count(live)
        if self._follower is None:
            return IndexSize(live, windows, documents=None, waiting=0, behind_seconds=0.0, is_whole=True)
        state = self._follower.state()
        return IndexSize(
            collection=live,
            windows=windows,
            documents=state.documents,
            waiting=state.waiting,
            behind_seconds=round(state.behind.total_seconds(), 1),
            is_whole=state.whole,
        )
