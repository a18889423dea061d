"""What is put onto a page: values of form fields, text typed onto it, notes, stamps, and the places of links."""

from __future__ import annotations

import ctypes
import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

import pypdfium2
from pypdfium2 import raw

from portfolio_rag.text.extraction.formats.pdf.glyphs import Box
from portfolio_rag.text.extraction.formats.pdf.line import Line

MAX_ANNOTATIONS = 2_000
"""Of a page: each is looked for among all its lines."""
_MAX_BYTES = 200_000
"""Of a text of an annotation, in UTF-16."""
TICKED, EMPTY = "☒", "☐"
_USUAL_SIZE = 12.0
_ADVANCE = 0.5
"""In sizes of the type: the usual width of a character."""
_HIDDEN = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
_PASSWORD_FIELD = 1 << 13
_COMMENTS = frozenset(
    [raw.FPDF_ANNOT_TEXT, raw.FPDF_ANNOT_HIGHLIGHT, raw.FPDF_ANNOT_UNDERLINE, raw.FPDF_ANNOT_STRIKEOUT]
)
_TEXT_FIELDS = frozenset([raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX])
_BOX_FIELDS = frozenset([raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON])
_TAG = re.compile(r"<[^>]*>")
_WORD_START = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Link:
    """An address and a box of the page that leads to it."""

    address: str
    box: Box


@dataclass(frozen=True, slots=True)
class Inscription:
    """A text on the page that is none of its content."""

    text: str
    box: Box
    is_note: bool = False
    is_tick: bool = False
    is_value: bool = False


@dataclass(slots=True)
class Annotations:
    page: int
    links: list[Link] = field(default_factory=list)
    inscriptions: list[Inscription] = field(default_factory=list)

    def lines(self, lines: Sequence[Line], turn: int) -> Iterator[Line]:
        """The inscriptions as lines among those of the page, in type of their size; notes at its end."""
        usual = median(line.size for line in lines) if lines else _USUAL_SIZE
        placed = [
            line
            for inscription in self.inscriptions
            if not inscription.is_note
            for line in self._placed(inscription, lines, usual, turn)
        ]
        yield from placed
        left = min((line.left for line in lines), default=0.0)
        lowest = min((line.baseline for line in [*lines, *placed]), default=0.0)
        notes = [" ".join(one.text.split()) for one in self.inscriptions if one.is_note]
        for number, text in enumerate(filter(None, notes), start=1):
            yield self._line(text, left, left + usual, lowest - 3 * usual * number, usual, turn)

    def _placed(self, inscription: Inscription, lines: Sequence[Line], usual: float, turn: int) -> Iterator[Line]:
        box = inscription.box.turned(turn)
        texts = [text for text in inscription.text.splitlines() if text.strip()]
        size = min(usual, max(box.height, 1.0) / max(len(texts), 1))
        if len(texts) == 1 and box.height < 2.5 * usual:
            middle = (box.bottom + box.top) / 2 - 0.3 * size
            # What is filled in stands on the line of its label, be the field a little higher or lower.
            baselines = [
                line.baseline
                for line in lines
                if line.turn == turn and abs(line.baseline - middle) < 0.6 * max(box.height, size)
            ]
            baseline = min(baselines, key=lambda baseline: abs(baseline - middle), default=middle)
        else:
            baseline = box.top - 0.8 * size
            labels = [line.baseline for line in lines if _is_label(line, box, turn)]
            if inscription.is_value and len(labels) == 1:
                # Below the line of its label the value goes on.
                baseline = labels[0]
        for row, text in enumerate(texts):
            right = box.right if inscription.is_tick else box.left + _ADVANCE * size * len(text)
            right = min(right, max(box.right, box.left + size))
            yield self._line(text.strip(), box.left, right, baseline - row * size, size, turn)

    def _line(self, text: str, left: float, right: float, baseline: float, size: float, turn: int) -> Line:
        return Line(text, self.page, left, right, baseline, size, _ADVANCE * size, turn=turn, is_field=True)


def _is_label(line: Line, box: Box, turn: int) -> bool:
    """Whether a line stands on the left of a field, as high as something in it."""
    return line.turn == turn and line.right <= box.left + 0.5 * line.size and box.bottom < line.baseline < box.top


def read_annotations(document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage, number: int) -> Annotations:
    found = Annotations(number)
    for index in range(min(raw.FPDFPage_GetAnnotCount(page.raw), MAX_ANNOTATIONS)):
        annotation = raw.FPDFPage_GetAnnot(page.raw, index)
        if not annotation:
            continue
        try:
            _read(document, annotation, found)
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
    return found


