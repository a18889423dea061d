"""embedding-generator."""

from __future__ import annotations

from functools import cached_property

from portfolio_rag.adapters.process.threads import Threads
from portfolio_rag.composition.documents import DocumentParts
from portfolio_rag.composition.models import ModelParts
from portfolio_rag.pipeline.ingestion.embedding import EmbeddingGenerator
from portfolio_rag.pipeline.ingestion.redelivery import Redelivery
from portfolio_rag.ports.runtime import Parallel


class EmbeddingParts(DocumentParts, ModelParts):
    @cached_property
    def parallel(self) -> Parallel:
        return Threads()

    @cached_property
    def embedding_generator(self) -> EmbeddingGenerator:
        return EmbeddingGenerator(self.stores, self.embedder, self.lifecycle, self.metrics, self.clock, self.parallel)

    @cached_property
    def embedding_redelivery(self) -> Redelivery:
        return Redelivery(self.embedding_queue, self.repeating, self.settings.max_receive_count)
