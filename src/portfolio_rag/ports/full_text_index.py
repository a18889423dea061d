"""Full-text search over the windows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.document_query import DocumentQuery
from portfolio_rag.domain.documents import DocumentVersion
from portfolio_rag.domain.filters import Filter
from portfolio_rag.ports.document_index import DocumentPlace


@dataclass(frozen=True, slots=True)
class FullTextHit:
    """A chunk found by its words. `score` is BM25: above 0, comparable within one query only.

    `windows` are (index, score) of its windows that have the words, best first; those scores compare within one query
    too, and with each other only.
    """

    chunk_id: str
    document_id: str
    version: int
    score: float
    windows: tuple[tuple[int, float], ...]


class FullTextIndex(Protocol):
    """The full-text index of one API process: local files that follow the registry. Safe from several threads.

    A cache, never the truth: what it finds is checked against the heads like every vector, and a lost or damaged
    file is built again from the chunks.
    """

    def search(self, query: str, *, limit: int, where: Filter | None = None) -> list[FullTextHit]:
        """At most `limit` chunks, best first; a query without content words finds nothing."""

    def index(self, documents: Sequence[tuple[DocumentVersion, Sequence[Chunk]]]) -> None:
        """Put each version, with its chunks, in the place of whatever the index has of the document.

        All are found when this returns. Should the process end before, each is there as a whole or not at all, or it is
        there when `repair` has been called.
        """

    def remove(self, document_ids: Iterable[str]) -> None:
        """Forget the documents; unknown ones are fine."""

    def repair(self) -> bool:
        """Do a part of what a process that ended left undone, and build again what is damaged, which nothing is found
        in until then; False when there is nothing to do."""

    def documents(self, query: DocumentQuery, *, limit: int, after: DocumentPlace | None = None) -> list[DocumentPlace]:
        """The indexed documents that pass, as `DocumentIndex` has them."""

    def versions(self) -> dict[str, int]:
        """Which version of each document is indexed."""
