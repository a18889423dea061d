"""The type of a document by its content; the name only tells Markdown from plain text, and cut archives apart."""

from __future__ import annotations

import io
import re
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.sanitise import BOMS, wide_encoding

if TYPE_CHECKING:
    import zipfile

DESCRIPTIONS = {
    "md": "Markdown",
    "txt": "plain text",
    "pdf": "PDF",
    "html": "HTML",
    "docx": "Word (.docx)",
}
"""Every type that can be extracted."""

SNIFFED_BYTES = 8192
"""What `detect_type` looks at but for archives, whose directory is at their end."""

_MARKDOWN_EXTENSIONS = frozenset({"md", "markdown", "mdown", "mkd", "mkdn", "mdx"})
_WORD_EXTENSIONS = frozenset({"docx", "docm", "dotx", "dotm"})
_WORD_TEXT = re.compile(rb"\bword[a-z]*\.(?:document|template)[.a-z]*\.main\+xml", re.IGNORECASE)
"""The content type of the part with the text, whatever its name: documents and templates, with macros or without."""
_CONTENT_TYPES = "[Content_Types].xml"
_READ_CONTENT_TYPES = 2**20
"""Bytes of that list which are read."""
_HTML_EXTENSIONS = frozenset({"html", "htm", "xhtml"})
# Possessive: each comment has one reading, or many comments would have exponentially many.
_HTML_PREAMBLE = rb"(?>\s+|<!--.*?-->|<\?xml.*?\?>)*+"
_HTML_ROOT = re.compile(_HTML_PREAMBLE + rb"<(?:!doctype\s+html|html|head|body)[\s>]", re.IGNORECASE | re.DOTALL)
_ANY_TAG = re.compile(rb"<(?:[a-z][a-z0-9]*[\s/>]|!--)", re.IGNORECASE)
_PDF_BODY = re.compile(rb"\s*+(?:%[^\r\n]*+\s*+)*+\d+ \d+ obj\b")
"""What follows the header of a PDF, for one that has lost it."""
_TEXTUAL_NON_TEXT = (
    (b"{\\rtf", "an RTF document"),
    (b"%!PS", "a PostScript file"),
    (b"-----BEGIN PGP MESSAGE", "a PGP-encrypted message"),
)
_ZIP_CONTENTS = (
    ("xl/workbook.xml", "an Excel workbook"),
    ("ppt/presentation.xml", "a PowerPoint presentation"),
    ("META-INF/container.xml", "an EPUB book"),
    ("META-INF/MANIFEST.MF", "a Java archive"),
    ("content.xml", "an OpenDocument file"),
)


def extension_of(filename: str) -> str:
    """The extension in lower case without its dot, or an empty string."""
    return PurePosixPath(filename).suffix[1:].lower()


def detect_type(data: bytes, filename: str, *, complete: bool = True) -> str:
    """One of md, txt, pdf, html, docx.

    `data` may be the first SNIFFED_BYTES alone if `complete` is false: an archive is then taken at its extension's
    word. Raises DocumentRejected: EMPTY_FILE for no bytes, UNSUPPORTED_TYPE for any other kind of file (and for one
    that is two kinds at once), ENCRYPTED for a Word document with a password, MALFORMED for a damaged .docx.
    """
    if not data:
        raise DocumentRejected(FailureReason.EMPTY_FILE, "The file is empty (0 bytes).")
    extension = extension_of(filename)
    if data.startswith(b"PK\x03\x04"):
        return _zip_type(data, extension, complete)
    if data.startswith(b"%PDF-"):
        if complete and _ends_as_zip(data):
            raise unsupported("a PDF and a ZIP archive in one file")
        return "pdf"
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise DocumentRejected(
                FailureReason.ENCRYPTED, "The Office document is protected with a password. Save it without one."
            )
        raise unsupported("an Office document of the old binary format (.doc, .xls, .ppt)")
    head = data[:SNIFFED_BYTES]
    is_text = _is_text(head)
    # Some PDFs start with rubbish; readers look for the header in the first KiB. A text that speaks of PDF is none.
    if (b"%PDF-" in data[:1024] and (extension == "pdf" or not is_text)) or _PDF_BODY.match(head):
        return "pdf"
    if not is_text:
        raise unsupported(_binary_kind(data))
    return _text_type(head, extension)


