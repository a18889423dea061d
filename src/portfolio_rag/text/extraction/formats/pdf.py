"""PDF by PDFium: text with page numbers, headings from the outline or the font sizes."""

from __future__ import annotations

import ctypes
import json
import re
import time
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from operator import attrgetter
from statistics import median

import pypdfium2
from pypdfium2 import raw

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.document import DocumentBuilder, ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.formats.pdf_layout import OutlineEntry, add_blocks
from portfolio_rag.text.extraction.formats.pdf_lines import Line
from portfolio_rag.text.extraction.sanitise import clean_line

SCANNED_MAX_CHARACTERS = 100
"""Pages with less text than this on average are looked at for pictures of text."""
SCANNED_MIN_COVER = 0.5
"""Share of a page that a picture covers when the page is taken for a scan."""
MAX_OUTLINE_ENTRIES = 20_000
_POINTLESS_TITLE = re.compile(
    r"^(untitled.*|microsoft word - .*|powerpoint presentation|slide 1|document\d*|\W*|.*\.\w{2,4})$", re.IGNORECASE
)


def extract(data: bytes, limits: ExtractionLimits) -> ExtractedDocument:
    return join([read(data, limits)], limits)


@dataclass(frozen=True, slots=True)
class PageRange:
    """Consecutive pages, read. `following` is the page after them, from 0, or None: then `about` is there."""

    pages: list[list[Line]]
    unreadable: int
    following: int | None
    about: About | None


@dataclass(frozen=True, slots=True)
class About:
    """What the whole document says of itself."""

    page_count: int
    title: str | None
    outline: list[OutlineEntry]
    scanned: bool


def read(data: bytes, limits: ExtractionLimits, first: int = 0, *, until: float | None = None) -> PageRange:
    """The pages from `first` on, until `time.monotonic()` is `until`: one at least. Raises DocumentRejected."""
    document = _open(data)
    page_count = len(document)
    if page_count > limits.max_pages:
        raise DocumentRejected(
            FailureReason.LIMIT_EXCEEDED,
            f"The PDF has {page_count:,} pages; at most {limits.max_pages:,} are allowed. Split it into parts.",
        )
    pages: list[list[Line]] = []
    unreadable = characters = 0
    for index in range(first, page_count):
        if pages and until is not None and time.monotonic() > until:
            return PageRange(pages, unreadable, index, None)
        try:
            pages.append(list(_lines(document, index)))
        except pypdfium2.PdfiumError:
            pages.append([])
            unreadable += 1
        characters += sum(len(line.text) for line in pages[-1])
        if characters > 2 * limits.max_characters:
            break
    scanned = characters < SCANNED_MAX_CHARACTERS * page_count and _is_scanned(document)
    return PageRange(pages, unreadable, None, About(page_count, _title(document), list(_outline(document)), scanned))


def join(ranges: Sequence[PageRange], limits: ExtractionLimits) -> ExtractedDocument:
    """The document of all its page ranges, in order. Raises DocumentRejected."""
    about = ranges[-1].about
    assert about is not None  # of the last range
    pages = [lines for part in ranges for lines in part.pages]
    characters = sum(len(line.text) for lines in pages for line in lines)
    if sum(part.unreadable for part in ranges) == about.page_count:
        raise DocumentRejected(FailureReason.MALFORMED, "The PDF is damaged: none of its pages can be read.")
    if not characters or (characters < SCANNED_MAX_CHARACTERS * about.page_count and about.scanned):
        raise _no_text("it seems to hold pictures of text (a scan), or nothing")
    if _is_unreadable("".join(line.text for lines in pages for line in lines[:20])[:20_000]):
        raise _no_text("its fonts do not say which characters they show")
    builder = DocumentBuilder(limits.max_characters)
    add_blocks(pages, about.outline, builder)
    return builder.build("pdf", about.title, about.page_count)


def dumps(part: PageRange) -> bytes:
    """Compressed JSON: floats come back as they were, so a document in ranges is cut as in one."""
    lines = [[_LINE_VALUES(line) for line in page] for page in part.pages]
    about = asdict(part.about) if part.about else None
    return zlib.compress(json.dumps([lines, part.unreadable, part.following, about]).encode(), 1)


def loads(data: bytes) -> PageRange:
    lines, unreadable, following, about = json.loads(zlib.decompress(data))
    pages = [[Line(*values) for values in page] for page in lines]
    if about is not None:
        about = About(**{**about, "outline": [OutlineEntry(**entry) for entry in about["outline"]]})
    return PageRange(pages, unreadable, following, about)


_LINE_VALUES = attrgetter(*(field.name for field in fields(Line)))


