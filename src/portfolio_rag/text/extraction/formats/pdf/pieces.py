"""From the characters of a page to pieces of lines: parted at wide gaps, with powers and indices."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from statistics import median

from portfolio_rag.text.extraction.formats.pdf.glyphs import Box, Glyphs, without_pairs
from portfolio_rag.text.extraction.formats.pdf.line import (
    GAP_RATIO,
    RAISED,
    WIDE_GAP_RATIO,
    Line,
)
from portfolio_rag.text.extraction.formats.pdf.right_to_left import put_in_order
from portfolio_rag.text.extraction.scripts import subscript, superscript

SOFT_HYPHEN = "\ufffe"
"""What PDFium puts for a hyphen at the end of a line, of which the next line then is no line of its own."""
USUAL_ADVANCE = 0.48
"""In sizes of the type: what a character takes on average in running text, at most. Wider lines may hold gaps."""

# By name: the flag for fixed pitch is set at random by some producers.
_BOLD = re.compile(r"bold|black|heavy|demi|medi\b|cmbx", re.IGNORECASE)
_MONOSPACED = re.compile(r"mono|courier|consol|menlo|cmtt|typewriter", re.IGNORECASE)
_WORD = re.compile(r"\S+")
_FORMULA_CHARACTERS = 3
_SCRIPT_RATIO = 0.86
"""Type of this share of the line's size, on another baseline, is raised or lowered: five sixths in browsers."""
_FAR_RAISED = 0.25
_FAR_LOWERED = 0.15
"""In sizes of the type: how far some producers move powers and indices that they do not make smaller."""
_DIGIT = re.compile(r"\d")
_SCRIPT = re.compile(r"[\w+\-−–*†‡§™®©°′″()=,.]+")


@lru_cache(maxsize=1024)
def _style(font: str) -> tuple[bool, bool]:
    """Whether a font is bold, and whether it is monospaced."""
    return bool(_BOLD.search(font)), bool(_MONOSPACED.search(font))


@dataclass(slots=True)
class Piece:
    """A piece of a line: what each of its characters has become, their indexes, and where it stands (see Line)."""

    texts: list[str]
    indexes: Sequence[int]
    left: float
    right: float
    baseline: float
    size: float
    advance: float
    font: str
    turn: int

    @property
    def gap(self) -> float:
        """How wide what parts it must be: blanks of monospaced type are wide."""
        return (WIDE_GAP_RATIO if _style(self.font)[1] else GAP_RATIO) * self.size

    @property
    def runs_wide(self) -> bool:
        """Whether its characters take more room than usual."""
        usual = 1.02 * self.advance if _style(self.font)[1] else USUAL_ADVANCE * self.size
        return self.right - self.left > usual * len(self.texts)

    def finished(self, page: int) -> Line:
        is_bold, is_code = _style(self.font)
        return Line(
            text=without_pairs("".join(self.texts)).strip(),
            page=page,
            left=self.left,
            right=self.right,
            baseline=self.baseline,
            size=self.size,
            advance=self.advance,
            is_bold=is_bold,
            is_code=is_code,
            turn=self.turn,
        )


def pieces_of(glyphs: Glyphs) -> Iterator[Piece]:
    """The pieces of a page in the order of its content stream."""
    place = 0
    for line in glyphs.text.split("\r\n"):
        start = place
        *divided, last = line.split(SOFT_HYPHEN) if SOFT_HYPHEN in line else (line,)
        for text in divided:
            yield from _pieces_of_line(glyphs, text + SOFT_HYPHEN, start)
            start += len(text) + 1
        yield from _pieces_of_line(glyphs, last, start)
        place += len(line) + 2


