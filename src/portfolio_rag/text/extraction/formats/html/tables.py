"""Tables of a page: of data, of code beside the numbers of its lines, or only there to lay the page out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from selectolax.lexbor import LexborNode

from portfolio_rag.text.extraction.document import DocumentBuilder
from portfolio_rag.text.extraction.formats.html.code import code_text, numbered_code
from portfolio_rag.text.extraction.formats.html.icons import icon_text
from portfolio_rag.text.extraction.formats.html.nodes import Attributes, is_dropped
from portfolio_rag.text.extraction.formats.html.running_text import Reading, text_of
from portfolio_rag.text.extraction.sanitise import clean_line
from portfolio_rag.text.extraction.tables import MAX_SPAN, Cell, expand, guess_header_rows, table_lines

MAX_CELL_CHARACTERS = 1000
"""Of a cell in a table without header cells: with more, the table is one that lays out the page."""

_MAX_REPEATED_CHARACTERS = 20_000
"""That a row may grow to when it is repeated for each row of a table in one of its cells."""
_DIGIT = re.compile(r"\W*\d")
_MAX_NESTING = 3
_PLACEHOLDER = re.compile("\0(\\d+)\0")
"""Where a table stood in a cell. No text of a page holds a NUL: HTML forbids it, and parsers replace it."""


@dataclass(frozen=True, slots=True)
class _Row:
    group: str
    cells: tuple[LexborNode, ...]
    rows_left: int
    """Of its group, with this one: no cell reaches further down."""

    @property
    def is_header(self) -> bool:
        """Whether every cell that says something is a header cell."""
        filled = [cell for cell in self.cells if cell.tag == "th" or cell.text().strip()]
        return bool(filled) and all(cell.tag == "th" for cell in filled)


def add_table(table: LexborNode, builder: DocumentBuilder, reading: Reading) -> bool:
    """Add a table of data or code; False for one that lays out the page, whose cells are to be read as blocks."""
    caption, rows = _parts(table, reading)
    code = numbered_code([row.cells for row in rows], reading.revealed)
    if code is not None:
        builder.code(code)
        return True
    if not _holds_data(table, caption, rows):
        return False
    _Table(builder, reading).add(caption, rows)
    return True


def _parts(table: LexborNode, reading: Reading) -> tuple[LexborNode | None, list[_Row]]:
    """The caption and the rows as they are shown: the head first, the foot last."""
    caption: LexborNode | None = None
    groups: list[tuple[str, list[tuple[LexborNode, ...]]]] = []
    for part in table.iter():
        if is_dropped(part, reading.revealed):
            continue
        if part.tag == "caption":
            caption = caption or part
        elif part.tag in ("thead", "tbody", "tfoot"):
            rows = [row for row in part.iter() if row.tag == "tr" and not is_dropped(row, reading.revealed)]
            groups.append((part.tag, [_cells(row, reading) for row in rows]))
    ordered = sorted(groups, key=lambda group: ("thead", "tbody", "tfoot").index(group[0]))
    return caption, [
        _Row(name, cells, len(rows) - position) for name, rows in ordered for position, cells in enumerate(rows)
    ]


def _cells(row: LexborNode, reading: Reading) -> tuple[LexborNode, ...]:
    return tuple(cell for cell in row.iter() if cell.tag in ("td", "th") and not is_dropped(cell, reading.revealed))


def _holds_data(table: LexborNode, caption: LexborNode | None, rows: Sequence[_Row]) -> bool:
    attributes = table.attributes
    if attributes.get("role") in ("presentation", "none"):
        return False
    cells = [cell for row in rows for cell in row.cells]
    width = max((len(row.cells) for row in rows), default=0)
    if len(rows) > 1 and width and any(cell.tag == "th" for cell in cells):
        return True
    if width < 2:
        return False
    if caption is not None:
        return True
    if table.css_first("table h1, table h2, table h3, table h4, table form") is not None:
        return False
    if (attributes.get("border") or "0").strip() not in ("0", ""):
        return True
    is_nested = table.css_first("table table") is not None
    return not is_nested and all(len(cell.text()) <= MAX_CELL_CHARACTERS for cell in cells)


def _span(attributes: Attributes, name: str) -> int:
    """As browsers read it; rowspan="0" is as far as the group goes."""
    digits = re.match(r"\s*\+?(\d{1,6})", attributes.get(name) or "")
    count = int(digits[1]) if digits else 1
    return count or (MAX_SPAN if name == "rowspan" else 1)


class _Table:
    """Reads the cells of one table, and what stands in them: other tables, and code of several lines."""

    def __init__(self, builder: DocumentBuilder, reading: Reading, depth: int = 0) -> None:
        self._builder = builder
        self._reading = reading
        self._depth = depth
        self._nested: list[list[str]] = []
        self._codes: list[str] = []

    def add(self, caption: LexborNode | None, rows: Sequence[_Row]) -> None:
        title, header_rows, lines, codes = self._grid(caption, rows)
        header = lines[:header_rows]
        waiting: list[list[str]] = []

        def flush() -> None:
            nonlocal title
            if waiting or title:
                self._builder.table([*header, *waiting], header_rows=len(header), caption=title)
            waiting.clear()
            title = ""

        for line, inside in zip(lines[header_rows:], codes[header_rows:], strict=True):
            waiting += self._repeated(line)
            if inside:
                flush()
                for code in inside:
                    self._builder.code(code)
        if waiting or len(lines) == len(header):
            flush()

    def lines(self, caption: LexborNode | None, rows: Sequence[_Row]) -> list[str]:
        """The rows as lines, for a table in a cell of another."""
        _, header_rows, lines, _ = self._grid(caption, rows)
        body = [repeated for line in lines[header_rows:] for repeated in self._repeated(line)]
        return table_lines([*lines[:header_rows], *body], header_rows)

    def _grid(
        self, caption: LexborNode | None, rows: Sequence[_Row]
    ) -> tuple[str, int, list[list[str]], list[list[str]]]:
        """A caption, how many rows are headers, the rows, and the code in each of them."""
        title = "" if caption is None else text_of(caption, self._reading)
        cells: list[list[Cell]] = []
        codes: list[list[str]] = []
        for row in rows:
            cells.append([self._cell(cell, row.rows_left) for cell in row.cells])
            codes.append(self._codes)
            self._codes = []
        lines = [[_clean_cell(text) for text in line] for line in expand(cells)]
        header_rows = _header_rows(rows)
        while header_rows > 1 and len(lines[0]) > 1 and len(set(lines[0])) == 1:
            # A header cell over the whole width is a title.
            title = f"{title}\n{lines[0][0]}" if title else lines[0][0]
            lines, codes, header_rows = lines[1:], codes[1:], header_rows - 1
        if header_rows == 0 and self._depth == 0:
            header_rows = _guessed_header_rows(rows, lines)
        return title, header_rows, lines, codes

    def _cell(self, cell: LexborNode, rows_left: int) -> Cell:
        attributes = cell.attributes
        columns, rows = (
            (_span(attributes, "colspan"), min(_span(attributes, "rowspan"), rows_left)) if attributes else (1, 1)
        )
        only = cell.first_child
        if only is None or (only.is_text_node and only.next is None):
            return Cell("" if only is None else only.text_content or "", columns, rows)
        apart: set[int] = set()
        marks: list[str] = []
        for inner in cell.css("table, pre, code"):
            if any(parent in apart for parent in _ancestors(inner, cell)):
                continue
            if inner.tag == "table":
                lines = self._inner_table(inner)
                if lines:
                    apart.add(inner.mem_id)
                    marks.append(f"\0{len(self._nested)}\0")
                    self._nested.append(lines)
            elif "\n" in (code := code_text(inner, self._reading.revealed).strip("\n")):
                apart.add(inner.mem_id)
                self._codes.append(code)
        text = text_of(cell, self._reading, without=frozenset(apart))
        if not marks and not text.strip():
            text = icon_text(cell)
        return Cell(text + "".join(marks), columns, rows)

    def _inner_table(self, table: LexborNode) -> list[str]:
        caption, rows = _parts(table, self._reading)
        code = numbered_code([row.cells for row in rows], self._reading.revealed)
        if code is not None:
            self._codes.append(code)
            return [""]
        if self._depth >= _MAX_NESTING or max((len(row.cells) for row in rows), default=0) < 2:
            return []
        return _Table(self._builder, self._reading, self._depth + 1).lines(caption, rows)

    def _repeated(self, line: list[str]) -> list[list[str]]:
        """The row once for each row of a table in one of its cells, so that each of these keeps its place."""
        marks = {position: int(mark[1]) for position, cell in enumerate(line) if (mark := _PLACEHOLDER.search(cell))}
        if not marks:
            return [line]
        bare = [_PLACEHOLDER.sub("", cell).strip() for cell in line]
        size = sum(map(len, bare))
        repeated: list[list[str]] = []
        for nested in dict.fromkeys(marks.values()):
            lines = self._nested[nested]
            if size * len(lines) > _MAX_REPEATED_CHARACTERS:
                lines = ["; ".join(lines)]
            for inner in lines:
                repeated.append(
                    [
                        f"{text} {inner}".strip() if marks.get(position) == nested else text
                        for position, text in enumerate(bare)
                    ]
                )
        return repeated


def _clean_cell(text: str) -> str:
    """As the builder cleans it, but with the places of tables in it."""
    if "\0" not in text:
        return clean_line(text)
    marks = "".join(mark[0] for mark in _PLACEHOLDER.finditer(text))
    return clean_line(_PLACEHOLDER.sub("", text)) + marks


def _ancestors(node: LexborNode, top: LexborNode) -> Iterator[int]:
    parent = node.parent
    while parent is not None and parent.mem_id != top.mem_id:
        yield parent.mem_id
        parent = parent.parent


def _guessed_header_rows(rows: Sequence[_Row], lines: Sequence[Sequence[str]]) -> int:
    """For a table without header cells: 1 where the first row looks like names, and the rows below unlike it.

    Not for pairs of a name and a value, which have no names above them.
    """
    if any(cell.tag == "th" for row in rows for cell in row.cells) or not guess_header_rows(lines):
        return 0
    is_bold = all(_is_bold(cell) for cell in rows[0].cells)
    has_numbers = any(
        not _DIGIT.match(name) and all(_DIGIT.match(line[column]) for line in lines[1:])
        for column, name in enumerate(lines[0])
    )
    return 1 if is_bold or has_numbers or (len(lines) > 2 and len(lines[0]) > 2) else 0


def _is_bold(cell: LexborNode) -> bool:
    text = cell.text().strip()
    bold = cell.css_first("b, strong")
    return not text or (bold is not None and bold.text().strip() == text)


def _header_rows(rows: Sequence[_Row]) -> int:
    """How many rows name the columns: those of the head, else those at the start that are header cells alone."""
    head = sum(row.group == "thead" for row in rows)
    if head:
        return head if head < len(rows) else min(head, 1)
    count = 0
    for row in rows:
        if not row.is_header or (count and len(row.cells) == 1):
            break
        count += 1
    if count == len(rows) or (count == 1 and len(rows[0].cells) == 1 and max(len(row.cells) for row in rows) > 1):
        return 1 if count == len(rows) and count == 1 else 0
    return count