def unsupported(what: str, allowed: Collection[str] = DESCRIPTIONS.keys()) -> DocumentRejected:
    """The error for a file that looks like `what`; the message lists the types that are allowed."""
    names = ", ".join(DESCRIPTIONS[name] for name in DESCRIPTIONS if name in allowed)
    return DocumentRejected(
        FailureReason.UNSUPPORTED_TYPE, f"The file looks like {what}, which cannot be ingested. Allowed are: {names}."
    )


def _zip_type(data: bytes, extension: str, complete: bool) -> str:
    if not complete:
        if extension in _WORD_EXTENSIONS:
            return "docx"
        raise unsupported("a ZIP archive")
    import zipfile  # a tenth of the start of a process that most documents do not need

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            is_word = "word/document.xml" in names or _names_word_text(archive)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        if extension in _WORD_EXTENSIONS:
            raise DocumentRejected(
                FailureReason.MALFORMED, "The Word document is damaged or cut off: its archive cannot be read."
            ) from error
        raise unsupported("a damaged ZIP archive") from error
    if _CONTENT_TYPES in names and is_word:
        if b"%PDF-" in data[:1024]:
            raise unsupported("a Word document and a PDF in one file")
        return "docx"
    raise unsupported(next((what for entry, what in _ZIP_CONTENTS if entry in names), "a ZIP archive"))


def _names_word_text(archive: zipfile.ZipFile) -> bool:
    """Whether the list of content types, as far as it is read, names a Word document's text."""
    import zlib
    from zipfile import BadZipFile

    try:
        with archive.open(_CONTENT_TYPES) as types:
            return bool(_WORD_TEXT.search(types.read(_READ_CONTENT_TYPES)))
    except (KeyError, OSError, RuntimeError, EOFError, zlib.error, BadZipFile):
        return False


def _ends_as_zip(data: bytes) -> bool:
    """Whether the last bytes are a ZIP's end record whose comment reaches exactly to the end of the file."""
    tail = data[-(22 + 0xFFFF) :]
    at = tail.rfind(b"PK\x05\x06")
    return at >= 0 and len(tail) - at >= 22 and int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail) - at - 22


def _is_text(head: bytes) -> bool:
    """No control characters that texts do not have; NUL bytes only where UTF-16 and UTF-32 have them."""
    if any(head.startswith(mark) for mark, _ in BOMS):
        return True
    controls = sum(head.count(code) for code in (*range(1, 8), *range(14, 27), 28, 29, 30, 31, 127))
    if controls * 100 > len(head):
        return False
    return head.count(0) * 100 <= len(head) or wide_encoding(head[: len(head) // 4 * 4]) is not None


def _text_type(head: bytes, extension: str) -> str:
    for mark, encoding in BOMS:
        if head.startswith(mark):
            head = head[len(mark) :].decode(encoding, "ignore").encode()
    head = head.replace(b"\x00", b"")
    for start, what in _TEXTUAL_NON_TEXT:
        if head.lstrip().startswith(start):
            raise unsupported(what)
    if _HTML_ROOT.match(head):
        return "html"
    if extension in _HTML_EXTENSIONS and _ANY_TAG.search(head):
        return "html"
    return "md" if extension in _MARKDOWN_EXTENSIONS else "txt"


def _binary_kind(data: bytes) -> str:
    """What puremagic takes the bytes for, in words."""
    import puremagic

    try:
        best = puremagic.magic_string(data)[0]
    except (puremagic.PureError, ValueError, IndexError):
        return "binary data"
    name = best.name or best.mime_type or best.extension
    return f"binary data ({name})" if name else "binary data"
