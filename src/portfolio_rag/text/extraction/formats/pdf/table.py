"""Tables of a page, and which rows on it are one row of a table."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from portfolio_rag.domain.blocks import Recognition
from portfolio_rag.text.extraction.formats.pdf.line import Line, in_one_row, joined

Cells = list[list[str]]
"""Of a row: for each column the lines in the cell."""

LOOSE = 1.2
"""A distance between two rows larger than the smallest by this begins a new row of a table, where cells wrap."""
_TIGHT = 1.5
"""In sizes of the type: lines of one cell are no farther apart."""
_OVERLAPPING = 0.8
"""In sizes of the type: lines nearer than this belong to one row, in which cells are centred."""

_AMOUNT = re.compile(r"[^\w\s]{0,2}\s?\d[\d.,:/ \-–%]*\s?[^\W\d]{0,9}\.?%?[^\w\s]?")
_NOTHING = re.compile(r"[-–—./]|n/?a", re.IGNORECASE)
_EQUATION_NUMBER = re.compile(r"\(\d+[a-z]?\)")


@dataclass(slots=True)
class Table:
    """A table where it stands on its page: as high as from its first `baseline` down to `bottom`.

    `spans` are from where to where its columns reach.
    """

    rows: list[Cells]
    page: int
    left: float
    right: float
    baseline: float
    bottom: float
    size: float
    spans: tuple[tuple[float, float], ...]
    is_ruled: bool
    text: str = ""
    recognition: Recognition | None = None


@dataclass(slots=True)
class PhysicalRow:
    """What stands on one height: by column, a line or None."""

    baseline: float
    cells: list[Line | None]

    @property
    def filled(self) -> int:
        return sum(cell is not None for cell in self.cells)


def physical_rows(lines: Sequence[tuple[int, Line]], columns: int) -> list[PhysicalRow]:
    """From lines with their columns, from the top down."""
    rows: list[tuple[Line, list[list[Line]]]] = []
    for column, line in sorted(lines, key=lambda placed: -placed[1].baseline):
        if not rows or not in_one_row(rows[-1][0], line):
            rows.append((line, [[] for _ in range(columns)]))
        rows[-1][1][column].append(line)
    return [
        PhysicalRow(
            first.baseline,
            [joined(sorted(cell, key=lambda line: line.left)) if cell else None for cell in cells],
        )
        for first, cells in rows
    ]


def logical_rows(rows: Sequence[PhysicalRow], size: float) -> list[Cells]:
    """Rows of a table: lines of a wrapped cell together.

    Where distances differ the larger ones part rows; else a row begins where its first cell is filled, or nearly all.
    """
    distances = [above.baseline - below.baseline for above, below in itertools.pairwise(rows)]
    apart = [distance for distance in distances if distance > _OVERLAPPING * size]
    smallest = min(apart, default=0.0)
    is_spaced = smallest <= _TIGHT * size and max(apart, default=0.0) > LOOSE * smallest and _wraps(rows)
    found: list[Cells] = []
    for position, row in enumerate(rows):
        distance = distances[position - 1] if position else 0.0
        if not found or _begins(row, distance, smallest if is_spaced else None, size):
            found.append([[] for _ in row.cells])
        for cell, line in zip(found[-1], row.cells, strict=True):
            if line is not None:
                cell.append(line.text)
    return found


def joined_rows(rows: Sequence[PhysicalRow]) -> Cells:
    """One row of a table from several on the page."""
    return [
        [line.text for line in column if line is not None] for column in zip(*(row.cells for row in rows), strict=True)
    ]


def _wraps(rows: Sequence[PhysicalRow]) -> bool:
    """Whether some row leaves out cells, as those do that hold only the end of a wrapped cell."""
    most = max(row.filled for row in rows)
    return any(row.filled < most for row in rows)


def _begins(row: PhysicalRow, distance: float, tight: float | None, size: float) -> bool:
    if distance < _OVERLAPPING * size:
        return False
    if tight is not None:
        return distance > LOOSE * tight
    if row.cells[0] is not None or distance > _TIGHT * size:
        return True
    cells = [line.text for line in row.cells if line is not None]
    return len(cells) >= max(2, len(row.cells) - 1) and not any(text[:1].islower() for text in cells)


def is_amount(text: str) -> bool:
    """Whether a cell holds a number, with a unit perhaps, or nothing."""
    text = text.strip()
    if _EQUATION_NUMBER.fullmatch(text):
        return False
    return bool(_AMOUNT.fullmatch(text) or _NOTHING.fullmatch(text))


def median_words(lines: Sequence[Line]) -> float:
    return median(len(line.text.split()) for line in lines) if lines else 0.0
