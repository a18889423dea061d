"""Excel workbooks by openpyxl: each sheet a section, its tables row by row, its cells as Excel shows them.

What its author has hidden is not for everybody who may ask: hidden sheets, rows and columns are left out, and a warning
names them.
"""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib
from dataclasses import replace
from typing import Any

from lxml import etree
from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.datetime import MAC_EPOCH
from openpyxl.xml.constants import SHARED_STRINGS

from portfolio_rag.domain.document_warnings import WarningCode
from portfolio_rag.text.extraction.archives import check_archive, malformed, transitional
from portfolio_rag.text.extraction.document import DocumentBuilder, ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.formats.cell_text import CellTexts
from portfolio_rag.text.extraction.formats.rich_strings import shared_strings
from portfolio_rag.text.extraction.formats.worksheet import read_worksheet
from portfolio_rag.text.extraction.sheets import add_regions, regions_of
from portfolio_rag.text.extraction.titles import given_title

MAX_PART_BYTES = 400 * 2**20
"""Of a sheet, which is read row by row."""

_WHAT = "Excel workbook"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STYLES = "xl/styles.xml"
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, ValueError, TypeError, KeyError, IndexError, AttributeError, OSError),
    *(SyntaxError, etree.LxmlError, NotImplementedError, EOFError),
)
"""What openpyxl and the parsers below it raise on a damaged workbook; a SyntaxError is what `xml.etree` calls it."""
_HIDDEN = (
    "Hidden sheets, rows and columns are left out. Unhide them and upload the workbook again if they may be found."
)
_UNCALCULATED = (
    "Some formulas have never been calculated, so that the formula stands in place of its result. "
    "Open the workbook in Excel, save it, and upload it again."
)


def extract(data: bytes, limits: ExtractionLimits) -> ExtractedDocument:
    check_archive(data, _WHAT, max_part_bytes=MAX_PART_BYTES)
    builder = DocumentBuilder(limits.max_characters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what openpyxl would not write back
        try:
            data = transitional(data, "xl/workbook.xml")
            book = _open(data)
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                _add_sheets(book, archive, builder)
        except _BROKEN as error:
            raise malformed(_WHAT) from error
    document = builder.build("xlsx", book.properties.title)
    # A sheet that nobody has named gives no title either.
    return document if given_title(document.title or "") else replace(document, title=None)


class _Reader(ExcelReader):  # type: ignore[misc]
    """openpyxl's own reader, without sheets that are a chart: it fails on those without a drawing, and none is read.

    Texts say what of them is struck out, raised or lowered.
    """

    def read_strings(self) -> None:
        part = self.package.find(SHARED_STRINGS)
        if part is not None:
            with self.archive.open(part.PartName[1:]) as source:
                self.shared_strings = shared_strings(source)

    def read_chartsheet(self, sheet: Any, rel: Any) -> None:
        pass


def _open(data: bytes) -> Any:
    try:
        return _book(data)
    except (ValueError, TypeError, IndexError, AttributeError, KeyError):
        # Programs write styles that Excel puts up with and openpyxl does not.
        return _book(_with_plain_styles(data))


def _book(data: bytes) -> Any:
    reader = _Reader(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    reader.read()
    return reader.wb


def _add_sheets(book: Any, archive: zipfile.ZipFile, builder: DocumentBuilder) -> None:
    texts = CellTexts(date1904=book.epoch == MAC_EPOCH)
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            builder.warn(WarningCode.PARTS_LEFT_OUT, _HIDDEN, part=sheet.title)
            continue
        found = read_worksheet(sheet, archive, texts)
        regions = regions_of(found.rows, found.header_ends)
        if regions or found.texts:
            builder.heading(sheet.title, 1)
        add_regions(regions, builder)
        for text in found.texts:
            builder.paragraph(text)
        for hidden in found.hidden:
            builder.warn(WarningCode.PARTS_LEFT_OUT, _HIDDEN, part=f"{sheet.title}: {hidden}")
        if found.uncalculated:
            builder.warn(WarningCode.PARTS_LEFT_OUT, _UNCALCULATED, part=sheet.title)


def _with_plain_styles(data: bytes) -> bytes:
    """The workbook with nothing in its styles but number formats."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as plain:
        for entry in archive.infolist():
            content = archive.read(entry)
            plain.writestr(entry.filename, _number_formats(content) if entry.filename == _STYLES else content)
    return target.getvalue()


def _number_formats(styles: bytes) -> bytes:
    old = etree.fromstring(styles)
    new = etree.Element(f"{{{_MAIN}}}styleSheet", nsmap={None: _MAIN})
    formats = old.find(f"{{{_MAIN}}}numFmts")
    if formats is not None:
        new.append(formats)
    for path in ("fonts/font", "fills/fill/patternFill", "borders/border", "cellStyleXfs/xf"):
        parent = new
        for name in path.split("/"):
            parent = etree.SubElement(parent, f"{{{_MAIN}}}{name}")
    cells = etree.SubElement(new, f"{{{_MAIN}}}cellXfs")
    for style in old.iterfind(f"{{{_MAIN}}}cellXfs/{{{_MAIN}}}xf"):
        etree.SubElement(cells, f"{{{_MAIN}}}xf", numFmtId=style.get("numFmtId", "0"))
    return bytes(etree.tostring(new))
