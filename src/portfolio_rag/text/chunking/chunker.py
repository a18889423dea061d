"""Chunks of a document, cut by one of three strategies, each with windows to embed.

Embedding models read a few hundred word pieces, fewer than a chunk has. So a chunk is what is stored, cited and shown;
its windows are what is embedded and found. All of a document but blanks lies in exactly one window of one chunk: the
overlap that a chunk begins with is context for a reader, and embedded with the chunk before.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain, islice, pairwise, takewhile
from typing import Any

from portfolio_rag.domain.chunking_strategy import Strategy
from portfolio_rag.domain.chunks import ChunkPart, Span
from portfolio_rag.ports.embedder import Tokenizer
from portfolio_rag.text.chunking.heading_paths import HeadingContext, common_title
from portfolio_rag.text.chunking.sections import HeadingPath, Section, group, sections_of
from portfolio_rag.text.chunking.units import (
    MAX_CHARACTERS,
    BreakQuality,
    TextUnit,
    short_blocks,
    text_units,
    tokenizing,
)
from portfolio_rag.text.extraction.document import Block, ExtractedDocument

FILL = 0.5
"""A chunk or window this full may end at a better place than the last that fits."""


@dataclass(frozen=True, slots=True)
class ChunkDraft:
    """A chunk before it has an id.

    `content` is `text[span[0]:span[1]]` of the document; `windows` are [start, end) in characters of `content`, in
    order, none empty, none overlapping. `token_count` is in word pieces. Pages count from 1. `parts` cover it in order.
    """

    content: str
    span: Span
    windows: tuple[Span, ...]
    heading_path: HeadingPath
    parts: tuple[ChunkPart, ...]
    page_start: int | None
    page_end: int | None
    token_count: int


ChunkCursor = tuple[int, int]
"""Where cutting goes on: at the section that begins with that block (of `short_blocks`), at that character."""

START: ChunkCursor = (0, 0)

PART_CHARACTERS = 200_000
"""Of a section: more is tokenized and cut part by part, so that no document costs memory for all of its words."""


@dataclass(frozen=True, slots=True)
class ChunkBatch:
    """Consecutive chunks, and where those after them begin: None behind the last. May hold no chunk."""

    drafts: list[ChunkDraft]
    following: ChunkCursor | None


def chunk(document: ExtractedDocument, tokenizer: Tokenizer, **sizes: Any) -> list[ChunkDraft]:
    """All chunks of a document in order: `iter_chunk_batches`, with its keyword arguments, put together."""
    return [draft for batch in iter_chunk_batches(document, tokenizer, **sizes) for draft in batch.drafts]


def iter_chunk_batches(
    document: ExtractedDocument,
    tokenizer: Tokenizer,
    *,
    size_tokens: int,
    overlap_tokens: int,
    window_tokens: int,
    strategy: Strategy = Strategy.STRUCTURE,
    topic_starts: Collection[int] = (),
    start: ChunkCursor = START,
) -> Iterator[ChunkBatch]:
    """The chunks of a document in order, cut when they are asked for.

    `size_tokens` bounds a chunk with its overlap; `overlap_tokens` bounds what it repeats of the chunk before, when
    both are of one section and topic; `window_tokens` bounds a window with the heading path and newline in front. All
    count word pieces of the embedding model's own tokenizer. `topic_starts` are the places of `topics.topic_starts`,
    for SEMANTIC. From `start`, the `following` of a batch, on come the same chunks as if nobody had stopped there.
    """
    chunker = _Chunker(document, tokenizer, size_tokens, overlap_tokens, window_tokens, strategy, topic_starts)
    yield from chunker.batches(start)


class _Chunker:
    def __init__(
        self,
        document: ExtractedDocument,
        tokenizer: Tokenizer,
        size_tokens: int,
        overlap_tokens: int,
        window_tokens: int,
        strategy: Strategy,
        topic_starts: Collection[int],
    ) -> None:
        window_tokens = min(window_tokens, size_tokens)
        self._document = document
        self._tokenizer = tokenizer
        self._tokenized = tokenizing(document.text, tokenizer)
        self._size = size_tokens
        self._overlap = overlap_tokens
        self._strategy = strategy
        self._topics = topic_starts
        self._blocks = list(short_blocks(document.text, document.blocks))
        is_fixed = strategy is Strategy.FIXED
        self._heading_context = HeadingContext(
            tokenizer,
            window_tokens,
            None if is_fixed else common_title(document),
            None if is_fixed else document.title,
        )
        self._pages = _Pages(document)

    def batches(self, start: ChunkCursor) -> Iterator[ChunkBatch]:
        first, position = start
        for section, following in pairwise(chain(self._sections(first), (None,))):
            assert section is not None  # only what follows the last one is None
            after = None if following is None else (first + len(section.blocks), following.blocks[0].start)
            yield from self._cut(section, max(position, section.blocks[0].start), first, after)
            first, position = first + len(section.blocks), 0

    def _sections(self, first: int) -> Iterator[Section]:
        blocks = self._blocks[first:] if first else self._blocks
        if self._strategy is Strategy.FIXED:
            return iter([Section((), blocks)] if blocks else [])
        return group(sections_of(blocks), size_tokens=self._size, count=self._count, is_small=self._is_small)

    def _is_small(self, section: Section, path: HeadingPath) -> bool:
        return section.characters <= MAX_CHARACTERS and self._count(section.blocks) <= self._heading_context.room(path)

    def _count(self, blocks: Iterable[Block]) -> int:
        return sum(self._tokenized(block).tokens for block in blocks)

    def _cut(
        self, section: Section, position: int, first_block: int, after: ChunkCursor | None
    ) -> Iterator[ChunkBatch]:
        """The chunks of a section from the character `position` on, part by part."""
        path, room = self._heading_context.shown(section.path), self._heading_context.room(section.path)
        own: int | None = position
        while own is not None:
            run, is_end = self._run(section.blocks, own, room)
            drafts: list[ChunkDraft] = []
            at, own = bisect_left(run.units, own, key=lambda unit: unit.start), None
            for first, begin, end in _chunks(run, at, self._size, self._overlap):
                if end == len(run) and not is_end:
                    # What comes next may belong to it.
                    own = run.units[begin].start
                    break
                drafts.append(self._draft(run, first, begin, end, path, room))
            yield ChunkBatch(drafts, after if own is None else (first_block, own))

    def _run(self, blocks: Sequence[Block], own: int, room: int) -> tuple[_Run, bool]:
        """The units around a part that begins at `own`, and whether they reach the section's end.

        Before it as far as an overlap may go back; behind it to a block that is beyond the part, so that the chunk that
        begins there is seen to end.
        """
        begin = bisect_right(blocks, own - MAX_CHARACTERS, key=lambda block: block.end)
        end = bisect_right(blocks, own + PART_CHARACTERS, key=lambda block: block.start) + 1
        units = [
            _marked(unit, self._strategy, self._topics)
            for block in blocks[begin:end]
            for unit in text_units(
                self._tokenized(block),
                self._tokenizer,
                size_tokens=self._size,
                window_tokens=room,
            )
        ]
        return _Run(units), end >= len(blocks)

    def _draft(self, run: _Run, first: int, own: int, end: int, path: HeadingPath, room: int) -> ChunkDraft:
        span = (run.units[first].start, run.units[end - 1].end)
        windows = tuple(
            (run.units[start].start - span[0], run.units[stop - 1].end - span[0])
            for start, stop in _windows(run, own, end, room)
        )
        page_start, page_end = self._pages.of(span)
        content = self._document.text[span[0] : span[1]]
        parts = tuple(self._parts(span))
        return ChunkDraft(content, span, windows, path, parts, page_start, page_end, run.tokens(first, end))

    def _parts(self, span: Span) -> Iterator[ChunkPart]:
        """The runs of [start, end) in the document's text that stand in one place each."""
        blocks = self._document.blocks
        first = max(0, bisect_right(blocks, span[0], key=lambda block: block.start) - 1)
        last: ChunkPart | None = None
        for block in takewhile(lambda block: block.start < span[1], islice(blocks, first, None)):
            path = self._heading_context.full(block.heading_path)
            start = max(0, block.start - span[0])
            part = ChunkPart(start, path, block.lead_in, block.kind, block.page, block.recognition)
            if last is None or replace(part, start=last.start) != last:
                yield part
                last = part


