"""document-processor."""

from __future__ import annotations

from functools import cached_property

from portfolio_rag.composition.documents import DocumentParts
from portfolio_rag.composition.models import ModelParts
from portfolio_rag.pipeline.ingestion.processing import Processing

SLICE_CHUNKS = 400
"""So many chunks are written and sent before the next are cut: a few seconds' work, and what most documents have."""


class ProcessorParts(DocumentParts, ModelParts):
    slice_chunks = SLICE_CHUNKS

    @cached_property
    def processing(self) -> Processing:
        return Processing(
            self.store,
            self.registry,
            self.chunks,
            self.embedding_queue,
            self.ingestion_queue,
            self.staging,
            self.lifecycle,
            self.config,
            self.tokenizer,
            lambda: self.embedder,
            self.clock,
            self.slice_chunks,
        )
