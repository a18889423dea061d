"""What a search reads of documents and chunks, in one call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import LiveDocument


@dataclass(frozen=True, slots=True)
class LiveRead:
    """`documents` by (document_id, version), `chunks` by id."""

    documents: dict[tuple[str, int], LiveDocument]
    chunks: dict[str, Chunk]


class LiveDocumentReader(Protocol):
    """`document_registry` and `embedding_chunks`, as far as a search reads them."""

    def read(self, versions: Iterable[tuple[str, int]], chunks: Iterable[tuple[str, str]]) -> LiveRead:
        """Those of the (document_id, version) pairs that answer now, and the (chunk_id, document_id) that are there.

        As `DocumentRegistry.live_versions` and `ChunkStore.get`, in one batched, strongly consistent read of both (two
        keys a pair and one a chunk, 100 keys a call), because a query asks about every document it hit.
        """
