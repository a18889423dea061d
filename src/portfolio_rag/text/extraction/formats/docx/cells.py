"""The text of table cells on one line, and what a line cannot hold: tables, code, chunks in cells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from portfolio_rag.text.extraction.formats.docx.drawings import Description, TextBox
from portfolio_rag.text.extraction.formats.docx.inline import Aside, LineReader
from portfolio_rag.text.extraction.formats.docx.names import nearest, qn
from portfolio_rag.text.extraction.formats.docx.paragraphs import Shapes, labelled, plain_text
from portfolio_rag.text.extraction.formats.docx.tables import Row

_PARAGRAPH = qn("w:p")
_BLOCKS = frozenset([_PARAGRAPH, qn("w:tbl"), qn("w:altChunk")])


@dataclass(slots=True)
class Apart:
    """What is read behind the table: the lines of code of a cell, or an element (`w:tbl`, `w:altChunk`)."""

    cell: Any
    content: str | Any


@dataclass(slots=True)
class CellReader:
    """Reads the cells of one table in order, and gathers what stands apart, and the asides."""

    lines: LineReader
    shapes: Shapes
    apart: list[Apart] = field(default_factory=list)
    asides: list[Aside] = field(default_factory=list)
    unknown_fonts: list[str] = field(default_factory=list)

    def text(self, cell: Any) -> str:
        parts: list[str] = []
        code: list[str] = []
        numbers: list[str] = []
        was_item = was_initial = False
        for element in nearest(cell, _BLOCKS):
            if element.tag != _PARAGRAPH:
                self.apart.append(Apart(cell, element))
                continue
            shape = self.shapes.shape(element)
            is_code = shape.label is None and self.shapes.is_code(element, shape.style)
            line = self._line(element, shape.style)
            text = labelled(shape.label, line)
            if shape.label is not None and shape.label.text and not line.strip():
                numbers.append(shape.label.text)
            is_item = shape.label is not None
            if is_code:
                code.append(text)
            elif text.strip():
                joint = "; " if was_item and is_item else " "
                parts.append(text if was_initial else joint + text.strip())
                was_item, was_initial = is_item, shape.is_initial
        if "\n" in "\n".join(code).strip("\n"):
            self.apart.append(Apart(cell, "\n".join(code)))
        else:
            parts += code
        return "".join(parts) or " ".join(numbers)  # a column of numbers holds nothing else

    def _line(self, paragraph: Any, style: str | None) -> str:
        line = self.lines.read(paragraph, style)
        text = line.text
        self.unknown_fonts += line.unknown_fonts
        for aside in line.asides:
            if isinstance(aside, TextBox):
                inner = (self._line(part, None) for part in nearest(aside.content, frozenset([_PARAGRAPH])))
                text = " ".join([text, *inner])
            elif isinstance(aside, Description):
                text = f"{text} {aside.text}"
            else:
                self.asides.append(aside)
        return text


def code_beside_line_numbers(rows: list[Row], shapes: Shapes) -> list[Any] | None:
    """The cells of code, if the first of two columns numbers the lines of the second; None for any other table."""
    if not rows or any(len(row.cells) != 2 for row in rows):
        return None
    if not _is_count(_paragraph_texts(rows[0].cells[0])):
        return None
    numbers = [text for row in rows for text in _paragraph_texts(row.cells[0])]
    counted = [str(at) for at in range(int(numbers[0]), int(numbers[0]) + len(numbers))] if _is_count(numbers) else []
    if len(numbers) < 2 or numbers != counted:
        return None
    for row in rows:
        for paragraph in nearest(row.cells[1], frozenset([_PARAGRAPH])):
            if plain_text(paragraph) and not shapes.is_code(paragraph, shapes.style(paragraph)):
                return None
    return [row.cells[1] for row in rows]


def _is_count(numbers: list[str]) -> bool:
    return bool(numbers) and numbers[0].isascii() and numbers[0].isdigit() and len(numbers[0]) < 7


def _paragraph_texts(cell: Any) -> list[str]:
    """The numbers in a cell, one a paragraph or a line."""
    texts = []
    for paragraph in nearest(cell, frozenset([_PARAGRAPH])):
        texts += [text for piece in paragraph.iter(qn("w:t")) if (text := (piece.text or "").strip())]
    return texts
