"""The chunk that a citation names, in its context, also after its document has changed.

The chunks of a replaced version are purged from the index, but its bytes are kept in `archived/`. The same bytes under
the same rules give the same chunks with the same ids, so the chunk is made again from them when somebody asks for it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus, DocumentVersion
from portfolio_rag.domain.errors import DocumentRejected, NotFound, PayloadTooLarge
from portfolio_rag.pipeline.documents.catalog import is_kept
from portfolio_rag.pipeline.ingestion.chunking import DocumentChunker
from portfolio_rag.ports.chunk_store import ChunkStore
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.object_store import ObjectStore
from portfolio_rag.ports.runtime import Clock
from portfolio_rag.settings.ingestion_rules import ConfigSource

MAX_VERSIONS_READ = 3
"""Replaced versions that are read for a chunk whose version the caller does not name: each costs an extraction."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChunkInContext:
    """A chunk with the chunks before and after it in the same version.

    `live` says whether answers are made from that version now; `restored` that the chunk was made again from the
    archived bytes.
    """

    chunk: Chunk
    document: DocumentVersion
    previous: Chunk | None
    following: Chunk | None
    live: bool
    restored: bool


class ChunkLookup:
    def __init__(
        self,
        store: ObjectStore,
        registry: DocumentRegistry,
        chunks: ChunkStore,
        config: ConfigSource,
        chunker: DocumentChunker,
        clock: Clock,
    ) -> None:
        self._store = store
        self._registry = registry
        self._chunks = chunks
        self._config = config
        self._chunker = chunker
        self._clock = clock

    def find(self, document_id: str, chunk_id: str, *, version: int | None = None) -> ChunkInContext:
        """The chunk as it was cited. `version` is the citation's, and spares reading others.

        Raises NotFound: for an unknown or deleted document, an unknown chunk, bytes that S3 has expired, or ingestion
        rules that cut the document otherwise by now.
        """
        head = self._registry.head(document_id)
        if head is None:
            raise NotFound(f"There is no document {document_id}.")
        if head.deleted_at is not None:
            raise NotFound(f"Document {document_id} was deleted on {head.deleted_at[:10]}, and its text with it.")
        stored = self._chunks.get([(chunk_id, document_id)])
        if stored and version in (None, stored[0].version):
            row = self._registry.get(document_id, stored[0].version)
            if row is not None:
                neighbours = self._neighbours(stored[0])
                return _in_context([*neighbours, stored[0]], chunk_id, row, head, restored=False)
        candidates = [
            row
            for row in self._registry.versions(document_id)
            if version in (None, row.version) and row.status is DocumentStatus.COMPLETED and is_kept(row)
        ]
        for row in candidates[:MAX_VERSIONS_READ]:
            chunks = self._read_again(row, head)
            if any(chunk.chunk_id == chunk_id for chunk in chunks):
                return _in_context(chunks, chunk_id, row, head, restored=True)
        raise NotFound(
            f"There is no chunk {chunk_id} in document {document_id}"
            + (f", version {version}" if version is not None else "")
            + ". If a citation names it, the bytes of its version have expired, or the ingestion rules have changed."
        )

    def of_version(self, version: DocumentVersion, head: DocumentHead) -> tuple[list[Chunk], bool]:
        """The chunks of any version in order, and whether they were made again from its archived bytes.

        None where there never were any, or the bytes are not kept, or cannot be read by the rules of now.
        """
        stored = list(self._chunks.of_document(version.document_id, version=version.version))
        if stored or version.status is not DocumentStatus.COMPLETED or not is_kept(version):
            return stored, False
        restored = list(self._read_again(version, head))
        return restored, bool(restored)

    def _neighbours(self, chunk: Chunk) -> list[Chunk]:
        around = (max(0, chunk.chunk_index - 1), chunk.chunk_index + 1)
        chunks = self._chunks.of_document(chunk.document_id, version=chunk.version, indexes=around)
        return [neighbour for neighbour in chunks if neighbour.chunk_index != chunk.chunk_index]

    def _read_again(self, version: DocumentVersion, head: DocumentHead) -> Sequence[Chunk]:
        # By the logical key: rules go by folder, and an archived key is another one.
        rules = self._config.rules_for(head.logical_key)
        try:
            data = self._store.get(version.ref, max_bytes=rules.max_file_size_bytes)
            return self._chunker.chunk_again(version, data, rules, self._clock.now_iso())
        except (NotFound, PayloadTooLarge, DocumentRejected) as error:
            _log.info("Version %s of %s cannot be read again: %s", version.version, version.document_id, error)
            return []


def _in_context(
    chunks: Sequence[Chunk], chunk_id: str, version: DocumentVersion, head: DocumentHead, *, restored: bool
) -> ChunkInContext:
    by_index = {chunk.chunk_index: chunk for chunk in chunks}
    chunk = next(chunk for chunk in chunks if chunk.chunk_id == chunk_id)
    return ChunkInContext(
        chunk=chunk,
        document=version,
        previous=by_index.get(chunk.chunk_index - 1),
        following=by_index.get(chunk.chunk_index + 1),
        live=head.live_version == version.version,
        restored=restored,
    )
