"""Pieces parted at the ruling lines of tables: cells set close to each other are no one text."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from portfolio_rag.text.extraction.formats.pdf.glyphs import Box, Glyphs
from portfolio_rag.text.extraction.formats.pdf.pieces import Piece, sampled
from portfolio_rag.text.extraction.formats.pdf.rules import Rule

_SLACK = 0.15
"""In sizes of the type: by so much a character may reach over the line beside it."""


def parted_at_borders(
    glyphs: Glyphs, pieces: Sequence[Piece], rules: Sequence[Rule], turn: int
) -> tuple[list[Piece], bool]:
    """The pieces, those turned as `turn` says cut where an upright line stands between two of their words.

    Also says whether any was cut.
    """
    uprights = sorted((rule.at, rule.start, rule.end) for rule in rules if not rule.is_level)
    if not uprights:
        return list(pieces), False
    places = [at for at, _, _ in uprights]
    found: list[Piece] = []
    for piece in pieces:
        first, last = bisect_right(places, piece.left), bisect_left(places, piece.right)
        middle = piece.baseline + 0.25 * piece.size
        crossing = [at for at, start, end in uprights[first:last] if start <= middle <= end]
        if crossing and piece.turn == turn:
            found.extend(_cut(glyphs, piece, crossing))
        else:
            found.append(piece)
    return found, len(found) > len(pieces)


def _cut(glyphs: Glyphs, piece: Piece, places: Sequence[float]) -> Iterator[Piece]:
    words = list(_words(piece.texts))
    slack = _SLACK * piece.size
    starts = [0]
    for position, (before, after) in enumerate(pairwise(words), start=1):
        left, right = _gap(
            glyphs.box(piece.indexes[before[1] - 1], piece.turn), glyphs.box(piece.indexes[after[0]], piece.turn)
        )
        if any(left - slack <= at <= right + slack for at in places):
            starts.append(position)
    if len(starts) == 1:
        yield piece
        return
    for begun, ended in pairwise([*starts, len(words)]):
        start, end = words[begun][0], words[ended - 1][1]
        yield sampled(glyphs, piece.texts[start:end], piece.indexes[start:end], piece.turn)


def _words(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where words begin and end; a place that scripts have emptied belongs to the word before it."""
    start: int | None = None
    for place, text in enumerate(texts):
        if text.isspace():
            if start is not None:
                yield start, place
            start = None
        elif start is None and text:
            start = place
    if start is not None:
        yield start, len(texts)


def _gap(before: Box, after: Box) -> tuple[float, float]:
    """The room between two characters, whichever of them stands on the left."""
    if after.left >= before.left:
        return before.right, after.left
    return after.right, before.left
