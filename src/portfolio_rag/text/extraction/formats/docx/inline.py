"""The text of a paragraph as its reader sees it, and what hangs on it: notes, comments, text boxes, pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from portfolio_rag.text.extraction.formats.docx import fields
from portfolio_rag.text.extraction.formats.docx.drawings import Description, Drawn, drawn
from portfolio_rag.text.extraction.formats.docx.formulas import linear
from portfolio_rag.text.extraction.formats.docx.names import chosen, is_placeholder, qn
from portfolio_rag.text.extraction.formats.docx.notes import CommentReference, NoteReference, Notes
from portfolio_rag.text.extraction.formats.docx.package import Package
from portfolio_rag.text.extraction.formats.docx.runs import RunProperties
from portfolio_rag.text.extraction.formats.docx.styles import Styles
from portfolio_rag.text.extraction.formats.docx.symbols import in_font, symbol
from portfolio_rag.text.extraction.links import with_address
from portfolio_rag.text.extraction.scripts import note_mark, subscript, superscript
from portfolio_rag.text.language.struck_out import struck, without_seams

MAX_QUOTE_CHARACTERS = 200
"""Of the words that a comment is about; a longer piece is not repeated."""

_FIXED = {
    qn("w:tab"): "\t",
    qn("w:ptab"): "\t",
    qn("w:br"): "\n",
    qn("w:cr"): "\n",
    qn("w:noBreakHyphen"): "-",
}
"""Elements that stand for a character."""

Aside = Drawn | NoteReference | CommentReference
"""What is read beside the paragraph, not in its line."""


@dataclass(slots=True)
class Line:
    """A paragraph's text, and what hangs on it in order. `unknown_fonts` hold symbols that are not known."""

    text: str = ""
    asides: list[Aside] = field(default_factory=list)
    unknown_fonts: list[str] = field(default_factory=list)


