"""The type of a document by its content; the name only tells kinds of text, and cut archives, apart."""

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
    "xlsx": "Excel (.xlsx)",
    "pptx": "PowerPoint (.pptx)",
    "csv": "CSV",
    "tsv": "TSV",
    "json": "JSON",
    "jsonl": "JSON Lines",
    "ipynb": "Jupyter notebooks",
    "eml": "e-mail (.eml)",
    "epub": "EPUB",
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
_TEXT_TYPES = {
    **dict.fromkeys(_MARKDOWN_EXTENSIONS, "md"),
    **{
        "csv": "csv",
        "tsv": "tsv",
        "tab": "tsv",
        "json": "json",
        "geojson": "json",
        "jsonl": "jsonl",
        "ndjson": "jsonl",
        "ipynb": "ipynb",
    },
}
"""What a text is by its extension; any other is plain text."""
_NAMED_TEXTS = frozenset({*_TEXT_TYPES, *_HTML_EXTENSIONS, "txt", "text", "log", "rst", "yaml", "yml", "ini", "conf"})
"""Texts that may begin like a mail and are none."""
_ARCHIVE_TYPES = {
    **dict.fromkeys(_WORD_EXTENSIONS, "docx"),
    **dict.fromkeys(("xlsx", "xlsm", "xltx", "xltm"), "xlsx"),
    **dict.fromkeys(("pptx", "pptm", "ppsx", "ppsm", "potx", "potm"), "pptx"),
    "epub": "epub",
}
"""What an archive is by its extension, where its directory is out of reach."""
_ARCHIVE_MARKS = {"xlsx": "xl/workbook.xml", "pptx": "ppt/presentation.xml"}
_MAIL_EXTENSIONS = frozenset({"eml", "mht", "mhtml"})
_MAIL_FIELDS = (
    "from|to|cc|bcc|date|subject|sender|reply-to|received|return-path|message-id|mime-version|delivered-to|in-reply-to"
    "|references|resent-from|arc-seal|dkim-signature|authentication-results|content-type|content-transfer-encoding"
    "|x-[a-z-]+|list-[a-z-]+"
)
_MAIL_HEAD = re.compile(
    rb"(?:From [^\r\n]{3,200}\r?\n)?(?:(?:%b):[^\r\n]*+\r?\n(?:[ \t][^\r\n]*+\r?\n)*+){3}" % _MAIL_FIELDS.encode(),
    re.IGNORECASE,
)
"""Three fields of a message, and nothing before them but mbox's own line."""
_MAIL_FIELD = re.compile(rb"\s*+[!-9;-~]{2,80}:[ \t]*+\S")
# Possessive: each comment has one reading, or many comments would have exponentially many.
_HTML_PREAMBLE = rb"(?>\s+|<!--.*?-->|<\?xml.*?\?>)*+"
_HTML_ROOT = re.compile(_HTML_PREAMBLE + rb"<(?:!doctype\s+html|html|head|body)[\s>]", re.IGNORECASE | re.DOTALL)
_ANY_TAG = re.compile(rb"<(?:[a-z][a-z0-9]*[\s/>]|!--)", re.IGNORECASE)
_PDF_BODY = re.compile(rb"\s*+(?:%[^\r\n]*+\s*+)*+\d+ \d+ obj\b")
"""What follows the header of a PDF, for one that has lost it."""
_TEXTUAL_NON_TEXT = (
    (b"{\\rtf", "an RTF document", "Save it as .docx."),
    (b"%!PS", "a PostScript file", "Save it as a PDF."),
    (b"-----BEGIN PGP MESSAGE", "a PGP-encrypted message", "Decrypt it."),
)
_ZIP_CONTENTS = (
    ("xl/workbook.bin", "a binary Excel workbook (.xlsb)", "Save it as .xlsx."),
    ("META-INF/MANIFEST.MF", "a Java archive", ""),
    ("content.xml", "an OpenDocument file", "Save it as .docx, .xlsx or .pptx."),
)
_OLD_OFFICE = (
    # The names of the streams that only such a file has, as its directory spells them.
    ("xls", ("Workbook", "Book"), "an Excel workbook of the old binary format (.xls)", "Save it as .xlsx."),
    ("doc", ("WordDocument",), "a Word document of the old binary format (.doc)", "Save it as .docx."),
    ("ppt", ("PowerPoint Document",), "a presentation of the old binary format (.ppt)", "Save it as .pptx."),
    ("msg", ("__properties_version1.0",), "an Outlook message (.msg)", "Save it as .eml."),
)


def extension_of(filename: str) -> str:
    """The extension in lower case without its dot, or an empty string."""
    return PurePosixPath(filename).suffix[1:].lower()


