"""Walks the blocks of a Word document in reading order and gives them to the builder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from portfolio_rag.domain.document_warnings import WarningCode
from portfolio_rag.domain.errors import DocumentRejected
from portfolio_rag.text.extraction.formats.docx.apparent_headings import ApparentHeadings
from portfolio_rag.text.extraction.formats.docx.asides import AsideWriter
from portfolio_rag.text.extraction.formats.docx.cells import Apart, CellReader, code_beside_line_numbers
from portfolio_rag.text.extraction.formats.docx.document import DAMAGED, WordDocument
from portfolio_rag.text.extraction.formats.docx.drawings import TextBox
from portfolio_rag.text.extraction.formats.docx.embedded import UnreadableChunk, add_chunk
from portfolio_rag.text.extraction.formats.docx.inline import Aside, LineReader
from portfolio_rag.text.extraction.formats.docx.names import nearest, qn
from portfolio_rag.text.extraction.formats.docx.package import Package, UnreadablePart
from portfolio_rag.text.extraction.formats.docx.paragraphs import (
    Shape,
    Shapes,
    indentation,
    is_empty,
    is_prose,
    is_table_caption,
    labelled,
    plain_text,
)
from portfolio_rag.text.extraction.formats.docx.tables import (
    Row,
    TableForms,
    is_form,
    names_columns,
    own_caption,
    read_cells,
    read_rows,
    without_idle_edges,
)
from portfolio_rag.text.extraction.tables import expand

MAX_DEPTH = 3
"""Of documents that are embedded in one another."""

MAX_ITEM_CHARACTERS = 300
"""A longer item is a clause: a paragraph of its own behind its number."""

_TITLE_LEVEL = 0
"""Of the heading that all others stand under: those of Word begin with 1."""

_PARAGRAPH = qn("w:p")
_TABLE = qn("w:tbl")
_CHUNK = qn("w:altChunk")
_BLOCKS = frozenset([_PARAGRAPH, _TABLE, _CHUNK, qn("m:oMath"), qn("m:oMathPara")])
_SECTION = f"{qn('w:pPr')}/{qn('w:sectPr')}"
_UNKNOWN_SYMBOLS = "Symbols of fonts that are not known were left out. Replace them by characters of Unicode."
_UNREAD_CHUNK = (
    "A document that is embedded in the Word document cannot be read and was left out. Open the document in Word, save "
    "it again and upload it."
)


class BodyReader:
    """Reads the blocks of the part with the text. `at_section_end` is called behind each section but the last."""

    def __init__(self, word: WordDocument, at_section_end: Callable[[], None] | None = None) -> None:
        self._word = word
        self._builder = word.builder
        self._at_section_end = at_section_end
        self._lines = LineReader(word.package, word.main, word.styles, word.notes)
        self._shapes = Shapes(word.styles, word.numbering)
        self._forms = TableForms(word.styles, self._shapes)
        self._apparent = ApparentHeadings(word.styles, self._shapes)
        self._asides = AsideWriter(word, word.main)
        self._code: list[tuple[int, str]] = []
        self._waiting: list[Aside] = []
        self._initial = ""
        self._title: Any = None
        self._has_begun = False

    def blocks(self, *parents: Any) -> None:
        """Read what is inside the parents, one after the other, to the end."""
        elements = [element for parent in parents for element in nearest(parent, _BLOCKS)]
        if not self._has_begun:
            self._has_begun, self._title = True, self._title_above(elements)
        caption, taken = "", -1
        for at, element in enumerate(elements):
            if element.tag == _TABLE:
                taken = -1 if caption else self._caption_below(elements, at)
                self._table(element, caption, elements[taken] if taken > 0 else None)
                caption = ""
            elif element.tag == _CHUNK:
                self._flush()
                self._chunk(element)
            elif element.tag != _PARAGRAPH:
                self._flush()
                self._builder.paragraph(self._lines.read(element, None).text)
            elif self._is_caption_above(elements, at):
                caption = self._caption(element)
            elif at != taken:
                self._paragraph(element, is_apparent=self._apparent.holds(elements, at))
        if self._initial.strip():
            self._builder.paragraph(self._initial)
        self._initial = ""
        self._flush()

    def _title_above(self, elements: list[Any]) -> Any:
        """The paragraph that is the title of all that follows; None of several, or of one behind a heading."""
        headings = [element for element in elements if element.tag == _PARAGRAPH and self._shapes.is_heading(element)]
        written = [heading for heading in headings if plain_text(heading)]
        titles = [heading for heading in written if self._shapes.is_title(heading)]
        return titles[0] if len(titles) == 1 and titles[0] is written[0] else None

    def _paragraph(self, paragraph: Any, *, is_apparent: bool) -> None:
        """`is_apparent`: it looks like a heading, though its style says nothing of it."""
        shape = self._shapes.shape(paragraph)
        if paragraph is self._title:
            shape = replace(shape, level=_TITLE_LEVEL)
        has_label = shape.label is not None and not shape.label.shows_nothing
        is_code = (
            not is_apparent and shape.level is None and not has_label and self._shapes.is_code(paragraph, shape.style)
        )
        line = self._lines.read(paragraph, shape.style, is_heading=shape.level is not None)
        self._warn_of(line.unknown_fonts)
        if is_code and not self._code and not self._shapes.is_code_by_style(shape.style):
            is_code = not is_prose(line.text)
        if is_code or (self._code and not line.text.strip()):
            self._code.append((indentation(paragraph), line.text))
            self._waiting += line.asides
        elif shape.is_initial:
            self._initial += line.text
            self._waiting += line.asides
        else:
            text = line.text
            if text.strip():
                text, self._initial = self._initial + text, ""
            self._write(shape, text, line.asides, is_apparent=is_apparent and not self._initial)
        if self._at_section_end is not None and paragraph.find(_SECTION) is not None:
            self._flush()
            self._at_section_end()

    def _write(self, shape: Shape, text: str, asides: list[Aside], *, is_apparent: bool) -> None:
        """Add a paragraph as what it is, and what hangs on it; for items that comes behind their list."""
        is_item = shape.level is None and (shape.label is not None or shape.is_list_style)
        if is_item and 0 < len(text.strip()) <= MAX_ITEM_CHARACTERS:
            self._flush_code()
            marker = "- " if shape.label is None else shape.label.marker(text)
            self._builder.item(text, marker, shape.depth)
            self._waiting += asides
            return
        if text.strip() or asides:
            self._flush()
        if shape.level is not None:
            self._builder.heading(labelled(shape.label, text), shape.level)
        elif is_apparent:
            self._builder.subheading(labelled(shape.label, text))
        else:
            self._builder.paragraph(labelled(shape.label, text))
        self._waiting += asides
        if asides:
            self._flush()

    def _flush(self) -> None:
        """Write what waits for the end of a list or a listing."""
        self._flush_code()
        waiting, self._waiting = self._waiting, []
        for aside in waiting:
            if isinstance(aside, TextBox):
                initial, self._initial = self._initial, ""
                with self._builder.apart():
                    self.blocks(aside.content)
                self._initial = initial
            else:
                self._asides.write(aside)

    def _flush_code(self) -> None:
        code, self._code = self._code, []
        least = min((indent for indent, text in code if text.strip()), default=0)
        self._builder.code("\n".join(" " * (indent - least) + text for indent, text in code))

    def _warn_of(self, fonts: list[str]) -> None:
        for font in fonts:
            self._builder.warn(WarningCode.UNREADABLE_TEXT, _UNKNOWN_SYMBOLS, part=font)

    def _is_caption_above(self, elements: list[Any], at: int) -> bool:
        """Whether the paragraph is the caption of the table that follows."""
        following = _next_block(elements, at, _TABLE)
        if following < 0:
            return False
        text = plain_text(elements[at])
        if self._shapes.is_caption(elements[at]):
            return bool(text)
        return is_table_caption(text) and not self._shapes.is_heading(elements[at])

    def _caption_below(self, elements: list[Any], at: int) -> int:
        """The place of the caption behind a table, -1 if it has none there."""
        following = _next_block(elements, at, _PARAGRAPH)
        if following < 0:
            return -1
        is_caption = self._shapes.is_caption(elements[following]) and is_table_caption(plain_text(elements[following]))
        # Between two tables, a caption is that of the second.
        return following if is_caption and not self._is_caption_above(elements, following) else -1

    def _caption(self, paragraph: Any) -> str:
        shape = self._shapes.shape(paragraph)
        line = self._lines.read(paragraph, shape.style)
        self._warn_of(line.unknown_fonts)
        self._waiting += line.asides
        return labelled(shape.label, line.text)

    def _table(self, table: Any, caption: str = "", below: Any | None = None, *, is_in_cell: bool = False) -> None:
        rows = read_rows(table)
        code = code_beside_line_numbers(rows, self._shapes)
        if code is not None or self._forms.is_layout(rows):
            self._flush()
            self._builder.paragraph(caption)
            if code is not None:
                self.blocks(*code)
            elif all(len(row.cells) < 2 for row in rows):
                self.blocks(*(cell for row in rows for cell in row.cells))
            else:
                for cell in (cell for row in rows for cell in row.cells):
                    with self._builder.apart():
                        self.blocks(cell)
            if below is not None:
                self._builder.paragraph(self._caption(below))
            return
        cells = CellReader(self._lines, self._shapes)
        lines = without_idle_edges(read_cells(rows, cells.text))
        grid = expand(lines)
        self._warn_of(cells.unknown_fonts)
        header_rows = self._forms.header_rows(table, rows)
        if header_rows is None:
            # A table of two rows in a cell is a list of pairs as likely as not, which reads well without names.
            may_name = not is_form(lines) and not (is_in_cell and len(grid) == 2 == len(grid[0]))
            header_rows = int(may_name and names_columns(lines, grid))
        header = grid[0] if header_rows else []
        if not header_rows and is_form(lines):
            grid = [[" | ".join(cell.text for cell in line if cell.text.strip())] for line in lines]
        if below is not None:
            caption = self._caption(below)
        waiting, self._waiting = self._waiting, []
        self._flush()
        self._builder.table(grid, header_rows=header_rows, caption=caption or own_caption(table))
        places = _places(rows, grid, header) if cells.apart else {}
        for apart in cells.apart:
            self._add_apart(apart, places[apart.cell])
        self._waiting = waiting + cells.asides
        self._flush()

    def _add_apart(self, apart: Apart, place: str) -> None:
        """Add what a cell holds beside its line, below the names of its row and column."""
        if isinstance(apart.content, str):
            self._builder.paragraph(place)
            self._builder.code(apart.content)
        elif apart.content.tag == _TABLE:
            self._table(apart.content, place, is_in_cell=True)
        else:
            self._chunk(apart.content)

    def _chunk(self, element: Any) -> None:
        """Add a document that is embedded here."""
        package = self._word.package
        relationship = package.relationships(self._word.main).get(element.get(qn("r:id")) or "")
        if relationship is None:
            self._word.left_out(DAMAGED, "altChunk")
            return
        try:
            data, content_type = package.read(relationship.target), package.content_type(relationship.target)
            add_chunk(data, content_type, self._builder, self._embed)
        except UnreadablePart:
            self._word.left_out(DAMAGED, relationship.target)
        except UnreadableChunk:
            self._word.left_out(_UNREAD_CHUNK, relationship.target)

    def _embed(self, data: bytes) -> None:
        if self._word.depth >= MAX_DEPTH:
            raise UnreadableChunk
        try:
            word = WordDocument(Package(data), self._builder, self._word.depth + 1)
        except DocumentRejected as error:
            raise UnreadableChunk from error
        BodyReader(word).blocks(word.body)


def _next_block(elements: list[Any], at: int, tag: str) -> int:
    """The place of the next block, an empty paragraph between them or none; -1 if it has another tag."""
    near = elements[at + 1 : at + 3]
    if tag not in [element.tag for element in near]:
        return -1
    is_spaced = len(near) > 1 and near[0].tag == _PARAGRAPH and is_empty(near[0])
    following = near[1] if is_spaced else near[0]
    return at + 1 + is_spaced if following.tag == tag else -1


def _places(rows: list[Row], grid: list[list[str]], header: list[str]) -> dict[Any, str]:
    """What names each cell in its table: the first cell of its row, and the name of its column."""
    places: dict[Any, str] = {}
    for at, row in enumerate(rows):
        for column, cell in enumerate(row.cells, row.before):
            names = [grid[at][0] if column else "", header[column] if column < len(header) and at else ""]
            places[cell] = " – ".join(" ".join(name.split()) for name in names if name.strip())
    return places