def _read(document: pypdfium2.PdfDocument, annotation: raw.FPDF_ANNOTATION, found: Annotations) -> None:
    if raw.FPDFAnnot_GetFlags(annotation) & _HIDDEN:
        return
    kind = raw.FPDFAnnot_GetSubtype(annotation)
    if kind == raw.FPDF_ANNOT_LINK:
        found.links.extend(_links(document, annotation))
    elif kind == raw.FPDF_ANNOT_WIDGET:
        if document.formenv is not None:
            found.inscriptions.extend(_field(document.formenv.raw, annotation))
    elif kind == raw.FPDF_ANNOT_FREETEXT:
        text = _value(annotation, b"Contents") or html.unescape(_TAG.sub(" ", _value(annotation, b"RC")))
        found.inscriptions.append(Inscription(text, _box(annotation)))
    elif kind == raw.FPDF_ANNOT_STAMP:
        text = _value(annotation, b"Contents") or _WORD_START.sub(" ", _value(annotation, b"Name").lstrip("#"))
        found.inscriptions.append(Inscription(f"Stamp: {text}" if text else "", _box(annotation), is_note=True))
    elif kind in _COMMENTS and (text := _value(annotation, b"Contents").strip()):
        author = _value(annotation, b"T").strip()
        said = f"Note by {author}: {text}" if author else f"Note: {text}"
        found.inscriptions.append(Inscription(said, _box(annotation), is_note=True))


def _field(form: raw.FPDF_FORMHANDLE, annotation: raw.FPDF_ANNOTATION) -> Iterator[Inscription]:
    """What is filled into a field. Buttons, signatures and passwords hold no text."""
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in _BOX_FIELDS:
        sign = TICKED if raw.FPDFAnnot_IsChecked(form, annotation) else EMPTY
        yield Inscription(sign, _box(annotation), is_tick=True)
    elif kind in _TEXT_FIELDS and not raw.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD_FIELD:
        options = ", ".join(_chosen(form, annotation)) if kind != raw.FPDF_FORMFIELD_TEXTFIELD else ""
        value = options or _utf16(raw.FPDFAnnot_GetFormFieldValue, form, annotation)
        if value.strip():
            yield Inscription(value, _box(annotation), is_value=True)


def _chosen(form: raw.FPDF_FORMHANDLE, annotation: raw.FPDF_ANNOTATION) -> Iterator[str]:
    for index in range(min(raw.FPDFAnnot_GetOptionCount(form, annotation), MAX_ANNOTATIONS)):
        if raw.FPDFAnnot_IsOptionSelected(form, annotation, index):
            yield _utf16(raw.FPDFAnnot_GetOptionLabel, form, annotation, index)


def _links(document: pypdfium2.PdfDocument, annotation: raw.FPDF_ANNOTATION) -> Iterator[Link]:
    link = raw.FPDFAnnot_GetLink(annotation)
    action = raw.FPDFLink_GetAction(link) if link else None
    if not action or raw.FPDFAction_GetType(action) != raw.PDFACTION_URI:
        return
    size = raw.FPDFAction_GetURIPath(document.raw, action, None, 0)
    if not 1 < size <= _MAX_BYTES:
        return
    buffer = ctypes.create_string_buffer(size)
    raw.FPDFAction_GetURIPath(document.raw, action, buffer, size)
    address = buffer.value.decode("utf-8", "replace")
    corners = raw.FS_QUADPOINTSF()
    count = raw.FPDFLink_CountQuadPoints(link)
    if not count:
        yield Link(address, _box(annotation))
    for index in range(min(count, MAX_ANNOTATIONS)):
        if raw.FPDFLink_GetQuadPoints(link, index, corners):
            xs = (corners.x1, corners.x2, corners.x3, corners.x4)
            ys = (corners.y1, corners.y2, corners.y3, corners.y4)
            yield Link(address, Box(min(xs), min(ys), max(xs), max(ys)))


def _box(annotation: raw.FPDF_ANNOTATION) -> Box:
    box = raw.FS_RECTF()
    raw.FPDFAnnot_GetRect(annotation, box)
    left, right = sorted((box.left, box.right))
    bottom, top = sorted((box.bottom, box.top))
    return Box(left, bottom, right, top)


def _value(annotation: raw.FPDF_ANNOTATION, key: bytes) -> str:
    return _utf16(raw.FPDFAnnot_GetStringValue, annotation, key)


def _utf16(read: Callable[..., int], *arguments: object) -> str:
    """A text of PDFium, which says how many bytes it takes when it is given none."""
    size = read(*arguments, None, 0)
    if not 2 < size <= _MAX_BYTES:
        return ""
    buffer = ctypes.create_string_buffer(size)
    read(*arguments, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace").replace("\r\n", "\n").replace("\r", "\n")