def _marked(unit: TextUnit, strategy: Strategy, topic_starts: Collection[int]) -> TextUnit:
    if strategy is Strategy.FIXED and unit.break_quality > BreakQuality.SENTENCE:
        # One sentence is as good a place to cut at as another: chunks and windows are as full as they can be.
        return replace(unit, break_quality=BreakQuality.SENTENCE)
    if strategy is Strategy.SEMANTIC and unit.start in topic_starts and not unit.keep_with_previous:
        return replace(unit, topic=True)
    return unit


class _Run:
    """Consecutive units with the sums that make counting a range of them cheap."""

    def __init__(self, units: Sequence[TextUnit]) -> None:
        self.units = units
        self._sums = [0, *accumulate(unit.tokens for unit in units)]

    def __len__(self) -> int:
        return len(self.units)

    def tokens(self, start: int, stop: int) -> int:
        return self._sums[stop] - self._sums[start]

    def fits(self, start: int, stop: int, size_tokens: int) -> bool:
        characters = self.units[stop - 1].end - self.units[start].start
        return self.tokens(start, stop) <= size_tokens and characters <= MAX_CHARACTERS


def _chunks(run: _Run, own: int, size_tokens: int, overlap_tokens: int) -> Iterator[tuple[int, int, int]]:
    """(first unit, first own unit, end) of each chunk from unit `own` on; before a chunk's own units is overlap."""
    while own < len(run):
        kept_end = own + 1
        while kept_end < len(run) and run.units[kept_end].keep_with_previous:
            kept_end += 1
        first = own
        while (
            not run.units[first].topic
            and first > 0
            and run.tokens(first - 1, own) <= overlap_tokens
            and run.fits(first - 1, kept_end, size_tokens)
        ):
            first -= 1
        end = kept_end
        while end < len(run) and not run.units[end].topic and run.fits(first, end + 1, size_tokens):
            end += 1
        if end < len(run) and not run.units[end].topic:
            end = _best_break(run, own, end, size_tokens - run.tokens(first, own))
        yield first, own, end
        own = end


