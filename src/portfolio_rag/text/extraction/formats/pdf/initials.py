"""Initials that reach down over several lines (drop caps): a part of the word that goes on beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from portfolio_rag.text.extraction.formats.pdf.line import Line

MAX_INITIALS = 50
"""Of a page: with more, large letters are something else."""
_INITIAL = re.compile(r"[„“\"«‘'¿¡]?[^\W\d_][’']?")
_SMALLER = 0.6
"""Of the size of an initial: the text beside it is smaller."""
_HEIGHT = 0.75
"""Of an initial, in its sizes, from its baseline up."""
_GAP = 0.35
"""In sizes of the initial: how far from it the text beside it begins."""
_BLANK = 0.15
"""In sizes of the type: by so much the first line is set in where the initial is a word of its own."""


def with_initials(lines: Sequence[Line]) -> list[Line]:
    """The lines, initials joined to the first of those beside them, which then begin where the initial does."""
    initials = [line for line in lines if len(line.text) <= 3 and _is_initial(line.text)]
    found = list(lines)
    for initial in initials if len(initials) <= MAX_INITIALS else ():
        beside = [line for line in found if _is_beside(line, initial)]
        if len(beside) < 2:
            continue
        first = max(beside, key=lambda line: line.baseline)
        others = [line for line in beside if line.baseline < first.baseline]
        if not others or not _goes_on(initial.text, first.text, others[0].text):
            continue
        blank = " " if first.left - min(line.left for line in others) > _BLANK * first.size else ""
        whole = first._replace(text=f"{initial.text}{blank}{first.text}")
        found = [
            (whole if line is first else line)._replace(left=initial.left) if line in beside else line
            for line in found
            if line is not initial
        ]
    return found


def _is_initial(text: str) -> bool:
    return _INITIAL.fullmatch(text) is not None and text.upper() == text


def _is_beside(line: Line, initial: Line) -> bool:
    return (
        line.turn == initial.turn
        and line.size < _SMALLER * initial.size
        and -0.3 * line.size < line.baseline - initial.baseline < _HEIGHT * initial.size
        and -0.1 * initial.size < line.left - initial.right < _GAP * initial.size
    )


def _goes_on(initial: str, first: str, second: str) -> bool:
    """Whether a text continues the word or sentence of the initial, and is no list of words under their letter."""
    if not first[:1].islower() and not first[:2].isupper():
        return False
    letter = initial.strip("„“\"«‘'¿¡’").casefold()
    return not all(text.casefold().startswith(letter) for text in (first, second))
