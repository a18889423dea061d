"""Characters of scripts that are written from right to left, put into the order of reading.

PDFium turns a line around as a whole, and leaves words as they are drawn where the producer has placed each by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from portfolio_rag.text.extraction.formats.pdf.glyphs import Glyphs
from portfolio_rag.text.extraction.formats.pdf.line import is_right_to_left

_ARABIC = re.compile("[\u0600-\u08ff\ufb50-\ufdff\ufe70-\ufefc]{2}")

_NAME = re.compile(r"(?=[A-Za-z0-9]{0,40}[-/_])[A-Za-z0-9/_-]{3,40}")

_LAM = "\u0644"
_ALEFS = frozenset("\u0622\u0623\u0625\u0627")

_Group = tuple[int, int]


def put_in_order(glyphs: Glyphs, texts: list[str], indexes: Sequence[int], turn: int) -> Sequence[int]:
    """Turn words and ligatures of `texts` around that stand against the order of reading; gives the new indexes."""
    if glyphs.holds_right_to_left:
        indexes = _with_names_in_order(glyphs, texts, indexes, turn)
    text = "".join(texts)
    if text.isascii() or not is_right_to_left(text):
        return indexes
    order = list(indexes)
    is_turned = bool(_ARABIC.search(text)) and glyphs.turns_ligatures
    for start, end in _words(texts):
        groups = list(_ligatures(glyphs, order, start, end))
        is_forwards = _runs_forwards(glyphs, order, groups, turn)
        for first, last in groups:
            letters = texts[first:last]
            if last - first > 1 and (letters[0] in _ALEFS if _is_lam_alef(letters) else is_forwards or is_turned):
                texts[first:last] = letters[::-1]
        if is_forwards:
            texts[start:end] = [texts[place] for first, last in reversed(groups) for place in range(first, last)]
            order[start:end] = [order[place] for first, last in reversed(groups) for place in range(first, last)]
    return order


def _with_names_in_order(glyphs: Glyphs, texts: list[str], indexes: Sequence[int], turn: int) -> Sequence[int]:
    """Names such as `AX-20` in such text, whose parts PDFium takes for words and turns around, as they are drawn."""
    order = list(indexes)
    if any(len(text) != 1 for text in texts):
        return order
    for match in _NAME.finditer("".join(texts)):
        start, end = match.span()
        places = sorted(range(start, end), key=lambda place: glyphs.box(indexes[place], turn).left)
        name = [texts[place] for place in places]
        if name[0].isalnum() and name[-1].isalnum() and any(map(str.isalpha, name)):
            texts[start:end] = name
            order[start:end] = [indexes[place] for place in places]
    return order


def _is_lam_alef(letters: Sequence[str]) -> bool:
    """Whether the letters of one glyph are lam and alef, which are always read in this order."""
    return len(letters) == 2 and _LAM in letters and bool(_ALEFS.intersection(letters))


def _words(texts: Sequence[str]) -> Iterator[_Group]:
    start: int | None = None
    for place, text in enumerate([*texts, ""]):
        is_letter = bool(text) and is_right_to_left(text)
        if is_letter and start is None:
            start = place
        elif not is_letter and start is not None:
            yield start, place
            start = None


def _ligatures(glyphs: Glyphs, indexes: Sequence[int], start: int, end: int) -> Iterator[_Group]:
    """The letters from `start` to `end`, those of one glyph together."""
    at = start
    while at < end:
        origin = glyphs.origin(indexes[at])
        last = at + 1
        while last < end and glyphs.origin(indexes[last]) == origin:
            last += 1
        yield at, last
        at = last


def _runs_forwards(glyphs: Glyphs, indexes: Sequence[int], groups: Sequence[_Group], turn: int) -> bool:
    """Whether most glyphs stand on the right of the one before."""
    places = [glyphs.box(indexes[first], turn).left for first, _ in groups]
    steps = [after - before for before, after in pairwise(places)]
    return sum(step > 0 for step in steps) > sum(step < 0 for step in steps)
