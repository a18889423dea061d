"""Lines of pages with their positions, and what their positions say of each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple, Protocol

from portfolio_rag.domain.blocks import Recognition, joined_recognition
from portfolio_rag.text.extraction.scripts import subscript, superscript

SAME_BASELINE = 0.35
"""In sizes of the type: lines whose baselines are no farther apart stand in one row."""
_SCRIPT_BASELINE = 0.5
"""The same for a power or an index that touches what stands before it."""
_LEAST_SCRIPT = 0.5
"""Of the size of the type beside it: smaller type is none of its powers and indices."""
_SCRIPT_CHARACTERS = 6
GAP_RATIO = 0.55
"""In sizes of the type: a wider gap parts the pieces of a line. A blank in justified text hardly gets that wide."""
WIDE_GAP_RATIO = 0.9
"""The same for monospaced type."""
BLANK_RATIO = 0.1
"""In sizes of the type: a narrower gap between two pieces is none."""
SCRIPT_GAP_RATIO = 0.3
"""The same for a piece that is raised or lowered."""
ROW_GAP_RATIO = 1.5
"""In sizes of the type: what stands behind a wider gap is not the same running text."""
SMALL_RATIO = 0.82
"""Type of this share of the size beside it, on another baseline, is raised or lowered."""
RAISED = 0.12
"""In sizes of the type: how far another baseline is from the line's."""
UPRIGHT = 0
CERTAIN = 1.0
"""Of a line that the file itself holds as text."""

_WORDS_OF_PROSE = 4
"""A line with fewer blanks may be a cell of a table."""
_ENOUGH_PITCHES = 3

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_LETTER = re.compile(r"[^\W\d_]")


class Line(NamedTuple):
    """A line of a page, or a piece of it before or behind a wide gap.

    Positions are in points as the line is read: `left` to `right` along it, `baseline` growing upwards. `turn` counts
    the quarters by which it is turned clockwise on the page. `size` is the height of the font, `advance` the width of
    the first character. `is_field` marks what was filled into a form or put onto the page as an annotation, `is_row` a
    line with a wide gap, as between a name and its value.
    `score` says, from 0 to 1, how certainly the line was read, `box` where on the page's picture (domain/blocks.py).
    """

    # A tuple, as there are many: it is made in a fifth of the time that a dataclass takes.

    text: str
    page: int
    left: float
    right: float
    baseline: float
    size: float
    advance: float = 0.0
    is_bold: bool = False
    is_code: bool = False
    turn: int = UPRIGHT
    is_field: bool = False
    is_row: bool = False
    score: float = CERTAIN
    box: tuple[float, float, float, float] | None = None


def recognition_of(lines: Iterable[Line]) -> Recognition | None:
    """Of those of the lines that were read by OCR."""
    return joined_recognition(
        [Recognition(line.score, (line.box[0], line.box[1], line.box[2], line.box[3])) for line in lines if line.box]
    )


def usual_pitch(pages: Iterable[Sequence[Line]]) -> float:
    """The usual distance of two lines of a paragraph, in sizes of their type.

    Where most paragraphs have a line or two, as clauses have, most distances are those between paragraphs, which are
    larger: there the lines tell it between which a sentence goes on.
    """
    ratios: list[float] = []
    within: list[float] = []
    for lines in pages:
        for above, below in pairwise(lines):
            if above.size > 0 and 0.5 < (ratio := (above.baseline - below.baseline) / above.size) < 2.5:
                ratios.append(ratio)
                if _is_sentence_over(above, below):
                    within.append(ratio)
    if len(within) < _ENOUGH_PITCHES:
        within = ratios
    return min(median(within), median(ratios)) if ratios else 1.2


def _is_sentence_over(above: Line, below: Line) -> bool:
    return (
        below.text[:1].islower()
        and above.text[-1:] not in ".:!?"
        and above.text.count(" ") >= _WORDS_OF_PROSE
        and abs(above.left - below.left) < above.size
        and abs(above.size - below.size) < 0.08 * above.size
        and not above.is_code
    )