def _best_break(run: _Run, own: int, end: int, room: int) -> int:
    """The last good place to end a chunk that begins with unit `own` and could hold units up to `end`."""
    allowed = [position for position in range(own + 1, end + 1) if not run.units[position].keep_with_previous]
    full = [position for position in allowed if run.tokens(own, position) >= FILL * room]
    for positions, quality in (
        (full, BreakQuality.BLOCK),
        (full, BreakQuality.SENTENCE),
        (allowed, BreakQuality.SENTENCE),
        (allowed, BreakQuality.WORD),
    ):
        for position in reversed(positions):
            if run.units[position].break_quality >= quality:
                return position
    return end


def _windows(run: _Run, own: int, end: int, room: int) -> Iterator[tuple[int, int]]:
    """[start, stop) in units of the windows over a chunk's own part; a section's heading always begins one."""
    start = own
    while start < end:
        stop = start + 1
        bare = run.units[start].break_quality is BreakQuality.SECTION
        while stop < end and run.tokens(start, stop + 1) <= room:
            heading = run.units[stop].break_quality is BreakQuality.SECTION
            if heading and not bare:
                break
            bare = bare and heading
            stop += 1
        if stop < end and run.units[stop].break_quality < BreakQuality.BLOCK:
            stop = _best_window_end(run, start, stop, room)
        yield start, stop
        start = stop


def _best_window_end(run: _Run, start: int, stop: int, room: int) -> int:
    for quality in (BreakQuality.BLOCK, BreakQuality.SENTENCE):
        if run.units[stop].break_quality >= quality:
            break
        for position in range(stop - 1, start, -1):
            if run.tokens(start, position) < FILL * room:
                break
            if run.units[position].break_quality >= quality:
                return position
    return stop


class _Pages:
    """Looks up the pages of a span."""

    def __init__(self, document: ExtractedDocument) -> None:
        self._blocks = document.blocks
        self._starts = array("Q", (block.start for block in document.blocks))

    def of(self, span: Span) -> tuple[int | None, int | None]:
        first = self._blocks[bisect_right(self._starts, span[0]) - 1]
        last = self._blocks[bisect_left(self._starts, span[1]) - 1]
        return first.page, last.page
