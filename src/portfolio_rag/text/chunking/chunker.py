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
from itertools import accumulate, chain, pairwise
from typing import Any

from portfolio_rag.domain.chunking_strategy import Strategy
from portfolio_rag.domain.chunks import Span
from portfolio_rag.ports.embedder import Tokenizer
from portfolio_rag.text.chunking.heading_paths import Paths, common_title
from portfolio_rag.text.chunking.sections import HeadingPath, Section, group, sections_of
from portfolio_rag.text.chunking.units import MAX_CHARACTERS, Atom, Cut, atoms_of, short_blocks, tokenize
from portfolio_rag.text.extraction.document import Block, ExtractedDocument

FILL = 0.5
"""A chunk or window this full may end at a better place than the last that fits."""


@dataclass(frozen=True, slots=True)
class ChunkDraft:
    """A chunk before it has an id.

    `content` is `text[span[0]:span[1]]` of the document; `windows` are [start, end) in characters of `content`, in
    order, none empty, none overlapping. `token_count` is in word pieces. Pages count from 1.
    """

    content: str
    span: Span
    windows: tuple[Span, ...]
    heading_path: HeadingPath
    page_start: int | None
    page_end: int | None
    token_count: int


Place = tuple[int, int]
"""Where cutting goes on: at the section that begins with that block (of `short_blocks`), at that character."""

START: Place = (0, 0)

PART_CHARACTERS = 200_000
"""Of a section: more is tokenized and cut part by part, so that no document costs memory for all of its words."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive chunks, and where those after them begin: None behind the last. May hold no chunk."""

    drafts: list[ChunkDraft]
    following: Place | None


def chunk(document: ExtractedDocument, tokenizer: Tokenizer, **sizes: Any) -> list[ChunkDraft]:
    """All chunks of a document in order: `pieces`, with its keyword arguments, put together."""
    return [draft for piece in pieces(document, tokenizer, **sizes) for draft in piece.drafts]


def pieces(
    document: ExtractedDocument,
    tokenizer: Tokenizer,
    *,
    size_tokens: int,
    overlap_tokens: int,
    window_tokens: int,
    strategy: Strategy = Strategy.STRUCTURE,
    topic_starts: Collection[int] = (),
    start: Place = START,
) -> Iterator[Piece]:
    """The chunks of a document in order, cut when they are asked for.

    `size_tokens` bounds a chunk with its overlap; `overlap_tokens` bounds what it repeats of the chunk before, when
    both are of one section and topic; `window_tokens` bounds a window with the heading path and newline in front. All
    count word pieces of the embedding model's own tokenizer. `topic_starts` are the places of `topics.topic_starts`,
    for SEMANTIC. From `start`, the `following` of a piece, on come the same chunks as if nobody had stopped there.
    """
    cutter = _Cutter(document, tokenizer, size_tokens, overlap_tokens, window_tokens, strategy, topic_starts)
    yield from cutter.pieces(start)


class _Cutter:
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
        self._size = size_tokens
        self._overlap = overlap_tokens
        self._strategy = strategy
        self._topics = topic_starts
        self._blocks = list(short_blocks(document.text, document.blocks))
        self._paths = Paths(tokenizer, window_tokens, None if strategy is Strategy.FIXED else common_title(document))
        self._pages = _Pages(document)

    def pieces(self, start: Place) -> Iterator[Piece]:
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
        return section.characters <= MAX_CHARACTERS and self._count(section.blocks) <= self._paths.room(path)

    def _count(self, blocks: Iterable[Block]) -> int:
        return sum(tokenize(self._document.text, block, self._tokenizer).tokens for block in blocks)

    def _cut(self, section: Section, position: int, first_block: int, after: Place | None) -> Iterator[Piece]:
        """The chunks of a section from the character `position` on, part by part."""
        path, room = self._paths.shown(section.path), self._paths.room(section.path)
        own: int | None = position
        while own is not None:
            run, is_end = self._run(section.blocks, own, room)
            drafts: list[ChunkDraft] = []
            at, own = bisect_left(run.atoms, own, key=lambda atom: atom.start), None
            for first, begin, end in _chunks(run, at, self._size, self._overlap):
                if end == len(run) and not is_end:
                    # What comes next may belong to it.
                    own = run.atoms[begin].start
                    break
                drafts.append(self._draft(run, first, begin, end, path, room))
            yield Piece(drafts, after if own is None else (first_block, own))

    def _run(self, blocks: Sequence[Block], own: int, room: int) -> tuple[_Run, bool]:
        """The atoms around a part that begins at `own`, and whether they reach the section's end.

        Before it as far as an overlap may go back; behind it to a block that is beyond the part, so that the chunk that
        begins there is seen to end.
        """
        begin = bisect_right(blocks, own - MAX_CHARACTERS, key=lambda block: block.end)
        end = bisect_right(blocks, own + PART_CHARACTERS, key=lambda block: block.start) + 1
        atoms = [
            _marked(atom, self._strategy, self._topics)
            for block in blocks[begin:end]
            for atom in atoms_of(
                tokenize(self._document.text, block, self._tokenizer),
                self._tokenizer,
                size_tokens=self._size,
                window_tokens=room,
            )
        ]
        return _Run(atoms), end >= len(blocks)

    def _draft(self, run: _Run, first: int, own: int, end: int, path: HeadingPath, room: int) -> ChunkDraft:
        span = (run.atoms[first].start, run.atoms[end - 1].end)
        windows = tuple(
            (run.atoms[start].start - span[0], run.atoms[stop - 1].end - span[0])
            for start, stop in _windows(run, own, end, room)
        )
        page_start, page_end = self._pages.of(span)
        content = self._document.text[span[0] : span[1]]
        return ChunkDraft(content, span, windows, path, page_start, page_end, run.tokens(first, end))


