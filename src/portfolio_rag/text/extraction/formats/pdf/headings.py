"""Which paragraphs are headings: those that bookmarks name, or that stand out by their type."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from portfolio_rag.text.extraction.formats.pdf.line import Line, usual_turn
from portfolio_rag.text.extraction.formats.pdf.paragraphs import Paragraph

HEADING_RATIO = 1.15
"""A short paragraph in type this much larger than the body's is a heading."""
BOLD_RATIO = 1.04
"""The same for bold type."""
MAX_HEADING_LEVELS = 4
MAX_HEADING_CHARACTERS = 150
_HEADING_MIN_LETTERS = 3
_CODE = re.compile(r"[A-Za-z]{1,2}[-:./ ]?\d{1,4}[A-Za-z]?|v?\d+\.\d+\.\d+")
_LEAST_CODES = 2
"""A code heads a section where it is one of several, each with a text below it; alone it may label a drawing."""
_LEAST_BELOW = 15
_LEAST_BOOKMARKS = 3
"""Fewer are believed only where nothing stands out by its type."""
_NUMBERED = re.compile(r"^(?:\d{1,2}(?:\.\d{1,2}){0,3}\.?|[A-Z]\.|[IVX]{1,5}\.)\s+[^\W\d]")
_BULLETS = frozenset("•◦▪‣●○■□")
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """A bookmark: `level` and `page` count from 1."""

    title: str
    level: int
    page: int


def key_of(text: str) -> str:
    """Letters and digits alone, to compare titles."""
    return _NOT_ALPHANUMERIC.sub("", text.lower())


def mark_headings(
    paragraphs: Sequence[Paragraph], outline: Sequence[OutlineEntry], other_characters: Counter[float]
) -> None:
    """`other_characters` count, by half points of their size, the characters that stand in no paragraph."""
    if _level_by_outline(paragraphs, outline, _LEAST_BOOKMARKS):
        return
    _level_by_size(paragraphs, other_characters)
    if all(paragraph.level is None for paragraph in paragraphs):
        _level_by_outline(paragraphs, outline, 1)


def _level_by_outline(paragraphs: Sequence[Paragraph], outline: Sequence[OutlineEntry], least: int) -> bool:
    """Make headings of the paragraphs that bookmarks name; False, and nothing done, when too few are found."""
    if len(outline) < least:
        return False
    levels = {(entry.page, key_of(entry.title)): entry.level for entry in outline}
    pages = {entry.page for entry in outline}
    found: dict[tuple[int, str], Paragraph] = {}
    for paragraph in paragraphs:
        page = paragraph.lines[0].page
        if page not in pages or len(paragraph.lines) > 5:
            continue
        key = (page, key_of(" ".join(line.text for line in paragraph.lines)))
        # Of a running header and the title itself, the title is the larger.
        if key in levels and (key not in found or paragraph.size > found[key].size):
            found[key] = paragraph
    if 2 * len(found) < len(levels):
        return False
    for key, paragraph in found.items():
        paragraph.level = levels[key]
    return True


def _level_by_size(paragraphs: Sequence[Paragraph], other_characters: Counter[float]) -> None:
    """Make headings of short paragraphs that stand out by their type; the largest is level 1."""
    characters = Counter(other_characters)
    for paragraph in paragraphs:
        characters[round(paragraph.size * 2) / 2] += paragraph.characters
    if not characters:
        return
    body = characters.most_common(1)[0][0]
    turns = _usual_turns(paragraphs)
    prominent = [
        paragraph.lines[0].turn == turns[paragraph.lines[0].page]
        and paragraph.characters <= MAX_HEADING_CHARACTERS
        and _stands_out(paragraph, body)
        for paragraph in paragraphs
    ]
    headings = [
        paragraph
        for paragraph, is_prominent in zip(paragraphs, prominent, strict=True)
        if is_prominent
        and sum(char.isalpha() for line in paragraph.lines for char in line.text) >= _HEADING_MIN_LETTERS
    ]
    headings += _codes(paragraphs, prominent)
    if sum(paragraph.characters for paragraph in headings) > 0.25 * sum(characters.values()):
        return
    sizes = sorted({round(paragraph.size) for paragraph in headings}, reverse=True)
    for paragraph in headings:
        paragraph.level = min(MAX_HEADING_LEVELS, 1 + sizes.index(round(paragraph.size)))


def _codes(paragraphs: Sequence[Paragraph], prominent: Sequence[bool]) -> list[Paragraph]:
    """Prominent paragraphs that are a code alone, where several have a text below them: `E:15`, `F-31`."""
    codes = [
        paragraph
        for (paragraph, following), (is_prominent, is_next) in zip(
            pairwise(paragraphs), pairwise(prominent), strict=True
        )
        if is_prominent
        and not is_next
        and len(paragraph.lines) == 1
        and _CODE.fullmatch(paragraph.lines[0].text.strip())
        and following.characters >= _LEAST_BELOW
    ]
    return codes if len({key_of(code.lines[0].text) for code in codes}) >= _LEAST_CODES else []


def _stands_out(paragraph: Paragraph, body: float) -> bool:
    """Larger than the body's type `body`; if bold, a little larger, or as large and numbered or in capitals."""
    if paragraph.is_code or body <= 0 or paragraph.lines[0].text[:1] in _BULLETS:
        return False
    ratio = paragraph.size / body
    if paragraph.is_bold and ratio > 0.97:
        first = paragraph.lines[0].text
        is_capital = all(line.text.isupper() for line in paragraph.lines)
        return ratio >= BOLD_RATIO or is_capital or bool(_NUMBERED.match(first))
    return ratio >= HEADING_RATIO


def _usual_turns(paragraphs: Sequence[Paragraph]) -> dict[int, int]:
    """By page, how most of its text is turned: what stands across it is no heading."""
    pages: dict[int, list[Line]] = defaultdict(list)
    for paragraph in paragraphs:
        pages[paragraph.lines[0].page].extend(paragraph.lines)
    return {page: usual_turn(lines) for page, lines in pages.items()}
