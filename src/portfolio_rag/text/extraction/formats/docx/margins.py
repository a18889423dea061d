"""Page headers and footers: read once, at the begin of the section that has them."""

from __future__ import annotations

from typing import Any

from portfolio_rag.text.extraction.formats.docx.cells import CellReader
from portfolio_rag.text.extraction.formats.docx.document import WordDocument
from portfolio_rag.text.extraction.formats.docx.drawings import Description, TextBox
from portfolio_rag.text.extraction.formats.docx.fields import without_page_numbers
from portfolio_rag.text.extraction.formats.docx.inline import LineReader
from portfolio_rag.text.extraction.formats.docx.names import is_on, nearest, qn
from portfolio_rag.text.extraction.formats.docx.paragraphs import Shapes
from portfolio_rag.text.extraction.formats.docx.tables import read_cells, read_rows

_BLOCKS = frozenset([qn("w:p"), qn("w:tbl")])
_KINDS = ("w:headerReference", "w:footerReference")
_ORDER = ("first", "default", "even")


class Margins:
    """Adds the headers and footers of one section after the other."""

    def __init__(self, word: WordDocument) -> None:
        self._word = word
        self._sections = iter(
            [section for section in word.body.iter(qn("w:sectPr")) if section.getparent().tag != qn("w:sectPrChange")]
        )
        self._has_even = word.settings is not None and is_on(word.settings.find(qn("w:evenAndOddHeaders")))
        self._references: dict[tuple[str, str | None], str] = {}
        self._parts: set[str] = set()
        self._said: set[str] = set()

    def next_section(self) -> None:
        """Add what the next section shows and none before it has shown."""
        section = next(self._sections, None)
        if section is None:
            return
        for kind in _KINDS:
            # A section without a header of its own has that of the section before it.
            for reference in section.iterchildren(qn(kind)):
                self._references[kind, reference.get(qn("w:type"))] = reference.get(qn("r:id")) or ""
            for page in _ORDER:
                if (kind, page) in self._references and self._is_shown(section, page):
                    self._add(self._references[kind, page])

    def _is_shown(self, section: Any, page: str) -> bool:
        if page == "first":
            return is_on(section.find(qn("w:titlePg")))
        return page == "default" or self._has_even

    def _add(self, relationship_id: str) -> None:
        relationship = self._word.package.relationships(self._word.main).get(relationship_id)
        if relationship is None or relationship.target in self._parts:
            return
        self._parts.add(relationship.target)
        root = self._word.part(relationship.target)
        if root is not None:
            _MarginReader(self._word, relationship.target, self._said).blocks(root)


class _MarginReader:
    """Reads one header or footer: its headings are no headings of the text, and its tables set texts side by side."""

    def __init__(self, word: WordDocument, part: str, said: set[str]) -> None:
        self._word = word
        self._lines = LineReader(word.package, part, word.styles, word.notes, page_numbers=False)
        self._shapes = Shapes(word.styles, word.numbering)
        self._said = said

    def blocks(self, parent: Any) -> None:
        for element in nearest(parent, _BLOCKS):
            if element.tag == qn("w:tbl"):
                cells = CellReader(self._lines, self._shapes)
                for row in read_cells(read_rows(element), cells.text):
                    texts = dict.fromkeys(without_page_numbers(cell.text).strip() for cell in row)
                    self._add(" | ".join(filter(None, texts)))
            else:
                line = self._lines.read(element, None)
                text = without_page_numbers(line.text)
                self._add(text)
                for aside in line.asides:
                    if isinstance(aside, TextBox):
                        self.blocks(aside.content)
                    elif isinstance(aside, Description):
                        self._add(aside.text)

    def _add(self, text: str) -> None:
        words = " ".join(text.split())
        if words not in self._said:
            self._said.add(words)
            self._word.builder.paragraph(text)