def _marked(atom: Atom, strategy: Strategy, topic_starts: Collection[int]) -> Atom:
    if strategy is Strategy.FIXED and atom.cut > Cut.SENTENCE:
        # One sentence is as good a place to cut at as another: chunks and windows are as full as they can be.
        return replace(atom, cut=Cut.SENTENCE)
    if strategy is Strategy.SEMANTIC and atom.start in topic_starts and not atom.glued:
        return replace(atom, topic=True)
    return atom


class _Run:
    """Consecutive atoms with the sums that make counting a range of them cheap."""

    def __init__(self, atoms: Sequence[Atom]) -> None:
        self.atoms = atoms
        self._sums = [0, *accumulate(atom.tokens for atom in atoms)]

    def __len__(self) -> int:
        return len(self.atoms)

    def tokens(self, start: int, stop: int) -> int:
        return self._sums[stop] - self._sums[start]

    def fits(self, start: int, stop: int, size_tokens: int) -> bool:
        characters = self.atoms[stop - 1].end - self.atoms[start].start
        return self.tokens(start, stop) <= size_tokens and characters <= MAX_CHARACTERS


def _chunks(run: _Run, own: int, size_tokens: int, overlap_tokens: int) -> Iterator[tuple[int, int, int]]:
    """(first atom, first own atom, end) of each chunk from atom `own` on; before a chunk's own atoms is overlap."""
    while own < len(run):
        unit = own + 1
        while unit < len(run) and run.atoms[unit].glued:
            unit += 1
        first = own
        while (
            not run.atoms[first].topic
            and first > 0
            and run.tokens(first - 1, own) <= overlap_tokens
            and run.fits(first - 1, unit, size_tokens)
        ):
            first -= 1
        end = unit
        while end < len(run) and not run.atoms[end].topic and run.fits(first, end + 1, size_tokens):
            end += 1
        if end < len(run) and not run.atoms[end].topic:
            end = _best_cut(run, own, end, size_tokens - run.tokens(first, own))
        yield first, own, end
        own = end


def _best_cut(run: _Run, own: int, end: int, room: int) -> int:
    """The last good place to end a chunk that begins with atom `own` and could hold atoms up to `end`."""
    allowed = [position for position in range(own + 1, end + 1) if not run.atoms[position].glued]
    full = [position for position in allowed if run.tokens(own, position) >= FILL * room]
    for positions, cut in ((full, Cut.BLOCK), (full, Cut.SENTENCE), (allowed, Cut.SENTENCE), (allowed, Cut.WORD)):
        for position in reversed(positions):
            if run.atoms[position].cut >= cut:
                return position
    return end


def _windows(run: _Run, own: int, end: int, room: int) -> Iterator[tuple[int, int]]:
    """[start, stop) in atoms of the windows over a chunk's own part; a section's heading always begins one."""
    start = own
    while start < end:
        stop = start + 1
        bare = run.atoms[start].cut is Cut.SECTION
        while stop < end and run.tokens(start, stop + 1) <= room:
            heading = run.atoms[stop].cut is Cut.SECTION
            if heading and not bare:
                break
            bare = bare and heading
            stop += 1
        if stop < end and run.atoms[stop].cut < Cut.BLOCK:
            stop = _best_window_end(run, start, stop, room)
        yield start, stop
        start = stop


def _best_window_end(run: _Run, start: int, stop: int, room: int) -> int:
    for cut in (Cut.BLOCK, Cut.SENTENCE):
        if run.atoms[stop].cut >= cut:
            break
        for position in range(stop - 1, start, -1):
            if run.tokens(start, position) < FILL * room:
                break
            if run.atoms[position].cut >= cut:
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
