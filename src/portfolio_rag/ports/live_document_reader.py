"""What a search reads of documents and chunks, in one call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import LiveDocument


@dataclass(frozen=True, slots=True)
class LiveRead:
    """`documents` by (document_id, version), `chunks` by id, and the collection that the index alias named.

    `current`, by document_id, are the versions that answer now of documents of which an older one was asked for: who
    may not see those may not see these.
    """

    documents: dict[tuple[str, int], LiveDocument]
    chunks: dict[str, Chunk]
    live_index: str
    current: dict[str, LiveDocument] = field(default_factory=dict)


class LiveDocumentReader(Protocol):
    """`document_registry`, `embedding_chunks` and the index alias, as far as a search reads them."""

    def read(self, versions: Iterable[tuple[str, int]], chunks: Iterable[tuple[str, str]]) -> LiveRead:
        """Those of the (document_id, version) pairs that answer now, and the (chunk_id, document_id) that are there.

        As `DocumentRegistry.live_versions`, `ChunkStore.get` and `IndexAliases.current`, in one batched, strongly
        consistent read (two keys a pair, one a chunk, one for the alias, 100 keys a call), because a query asks about
        every document it hit. Without any of either the alias alone is read.
        """

    def read_as_of(
        self,
        moment: str,
        versions: Iterable[tuple[str, int]],
        chunks: Iterable[tuple[str, str]],
        *,
        current: bool = True,
    ) -> LiveRead:
        """The same of the pairs that answered at that moment, as far as they are kept. Nothing of a deleted document.

        With `current`, which takes a second read where a version is asked for that has been replaced.
        """
