"""Chunks of a document, cut by one of three strategies, each with windows to embed.

Embedding models read a few hundred word pieces, fewer than a chunk has. So a chunk is what is stored, cited and shown;
its windows are what is embedded and found. All of a document but blanks lies in exactly one window of one chunk: the
overlap that a chunk begins with is context for a reader, and embedded with the chunk before.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from portfolio_rag.ports import Tokenizer
from portfolio_rag.text.atoms import MAX_CHARACTERS, Atom, Cut, Span, TokenizedBlock, atoms_of, tokenize
from portfolio_rag.text.document import ExtractedDocument
from portfolio_rag.text.sections import HeadingPath, Section, group, sections_of
from portfolio_rag.text.strategy import Strategy

PATH_SHARE = 3
"""The heading path takes at most one in this many tokens of a window."""

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


def chunk(
    document: ExtractedDocument,
    tokenizer: Tokenizer,
    *,
    size_tokens: int,
    overlap_tokens: int,
    window_tokens: int,
    strategy: Strategy = Strategy.STRUCTURE,
    topic_starts: Collection[int] = (),
) -> list[ChunkDraft]:
    """The chunks of a document in order.

    `size_tokens` bounds a chunk with its overlap; `overlap_tokens` bounds what it repeats of the chunk before, when
    both are of one section and topic; `window_tokens` bounds a window with the heading path and newline in front. All
    count word pieces of the embedding model's own tokenizer. `topic_starts` are the places of `topics.topic_starts`,
    for SEMANTIC.
    """
    window_tokens = min(window_tokens, size_tokens)
    paths = _Paths(tokenizer, window_tokens, None if strategy is Strategy.FIXED else _common_title(document))
    blocks = [tokenize(document.text, block, tokenizer) for block in document.blocks]
    drafts: list[ChunkDraft] = []
    pages = _Pages(document)
    for section in _sections(blocks, strategy, paths, size_tokens):
        path, room = paths.shown(section.path), paths.room(section.path)
        atoms = [
            _marked(atom, strategy, topic_starts)
            for block in section.blocks
            for atom in atoms_of(block, tokenizer, size_tokens=size_tokens, window_tokens=room)
        ]
        run = _Run(atoms)
        for first, own, end in _chunks(run, size_tokens, overlap_tokens):
            span = (atoms[first].start, atoms[end - 1].end)
            windows = tuple(
                (atoms[start].start - span[0], atoms[stop - 1].end - span[0])
                for start, stop in _windows(run, own, end, room)
            )
            page_start, page_end = pages.of(span)
            content = document.text[span[0] : span[1]]
            drafts.append(ChunkDraft(content, span, windows, path, page_start, page_end, run.tokens(first, end)))
    return drafts


def _sections(blocks: list[TokenizedBlock], strategy: Strategy, paths: _Paths, size_tokens: int) -> list[Section]:
    if strategy is Strategy.FIXED:
        return [Section((), blocks)] if blocks else []
    return group(
        sections_of(blocks),
        size_tokens=size_tokens,
        is_small=lambda section, path: section.tokens <= paths.room(path) and section.characters <= MAX_CHARACTERS,
    )


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


def _chunks(run: _Run, size_tokens: int, overlap_tokens: int) -> Iterator[tuple[int, int, int]]:
    """(first atom, first own atom, end) of each chunk; what is before the first own atom is overlap."""
    own = 0
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
        self._starts = [block.start for block in document.blocks]

    def of(self, span: Span) -> tuple[int | None, int | None]:
        first = self._blocks[bisect_right(self._starts, span[0]) - 1]
        last = self._blocks[bisect_left(self._starts, span[1]) - 1]
        return first.page, last.page


def _common_title(document: ExtractedDocument) -> str | None:
    """The document's title, unless all its headings stand under one that says as much."""
    tops = {block.heading_path[:1] for block in document.blocks}
    if document.title is None or (len(tops) == 1 and tops != {()}):
        return None
    return document.title


class _Paths:
    """Heading paths as they go in front of windows: with the title, and cut down to their share of a window."""

    def __init__(self, tokenizer: Tokenizer, window_tokens: int, title: str | None) -> None:
        self._tokenizer = tokenizer
        self._window_tokens = window_tokens
        self._title = title
        self._cache: dict[HeadingPath, tuple[HeadingPath, int]] = {}

    def shown(self, path: HeadingPath) -> HeadingPath:
        return self._look_up(path)[0]

    def room(self, path: HeadingPath) -> int:
        """Tokens that the path leaves for a window's own text."""
        return max(1, self._window_tokens - self._look_up(path)[1])

    def _look_up(self, path: HeadingPath) -> tuple[HeadingPath, int]:
        if path not in self._cache:
            shown = self._fitted((self._title, *path) if self._title and self._title not in path else path)
            self._cache[path] = shown, self._count(shown)
        return self._cache[path]

    def _fitted(self, path: HeadingPath) -> HeadingPath:
        """Leave out the middle first, then the top; then cut the last heading short."""
        most = self._window_tokens // PATH_SHARE
        while len(path) > 2 and self._count(path) > most:
            path = (path[0], *path[2:])
        if len(path) == 2 and self._count(path) > most:
            path = path[1:]
        if not path or self._count(path) <= most:
            return path
        offsets = self._tokenizer.offsets(path[0])
        words = path[0][: offsets[most][0]].rstrip() if len(offsets) > most else path[0]
        while words and self._count((words,)) > most:
            words = words[: len(words) // 2].rstrip()
        return (words,) if words else ()

    def _count(self, path: HeadingPath) -> int:
        return len(self._tokenizer.offsets(" > ".join(path) + "\n")) if path else 0
