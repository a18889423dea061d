"""PowerPoint presentations by python-pptx: each slide a section and a page, its shapes in the order of the eye."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import replace
from typing import Any

from lxml import etree
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.exc import PythonPptxError
from pptx.oxml.ns import qn
from pptx.package import Package

from portfolio_rag.domain.document_warnings import WarningCode
from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.archives import check_archive, malformed, transitional
from portfolio_rag.text.extraction.document import DocumentBuilder, ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.formats.slide_graphics import chart_rows, diagram_lines
from portfolio_rag.text.extraction.formats.slide_shapes import (
    Placed,
    apparent_title,
    header_rows,
    lines_of,
    placed_shapes,
    table_cells,
    text_of,
)
from portfolio_rag.text.extraction.sanitise import clean_line
from portfolio_rag.text.extraction.tables import expand
from portfolio_rag.text.extraction.titles import given_title

_WHAT = "PowerPoint presentation"
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, ValueError, TypeError, KeyError, IndexError, AttributeError, OSError),
    *(PythonPptxError, etree.LxmlError, NotImplementedError, EOFError),
)
_TITLES = (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE, PP_PLACEHOLDER.VERTICAL_TITLE)
_REPEATED = (PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.HEADER)
_NOT_READ = (PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.DATE)
_PICTURES = "Some slides hold nothing but pictures, which are not read. Upload the deck as a PDF to have them read."
_CHARTS = "Charts of some kinds are not read. Put their numbers into a table."
_EMBEDDED = "Files embedded in slides are not read. Upload them as documents of their own."


def extract(data: bytes, limits: ExtractionLimits) -> ExtractedDocument:
    check_archive(data, _WHAT)
    builder = DocumentBuilder(limits.max_characters)
    try:
        part = Package.open(io.BytesIO(transitional(data, "ppt/presentation.xml"))).main_document_part
        slides = list(part.presentation.slides)
        if len(slides) > limits.max_pages:
            raise DocumentRejected(
                FailureReason.LIMIT_EXCEEDED,
                f"The presentation has {len(slides):,} slides; {limits.max_pages:,} are allowed. Split it into parts.",
            )
        title = part.core_properties.title
        deck = _Deck(builder)
        for number, slide in enumerate(slides, 1):
            deck.add(slide, number)
    except _BROKEN as error:
        raise malformed(_WHAT) from error
    title = given_title(clean_line(title or "")) or deck.title
    document = builder.build("pptx", title, len(slides))
    return document if title else replace(document, title=None)


class _Deck:
    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._footers: set[str] = set()
        self.title: str | None = None

    def add(self, slide: Any, number: int) -> None:
        shapes = placed_shapes(slide)
        titled = next((placed for placed in shapes if _role(placed) in _TITLES and _title(placed)), None)
        titled = titled or apparent_title([placed for placed in shapes if _role(placed) is None])
        title = "" if titled is None else _title(titled)
        self.title = self.title or title or None
        if not title and not _says_something(slide, shapes):
            if any(placed.shape._element.tag == qn("p:pic") for placed in shapes):
                self._builder.warn(WarningCode.PAGES_WITHOUT_TEXT, _PICTURES, page=number)
            return
        hidden = " (hidden)" if slide._element.get("show") in ("0", "false") else ""
        self._builder.heading(f"Slide {number}{hidden}: {title}" if title else f"Slide {number}{hidden}", 1, number)
        for placed in shapes:
            if placed is not titled:
                self._shape(placed, number)
        self._notes(slide, number)
        self._comments(slide, number)

    def _shape(self, placed: Placed, page: int) -> None:
        shape, role = placed.shape, _role(placed)
        if role in _NOT_READ:
            return
        if getattr(shape, "has_table", False):
            self._builder.table(expand(table_cells(shape.table)), header_rows=header_rows(shape.table), page=page)
        elif getattr(shape, "has_chart", False):
            self._chart(shape, page)
        elif shape._element.tag == qn("p:graphicFrame"):
            for depth, text in diagram_lines(shape):
                self._builder.item(text, depth=depth, page=page)
            if shape._element.find(f".//{qn('p:oleObj')}") is not None:
                self._builder.warn(WarningCode.PARTS_LEFT_OUT, _EMBEDDED, page=page, part=shape.name)
        elif shape.has_text_frame:
            self._text(placed, page)
        self._description(shape, page)

    def _chart(self, shape: Any, page: int) -> None:
        try:
            title, rows = chart_rows(shape.chart)
        except (ValueError, KeyError, AttributeError):  # of a kind that python-pptx does not know
            self._builder.warn(WarningCode.PARTS_LEFT_OUT, _CHARTS, page=page, part=shape.name)
        else:
            caption = f"Chart: {title}" if title else "Chart"
            self._builder.table(rows, header_rows=1, caption=caption if title or rows else "", page=page)

    def _text(self, placed: Placed, page: int) -> None:
        lines = lines_of(placed.shape)
        if _role(placed) in _REPEATED:
            footer = "\n".join(text for _, _, text in lines)
            if footer not in self._footers:
                self._footers.add(footer)
                self._builder.paragraph(footer, page)
            return
        for marker, depth, text in lines:
            if marker:
                self._builder.item(text, marker, depth, page)
            else:
                self._builder.paragraph(text, page)

    def _description(self, shape: Any, page: int) -> None:
        properties = shape._element.find(f".//{qn('p:cNvPr')}")
        text = "" if properties is None else properties.get("descr", "")
        if text.strip() and " " in text.strip() and not shape.has_text_frame:
            self._builder.paragraph(text, page)

    def _notes(self, slide: Any, page: int) -> None:
        text = _notes_of(slide)
        if text.strip():
            self._builder.heading("Notes", 2, page)
            self._builder.paragraph(text, page)

    def _comments(self, slide: Any, page: int) -> None:
        for relation in slide.part.rels.values():
            if relation.is_external or not relation.reltype.endswith("/comments"):
                continue
            root = etree.fromstring(relation.target_part.blob)
            for comment in root.iter("{*}cm", "{*}reply"):
                own = [node for node in comment if etree.QName(node).localname in ("text", "txBody")]
                text = "".join("".join(node.itertext()) for node in own).strip()
                if text:
                    self._builder.paragraph(f"Comment: {text}", page)


def _says_something(slide: Any, shapes: list[Placed]) -> bool:
    """Whether a slide without a title holds any text."""
    return bool(_notes_of(slide).strip()) or any(
        placed.shape._element.tag == qn("p:graphicFrame") or lines_of(placed.shape)
        for placed in shapes
        if _role(placed) not in _NOT_READ
    )


def _notes_of(slide: Any) -> str:
    frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    return "" if frame is None else "\n".join(text_of(paragraph) for paragraph in frame._txBody.iter(qn("a:p")))


def _role(placed: Placed) -> Any:
    return placed.shape.placeholder_format.type if placed.shape.is_placeholder else None


def _title(placed: Placed) -> str:
    return " ".join(" ".join(text for _, _, text in lines_of(placed.shape)).split())
