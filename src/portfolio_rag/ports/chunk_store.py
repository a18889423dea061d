"""The table of chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentVersion

EmbeddedChunk = tuple[Chunk, str]
"""An embedded chunk, and the URI of the backup that holds its vectors."""


class ChunkStore(Protocol):
    """`embedding_chunks`."""

    def create(
        self, version: DocumentVersion, chunks: Sequence[Chunk], *, expected: int | None, now: str
    ) -> list[Chunk]:
        """Write those that are not there yet and return those that still wait for their vector, by index.

        The same transactions fix how many chunks the version has in all, with its content hash and its recipe:
        `expected`, which may not change; None while more are to come and nobody knows how many. Never overwrites a
        chunk: its state may have moved on in another worker's hands. Raises ConditionFailed when the version is no
        longer PROCESSING.
        """

    def get(self, keys: Iterable[tuple[str, str]]) -> list[Chunk]:
        """By (chunk_id, document_id), strongly consistent, in any order; missing ones are left out."""

    def window_ids(self, keys: Iterable[tuple[str, str]]) -> set[str]:
        """The ids of all windows of those chunks, by (chunk_id, document_id), strongly consistent; reads no texts."""

    def keys(self) -> Iterator[tuple[str, str]]:
        """(chunk_id, document_id) of every chunk; reads the whole table (for `rag verify` only)."""

    def of_document(
        self, document_id: str, *, version: int | None = None, indexes: tuple[int, int] | None = None
    ) -> Iterator[Chunk]:
        """By index, from the GSI document_id-chunk_index-index (eventually consistent).

        `indexes` bounds the chunk indexes, first and last one included.
        """

    def mark_last(self, version: DocumentVersion, embedded: Sequence[EmbeddedChunk], now: str) -> bool:
        """PENDING -> EMBEDDED of all chunks that the version still waits for, and its completion, in one transaction.

        False, and nothing is written, where they are not those chunks, or the version may not complete (see
        `DocumentRegistry.complete`), or they are too many for one transaction.
        """

    def mark_embedded(self, version: DocumentVersion, embedded: Sequence[EmbeddedChunk], now: str) -> None:
        """PENDING -> EMBEDDED of each chunk and the version's `embedded_count`, in one transaction a group.

        A chunk that is EMBEDDED already is not counted again. Raises ConditionFailed when the version is no longer
        PROCESSING (superseded, deleted, failed): the caller must take back what it wrote.
        """

    def delete(self, keys: Iterable[tuple[str, str]]) -> None: ...
