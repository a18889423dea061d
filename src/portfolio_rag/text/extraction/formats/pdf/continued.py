"""Tables that go on over the end of a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from portfolio_rag.text.extraction.formats.pdf.line import is_right_to_left
from portfolio_rag.text.extraction.formats.pdf.paragraphs import Paragraph
from portfolio_rag.text.extraction.formats.pdf.table import Table
from portfolio_rag.text.extraction.tables import guess_header_rows

_MIN_OVERLAP = 0.5
"""Of the narrower one: a column goes on in one that shares so much of its width."""


@dataclass(slots=True)
class Grid:
    """The texts of a table's cells, its header first."""

    rows: list[list[str]]
    header_rows: int


def grids_of(parts: Sequence[Paragraph | Table], text_of: Callable[[Sequence[str]], str]) -> dict[int, Grid]:
    """The grid of each table, by its identity.

    Where a table goes on at the head of the next page, its header is that of all its pages: put in front where it is
    not repeated. A row that a page's end divides is whole on the page where it begins.
    """
    grids: dict[int, Grid] = {}
    above: Table | None = None
    for part in parts:
        if not isinstance(part, Table):
            above = None
            continue
        rows = [[text_of(cell) for cell in row] for row in part.rows]
        if is_right_to_left("".join(text for row in rows for text in row)):
            rows = [row[::-1] for row in rows]
        if above is not None and _goes_on(above, part):
            grids[id(part)] = _continuation(grids[id(above)], rows)
        else:
            grids[id(part)] = Grid(rows, _header_rows(rows))
        above = part
    return grids


def _header_rows(rows: list[list[str]]) -> int:
    """How many rows name the columns: two where the first groups columns that the second names."""
    found = guess_header_rows(rows)
    if found or len(rows) < 3 or not any(name and name == following for name, following in pairwise(rows[0])):
        return found
    both = [" ".join(dict.fromkeys(filter(None, names))) for names in zip(rows[0], rows[1], strict=True)]
    return 2 * guess_header_rows([both, *rows[2:]])


def _goes_on(above: Table, below: Table) -> bool:
    if below.page != above.page + 1 or len(above.rows[0]) != len(below.rows[0]) or above.is_ruled != below.is_ruled:
        return False
    return all(_overlap(*spans) for spans in zip(above.spans, below.spans, strict=False))


def _overlap(first: tuple[float, float], second: tuple[float, float]) -> bool:
    shared = min(first[1], second[1]) - max(first[0], second[0])
    return shared >= _MIN_OVERLAP * min(first[1] - first[0], second[1] - second[0])


def _continuation(above: Grid, rows: list[list[str]]) -> Grid:
    header = above.rows[: above.header_rows]
    if header and rows[: len(header)] == header:
        rows = rows[len(header) :]
    if rows and len(above.rows) > len(header) and _is_end_of_row(rows[0]):
        last = above.rows[-1]
        above.rows[-1] = [f"{begun} {rest}".strip() for begun, rest in zip(last, rows[0], strict=True)]
        rows = rows[1:]
    return Grid([*header, *rows], len(header)) if rows else Grid([], 0)


def _is_end_of_row(row: Sequence[str]) -> bool:
    cells = [cell for cell in row if cell]
    return not row[0] and bool(cells) and all(cell[0].islower() for cell in cells)
