"""Removing what a document version left in the stores: vectors, chunks, backup."""

from __future__ import annotations

from portfolio_rag.domain.versions import history_collection
from portfolio_rag.pipeline.documents.staging import Staging
from portfolio_rag.pipeline.documents.vector_backup import VECTORS, VectorBackup, fingerprint_of, prefix_of, vector_id
from portfolio_rag.ports.chunk_store import ChunkStore
from portfolio_rag.ports.embedding_locations import EmbeddingLocations
from portfolio_rag.ports.index_alias import IndexAliases
from portfolio_rag.ports.vector_store import VectorStore


class Purge:
    """Idempotent; safe beside a reindex."""

    def __init__(
        self,
        chunks: ChunkStore,
        vectors: VectorStore,
        backup: VectorBackup,
        embedding_locations: EmbeddingLocations,
        aliases: IndexAliases,
        staging: Staging,
    ) -> None:
        self._chunks = chunks
        self._vectors = vectors
        self._backup = backup
        self._embedding_locations = embedding_locations
        self._aliases = aliases
        self._staging = staging

    def staged(self, document_id: str, number: int) -> None:
        """Remove what the version left between its invocations."""
        self._staging.delete(document_id, number)

    def version(self, document_id: str, number: int) -> None:
        """Remove every trace of the version's chunks. The registry row stays: it is the audit trail.

        The chunk rows are found through an index that lags behind, so what was written a moment ago may be missed:
        the Reconciler looks again when the index has caught up.
        """
        stored = list(self._chunks.of_document(document_id, version=number))
        addresses = [
            vector_id(fingerprint_of(chunk.embedding_vector_s3), chunk.embedding_hash)
            for chunk in stored
            if chunk.embedding_vector_s3
        ]
        self._embedding_locations.remove(addresses, prefix_of(VECTORS, document_id, number))
        # The backup goes before Chroma and the alias is read after it: a reindex that starts in between does not
        # find the version any more, and one that has started is named by the alias.
        self._backup.delete(document_id, number)
        for collection in self._aliases.current().targets:
            # Asked for by metadata and by the ids we know: a window whose chunk row is gone goes too.
            windows = self._vectors.windows_of(collection, document_id)
            ids = {id_ for chunk in stored for id_ in chunk.window_ids}
            ids |= {id_ for id_, version in windows.items() if version == number}
            if ids:
                self._vectors.delete(collection, sorted(ids), document_id=document_id)
            history = history_collection(collection)
            kept = [id_ for id_, version in self._vectors.windows_of(history, document_id).items() if version == number]
            if kept:
                self._vectors.delete(history, sorted(kept), document_id=document_id)
        self._chunks.delete((chunk.chunk_id, chunk.document_id) for chunk in stored)

    def history(self, document_id: str, *, before: int) -> None:
        """Remove what is kept of the versions of a document before that one."""
        for number in sorted(self._backup.of_document(document_id).versions):
            if number < before:
                self.version(document_id, number)
