"""Writes what hangs on a paragraph behind it: notes, comments, pictures, diagrams, charts."""

from __future__ import annotations

from typing import Any

from portfolio_rag.text.extraction.formats.docx.charts import chart_table
from portfolio_rag.text.extraction.formats.docx.diagrams import diagram_items
from portfolio_rag.text.extraction.formats.docx.document import WordDocument
from portfolio_rag.text.extraction.formats.docx.drawings import Chart, Description, Diagram, EmbeddedObject
from portfolio_rag.text.extraction.formats.docx.inline import Aside, LineReader
from portfolio_rag.text.extraction.formats.docx.names import nearest, qn
from portfolio_rag.text.extraction.formats.docx.notes import CommentReference, NoteReference
from portfolio_rag.text.extraction.scripts import NOTE_NAMES

_EMBEDDED = (
    "A document of another program is embedded in the Word document, and its text was left out. Upload it as a file of "
    "its own."
)
_PARAGRAPH = frozenset([qn("w:p")])


class AsideWriter:
    """Of one part; `part` is the name that relationships are looked up by."""

    def __init__(self, word: WordDocument, part: str) -> None:
        self._word = word
        self._part = part
        self._written: set[tuple[str, str]] = set()

    def write(self, aside: Aside) -> None:
        """Text boxes aside, which hold blocks of their own."""
        builder = self._word.builder
        match aside:
            case Description(text=text):
                builder.paragraph(text)
            case NoteReference(kind, note_id, label):
                self._note(kind, note_id, f"{NOTE_NAMES[kind].capitalize()} {label}: ")
            case CommentReference(comment_id, quote):
                self._comment(comment_id, quote)
            case Diagram(relationship):
                for depth, text in diagram_items(self._related(relationship)):
                    builder.item(text, "- ", min(depth, 8))
            case Chart(relationship):
                table = chart_table(self._related(relationship))
                builder.table(table.rows, header_rows=1, caption=table.title)
            case EmbeddedObject(program):
                self._word.left_out(_EMBEDDED, program)

    def _note(self, kind: str, note_id: str, before: str) -> None:
        note = self._word.notes.find(kind, note_id)
        if note is None or (kind, note_id) in self._written:
            return
        self._written.add((kind, note_id))
        lines = LineReader(self._word.package, note.part, self._word.styles, self._word.notes)
        text = "\n".join(_texts(lines, note.element)).strip()
        if text:
            self._word.builder.paragraph(before + text)

    def _comment(self, comment_id: str, quote: str) -> None:
        comment = self._word.notes.find("comment", comment_id)
        author = None if comment is None else comment.element.get(qn("w:author"))
        by = f" by {author}" if author else ""
        on = f" on “{quote}”" if quote else ""
        self._note("comment", comment_id, f"Comment{by}{on}: ")

    def _related(self, relationship_id: str) -> Any | None:
        """The root of the part behind a relationship; None, with a warning, where there is none."""
        relationship = self._word.package.relationships(self._part).get(relationship_id)
        return None if relationship is None else self._word.part(relationship.target)


def _texts(lines: LineReader, element: Any) -> list[str]:
    """The lines of all paragraphs, those of tables too."""
    return [text for paragraph in nearest(element, _PARAGRAPH) if (text := lines.read(paragraph, None).text.strip())]
