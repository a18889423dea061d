"""Sections of a document, and which neighbours share a chunk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from portfolio_rag.text.atoms import MAX_CHARACTERS, TokenizedBlock
from portfolio_rag.text.document import BlockKind

HeadingPath = tuple[str, ...]


@dataclass(slots=True)
class Section:
    """Consecutive blocks under one heading path."""

    path: HeadingPath
    blocks: list[TokenizedBlock]

    @property
    def tokens(self) -> int:
        return sum(block.tokens for block in self.blocks)

    @property
    def characters(self) -> int:
        return self.blocks[-1].block.end - self.blocks[0].block.start

    @property
    def is_bare(self) -> bool:
        """Headings with nothing under them."""
        return all(block.block.kind is BlockKind.HEADING for block in self.blocks)


def sections_of(blocks: Sequence[TokenizedBlock]) -> list[Section]:
    """One section for each heading; bare headings go with the first section below them, under its path."""
    sections: list[Section] = []
    for block in blocks:
        path = block.block.heading_path
        starts = block.block.kind is BlockKind.HEADING or not sections or sections[-1].path != path
        if not starts:
            sections[-1].blocks.append(block)
        elif sections and sections[-1].is_bare and path[: len(sections[-1].path)] == sections[-1].path != path:
            sections[-1].blocks.append(block)
            sections[-1].path = path
        else:
            sections.append(Section(path, [block]))
    return sections


def group(
    sections: Sequence[Section], *, size_tokens: int, is_small: Callable[[Section, HeadingPath], bool]
) -> list[Section]:
    """Join neighbours that share a chunk of at most `size_tokens` without losing where they stand.

    A chunk has one heading path, which goes in front of all its windows. So only sections that fill one window (which
    then begins with their own heading) may join others: under the section just above them, or with small siblings
    under the path that they share. A section with others below it stays apart from what is before, to gather those.
    `is_small(section, path)` tells whether a section fits a window under a path.
    """
    groups: list[Section] = []
    last_is_one_section = False
    for section, following in zip_longest(sections, sections[1:]):
        last = groups[-1] if groups else None
        joined = None if last is None else _joined_path(last, section, following, last_is_one_section, is_small)
        if last is not None and joined is not None and _fits(last, section, size_tokens):
            last.blocks += section.blocks
            last.path = joined
            last_is_one_section = False
        else:
            groups.append(Section(section.path, list(section.blocks)))
            last_is_one_section = True
    return groups


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


def _fits(first: Section, second: Section, size_tokens: int) -> bool:
    characters = second.blocks[-1].block.end - first.blocks[0].block.start
    return first.tokens + second.tokens <= size_tokens and characters <= MAX_CHARACTERS
