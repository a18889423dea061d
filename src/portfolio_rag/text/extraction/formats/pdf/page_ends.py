"""Sentences that go on over the end of a page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, pairwise

from portfolio_rag.text.extraction.formats.pdf.line import CERTAIN
from portfolio_rag.text.extraction.formats.pdf.paragraphs import BULLET, NOTE, SENTENCE_END, Paragraph
from portfolio_rag.text.extraction.formats.pdf.table import Table
from portfolio_rag.text.language.sentences import sentences

_SMALL = 0.92
"""Of the usual size: smaller type is that of notes, heads, feet and captions."""
_SAME_SIZE = 0.08
_FULL = 0.93
"""Of the width of a paragraph: its last line reaches so far, where nothing but the page has ended."""
_CLOSED = re.compile(r"[:;]\W*$")
_CAPTION = re.compile(r"(?:fig|abb|table|tab|exhibit|chart)\w*\.?\s*\d", re.IGNORECASE)


def texts_over_page_ends(parts: Sequence[Paragraph | Table], joined: Callable[[Iterable[str]], str]) -> dict[int, str]:
    """The texts of paragraphs that share a sentence, by their identity; `joined` makes one text of lines.

    The sentence stands whole on the page where it begins, in front of the notes at the foot of that page. What follows
    it, if anything, is on its own page still.
    """
    texts: dict[int, str] = {}
    usual = _usual_size(parts)
    pages = [(page, list(group)) for page, group in groupby(parts, _page_of)]
    for (page, above), (following, below) in pairwise(pages):
        last, first = _nearest(above[::-1], usual), _nearest(below, usual)
        if following != page + 1 or last is None or first is None or not _goes_on(last, first):
            continue
        begun = texts.get(id(last), joined(line.text for line in last.lines))
        if not begun:
            continue
        whole = joined([begun, *(line.text for line in first.lines)])
        end = next((end for _, end in sentences(whole) if end >= len(begun)), len(whole))
        texts[id(last)], texts[id(first)] = whole[:end], whole[end:].strip()
    return texts


def _page_of(part: Paragraph | Table) -> int:
    return part.page if isinstance(part, Table) else part.lines[0].page


def _usual_size(parts: Iterable[Paragraph | Table]) -> float:
    characters = Counter[float]()
    for part in parts:
        if isinstance(part, Paragraph):
            characters[part.size] += part.characters
    return characters.most_common(1)[0][0] if characters else 0.0


def _nearest(parts: Iterable[Paragraph | Table], usual: float) -> Paragraph | None:
    """The first paragraph that is not in small type; None where something else comes before it."""
    for part in parts:
        if isinstance(part, Table):
            return None
        if part.size >= _SMALL * usual:
            return part
    return None


def _goes_on(last: Paragraph, first: Paragraph) -> bool:
    above, below = last.lines[-1], first.lines[0]
    is_plain = all(
        part.level is None
        and not part.is_code
        and all(line.score == CERTAIN and not line.is_field for line in part.lines)
        for part in (last, first)
    )
    if not is_plain or above.is_row or below.is_row or above.turn != below.turn or last.is_bold != first.is_bold:
        return False
    if abs(last.size - first.size) > _SAME_SIZE * last.size or SENTENCE_END.search(above.text):
        return False
    if BULLET.match(below.text) or NOTE.match(below.text) or _CLOSED.search(above.text):
        return False
    return below.text[:1].islower() or (below.text[:1].isalnum() and _is_cut(last) and _is_prose(first))


def _is_plain(paragraph: Paragraph) -> bool:
    """Whether it is running text that the file itself holds."""
    is_certain = all(line.score == CERTAIN and not line.is_field for line in paragraph.lines)
    return is_certain and paragraph.level is None and not paragraph.is_code


def _is_cut(paragraph: Paragraph) -> bool:
    """Whether the paragraph ends like one that does not: with a full line."""
    lines = paragraph.lines
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    is_full = lines[-1].right - left >= _FULL * (right - left)
    return len(lines) > 1 and is_full and not BULLET.match(lines[0].text)


def _is_prose(paragraph: Paragraph) -> bool:
    return bool(SENTENCE_END.search(paragraph.lines[-1].text)) and not _CAPTION.match(paragraph.lines[0].text)
