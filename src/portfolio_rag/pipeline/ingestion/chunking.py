"""Chunks of an extracted document by the rules in force for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from portfolio_rag.domain.chunking_strategy import Strategy
from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.ports.embedder import Embedder, Tokenizer
from portfolio_rag.settings.ingestion_rules import Rules
from portfolio_rag.text.chunking.chunker import START, ChunkBatch, ChunkCursor, ChunkDraft, iter_chunk_batches
from portfolio_rag.text.extraction.document import ExtractedDocument

MAX_TOPIC_UNITS = 3_000
"""Sentences, lists and tables that the `semantic` strategy takes: each is embedded before a chunk is cut, at some 3 ms
on one core, and a function has 50 s in all. Some 150 pages of prose."""


def chunk_document(
    document: ExtractedDocument, rules: Rules, tokenizer: Tokenizer, embedder: Callable[[], Embedder]
) -> list[ChunkDraft]:
    """All chunks in order. Raises as `topics_of`."""
    topics = topics_of(document, rules, embedder)
    return [draft for batch in chunk_batches(document, rules, tokenizer, topics=topics) for draft in batch.drafts]


def topics_of(document: ExtractedDocument, rules: Rules, embedder: Callable[[], Embedder]) -> list[int]:
    """Where topics begin in the text; none but for the `semantic` strategy, which alone asks for the `embedder`.

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
            f"The document has {len(units):,} sentences; the chunking strategy `semantic` takes {MAX_TOPIC_UNITS:,}. "
            "Split it, or give its prefix the strategy `structure` in the ingestion rules.",
        )
    return topic_starts(
        document,
        embedder().embed,
        units,
        percentile=rules.semantic_breakpoint_percentile,
        buffer=rules.semantic_buffer_sentences,
    )


def chunk_batches(
    document: ExtractedDocument,
    rules: Rules,
    tokenizer: Tokenizer,
    *,
    topics: Sequence[int] = (),
    start: ChunkCursor = START,
) -> Iterator[ChunkBatch]:
    """The chunks in order from `start` on, cut when they are asked for; `topics` for the `semantic` strategy."""
    return iter_chunk_batches(
        document,
        tokenizer,
        size_tokens=rules.chunk_size_tokens,
        overlap_tokens=rules.chunk_overlap_tokens,
        window_tokens=rules.window_tokens,
        strategy=rules.chunking_strategy,
        topic_starts=frozenset(topics),
        start=start,
    )
