"""Sections of a document, and which neighbours share a chunk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
    under the path that they share. `is_small(section, path)` tells whether a section fits a window under a path.
    """
    groups: list[Section] = []
    siblings_may_join = False
    for section in sections:
        parent = section.path[:-1]
        last = groups[-1] if groups else None
        if last is not None and section.path and _fits(last, section, size_tokens) and is_small(section, parent):
            if parent == last.path:
                last.blocks += section.blocks
                siblings_may_join = False
                continue
            if siblings_may_join and last.path and parent == last.path[:-1] and is_small(last, parent):
                last.blocks += section.blocks
                last.path = parent
                siblings_may_join = False
                continue
        groups.append(Section(section.path, list(section.blocks)))
        siblings_may_join = True
    return groups


def _fits(first: Section, second: Section, size_tokens: int) -> bool:
    characters = second.blocks[-1].block.end - first.blocks[0].block.start
    return first.tokens + second.tokens <= size_tokens and characters <= MAX_CHARACTERS