def usual_turn(lines: Iterable[Line]) -> int:
    """How most of the text is turned."""
    characters = Counter[int]()
    for line in lines:
        characters[line.turn] += len(line.text)
    return characters.most_common(1)[0][0] if characters else 0


class Placed(Protocol):
    """What stands somewhere on a page."""

    @property
    def baseline(self) -> float: ...
    @property
    def size(self) -> float: ...


def in_one_row(first: Placed, second: Placed) -> bool:
    smaller, larger = sorted((first.size, second.size))
    apart = abs(first.baseline - second.baseline)
    return apart < SAME_BASELINE * smaller or (smaller < SMALL_RATIO * larger and apart < SAME_BASELINE * larger)


def rows_of(lines: Iterable[Line]) -> list[list[Line]]:
    """The lines in rows from the top down, each from left to right."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: -line.baseline):
        if rows and in_one_row(rows[-1][0], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    for row in rows:
        row.sort(key=lambda line: line.left)
    return rows


def with_scripts(lines: Iterable[Line]) -> list[Line]:
    """The lines as they are drawn, those that are a power or an index of the one before joined to it."""
    found: list[Line] = []
    for line in lines:
        if found and _is_script_of(found[-1], line):
            found[-1] = joined([found[-1], line])
        else:
            found.append(line)
    return found


def _is_script_of(line: Line, script: Line) -> bool:
    return (
        len(script.text) <= _SCRIPT_CHARACTERS
        and " " not in script.text
        and _LEAST_SCRIPT * line.size < script.size < SMALL_RATIO * line.size
        and RAISED * line.size < abs(script.baseline - line.baseline) < _SCRIPT_BASELINE * line.size
        and abs(script.left - line.right) < BLANK_RATIO * line.size
        and script.turn == line.turn
    )


def is_right_to_left(text: str) -> bool:
    """Whether most letters are of a script that is written from right to left."""
    if text.isascii():
        return False
    return 2 * len(_RIGHT_TO_LEFT.findall(text)) > len(_LETTER.findall(text))


def joined(row: Sequence[Line]) -> Line:
    """The pieces of a row (from left to right) as one line."""
    if len(row) == 1:
        return row[0]
    largest = max(row, key=lambda line: (line.size, len(line.text)))
    from_right = is_right_to_left("".join(line.text for line in row))
    pieces = row[::-1] if from_right else row
    text = _at_start(pieces[0], pieces[1], largest)
    widest = 0.0
    for before, piece in pairwise(pieces):
        gap = before.left - piece.right if from_right else piece.left - before.right
        widest = max(widest, gap)
        is_script = _is_shifted(piece, largest) and gap < SCRIPT_GAP_RATIO * largest.size
        blank = " " if gap > BLANK_RATIO * largest.size and not is_script else ""
        text += blank + (_beside(text, piece, largest) if is_script else piece.text)
    return largest._replace(
        text=text,
        left=min(line.left for line in row),
        right=max(line.right for line in row),
        advance=row[0].advance,
        is_bold=all(line.is_bold for line in row if not line.is_field),
        is_code=all(line.is_code for line in row),
        is_field=all(line.is_field for line in row),
        is_row=widest > ROW_GAP_RATIO * largest.size,
    )


def _is_shifted(piece: Line, largest: Line) -> bool:
    """Whether a piece is small, and on another baseline: fonts that do not say how high they are look small, too."""
    apart = abs(piece.baseline - largest.baseline)
    return piece.size < SMALL_RATIO * largest.size and apart > RAISED / 2 * largest.size


def _at_start(first: Line, following: Line, largest: Line) -> str:
    """The text of the first piece; a raised number there is the mark of a note."""
    is_raised = (
        first.size < SMALL_RATIO * following.size and first.baseline - following.baseline > RAISED * largest.size
    )
    return f"Note {first.text}: " if is_raised and first.text.isdecimal() else first.text


def _beside(before: str, piece: Line, largest: Line) -> str:
    """The text of a piece that touches what stands `before` it."""
    raised = piece.baseline - largest.baseline
    if not any(char.isalnum() for char in piece.text):
        return piece.text
    if raised > RAISED * largest.size:
        return superscript(piece.text, before)
    return subscript(piece.text) if raised < -RAISED * largest.size else piece.text
