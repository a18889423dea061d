"""A PDF from its bytes to its text: pages are read one by one, in ranges where that takes long, then joined."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import pypdfium2
from pypdfium2 import raw

from portfolio_rag.domain.document_warnings import WarningCode
from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.document import DocumentBuilder, ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.formats.pdf.blocks import add_blocks
from portfolio_rag.text.extraction.formats.pdf.damage import is_damaged
from portfolio_rag.text.extraction.formats.pdf.headings import OutlineEntry
from portfolio_rag.text.extraction.formats.pdf.layers import HiddenLayers
from portfolio_rag.text.extraction.formats.pdf.legibility import is_mixed_up
from portfolio_rag.text.extraction.formats.pdf.line import CERTAIN, Line
from portfolio_rag.text.extraction.formats.pdf.page import Page, read_page
from portfolio_rag.text.extraction.formats.pdf.rules import Rule
from portfolio_rag.text.extraction.formats.pdf.scans import ScanReader
from portfolio_rag.text.extraction.ocr import CERTAIN_SCORE
from portfolio_rag.text.extraction.sanitise import clean_line

MAX_OUTLINE_ENTRIES = 20_000
_PICTURES = (
    "Pages show pictures and hardly any text: they are scans, or drawings. What they show is not in the index, because "
    "text recognition (OCR) is off, not installed, or allowed for fewer pages by the ingestion rules (ocr, "
    "ocr_max_pages)."
)
_NOTHING_READ = "Pages show pictures in which text recognition (OCR) found no text. Look whether they hold any."
_READ = "Text on these pages was read from pictures (OCR). Check numbers and names on the page before you rely on them."
_UNCERTAIN = (
    "Text on these pages was read from pictures (OCR) and is uncertain. Look at the pages before you rely on it; a "
    "scan of 300 dpi, straight and with good contrast, reads better."
)
_UNREADABLE = (
    "Fonts on these pages do not say which characters they show, so that text could not be read and was left out. "
    "Save the PDF from its source with its fonts embedded, or run text recognition (OCR) over it, and upload that."
)
_DAMAGED = "Pages are damaged and could not be read. Save or export the PDF again and upload the result."


@dataclass(frozen=True, slots=True)
class PageRange:
    """Consecutive pages, read. `following` is the page after them, from 0, or None: then `about` is there.

    `damaged` are the pages that cannot be read, from 1; they stand among the others, empty.
    """

    pages: list[Page]
    damaged: list[int]
    following: int | None
    about: About | None


@dataclass(frozen=True, slots=True)
class About:
    """What the whole document says of itself. `is_damaged` is asked for where no page holds anything."""

    page_count: int
    title: str | None
    outline: list[OutlineEntry]
    is_damaged: bool


def extract(data: bytes, limits: ExtractionLimits) -> ExtractedDocument:
    return join([read(data, limits)], limits)


def read(data: bytes, limits: ExtractionLimits, first: int = 0, *, until: float | None = None) -> PageRange:
    """The pages from `first` on, until `time.monotonic()` is `until`: one at least. Raises DocumentRejected."""
    document = _open(data)
    page_count = len(document)
    if page_count > limits.max_pages:
        raise DocumentRejected(
            FailureReason.LIMIT_EXCEEDED,
            f"The PDF has {page_count:,} pages; at most {limits.max_pages:,} are allowed. Split it into parts.",
        )
    hidden_layers = HiddenLayers(data)
    pages: list[Page] = []
    damaged: list[int] = []
    characters = 0
    scans = ScanReader(limits)
    for start in range(first, page_count, scans.workers):
        if pages and until is not None and time.monotonic() > until:
            return PageRange(pages, damaged, start, None)
        group: list[Page] = []
        for index in range(start, min(start + scans.workers, page_count)):
            try:
                group.append(read_page(document, index, hidden_layers))
            except pypdfium2.PdfiumError:
                group.append(Page())
                damaged.append(index + 1)
        pages += scans.complete(document, group, start)
        characters += sum(len(line.text) for page in group for line in page.lines)
        if characters > 2 * limits.max_characters:
            break
    is_bare = not characters and not any(page.is_picture or page.is_unreadable for page in pages)
    about = About(page_count, _title(document), list(_outline(document)), is_bare and is_damaged(document, data))
    return PageRange(pages, damaged, None, about)


def join(ranges: Sequence[PageRange], limits: ExtractionLimits) -> ExtractedDocument:
    """The document of all its page ranges, in order. Raises DocumentRejected."""
    about = ranges[-1].about
    assert about is not None  # of the last range
    pages = [_legible(page) for part in ranges for page in part.pages]
    damaged = [number for part in ranges for number in part.damaged]
    if all(_is_picture_alone(page) or not page.lines for page in pages):
        raise _rejection(pages, len(damaged) == about.page_count or about.is_damaged)
    builder = DocumentBuilder(limits.max_characters)
    for number, page in enumerate(pages, start=1):
        for code, message in _warnings(page):
            builder.warn(code, message, page=number)
    for number in damaged:
        builder.warn(WarningCode.PARTS_LEFT_OUT, _DAMAGED, page=number)
    add_blocks(pages, about.outline, builder)
    return builder.build("pdf", about.title, about.page_count)


def _is_picture_alone(page: Page) -> bool:
    """Whether the page shows a picture in which nothing was read, and hardly any text."""
    return page.is_picture and all(line.score == CERTAIN for line in page.lines)


def _warnings(page: Page) -> Iterator[tuple[WarningCode, str]]:
    """What a reader should know of a page."""
    if page.is_unreadable:
        yield WarningCode.UNREADABLE_TEXT, _UNREADABLE
    if _is_picture_alone(page):
        yield WarningCode.PAGES_WITHOUT_TEXT, _NOTHING_READ if page.is_read else _PICTURES
    read_lines = [line for line in page.lines if line.score < CERTAIN]
    if read_lines:
        characters = sum(len(line.text) for line in read_lines)
        score = sum(line.score * len(line.text) for line in read_lines) / characters
        yield (WarningCode.UNCERTAIN_OCR, _UNCERTAIN) if score < CERTAIN_SCORE else (WarningCode.READ_BY_OCR, _READ)


def _legible(page: Page) -> Page:
    """The page, without its lines where their words are glyph numbers in disguise."""
    if is_mixed_up("".join(line.text for line in page.lines)[:20_000]):
        return Page(is_unreadable=True)
    return page


def _rejection(pages: Sequence[Page], is_broken: bool) -> DocumentRejected:
    """Why a PDF without any text is no use."""
    if is_broken:
        return DocumentRejected(
            FailureReason.MALFORMED, "The PDF is damaged: none of its pages can be read. Save or export it again."
        )
    if any(page.is_unreadable for page in pages):
        why = "its fonts do not say which characters they show"
    elif any(page.is_picture for page in pages):
        why = "its pages show pictures, of text perhaps (a scan)"
    else:
        return DocumentRejected(FailureReason.NO_TEXT, "The PDF holds no text: its pages are empty, or drawings.")
    return DocumentRejected(
        FailureReason.NO_TEXT,
        f"The PDF holds no text that can be read: {why}. Text recognition (OCR) found none either, or is off in the "
        "ingestion rules (ocr). Scan it again with more contrast, or upload it with a text layer.",
    )


def dumps(part: PageRange) -> bytes:
    """Compressed JSON: floats come back as they were, so a document in ranges is cut as in one."""
    pages = [
        [
            page.lines,
            page.rules,
            page.is_picture,
            page.is_unreadable,
            page.has_large_picture,
            page.is_read,
        ]
        for page in part.pages
    ]
    about = asdict(part.about) if part.about else None
    return zlib.compress(json.dumps([pages, part.damaged, part.following, about]).encode(), 1)


def loads(data: bytes) -> PageRange:
    pages, damaged, following, about = json.loads(zlib.decompress(data))
    read_pages = [
        Page([Line(*values) for values in lines], [Rule(*values) for values in rules], *flags)
        for lines, rules, *flags in pages
    ]
    if about is not None:
        about = About(**{**about, "outline": [OutlineEntry(**entry) for entry in about["outline"]]})
    return PageRange(read_pages, damaged, following, about)


def _open(data: bytes) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(data)
        pages = len(document)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise DocumentRejected(
                FailureReason.ENCRYPTED,
                "The PDF is protected with a password. Save it without one and upload it again.",
            ) from error
        raise DocumentRejected(
            FailureReason.MALFORMED, "The PDF is damaged and cannot be opened. Save or export it again."
        ) from error
    if pages == 0:
        raise DocumentRejected(FailureReason.MALFORMED, "The PDF is damaged: it has no pages.")
    if document.get_formtype() != raw.FORMTYPE_NONE:
        document.init_forms()
    return document


def _outline(document: pypdfium2.PdfDocument) -> Iterator[OutlineEntry]:
    for number, bookmark in enumerate(document.get_toc()):
        if number >= MAX_OUTLINE_ENTRIES:
            break
        destination = bookmark.get_dest()
        page = destination.get_index() if destination else None
        title = clean_line(bookmark.get_title())
        if page is not None and title:
            yield OutlineEntry(title, bookmark.level + 1, page + 1)


def _title(document: pypdfium2.PdfDocument) -> str | None:
    return clean_line(document.get_metadata_value("Title")) or None