def _pieces_of_line(glyphs: Glyphs, text: str, start: int) -> Iterator[Piece]:
    """`text` begins at `start` in that of the page."""
    stripped = text.strip()
    if not stripped:
        return
    start += text.index(stripped)
    count = len(stripped)
    first, last = glyphs.index(start), glyphs.index(start + count - 1)
    is_plain = last - first == count - 1
    indexes: Sequence[int] = (
        range(first, last + 1) if is_plain else [glyphs.index(start + offset) for offset in range(count)]
    )
    texts = list(stripped)
    if texts[-1] == SOFT_HYPHEN:
        texts[-1] = "-"
    piece = sampled(glyphs, texts, indexes, glyphs.turn(first))
    runs = glyphs.runs(first, count) if is_plain else count
    if count > 1 and (runs > 1 or piece.runs_wide):
        yield from _parted(glyphs, piece, runs)
    else:
        piece.indexes = put_in_order(glyphs, piece.texts, piece.indexes, piece.turn)
        yield piece


def sampled(glyphs: Glyphs, texts: list[str], indexes: Sequence[int], turn: int) -> Piece:
    """Three characters speak for all of them, as bullets, initials and footnote marks are of another size."""
    middle = len(texts) // 2
    if texts[middle].isspace():
        middle += 1
    head, inner, tail = boxes = [glyphs.box(index, turn) for index in (indexes[0], indexes[middle], indexes[-1])]
    heights = sorted((head.height, inner.height, tail.height))
    speaker = indexes[middle if inner.height == heights[1] else 0]
    return Piece(
        texts,
        indexes,
        left=min(head.left, tail.left),
        right=max(head.right, tail.right),
        baseline=glyphs.baseline(speaker, turn),
        size=heights[1],
        advance=boxes[0].right - boxes[0].left,
        font=_font(glyphs, indexes),
        turn=turn,
    )


def _font(glyphs: Glyphs, indexes: Sequence[int]) -> str:
    """That of the line when its ends are both bold, or both monospaced; else one that is neither."""
    font = glyphs.font(indexes[0])
    style = _style(font)
    if not any(style):
        return font
    last = glyphs.font(indexes[-1])
    return font if _style(last) == style else last


def _parted(glyphs: Glyphs, line: Piece, runs: int) -> Iterator[Piece]:
    """The pieces of a line that was put together or runs wide, with powers and indices."""
    text = "".join(line.texts)
    words = [match.span() for match in _WORD.finditer(text)]
    # A producer that sets each character apart does not tell by its runs where the type changes.
    tells = runs <= len(text) // 2
    has_digits = _DIGIT.search(text) is not None
    if line.runs_wide or (len(words) > 1 and _may_hold_gaps(glyphs, line, words, tells=tells)):
        pieces = _parted_at_gaps(glyphs, line, words)
    else:
        pieces = [(line, words)]
    for piece, held in pieces:
        if runs > 1 and (tells or has_digits):
            start = held[0][0]
            marked = [
                (first - start, end - start)
                for first, end in held
                if _may_hold_scripts(glyphs, line, text[first:end], first, tells=tells)
            ]
            if marked:
                _mark_scripts(glyphs, piece, marked)
        piece.indexes = put_in_order(glyphs, piece.texts, piece.indexes, piece.turn)
        yield piece


def _may_hold_gaps(glyphs: Glyphs, line: Piece, words: Sequence[tuple[int, int]], *, tells: bool) -> bool:
    if tells:
        return glyphs.widest_gap(line.indexes[0], len(line.texts), line.turn) > line.gap
    return any(glyphs.is_generated(line.indexes[start - 1]) for start, _ in words[1:])


_Words = list[tuple[int, int]]


def _parted_at_gaps(glyphs: Glyphs, line: Piece, words: _Words) -> list[tuple[Piece, _Words]]:
    """The pieces of the line between wide gaps, each with the words that it holds."""
    turn, indexes = line.turn, line.indexes
    ends = [(glyphs.box(indexes[start], turn), glyphs.box(indexes[end - 1], turn)) for start, end in words]
    starts = [0]
    for position, ((_, before), (after, _)) in enumerate(pairwise(ends), start=1):
        if max(after.left - before.right, before.left - after.right) > line.gap:
            starts.append(position)
    if len(starts) == 1:
        return [(line, words)]
    return [
        (_part_of(glyphs, line, words[begun:ended], ends[begun:ended]), words[begun:ended])
        for begun, ended in pairwise([*starts, len(words)])
    ]


