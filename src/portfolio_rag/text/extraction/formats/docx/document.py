"""A Word document with all that its text needs: styles, numbers, notes, properties."""

from __future__ import annotations

from typing import Any

from portfolio_rag.domain.document_warnings import WarningCode
from portfolio_rag.text.extraction.document import DocumentBuilder
from portfolio_rag.text.extraction.formats.docx.names import qn
from portfolio_rag.text.extraction.formats.docx.notes import Notes
from portfolio_rag.text.extraction.formats.docx.numbering import Numbering
from portfolio_rag.text.extraction.formats.docx.package import Package, UnreadablePart, main_part
from portfolio_rag.text.extraction.formats.docx.styles import Styles

DAMAGED = "A part of the Word document is damaged and was left out. Save the document again and upload it."


class WordDocument:
    """The parts of a document. `depth` counts how many documents it is embedded in.

    Raises DocumentRejected(MALFORMED) where the text itself cannot be read; other parts are missed with a warning.
    """

    def __init__(self, package: Package, builder: DocumentBuilder, depth: int = 0) -> None:
        self.package = package
        self.builder = builder
        self.depth = depth
        self.main, self.body = main_part(package)
        self.styles = Styles(self._root("styles"))
        self.numbering = Numbering(self._root("numbering"), self.styles)
        self.settings = self._root("settings")
        self.notes = Notes(self.related, self.settings, next(self.body.iter(qn("w:sectPr")), None))

    def part(self, name: str) -> Any | None:
        """The root of a part; None, with a warning, where it cannot be read."""
        try:
            return self.package.xml(name)
        except UnreadablePart:
            self.left_out(DAMAGED, name)
            return None

    def left_out(self, message: str, part: str) -> None:
        self.builder.warn(WarningCode.PARTS_LEFT_OUT, message, part=part.lstrip("/"))

    def related(self, kind: str) -> tuple[str, Any] | None:
        """The name and root of the part of that kind, such as `styles`, if there is one that can be read."""
        name = self.package.related(self.main, kind)
        root = None if name is None else self.part(name)
        return None if name is None or root is None else (name, root)

    def _root(self, kind: str) -> Any | None:
        found = self.related(kind)
        return None if found is None else found[1]