def _no_text(why: str) -> DocumentRejected:
    return DocumentRejected(
        FailureReason.NO_TEXT,
        f"The PDF holds no text that can be read: {why}. Text recognition (OCR) is not done here; "
        "run it first and upload the result.",
    )


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
    return document


def _lines(document: pypdfium2.PdfDocument, index: int) -> Iterator[Line]:
    """The lines of a page in the order of its content stream. Raises PdfiumError when the page cannot be loaded."""
    page = document[index]
    textpage = page.get_textpage()
    try:
        text = textpage.get_text_range()
        at = 0
        for piece in text.split("\r\n"):
            stripped = piece.strip()
            if stripped:
                first = at + piece.index(stripped)
                yield _line(textpage, index + 1, stripped, first)
            at += len(piece) + 2
    finally:
        textpage.close()
        page.close()


def _line(textpage: pypdfium2.PdfTextPage, page: int, text: str, first: int) -> Line:
    """The line that begins at `first` in the page's text. Three of its characters speak for all of them."""
    middle = len(text) // 2
    places = (first, first + (middle if not text[middle].isspace() else middle + 1), first + len(text) - 1)
    indexes = [raw.FPDFText_GetCharIndexFromTextIndex(textpage, place) for place in places]
    head, _, tail = boxes = [_box(textpage, index) for index in indexes]
    fonts = [_font(textpage, index) for index in (indexes[0], indexes[-1])]
    return Line(
        text=text,
        page=page,
        left=head.left,
        right=max(head.right, tail.right),
        baseline=_baseline(textpage, indexes[0]),
        last_baseline=_baseline(textpage, indexes[-1]),
        # Of three, as bullets and footnote marks are of another size.
        size=median(box.top - box.bottom for box in boxes),
        advance=head.right - head.left,
        is_bold=all(_BOLD.search(font) for font in fonts),
        is_code=all(_MONOSPACED.search(font) for font in fonts),
    )


# By name: the flag for fixed pitch is set at random by some producers.
_BOLD = re.compile(r"bold|black|heavy|demi|medi\b|cmbx", re.IGNORECASE)
_MONOSPACED = re.compile(r"mono|courier|consol|menlo|cmtt|typewriter", re.IGNORECASE)


def _box(textpage: pypdfium2.PdfTextPage, index: int) -> raw.FS_RECTF:
    """The box of a character in points, of the height of its font; all zeros when PDFium knows none."""
    box = raw.FS_RECTF()
    if index >= 0:
        raw.FPDFText_GetLooseCharBox(textpage, index, ctypes.byref(box))
    return box


def _baseline(textpage: pypdfium2.PdfTextPage, index: int) -> float:
    x, y = ctypes.c_double(0), ctypes.c_double(0)
    if index >= 0:
        raw.FPDFText_GetCharOrigin(textpage, index, ctypes.byref(x), ctypes.byref(y))
    return y.value


def _font(textpage: pypdfium2.PdfTextPage, index: int) -> str:
    """The name of a character's font, or an empty string."""
    name = ctypes.create_string_buffer(128)
    if index < 0 or not raw.FPDFText_GetFontInfo(textpage, index, name, len(name), ctypes.byref(ctypes.c_int(0))):
        return ""
    return name.value.decode("utf-8", "replace")


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
    title = clean_line(document.get_metadata_value("Title"))
    return None if _POINTLESS_TITLE.match(title) else title


def _is_scanned(document: pypdfium2.PdfDocument) -> bool:
    """Whether a picture covers most of every page (the first ten are looked at)."""
    return all(_is_picture(document, index) for index in range(min(10, len(document))))


def _is_picture(document: pypdfium2.PdfDocument, index: int) -> bool:
    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        return True
    width, height = page.get_size()
    for picture in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=2):
        left, bottom, right, top = picture.get_bounds()
        if (right - left) * (top - bottom) >= SCANNED_MIN_COVER * width * height:
            return True
    return False


_WORD = re.compile(r"[^\W\d_]{2,}")
# Scripts that words of one language mix.
_SCRIPT_FAMILY = {"CJK": "EAST", "HIRAGANA": "EAST", "KATAKANA": "EAST", "KATAKANA-HIRAGANA": "EAST", "HANGUL": "EAST"}


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    name = unicodedata.name(char, "").split(" ")[0]
    return _SCRIPT_FAMILY.get(name, name)


def _is_unreadable(text: str) -> bool:
    """Whether the text is glyph numbers in disguise: many of its words mix scripts that no language mixes."""
    words = _WORD.findall(text)
    mixed = sum(len({_script(char) for char in word}) > 2 for word in words)
    return mixed > 0.2 * len(words)