def _part_of(glyphs: Glyphs, line: Piece, words: _Words, ends: Sequence[tuple[Box, Box]]) -> Piece:
    """The piece of the line that consists of these words, of which the first and last characters are in `ends`."""
    start, end = words[0][0], words[-1][1]
    first, last = ends[0][0], ends[-1][1]
    indexes = line.indexes[start:end]
    is_usual = abs(first.height - line.size) < 0.02 * line.size and abs(last.height - line.size) < 0.02 * line.size
    if not is_usual:
        return sampled(glyphs, line.texts[start:end], indexes, line.turn)
    return Piece(
        line.texts[start:end],
        indexes,
        left=min(first.left, last.left),
        right=max(first.right, last.right),
        baseline=glyphs.baseline(indexes[0], line.turn),
        size=line.size,
        advance=first.right - first.left,
        font=_font(glyphs, indexes),
        turn=line.turn,
    )


def _may_hold_scripts(glyphs: Glyphs, line: Piece, word: str, start: int, *, tells: bool) -> bool:
    """Most of what is raised or lowered are numbers, or stands in the short words of formulas."""
    if (len(word) > _FORMULA_CHARACTERS or not tells) and not _DIGIT.search(word):
        return False
    return not tells or len(word) == 1 or glyphs.runs(line.indexes[start], len(word)) > 1


def _mark_scripts(glyphs: Glyphs, piece: Piece, words: Sequence[tuple[int, int]]) -> None:
    """Write what is small and raised or lowered in these words as powers and indices."""
    size = piece.size
    for start, end in words:
        boxes = [glyphs.box(index, piece.turn) for index in piece.indexes[start:end]]
        baselines = [glyphs.baseline(index, piece.turn) for index in piece.indexes[start:end]]
        if max(baselines) - min(baselines) < 0.01 * size and boxes[0].height >= _SCRIPT_RATIO * size:
            continue
        level = _usual_baseline(glyphs, piece, size)
        shifts = [
            _shift(baseline - level, size, is_small=box.height < _SCRIPT_RATIO * size)
            for baseline, box in zip(baselines, boxes, strict=True)
        ]
        at = 0
        while at < len(shifts):
            stop = at + 1
            while stop < len(shifts) and shifts[stop] == shifts[at]:
                stop += 1
            if shifts[at]:
                _mark(glyphs, piece, start + at, start + stop, shifts[at])
            at = stop


def _usual_baseline(glyphs: Glyphs, piece: Piece, size: float) -> float:
    """That of characters of the line's usual size, if some of the first and last are of it."""
    near = [*piece.indexes[:12], *piece.indexes[-12:]]
    usual = [index for index in near if abs(glyphs.box(index, piece.turn).height - size) < 0.05 * size]
    return median(glyphs.baseline(index, piece.turn) for index in usual) if usual else piece.baseline


def _mark(glyphs: Glyphs, piece: Piece, start: int, end: int, shift: int) -> None:
    texts = piece.texts
    raised = "".join(texts[start:end])
    if not _SCRIPT.fullmatch(raised):
        return
    if start > 1 and texts[start - 1] == " " and glyphs.is_generated(piece.indexes[start - 1]):
        before, after = (glyphs.box(piece.indexes[place], piece.turn) for place in (start - 2, start))
        if after.left - before.right < 0.1 * piece.size:
            texts[start - 1] = ""
    before_text = "".join(texts[:start])
    if shift < 0:
        written = subscript(raised)
    elif not before_text.strip() and raised.isdecimal() and end < len(texts):
        written = f"Note {raised}: "
    else:
        written = superscript(raised, before_text)
    texts[start:end] = [written] + [""] * (end - start - 1)


def _shift(raised: float, size: float, *, is_small: bool) -> int:
    """1 for raised, -1 for lowered; type as large as the line's must be moved far."""
    up, down = (RAISED, RAISED / 2) if is_small else (_FAR_RAISED, _FAR_LOWERED)
    return (raised > up * size) - (raised < -down * size)
