"""Chunks of an extracted document by the rules in force for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portfolio_rag.ports import Embedder, Tokenizer
from portfolio_rag.rules import Rules
from portfolio_rag.text.chunk import START, ChunkDraft, Piece, Place, pieces
from portfolio_rag.text.document import ExtractedDocument
from portfolio_rag.text.strategy import Strategy


def cut(document: ExtractedDocument, rules: Rules, tokenizer: Tokenizer, embedder: Embedder) -> list[ChunkDraft]:
    """The chunks in order; `embedder` is asked for the `semantic` strategy alone."""
    topics: list[int] = []
    if rules.chunking_strategy is Strategy.SEMANTIC:
        from portfolio_rag.text.topics import topic_starts  # NumPy: not for those who cut otherwise

        topics = topic_starts(
            document,
            embedder.embed,
            percentile=rules.semantic_breakpoint_percentile,
            buffer=rules.semantic_buffer_sentences,
        )
    return [draft for piece in pieces_of(document, rules, tokenizer, topics=topics) for draft in piece.drafts]


def pieces_of(
    document: ExtractedDocument, rules: Rules, tokenizer: Tokenizer, *, topics: Sequence[int] = (), start: Place = START
) -> Iterator[Piece]:
    """The chunks in order from `start` on, cut when they are asked for; `topics` for the `semantic` strategy."""
    return pieces(
        document,
        tokenizer,
        size_tokens=rules.chunk_size_tokens,
        overlap_tokens=rules.chunk_overlap_tokens,
        window_tokens=rules.window_tokens,
        strategy=rules.chunking_strategy,
        topic_starts=frozenset(topics),
        start=start,
    )
