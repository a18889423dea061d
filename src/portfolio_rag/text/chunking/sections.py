"""Sections of a document, and which neighbours share a chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from portfolio_rag.text.chunking.units import MAX_CHARACTERS
from portfolio_rag.text.extraction.document import Block, BlockKind

HeadingPath = tuple[str, ...]
CountTokens = Callable[[Sequence[Block]], int]


@dataclass(slots=True)
class Section:
    """Consecutive blocks under one heading path."""

    path: HeadingPath
    blocks: list[Block]

    @property
    def characters(self) -> int:
        return self.blocks[-1].end - self.blocks[0].start

    @property
    def is_bare(self) -> bool:
        """Headings with nothing under them."""
        return all(block.kind is BlockKind.HEADING for block in self.blocks)


def sections_of(blocks: Iterable[Block]) -> Iterator[Section]:
    """One section for each heading; bare headings go with the first section below them, under its path."""
    section: Section | None = None
    for block in blocks:
        path = block.heading_path
        if section is not None and (
            (block.kind is not BlockKind.HEADING and section.path == path)
            or (section.is_bare and path[: len(section.path)] == section.path != path)
        ):
            section.blocks.append(block)
            section.path = path
            continue
        if section is not None:
            yield section
        section = Section(path, [block])
    if section is not None:
        yield section


def group(
    sections: Iterable[Section],
    *,
    size_tokens: int,
    count: CountTokens,
    is_small: Callable[[Section, HeadingPath], bool],
) -> Iterator[Section]:
    """Join neighbours that share a chunk of at most `size_tokens` without losing where they stand.

    A chunk has one heading path, which goes in front of all its windows. So only sections that fill one window (which
    then begins with their own heading) may join others: under the section just above them, or with small siblings
    under the path that they share. A section with others below it stays apart from what is before, to gather those.
    `is_small(section, path)` tells whether a section fits a window under a path.

    A group depends on nothing before its first block, so that cutting may go on there in another process.
    """
    last: Section | None = None
    last_is_one_section = False
    for section, following in pairwise(chain(sections, (None,))):
        assert section is not None  # only what follows the last one is None
        joined = None if last is None else _joined_path(last, section, following, last_is_one_section, is_small)
        if last is not None and joined is not None and _fits(last, section, size_tokens, count):
            last.blocks += section.blocks
            last.path = joined
            last_is_one_section = False
            continue
        if last is not None:
            yield last
        last = Section(section.path, list(section.blocks))
        last_is_one_section = True
    if last is not None:
        yield last


def _joined_path(
    last: Section,
    section: Section,
    following: Section | None,
    last_is_one_section: bool,
    is_small: Callable[[Section, HeadingPath], bool],
) -> HeadingPath | None:
    """The heading path under which `section` may join the group `last`, or None."""
    parent = section.path[:-1]
    has_others_below = following is not None and following.path[: len(section.path)] == section.path != following.path
    if not section.path or has_others_below or not is_small(section, parent):
        return None
    if parent == last.path:
        return parent
    if last_is_one_section and last.path and parent == last.path[:-1] and is_small(last, parent):
        return parent
    return None


def _fits(first: Section, second: Section, size_tokens: int, count: CountTokens) -> bool:
    characters = second.blocks[-1].end - first.blocks[0].start
    # Characters first: what is far too long is never counted.
    return characters <= MAX_CHARACTERS and count(first.blocks) + count(second.blocks) <= size_tokens
