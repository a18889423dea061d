"""How a document's versions live and end: what every function that touches one needs."""

from __future__ import annotations

from functools import cached_property

from portfolio_rag.composition.clients import Clients
from portfolio_rag.domain.versions import HistoryRules
from portfolio_rag.pipeline.documents.history import VersionHistory
from portfolio_rag.pipeline.documents.lifecycle import Lifecycle
from portfolio_rag.pipeline.documents.purge import Purge
from portfolio_rag.pipeline.documents.staging import Staging
from portfolio_rag.pipeline.documents.stores import DocumentStores
from portfolio_rag.pipeline.documents.vector_backup import VectorBackup


class DocumentParts(Clients):
    @cached_property
    def stores(self) -> DocumentStores:
        return DocumentStores(
            objects=self.store,
            registry=self.registry,
            chunks=self.chunks,
            vectors=self.vectors,
            backup=self.backup,
            staging=self.staging,
            embedding_locations=self.embedding_locations,
            index_aliases=self.index_aliases,
        )

    @cached_property
    def backup(self) -> VectorBackup:
        return VectorBackup(self.store, self.settings.s3_embeddings_bucket)

    @cached_property
    def staging(self) -> Staging:
        return Staging(self.store, self.settings.s3_embeddings_bucket)

    @cached_property
    def purge(self) -> Purge:
        return Purge(self.chunks, self.vectors, self.backup, self.embedding_locations, self.index_aliases, self.staging)

    @cached_property
    def lifecycle(self) -> Lifecycle:
        return Lifecycle(self.store, self.registry, self.purge, self.version_history, self.metrics, self.clock)

    @cached_property
    def version_history(self) -> VersionHistory:
        return VersionHistory(self.vectors, self.backup, self.index_aliases)

    @cached_property
    def history_rules(self) -> HistoryRules:
        return HistoryRules(self.settings.history_versions, self.settings.history_days)
