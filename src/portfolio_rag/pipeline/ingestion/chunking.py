"""Chunks of an extracted document by the rules in force for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from portfolio_rag.domain.chunking_strategy import Strategy
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentVersion
from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.domain.identifiers import chunk_id_for, sha256_hex
from portfolio_rag.domain.ocr import OcrRules
from portfolio_rag.ports.embedder import Embedder, Tokenizer
from portfolio_rag.settings.ingestion_rules import Rules
from portfolio_rag.text.chunking.chunker import START, ChunkBatch, ChunkCursor, ChunkDraft, iter_chunk_batches
from portfolio_rag.text.extraction.document import ExtractedDocument
from portfolio_rag.text.extraction.extract import ExtractionLimits, extract

MAX_TOPIC_UNITS = 3_000
"""Sentences, lists and tables that the `semantic` strategy takes: each is embedded before a chunk is cut, at some 3 ms
on one core, and a function has 50 s in all. Some 150 pages of prose."""


class DocumentChunker:
    """`embedder` is made when a document is cut by topics, and not before: most never are.

    `workers`: scanned pages that are read side by side.
    """

    def __init__(self, tokenizer: Tokenizer, embedder: Callable[[], Embedder], *, workers: int = 1) -> None:
        self._tokenizer = tokenizer
        self._embedder = embedder
        self._workers = workers

    def chunk(self, document: ExtractedDocument, rules: Rules) -> list[ChunkDraft]:
        """All chunks in order. Raises as `topics_of`."""
        topics = self.topics_of(document, rules)
        return [draft for batch in self.batches(document, rules, topics=topics) for draft in batch.drafts]

    def chunk_again(self, version: DocumentVersion, data: bytes, rules: Rules, created_at: str) -> list[Chunk]:
        """The chunks of a version's bytes: the same bytes under the same rules always give the same ids.

        Raises DocumentRejected, for a document without text too.
        """
        drafts = self.chunk(extract(data, version.filename, self.limits(rules)), rules)
        if not drafts:
            raise no_text()
        return chunks_from(version, drafts, 0, created_at)

    def limits(self, rules: Rules) -> ExtractionLimits:
        """What a document may be and cost while it is read."""
        return ExtractionLimits(
            allowed_types=rules.allowed_types,
            max_pages=rules.max_pages,
            max_characters=rules.max_characters,
            timeout_seconds=rules.extraction_timeout_seconds,
            memory_mb=rules.extraction_memory_mb,
            ocr=OcrRules(rules.ocr, rules.ocr_languages, rules.ocr_max_pages, rules.ocr_page_timeout_seconds),
            workers=self._workers,
        )

    def topics_of(self, document: ExtractedDocument, rules: Rules) -> list[int]:
        """Where topics begin in the text; none but for the `semantic` strategy, which alone asks for the embedder.

        Raises DocumentRejected for a document that is too long for it.
        """
        if rules.chunking_strategy is not Strategy.SEMANTIC:
            return []
        from portfolio_rag.text.chunking.topic_boundaries import (  # NumPy: not for those who cut otherwise
            topic_starts,
            units_of,
        )

        units = units_of(document)
        if len(units) > MAX_TOPIC_UNITS:
            raise DocumentRejected(
                FailureReason.LIMIT_EXCEEDED,
                f"The document has {len(units):,} sentences; the chunking strategy `semantic` takes "
                f"{MAX_TOPIC_UNITS:,}. Split it, or give its prefix the strategy `structure` in the ingestion rules.",
            )
        return topic_starts(
            document,
            self._embedder().embed,
            units,
            percentile=rules.semantic_breakpoint_percentile,
            buffer=rules.semantic_buffer_sentences,
        )

    def batches(
        self,
        document: ExtractedDocument,
        rules: Rules,
        *,
        topics: Sequence[int] = (),
        start: ChunkCursor = START,
    ) -> Iterator[ChunkBatch]:
        """The chunks in order from `start` on, cut when they are asked for; `topics` for the `semantic` strategy."""
        return iter_chunk_batches(
            document,
            self._tokenizer,
            size_tokens=rules.chunk_size_tokens,
            overlap_tokens=rules.chunk_overlap_tokens,
            window_tokens=rules.window_tokens,
            strategy=rules.chunking_strategy,
            topic_starts=frozenset(topics),
            start=start,
        )


def chunks_from(version: DocumentVersion, drafts: list[ChunkDraft], first: int, created_at: str) -> list[Chunk]:
    """Chunks from index `first` on."""
    chunks: list[Chunk] = []
    for index, draft in enumerate(drafts, first):
        content_hash = sha256_hex(draft.content)
        chunks.append(
            Chunk(
                chunk_id=chunk_id_for(version.document_id, version.version, index, content_hash),
                document_id=version.document_id,
                version=version.version,
                chunk_index=index,
                content=draft.content,
                content_hash=content_hash,
                token_count=draft.token_count,
                span=draft.span,
                windows=tuple(draft.windows),
                heading_path=tuple(draft.heading_path),
                parts=draft.parts,
                page_start=draft.page_start,
                page_end=draft.page_end,
                created_at=created_at,
            )
        )
    return chunks


def no_text() -> DocumentRejected:
    return DocumentRejected(FailureReason.NO_TEXT, "No text was found in the document.")
