"""Page furniture: running headers, footers, page numbers."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from statistics import median

from portfolio_rag.text.extraction.formats.pdf.line import Line

_EDGE_LINES = 3
"""How many lines at the top and at the bottom of a page can be furniture."""
_TWO_PAGES = 2
_MIN_PAGES = 3
_REPEATED_SHARE = 0.3
"""Of the pages: lines with the same text on so many are furniture."""
_PLACED_SHARE = 0.6
"""Of the pages: lines apart from the rest at the same height on so many are furniture, whatever they say."""
_APART_RATIO = 1.7
"""Of the usual pitch: a larger gap sets lines at an edge apart from the rest."""
_LARGEST = 1.05
"""Of the usual size: larger type is that of titles, of slides and chapters."""
_SAME_HEIGHT = 3
"""In points."""
_PAGE_NUMBER = re.compile(
    r"[\W_]*(?:(?:page|seite|página|pagina|pág|pag|pg|p|стр|sida|side|strona)\b[\W_]*)?(\d{1,5})"
    r"(?:\s*(?:/|of|von|de|di|av|af|z)\s*\d{1,5})?[\W_]*",
    re.IGNORECASE,
)

_PAGE_NUMBER_DIGITS = 5

_DIGITS = re.compile(r"\d+")


def without_furniture(pages: Sequence[Sequence[Line]], pitch: float) -> list[list[Line]]:
    """The pages without page numbers, and without lines apart at their edges that many pages share."""
    sizes = [line.size for lines in pages for line in lines]
    usual_size = median(sizes) if sizes else 0.0
    edges = [(line, key) for lines in pages for line, key in _edges(lines, pitch, usual_size)]
    pages_by_key: dict[_Key, set[int]] = defaultdict(set)
    for line, key in edges:
        pages_by_key[key].add(line.page)
    lines_by_key = Counter(_masked(line) for lines in pages for line in lines)
    repeated, placed = (max(_MIN_PAGES, share * len(pages)) for share in (_REPEATED_SHARE, _PLACED_SHARE))
    furniture = set()
    for line, key in edges:
        count = len(pages_by_key[key])
        rare_elsewhere = key[0] != "text" or lines_by_key[str(key[1])] < 2 * count
        if count >= (placed if key[0] == "place" else repeated) and rare_elsewhere:
            furniture.add(id(line))
    if len(pages) == _TWO_PAGES:
        furniture.update(map(id, _said_twice(pages, pitch, usual_size)))
    return [[line for line in lines if id(line) not in furniture] for lines in pages]


def _said_twice(pages: Sequence[Sequence[Line]], pitch: float, usual_size: float) -> Iterator[Line]:
    """Of two pages, edge lines that stand on both at one height: page numbers, and all but one of heads and feet.

    Two pages are too few to be sure, and a head may be all that names the document. So it stays on the first page, and
    a foot on the last: there they interrupt nothing.
    """
    for is_foot in (False, True):
        above, below = (_edge(lines, pitch, is_foot) for lines in pages)
        for first, last in product(above, below):
            if abs(first.baseline - last.baseline) > _SAME_HEIGHT or last.size > _LARGEST * usual_size:
                continue
            numbers = _PAGE_NUMBER.fullmatch(first.text), _PAGE_NUMBER.fullmatch(last.text)
            if first.text == last.text and abs(first.left - last.left) <= _SAME_HEIGHT:
                yield first if is_foot else last
            elif numbers[0] and numbers[1] and int(numbers[1][1]) - int(numbers[0][1]) == 1:
                yield from (first, last)


def _edge(lines: Sequence[Line], pitch: float, is_foot: bool) -> Sequence[Line]:
    side = sorted(lines, key=lambda line: line.baseline if is_foot else -line.baseline)[: _EDGE_LINES + 1]
    return side[: _lines_apart(side, pitch)]


_Key = tuple[str, str | int]


def _masked(line: Line) -> str:
    """The text with any numbers."""
    return _DIGITS.sub("#", line.text)


def _edges(lines: Sequence[Line], pitch: float, usual_size: float) -> Iterator[tuple[Line, _Key]]:
    """Lines at the edges of a page with what other pages may share.

    A number has its distance from the page's own; a line apart from the rest, in no larger type than usual (unlike the
    titles of slides and chapters), has its text with any numbers, and its height.
    """
    ordered = sorted(lines, key=lambda line: -line.baseline)
    for side in (ordered[: _EDGE_LINES + 1], ordered[::-1][: _EDGE_LINES + 1]):
        apart = _lines_apart(side, pitch)
        for position, line in enumerate(side[:_EDGE_LINES]):
            if line.text.isdecimal() and len(line.text) <= _PAGE_NUMBER_DIGITS:
                yield line, ("number", int(line.text) - line.page)
            if position < apart and line.size <= _LARGEST * usual_size:
                yield line, ("text", _masked(line))
                yield line, ("place", round(line.baseline / _SAME_HEIGHT))


def _lines_apart(side: Sequence[Line], pitch: float) -> int:
    """How many lines at the edge of a page stand apart from the rest; 0 when no gap follows."""
    for position, (line, inner) in enumerate(pairwise(side), start=1):
        if abs(line.baseline - inner.baseline) > _APART_RATIO * pitch * line.size:
            return position
    return 0
