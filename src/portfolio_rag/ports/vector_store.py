"""The vector database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from portfolio_rag.domain.filters import Filter
from portfolio_rag.ports.vectors import Vectors


@dataclass(frozen=True, slots=True)
class VectorRecord:
    """One window in Chroma: `<chunk_id>#<n>`, its vector of shape (dimensions,), its metadata."""

    id: str
    vector: Vectors
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VectorHit:
    id: str
    score: float
    """Cosine similarity, -1 to 1."""
    metadata: Mapping[str, Any]
    unread: bool = False
    """Its document is so new that the full-text index has not read it yet."""


class VectorStore(Protocol):
    """Chroma. Raises VectorStoreUnavailable when it does not answer.

    `collection` is the name of an index, which may be several collections of the server (domain/index_names.py).
    """

    def ping(self) -> None: ...

    def parts(self, collection: str) -> list[str]:
        """The collections of the server that the index is made of, each with an order of its own: see `page`."""

    def ensure(self, collection: str, *, fingerprint: str | None = None) -> None:
        """Create the collection (cosine) if it is missing, labelled with the fingerprint of its vectors."""

    def upsert(
        self,
        collection: str,
        records: Sequence[VectorRecord],
        *,
        fingerprint: str | None = None,
        repeated: bool = False,
    ) -> None:
        """Insert or replace, making the collection as `ensure` does. The label of one that is there stays.

        `repeated`: an earlier try may have written some of them. It is asked which are there, a call more, and those
        that are the same are not written again: replacing costs many times what writing does.
        """

    def fingerprint(self, collection: str) -> str | None:
        """Under which fingerprint (Embedder.fingerprint) the collection was made; None where it does not say.

        Asked once a collection, so that a query may ask every time.
        """

    def query(self, collection: str, vector: Vectors, *, limit: int, where: Filter | None = None) -> list[VectorHit]:
        """Nearest first. A missing collection has no hits."""

    def nearest(self, collection: str, vector: Vectors, *, limit: int) -> list[tuple[str, float]]:
        """Ids and cosines alone, nearest first: a third of what `query` costs."""

    def metadata(self, collection: str, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """By id; ids that the collection does not have are left out."""

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        """By id, each of shape (dimensions,); ids that the collection does not have are left out."""

    def similarities(self, collection: str, ids: Sequence[str], vector: Vectors) -> dict[str, float]:
        """Cosine of those windows with `vector`; ids that the collection does not have are left out."""

    def delete(self, collection: str, ids: Sequence[str], *, document_id: str | None = None) -> None:
        """By id; unknown ids are fine. `document_id`, where all are of one document, spares asking other parts."""

    def windows_of(self, collection: str, document_id: str) -> dict[str, int]:
        """The id of each window of a document and the version that it belongs to.

        By the document alone: a filter on two attributes walks the whole collection (measured at 40,000 windows: 25 ms
        instead of 4), and a document has few versions at a time.
        """

    def present(self, collection: str, ids: Sequence[str], *, document_id: str | None = None) -> set[str]:
        """Those of the ids that the collection has; `document_id` as for `delete`."""

    def page(self, collection: str, *, offset: int, limit: int) -> list[tuple[str, Mapping[str, Any]]]:
        """Ids and metadata of one of the `parts`, in the order in which the ids were first inserted.

        New ids come at the end, a replaced one keeps its place, and a deletion moves those after it forward.
        """

    def count(self, collection: str) -> int: ...

    def drop(self, collection: str) -> None:
        """The collection and, before it, all its records, a batch at a time; one that breaks off is gone on with."""

    def collections(self) -> list[str]:
        """The names of all indexes on the server, also of those that have lost a part."""
