"""All the stores that hold something of a document, for whoever keeps them in agreement."""

from __future__ import annotations

from dataclasses import dataclass

from portfolio_rag.pipeline.documents.staging import Staging
from portfolio_rag.pipeline.documents.vector_backup import VectorBackup
from portfolio_rag.ports.chunk_store import ChunkStore
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.embedding_locations import EmbeddingLocations
from portfolio_rag.ports.index_alias import IndexAliases
from portfolio_rag.ports.object_store import ObjectStore
from portfolio_rag.ports.vector_store import VectorStore


@dataclass(frozen=True, slots=True)
class DocumentStores:
    """`index_aliases` say which collections are written to, `embedding_locations` where the backup has the vectors."""

    objects: ObjectStore
    registry: DocumentRegistry
    chunks: ChunkStore
    vectors: VectorStore
    backup: VectorBackup
    staging: Staging
    embedding_locations: EmbeddingLocations
    index_aliases: IndexAliases
