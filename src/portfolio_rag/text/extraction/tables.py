"""Tables as lines of text in which every row says what its cells are: `Plan: Gold | Users: 900`.

A row is cut, embedded, searched and quoted apart from its table. So the names of the columns stand in each row, and a
value can never be read as that of a neighbour.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MAX_NAME_CHARACTERS = 80
"""Of a column's name in front of a cell; a longer one is cut short there, and stands whole in a line above the rows."""

MAX_SPAN = 1000
"""Columns or rows that a merged cell may cover, as browsers limit them (HTML Standard, the td element: colspan)."""

MAX_CELLS = 2_000_000
"""Of one table, merged cells counted as often as they are repeated: beyond, merged cells are not repeated any more."""

_GROUP_CHARACTERS = 80
_GUESSED_ROWS = 50
_NAMES_BEFORE_UNNAMED = 3
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_NUMERIC = re.compile(r"[\d\s.,:/%+\-–€$£°]*\d[\d\s.,:/%+\-–€$£°]*(?:[a-zA-Z]{1,3})?")
_ABBREVIATION = re.compile(r"[^\W\d_]{2,4}\.")
"""`No.` or `Ref.`, as columns are called; `a.` numbers a row."""

_TRUTH = frozenset({"TRUE", "FALSE"})
"""What spreadsheets show for a value that is true or not; no name of a column."""
_VALUE = re.compile(rf"{_NUMERIC.pattern}|\W|\w|yes|no|n/?a|none", re.IGNORECASE)
"""What stands in all the cells of a row by itself, and not as the name of the rows below it."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as it is written, and how many columns and rows it covers."""

    text: str
    columns: int = 1
    rows: int = 1


_Reaching = dict[int, tuple[str, int]]
"""By column: the text of a cell that reaches down from a row above, and for how many rows more."""


def expand(rows: Iterable[Iterable[Cell]]) -> list[list[str]]:
    """A rectangular grid of texts: a merged cell's text stands in each place that it covers, others are empty."""
    grid: list[list[str]] = []
    reaching: _Reaching = {}
    total = 0
    for row in rows:
        line, reaching = _expand_row(row, reaching, MAX_SPAN if total < MAX_CELLS else 1)
        total += len(line)
        grid.append(line)
    width = max(map(len, grid), default=0)
    return [line + [""] * (width - len(line)) for line in grid]


def _expand_row(row: Iterable[Cell], reaching: _Reaching, max_span: int) -> tuple[list[str], _Reaching]:
    """The texts of a row, and what reaches down from it."""
    line: list[str] = []
    below: _Reaching = {}

    def add(text: str, rows: int) -> None:
        if rows > 1:
            below[len(line)] = (text, rows - 1)
        line.append(text)

    for cell in row:
        while len(line) in reaching:
            add(*reaching[len(line)])
        for _ in range(min(max(cell.columns, 1), max_span)):
            add(cell.text, min(max(cell.rows, 1), max_span))
    for column in sorted(reaching):
        if column >= len(line):
            line += [""] * (column - len(line))
            add(*reaching[column])
    return line, below


def guess_header_rows(grid: Sequence[Sequence[str]]) -> int:
    """1 where the first row names the columns, else 0, for formats that do not say so.

    Names are short, differ, are no numbers, do not look like the values below them ("410 boxes" above "520 boxes"), and
    fill the row but for its corner. Behind three names and more, a last column may have none: of remarks, most often.
    """
    if len(grid) < 2 or len(grid[0]) < 2:
        return 0
    first = [" ".join(cell.split()) for cell in grid[0]]
    named = first[1:] if not first[0] else first
    if len(named) > _NAMES_BEFORE_UNNAMED and not named[-1]:
        named = named[:-1]
    is_header = (
        all(named)
        and len({name.casefold() for name in named}) == len(named)
        and not any(_NUMERIC.fullmatch(name) or name in _TRUTH for name in named)
        and max(map(len, named)) <= MAX_NAME_CHARACTERS
        and (not named[0].endswith((".", ":")) or bool(_ABBREVIATION.fullmatch(named[0])))
        and not any(map(_is_quantity_among_its_kind, zip(*grid[:_GUESSED_ROWS], strict=False)))
    )
    return 1 if is_header else 0


def reads_as_pairs(grid: Sequence[Sequence[str]]) -> bool:
    """Whether two columns are names and their values, whose first row names no columns: the values are of many kinds.

    A list of settings below the names of its columns may read so too; its rows are understood without these.
    """
    if len(grid) < 3 or any(len(row) != 2 for row in grid):
        return False
    kinds = {bool(_NUMERIC.fullmatch(row[1])) for row in grid[1:_GUESSED_ROWS] if row[1]}
    return len(kinds) > 1 and not any(_NUMERIC.fullmatch(row[0]) for row in grid)


def _is_quantity_among_its_kind(column: Sequence[str]) -> bool:
    """Whether the first cell of a column holds a number, and most of those below are the same but for theirs."""
    if not column[0]:
        return False
    first, *below = [_DIGITS.sub("0", cell.casefold()) for cell in column if cell]
    return "0" in first and sum(cell == first for cell in below) * 2 > len(below)


def table_lines(grid: Sequence[Sequence[str]], header_rows: int) -> list[str]:
    """A line for each row that holds text, cells apart by ` | `.

    Without header rows each cell, an empty one too, keeps its place. With them the names of the columns stand in front
    of the cells and empty cells are left out; the header is a line of its own only where no row follows, or where a
    name had to be cut short. A short row that one merged cell fills names the rows below it, and stands in front of
    them.
    """
    body = [list(row) for row in grid[header_rows:] if any(row)]
    head = [list(row) for row in grid[:header_rows] if any(row)]
    if not body or not head:
        return [" | ".join(row) for row in (*head, *body)]
    names = [_name(column) for column in zip(*head, strict=True)]
    lines = [" | ".join(row) for row in head] if any(len(name) > MAX_NAME_CHARACTERS for name in names) else []
    names = [name if len(name) <= MAX_NAME_CHARACTERS else name[: MAX_NAME_CHARACTERS - 1] + "…" for name in names]
    group = ""
    for row in body:
        if len(row) > 1 and len(set(row)) == 1 and not _VALUE.fullmatch(row[0]):
            group = row[0] if len(row[0]) <= _GROUP_CHARACTERS and not row[0].endswith((".", "!", "?")) else ""
            lines.append(row[0])
            continue
        cells = [_said(name, cell) for name, cell in zip(names, row, strict=True) if cell]
        lines.append(" | ".join([group, *cells] if group else cells))
    return lines


def _name(cells: Sequence[str]) -> str:
    """The header cells above a column as one name; a merged one counts once."""
    parts = list(dict.fromkeys(cell.rstrip(" :") for cell in cells if cell))
    return " - ".join(parts)


def _said(name: str, cell: str) -> str:
    return f"{name}: {cell}" if name and name != cell else cell
