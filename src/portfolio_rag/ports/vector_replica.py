"""The API's own replica of the vectors, for filters and cosines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from portfolio_rag.domain.filters import Filter
from portfolio_rag.ports.vectors import Vectors


@dataclass(frozen=True, slots=True)
class ReplicaHit:
    """A window that the replica of the vectors found; `score` is its cosine."""

    chunk_id: str
    document_id: str
    version: int
    window: int
    score: float


@dataclass(frozen=True, slots=True)
class PassingWindows:
    """How many windows a filter lets pass, of how many."""

    windows: int
    total: int


class VectorReplica(Protocol):
    """A replica of the vectors beside the full-text index, for what Chroma does slowly. Safe from several threads.

    Like that index it may lag behind the registry by some seconds, so what it finds is checked against the heads.
    """

    def owners(self, chunk_ids: Sequence[str], where: Filter | None = None) -> dict[str, tuple[str, int]]:
        """Document and version of those of the chunks that it knows, and that the filter lets pass."""

    def matches(self, collection: str, where: Filter) -> PassingWindows | None:
        """None where it has not all vectors of the documents that pass, or those of another collection."""

    def search(self, vector: Vectors, *, limit: int, where: Filter) -> list[ReplicaHit]:
        """The nearest windows of all that pass, best first: exact, in time proportional to what passes."""

    def similarities(self, collection: str, ids: Sequence[str], vector: Vectors) -> dict[str, float]:
        """Cosine of those windows with `vector`; those that it does not have are left out."""


class WritableVectorReplica(VectorReplica, Protocol):
    """The same, for what keeps it in step."""

    def follow(self, collection: str) -> None:
        """Hold the vectors of that collection; those of another one are forgotten."""

    def forget(self) -> None:
        """Hold no vectors until a collection is followed again."""

    def waiting(self, *, limit: int, after: int = 0) -> list[tuple[int, str, int]]:
        """Number, id and number of windows of chunks whose vectors are not there yet, by number, from `after` on."""

    def store(self, collection: str, vectors: Mapping[str, Vectors]) -> None:
        """Keep the vectors of whole chunks, each of shape (windows, dimensions), if it still follows `collection`."""