def detect_type(data: bytes, filename: str, *, complete: bool = True) -> str:
    """One of DESCRIPTIONS.

    `data` may be the first SNIFFED_BYTES alone if `complete` is false: an archive is then taken at its extension's
    word. Raises DocumentRejected: EMPTY_FILE for no bytes, UNSUPPORTED_TYPE for any other kind of file (and for one
    that is two kinds at once), ENCRYPTED for an Office document with a password, MALFORMED for a damaged one.
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
        return _compound_type(data, extension, complete)
    head = data[:SNIFFED_BYTES]
    is_text = _is_text(head)
    # Some PDFs start with rubbish; readers look for the header in the first KiB. A text that speaks of PDF is none.
    if (b"%PDF-" in data[:1024] and (extension == "pdf" or not is_text)) or _PDF_BODY.match(head):
        return "pdf"
    if not is_text:
        raise unsupported(_binary_kind(data))
    return _text_type(head, extension)


def unsupported(what: str, allowed: Collection[str] = DESCRIPTIONS.keys(), advice: str = "") -> DocumentRejected:
    """The error for a file that looks like `what`; the message lists the types that are allowed."""
    names = ", ".join(DESCRIPTIONS[name] for name in DESCRIPTIONS if name in allowed)
    sentences = [f"The file looks like {what}, which cannot be ingested.", advice, f"Allowed are: {names}."]
    return DocumentRejected(FailureReason.UNSUPPORTED_TYPE, " ".join(filter(None, sentences)))


def _compound_type(data: bytes, extension: str, complete: bool) -> str:
    """Of an OLE compound file: the old Office formats, and the new ones behind a password."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise DocumentRejected(
            FailureReason.ENCRYPTED, "The Office document is protected with a password. Save it without one."
        )
    if not complete and extension in _ARCHIVE_TYPES:
        return _ARCHIVE_TYPES[extension]  # most likely encrypted, which its directory tells, wherever that is
    kinds = [kind for kind in _OLD_OFFICE if any(name.encode("utf-16-le") in data for name in kind[1])]
    kinds += [kind for kind in _OLD_OFFICE if kind[0] == extension]
    if kinds:
        raise unsupported(kinds[0][2], advice=kinds[0][3])
    raise unsupported(
        "an Office document of the old binary format (.doc, .xls, .ppt)", advice="Save it in the new one."
    )


def _zip_type(data: bytes, extension: str, complete: bool) -> str:
    expected = _ARCHIVE_TYPES.get(extension)
    if not complete:
        if expected is not None:
            return expected
        raise unsupported("a ZIP archive")
    import zipfile  # a tenth of the start of a process that most documents do not need

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            is_word = "word/document.xml" in names or _names_word_text(archive)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        if expected is not None:
            raise DocumentRejected(
                FailureReason.MALFORMED,
                f"The {DESCRIPTIONS[expected]} file is damaged or cut off: its archive cannot be read. Save it again.",
            ) from error
        raise unsupported("a damaged ZIP archive") from error
    found = _archive_type(names, is_word=is_word)
    if found is not None:
        if b"%PDF-" in data[:1024]:
            raise unsupported(f"a {DESCRIPTIONS[found]} document and a PDF in one file")
        return found
    what, advice = next(
        ((what, advice) for entry, what, advice in _ZIP_CONTENTS if entry in names), ("a ZIP archive", "")
    )
    raise unsupported(what, advice=advice)


def _archive_type(names: Collection[str], *, is_word: bool) -> str | None:
    if _CONTENT_TYPES in names:
        found = next((kind for kind, mark in _ARCHIVE_MARKS.items() if mark in names), None)
        return "docx" if is_word else found
    return "epub" if "META-INF/container.xml" in names else None


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
    for start, what, advice in _TEXTUAL_NON_TEXT:
        if head.lstrip().startswith(start):
            raise unsupported(what, advice=advice)
    if _HTML_ROOT.match(head):
        return "html"
    if _is_mail(head, extension):
        return "eml"
    if extension in _HTML_EXTENSIONS and _ANY_TAG.search(head):
        return "html"
    return _TEXT_TYPES.get(extension, "txt")


def _is_mail(head: bytes, extension: str) -> bool:
    """A mail is told by its header; a text that only quotes one keeps the type that its name gives it."""
    if extension in _MAIL_EXTENSIONS:
        return _MAIL_FIELD.match(head) is not None or head.startswith(b"From ")
    return extension not in _NAMED_TEXTS and _MAIL_HEAD.match(head) is not None


def _binary_kind(data: bytes) -> str:
    """What puremagic takes the bytes for, in words."""
    import puremagic

    try:
        best = puremagic.magic_string(data)[0]
    except (puremagic.PureError, ValueError, IndexError):
        return "binary data"
    name = best.name or best.mime_type or best.extension
    return f"binary data ({name})" if name else "binary data"