class LineReader:
    """Reads the paragraphs of one part in order; a field may begin in one of them and end in another.

    `page_numbers` says whether numbers of pages are marked instead of shown, as in page headers.
    """

    def __init__(self, package: Package, part: str, styles: Styles, notes: Notes, *, page_numbers: bool = True) -> None:
        self._package = package
        self._part = part
        self._styles = styles
        self._notes = notes
        self._page_numbers = page_numbers
        self._fields: list[fields.Field] = []
        self._pieces: list[tuple[str, str]] = []
        self._comments: dict[str, int] = {}
        self._line = Line()
        self._is_heading = False
        self._properties = RunProperties(styles, None)
        self._current: Any = None
        self._font = self._script = ""
        self._is_struck = self._holds_struck = False
        self._readers: dict[str, Callable[[Any], None]] = {
            qn("w:r"): self._run,
            qn("w:hyperlink"): self._hyperlink,
            qn("w:fldSimple"): self._simple_field,
            qn("w:sdt"): self._content_control,
            qn("m:oMath"): self._formula,
            qn("m:oMathPara"): self._formulas,
            qn("mc:AlternateContent"): self._alternate,
            qn("w:commentRangeStart"): self._comment_start,
            qn("w:p"): self._inner_paragraph,
            **{qn(name): self._skip for name in ("w:pPr", "w:del", "w:moveFrom", "w:rt", "w:sdtPr", "w:sectPr")},
        }
        self._run_readers: dict[str, Callable[[Any], None]] = {
            qn("w:t"): self._text,
            qn("w:sym"): self._symbol,
            qn("w:fldChar"): self._field_mark,
            qn("w:instrText"): self._instruction,
            qn("w:footnoteReference"): self._footnote,
            qn("w:endnoteReference"): self._endnote,
            qn("w:commentReference"): self._comment,
            qn("w:drawing"): self._drawing,
            qn("w:pict"): self._drawing,
            qn("w:object"): self._drawing,
            qn("w:ruby"): self._inside,
            qn("w:r"): self._run,
            qn("mc:AlternateContent"): self._alternate_in_run,
        }

    def read(self, paragraph: Any, style: str | None, *, is_heading: bool = False) -> Line:
        """In a heading, marks of notes and addresses of links are left out of the line."""
        self._pieces, self._comments, self._line = [], {}, Line()
        self._is_heading, self._holds_struck = is_heading, False
        self._properties = RunProperties(self._styles, style)
        for open_field in self._fields:
            open_field.start = 0
        if paragraph.tag == qn("w:p"):
            self._inside(paragraph)
        else:
            self._readers[paragraph.tag](paragraph)
        # An instruction that has not ended hides nothing of what follows.
        self._fields = [open_field for open_field in self._fields if open_field.shows]
        text = _rendered(self._pieces)
        self._line.text = without_seams(text) if self._holds_struck else text
        return self._line

    def _inside(self, parent: Any) -> None:
        for child in parent:
            reader = self._readers.get(child.tag)
            if reader is not None:
                reader(child)
            elif isinstance(child.tag, str):
                self._inside(child)

    def _skip(self, element: Any) -> None:
        """What a reader of the final document does not see, or no text."""

    def _add(self, text: str, script: str = "") -> None:
        if text and all(open_field.shows for open_field in self._fields):
            self._holds_struck = self._holds_struck or self._is_struck
            self._pieces.append((script, struck(text) if self._is_struck else text))

    def _inner_paragraph(self, paragraph: Any) -> None:
        self._add(" ")
        self._inside(paragraph)

    def _run(self, run: Any) -> None:
        is_hidden, self._script, self._font = self._properties.read(run)
        if is_hidden:
            # Marks of fields count all the same: their results need not be hidden.
            for element in run.iterchildren(qn("w:fldChar"), qn("w:instrText")):
                self._run_readers[element.tag](element)
            return
        self._current = run
        self._is_struck = self._properties.is_struck(run)
        for element in run:
            fixed = _FIXED.get(element.tag)
            reader = self._run_readers.get(element.tag)
            if fixed is not None:
                self._add(fixed)
            elif reader is not None:
                reader(element)
        self._is_struck = False

    def _text(self, element: Any) -> None:
        text = element.text or ""
        self._add(text if not self._font and text.isascii() else in_font(self._font, text), self._script)

    def _symbol(self, element: Any) -> None:
        font, code = element.get(qn("w:font")) or "", element.get(qn("w:char")) or ""
        try:
            text = symbol(font, int(code, 16))
        except ValueError:
            text = None
        if text is None:
            self._line.unknown_fonts.append(font or "unknown")
        self._add(text or "", self._script)

    def _alternate(self, element: Any) -> None:
        branch = chosen(element)
        if branch is not None:
            self._inside(branch)

    def _alternate_in_run(self, element: Any) -> None:
        branch = chosen(element)
        for child in () if branch is None else branch:
            reader = self._run_readers.get(child.tag)
            if reader is not None:
                reader(child)

    def _formula(self, element: Any) -> None:
        before = element.getprevious()
        is_behind_another = before is not None and before.tag == element.tag
        self._add((" " if is_behind_another else "") + linear(element))

    def _formulas(self, element: Any) -> None:
        for at, formula in enumerate(element.iterchildren(qn("m:oMath"))):
            self._add("\n" if at else " ")
            self._add(linear(formula))

    def _content_control(self, element: Any) -> None:
        if is_placeholder(element):
            return
        before = len(self._pieces)
        self._inside(element)
        box = element.find(f"{qn('w:sdtPr')}/{qn('w14:checkbox')}")
        if box is not None and len(self._pieces) == before:
            checked = box.find(qn("w14:checked"))
            is_checked = checked is not None and checked.get(qn("w14:val"), "1") in ("1", "true", "on")
            self._add(fields.box_sign(is_checked))

    def _hyperlink(self, element: Any) -> None:
        start = len(self._pieces)
        self._inside(element)
        address = self._address(element.get(qn("r:id")))
        anchor = element.get(qn("w:anchor"))
        if address:
            self._link(start, f"{address}#{anchor}" if anchor else address)

    def _address(self, relationship_id: str | None) -> str:
        """Where a relationship leads outside the file."""
        target = self._package.relationships(self._part).get(relationship_id or "")
        return target.target if target is not None and target.is_external else ""

    def _link(self, start: int, address: str) -> None:
        text = _rendered(self._pieces[start:])
        linked = with_address(text, address)
        if linked == text:
            return
        if self._is_heading:
            self._line.asides.append(Description(linked))
        else:
            self._pieces[start:] = [("", linked)]

    def _simple_field(self, element: Any) -> None:
        opened = fields.Field(None, [element.get(qn("w:instr")) or ""], True, len(self._pieces))
        self._inside(element)
        self._finish(opened)

    def _field_mark(self, element: Any) -> None:
        kind = element.get(qn("w:fldCharType"))
        if kind == "begin":
            self._fields.append(fields.Field(element.find(qn("w:ffData")), start=len(self._pieces)))
        elif self._fields and kind == "separate":
            self._fields[-1].shows = True
            self._fields[-1].start = len(self._pieces)
        elif self._fields and kind == "end":
            self._finish(self._fields.pop())

    def _instruction(self, element: Any) -> None:
        if self._fields:
            self._fields[-1].instruction.append(element.text or "")

    def _finish(self, ended: fields.Field) -> None:
        if fields.is_page_number(ended.text) and not self._page_numbers:
            del self._pieces[ended.start :]
            self._add(fields.PAGE_NUMBER)
            return
        address = fields.address_of(ended.text)
        if address:
            self._link(ended.start, address)
        elif len(self._pieces) == ended.start:
            self._add(fields.result_of(ended.text, ended.form))

    def _footnote(self, element: Any) -> None:
        self._note(element, "footnote")

    def _endnote(self, element: Any) -> None:
        self._note(element, "endnote")

    def _note(self, element: Any, kind: str) -> None:
        note_id = element.get(qn("w:id")) or ""
        if is_custom := element.get(qn("w:customMarkFollows")) in ("1", "true", "on"):
            label = "".join(text.text or "" for text in self._current.iter(qn("w:t"))).strip() or "*"
        else:
            label = self._notes.label(kind, note_id)
        self._line.asides.append(NoteReference(kind, note_id, label))
        if not self._is_heading and not is_custom:
            self._add(note_mark(label, kind))

    def _comment_start(self, element: Any) -> None:
        self._comments[element.get(qn("w:id")) or ""] = len(self._pieces)

    def _comment(self, element: Any) -> None:
        comment_id = element.get(qn("w:id")) or ""
        pieces = self._pieces[self._comments.get(comment_id, len(self._pieces)) :]
        quote = " ".join(_rendered(pieces).split()) if len(pieces) <= MAX_QUOTE_CHARACTERS else ""
        self._line.asides.append(CommentReference(comment_id, quote if len(quote) <= MAX_QUOTE_CHARACTERS else ""))

    def _drawing(self, element: Any) -> None:
        is_floating = element.find(qn("wp:anchor")) is not None
        for item in drawn(element):
            if isinstance(item, Description) and item.relationship:
                item = Description(with_address(item.text, self._address(item.relationship)))
            if isinstance(item, Description) and not is_floating and not self._is_heading:
                self._add(f" {item.text} ")
            else:
                self._line.asides.append(item)


def _rendered(pieces: list[tuple[str, str]]) -> str:
    """The pieces as one text, neighbours that are raised or lowered alike as one power or index."""
    parts: list[str] = []
    for script, group in groupby(pieces, key=lambda piece: piece[0]):
        joined = "".join(text for _, text in group)
        if script == "^":
            # The last pieces tell powers from marks of notes.
            joined = superscript(joined, "".join(parts[-3:]))
        elif script:
            joined = subscript(joined)
        parts.append(joined)
    return "".join(parts)
