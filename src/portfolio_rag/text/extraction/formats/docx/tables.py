"""Tables of Word as grids (ECMA-376 part 1, 17.4): merged cells, header rows, what stands apart in cells."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Any

from portfolio_rag.text.extraction.formats.docx.names import is_on, nearest, number, qn, value
from portfolio_rag.text.extraction.formats.docx.paragraphs import Shapes, is_empty
from portfolio_rag.text.extraction.formats.docx.runs import RunProperties
from portfolio_rag.text.extraction.formats.docx.styles import Styles
from portfolio_rag.text.extraction.tables import MAX_SPAN, Cell, guess_header_rows, reads_as_pairs

_ROW = frozenset([qn("w:tr")])
_CELL = frozenset([qn("w:tc")])
_BLOCKS = frozenset([qn("w:p"), qn("w:tbl")])
_PARAGRAPH = qn("w:p")
_RUN = frozenset([qn("w:r")])
_TCPR = qn("w:tcPr")
_MERGE_TAGS = (qn("w:hMerge"), qn("w:vMerge"), qn("w:gridSpan"))
_NO_MERGE = (None, None, None)
_MIN_COLUMN_PARAGRAPHS = 3
"""A single row with a cell of so many paragraphs sets text in columns."""
_FIRST_ROWS = 20
"""Looked at to tell a column of labels."""


@dataclass(frozen=True, slots=True)
class Row:
    """`before` and `after` count the columns of the grid that the row leaves out."""

    cells: tuple[Any, ...]
    before: int
    after: int
    is_header: bool


def read_rows(table: Any) -> list[Row]:
    """The rows that are seen: neither deleted nor hidden."""
    rows = []
    for row in nearest(table, _ROW):
        properties = row.find(qn("w:trPr"))
        if properties is None:
            rows.append(Row(tuple(nearest(row, _CELL)), 0, 0, False))
        elif properties.find(qn("w:del")) is None and not is_on(properties.find(qn("w:hidden"))):
            before = number(value(properties.find(qn("w:gridBefore"))))
            after = number(value(properties.find(qn("w:gridAfter"))))
            header = is_on(properties.find(qn("w:tblHeader")))
            rows.append(Row(tuple(nearest(row, _CELL)), max(before, 0), max(after, 0), header))
    return rows


def read_cells(rows: list[Row], text_of: Callable[[Any], str]) -> list[list[Cell]]:
    """The cells of each row, for `expand`; those merged downwards, whose text the first holds, repeat it."""
    lines: list[list[Cell]] = []
    above: dict[int, str] = {}
    for row in rows:
        line = [Cell("", min(row.before, MAX_SPAN))] if row.before else []
        column = row.before
        current: dict[int, str] = {}
        left = ""
        for cell in row.cells:
            properties = cell.find(_TCPR)
            across, down, wide = _NO_MERGE if properties is None else map(properties.find, _MERGE_TAGS)
            span = min(max(number(value(wide)), 1), MAX_SPAN) if column < MAX_SPAN else 1
            text = left if _continues(across) else text_of(cell)
            if _continues(down):
                text = above.get(column, "") or text
            if down is not None:
                current[column] = text
            line.append(Cell(text, span))
            column += span
            left = text
        if row.after:
            line.append(Cell("", min(row.after, MAX_SPAN)))
        above = current
        lines.append(line)
    return lines


def without_idle_edges(lines: list[list[Cell]]) -> list[list[Cell]]:
    """The same cells, none of them wider than the columns that begin in it in some row."""
    edges = sorted({edge for line in lines for edge in accumulate((cell.columns for cell in line), initial=0)})
    kept = []
    for line in lines:
        places = [bisect_left(edges, edge) for edge in accumulate((cell.columns for cell in line), initial=0)]
        kept.append([Cell(cell.text, after - at) for cell, at, after in zip(line, places, places[1:], strict=False)])
    return kept


def is_form(lines: list[list[Cell]]) -> bool:
    """Whether no row has a cell in every column: the columns are then no more than edges that do not line up."""
    return max(map(len, lines), default=0) < max((sum(cell.columns for cell in line) for line in lines), default=0)


def names_columns(lines: list[list[Cell]], grid: list[list[str]]) -> bool:
    """Whether the first row reads as the names of columns, merged cells of it as one name."""
    places = list(accumulate((cell.columns for cell in lines[0][:-1]), initial=0)) if lines and lines[0] else []
    cells = [[row[at] for at in places] for row in grid if any(row)]
    return guess_header_rows(cells) > 0 and not reads_as_pairs(cells)


def _continues(mark: Any | None) -> bool:
    return mark is not None and (value(mark) or "continue") == "continue"


class TableForms:
    """Tells what a table is for, and which of its rows name the columns."""

    def __init__(self, styles: Styles, shapes: Shapes) -> None:
        self._styles = styles
        self._shapes = shapes

    def is_layout(self, rows: list[Row]) -> bool:
        """Whether the table frames text or sets it side by side, so that its cells are read as blocks."""
        if max((len(row.cells) for row in rows), default=0) < 2:
            return True
        filled = (row for row in rows if not all(map(_is_blank, row.cells)))
        is_single = len(list(islice(filled, 2))) == 1
        return any(self._has_section(cell) or (is_single and _has_blocks(cell)) for row in rows for cell in row.cells)

    def header_rows(self, table: Any, rows: list[Row]) -> int | None:
        """How many rows at the top name the columns; None where nothing in the file tells."""
        marked = 0
        while marked < len(rows) and rows[marked].is_header:
            marked += 1
        if marked:
            return marked if marked < len(rows) else 1
        if len(rows) < 2:
            return None
        merged = _merged_header_rows(rows)
        if merged:
            return merged
        first, second = (all(self._bold(row.cells)) and any(self._bold(row.cells)) for row in rows[:2])
        if first and len(rows[0].cells) > 1:
            return None if second else 1
        if len(rows[0].cells) > 1 and self._styles.sets_first_row_apart(table):
            return 1
        labels = [row.cells[0] for row in rows[:_FIRST_ROWS] if len(row.cells) > 1]
        return 0 if len(labels) > 1 and _all_true(self._bold(labels)) else None

    def _has_section(self, cell: Any) -> bool:
        """Whether a heading stands above text in the cell."""
        if len(cell) < 3 and len(cell) and cell[-1].tag == _PARAGRAPH:
            return False  # as most cells are: properties and a paragraph
        blocks = [block for block in nearest(cell, _BLOCKS) if block.tag != _PARAGRAPH or not is_empty(block)]
        if len(blocks) < 2 or blocks[0].tag != _PARAGRAPH:
            return False
        return self._shapes.is_heading(blocks[0])

    def _bold(self, cells: Any) -> Iterator[bool]:
        """Of each cell that holds text, whether all of it is bold."""
        for cell in cells:
            marks = []
            for paragraph in nearest(cell, frozenset([_PARAGRAPH])):
                properties = RunProperties(self._styles, self._shapes.style(paragraph))
                marks += [
                    properties.is_bold(run)
                    for run in nearest(paragraph, _RUN)
                    if (run.findtext(qn("w:t")) or "").strip()
                ]
            if marks:
                yield all(marks)


def _merged_header_rows(rows: list[Row]) -> int:
    """How many rows a header of several rows takes: wide cells over their parts, and cells that reach down beside them.

    0 where the first row is not made so.
    """
    merges = [
        tuple(map(properties.find, _MERGE_TAGS)) if (properties := cell.find(_TCPR)) is not None else _NO_MERGE
        for cell in rows[0].cells
    ]
    reaching = [at for at, (_, down, _) in enumerate(merges) if down is not None and not _continues(down)]
    is_wide = any(number(value(wide)) > 1 for _, _, wide in merges)
    if not is_wide or not reaching or any(down is None and number(value(wide)) < 2 for _, down, wide in merges):
        return 0
    header = 1
    # Only the cells of a column that nothing wide stands before can be told by their place in the row.
    first = reaching[0]
    while header < len(rows) - 1 and not any(number(value(wide)) > 1 for _, _, wide in merges[:first]):
        cells = rows[header].cells
        properties = cells[first].find(_TCPR) if first < len(cells) else None
        if properties is None or not _continues(properties.find(_MERGE_TAGS[1])):
            break
        header += 1
    return header if header > 1 else 0


def _all_true(marks: Iterator[bool]) -> bool:
    values = list(marks)
    return bool(values) and all(values)


def _is_blank(cell: Any) -> bool:
    return all(block.tag == _PARAGRAPH and is_empty(block) for block in nearest(cell, _BLOCKS))


def _has_blocks(cell: Any) -> bool:
    """Whether the cell holds a table, or several paragraphs."""
    blocks = [block for block in nearest(cell, _BLOCKS) if block.tag != _PARAGRAPH or not is_empty(block)]
    return len(blocks) >= _MIN_COLUMN_PARAGRAPHS or any(block.tag != _PARAGRAPH for block in blocks)


def own_caption(table: Any) -> str:
    """The title and description among the table's properties."""
    properties = table.find(qn("w:tblPr"))
    if properties is None:
        return ""
    texts = [value(properties.find(qn(name))) or "" for name in ("w:tblCaption", "w:tblDescription")]
    return ": ".join(text.strip() for text in texts if text.strip())
