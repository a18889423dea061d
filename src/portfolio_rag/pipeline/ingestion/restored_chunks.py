"""A rollback's version has the chunks of the version that it restores: copied, with ids of their own, never cut anew.

Their vectors are found by their content like those of any unchanged text. They are the old version's, which is kept, so
nothing is embedded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from portfolio_rag.domain.chunks import Chunk, ChunkStatus
from portfolio_rag.domain.documents import DocumentVersion
from portfolio_rag.domain.errors import StorageUnavailable
from portfolio_rag.domain.identifiers import chunk_id_for
from portfolio_rag.pipeline.documents.stores import DocumentStores
from portfolio_rag.pipeline.documents.vector_backup import vector_id
from portfolio_rag.ports.embedding_locations import VectorLocation


class RestoredChunks:
    def __init__(self, stores: DocumentStores) -> None:
        self._stores = stores

    def of(self, version: DocumentVersion, created_at: str) -> list[Chunk]:
        """All of them, by index, as those of `version`; where their vectors lie is recorded.

        Raises StorageUnavailable while not all of the old ones are to be seen: their index lags behind the writes.
        """
        document_id, number = version.document_id, version.restores or 0
        old = list(self._stores.chunks.of_document(document_id, version=number))
        row = self._stores.registry.get(document_id, number)
        if row is None or len(old) != row.chunk_count:
            raise StorageUnavailable(f"Not all chunks of version {number} of {document_id} can be read.")
        self._record_locations(document_id, number, old)
        return [
            replace(
                chunk,
                chunk_id=chunk_id_for(document_id, version.version, chunk.chunk_index, chunk.content_hash),
                version=version.version,
                status=ChunkStatus.PENDING,
                embedding_vector_s3=None,
                created_at=created_at,
            )
            for chunk in old
        ]

    def _record_locations(self, document_id: str, number: int, chunks: Sequence[Chunk]) -> None:
        """Those that nobody has recorded: of a text that a later version shared, the record went with that one."""
        locations: dict[str, VectorLocation] = {}
        for entry in self._stores.backup.of_document(document_id).entries:
            if entry.version == number:
                rows = {id_: row for row, id_ in enumerate(self._stores.backup.window_ids(entry))}
                locations |= {
                    vector_id(entry.fingerprint, chunk.embedding_hash): VectorLocation(
                        self._stores.backup.vectors_key(entry), rows[chunk.window_ids[0]], len(chunk.windows)
                    )
                    for chunk in chunks
                    if chunk.window_ids[0] in rows
                }
        known = self._stores.embedding_locations.find(locations)
        self._stores.embedding_locations.add({id_: place for id_, place in locations.items() if id_ not in known})
