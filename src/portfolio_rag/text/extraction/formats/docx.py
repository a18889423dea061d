"""Word documents by python-docx: body text in document order; headings by outline level, lists, tables."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import docx
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn
from lxml import etree

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.document import DocumentBuilder, ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.file_types import unsupported

MAX_UNPACKED_BYTES = 400 * 2**20
MAX_PART_BYTES = 100 * 2**20
"""Of one XML part: lxml's tree takes several times as much memory."""
MAX_RATIO = 200
"""Of unpacked to packed size, above RATIO_FREE_BYTES; text hardly packs better than 20 to 1."""
RATIO_FREE_BYTES = 10 * 2**20
MAX_ENTRIES = 10_000

_STYLE_DEPTH = 20
_NOT_TEXT = {
    qn(name) for name in ("w:del", "w:moveFrom", "w:pPr", "w:rPr", "w:tblPr", "w:sectPr", "w:instrText", "w:rt")
} | {"{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}
"""What a reader of the final document does not see, or would see twice."""


def extract(data: bytes, limits: ExtractionLimits) -> ExtractedDocument:
    _check_archive(data)
    try:
        document = docx.Document(io.BytesIO(data))
    except ValueError as error:
        # python-docx names the content type of what is no plain document.
        if "content type" not in str(error):
            raise _malformed() from error
        raise unsupported("a Word document with macros, or a template", limits.allowed_types) from error
    except (
        PackageNotFoundError,
        zlib.error,
        KeyError,
        zipfile.BadZipFile,
        etree.XMLSyntaxError,
        OSError,
        NotImplementedError,
    ) as error:
        raise _malformed() from error
    builder = DocumentBuilder(limits.max_characters)
    walk = _Walk(builder, _outline_levels(document.styles.element))
    walk.blocks(document.element.body)
    return builder.build("docx", document.core_properties.title)


def _malformed() -> DocumentRejected:
    return DocumentRejected(
        FailureReason.MALFORMED, "The Word document is damaged and cannot be opened. Save it again and upload it."
    )


def _check_archive(data: bytes) -> None:
    """Reject what would fill the memory when unpacked, before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile as error:
        raise _malformed() from error
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries) or 1
    parts = [entry.file_size for entry in entries if entry.filename.lower().endswith((".xml", ".rels"))]
    if (
        len(entries) > MAX_ENTRIES
        or unpacked > MAX_UNPACKED_BYTES
        or max(parts, default=0) > MAX_PART_BYTES
        or (unpacked > RATIO_FREE_BYTES and unpacked > MAX_RATIO * packed)
    ):
        raise DocumentRejected(
            FailureReason.LIMIT_EXCEEDED,
            f"The Word document unpacks to {unpacked / 2**20:,.0f} MiB from {packed / 2**20:,.1f} MiB in "
            f"{len(entries):,} entries, which looks like a zip bomb.",
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise DocumentRejected(FailureReason.ENCRYPTED, "The Word document is encrypted. Save it without a password.")


def _outline_levels(styles: Any) -> dict[str, int]:
    """Style id → heading level from 1; inherited levels included. `Title` counts as level 1."""
    own: dict[str, int] = {}
    based_on: dict[str, str] = {}
    for style in styles.iterchildren(qn("w:style")):
        style_id = style.get(qn("w:styleId"))
        name = (_value(style.find(qn("w:name"))) or "").lower()
        level = _level(style.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}"))
        if name.startswith("heading ") and name[8:].isdigit():
            own[style_id] = int(name[8:])
        elif name == "title":
            own[style_id] = 1
        elif level is not None:
            own[style_id] = level
        parent = _value(style.find(qn("w:basedOn")))
        if parent:
            based_on[style_id] = parent
    levels: dict[str, int] = {}
    for style_id in {*own, *based_on}:
        current: str | None = style_id
        for _ in range(_STYLE_DEPTH):
            if current is None or current in own:
                break
            current = based_on.get(current)
        if current in own and own[current] <= 9:
            levels[style_id] = own[current]
    return levels


def _value(element: Any) -> str | None:
    return None if element is None else element.get(qn("w:val"))


def _level(element: Any) -> int | None:
    """`w:outlineLvl` counts from 0; 9 means body text."""
    value = _value(element)
    return int(value) + 1 if value is not None and value.isdigit() and int(value) < 9 else None


class _Walk:
    """Walks the body's XML: python-docx's own iteration leaves out content controls and tracked insertions."""

    def __init__(self, builder: DocumentBuilder, levels: dict[str, int]) -> None:
        self._builder = builder
        self._levels = levels

    def blocks(self, parent: Any) -> None:
        for element in _block_elements(parent):
            if element.tag == qn("w:p"):
                self._paragraph(element)
            else:
                self._table(element)

    def _paragraph(self, paragraph: Any) -> None:
        text = _text(paragraph)
        properties = paragraph.find(qn("w:pPr"))
        style = None if properties is None else _value(properties.find(qn("w:pStyle")))
        own_level = None if properties is None else _level(properties.find(qn("w:outlineLvl")))
        level = own_level or self._levels.get(style or "")
        if level is not None:
            self._builder.heading(text, level)
            return
        numbering = None if properties is None else properties.find(qn("w:numPr"))
        if numbering is not None or (style or "").lower().startswith("list"):
            depth = _value(numbering.find(qn("w:ilvl"))) if numbering is not None else None
            self._builder.item(text, "- ", min(int(depth), 8) if depth and depth.isdigit() else 0)
        else:
            self._builder.paragraph(text)

    def _table(self, table: Any) -> None:
        rows = [[_cell_text(cell) for cell in _children(row, qn("w:tc"))] for row in _children(table, qn("w:tr"))]
        if max((len(row) for row in rows), default=0) < 2:
            # One column frames text; read it as text.
            for row in _children(table, qn("w:tr")):
                for cell in _children(row, qn("w:tc")):
                    self.blocks(cell)
        else:
            self._builder.table(rows)


def _block_elements(parent: Any) -> Iterator[Any]:
    """Paragraphs and tables under `parent` in order, inside content controls and insertions too."""
    wanted = (qn("w:p"), qn("w:tbl"))
    stack = list(parent)[::-1]
    while stack:
        element = stack.pop()
        if element.tag in wanted:
            yield element
        elif isinstance(element.tag, str) and element.tag not in _NOT_TEXT:
            stack.extend(list(element)[::-1])


def _children(parent: Any, tag: str) -> Iterator[Any]:
    """The nearest descendants with that tag, through content controls but not into nested ones."""
    stack = list(parent)[::-1]
    while stack:
        element = stack.pop()
        if element.tag == tag:
            yield element
        elif isinstance(element.tag, str) and element.tag not in _NOT_TEXT and element.tag != qn("w:tbl"):
            stack.extend(list(element)[::-1])


def _cell_text(cell: Any) -> str:
    return " ".join(_text(element) for element in _block_elements(cell))


def _is_hidden(run: Any) -> bool:
    mark = run.find(f"{qn('w:rPr')}/{qn('w:vanish')}")
    return mark is not None and _value(mark) not in ("0", "false", "off")


def _text(element: Any) -> str:
    """The visible text of a paragraph, or of all paragraphs of a nested table."""
    parts: list[str] = []
    stack = [element]
    while stack:
        current = stack.pop()
        tag = current.tag
        if not isinstance(tag, str) or tag in _NOT_TEXT:
            continue
        if tag == qn("w:r") and _is_hidden(current):
            continue
        if tag in (qn("w:t"), qn("m:t")):
            parts.append(current.text or "")
        elif tag == qn("w:tab"):
            parts.append("\t")
        elif tag in (qn("w:br"), qn("w:cr")):
            parts.append("\n")
        elif tag == qn("w:noBreakHyphen"):
            parts.append("-")
        elif tag == qn("w:p") and current is not element:
            parts.append(" ")
        stack.extend(list(current)[::-1])
    return "".join(parts)
