"""document-processor."""

from __future__ import annotations

from functools import cached_property

from portfolio_rag.adapters.process.cpu import available_cpus
from portfolio_rag.composition.intake import IntakeParts
from portfolio_rag.composition.models import ModelParts
from portfolio_rag.pipeline.ingestion.attachments import Attachments
from portfolio_rag.pipeline.ingestion.chunking import DocumentChunker
from portfolio_rag.pipeline.ingestion.processing import DocumentProcessor
from portfolio_rag.pipeline.ingestion.redelivery import Redelivery

SLICE_CHUNKS = 400
"""So many chunks are written and sent before the next are cut: a few seconds' work, and what most documents have."""


class ProcessorParts(IntakeParts, ModelParts):
    slice_chunks = SLICE_CHUNKS

    @cached_property
    def processor(self) -> DocumentProcessor:
        return DocumentProcessor(
            self.stores,
            self.embedding_queue,
            self.ingestion_queue,
            self.lifecycle,
            Attachments(self.store, self.registry, self.intake, self.lifecycle),
            self.config,
            DocumentChunker(self.tokenizer, lambda: self.embedder, workers=available_cpus()),
            self.clock,
            self.slice_chunks,
        )

    @cached_property
    def ingestion_redelivery(self) -> Redelivery:
        return Redelivery(self.ingestion_queue, self.repeating, self.settings.max_receive_count)
