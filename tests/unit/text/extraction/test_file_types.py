"""Content decides the type; the name only tells Markdown from plain text."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from random import Random

import docx
import pytest

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.file_types import SNIFFED_BYTES, detect_type

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def word() -> bytes:
    target = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("Hello")
    document.save(target)
    return target.getvalue()


def archive(*names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as new:
        for name in names:
            new.writestr(name, b"x" * 50)
    return target.getvalue()


@pytest.mark.parametrize(
    ("data", "filename", "expected"),
    [
        (b"# Title", "a.md", "md"),
        (b"# Title", "a.MARKDOWN", "md"),
        (b"# Title", "a.txt", "txt"),
        (b"# Title", "noextension", "txt"),
        (b"a,b\n1,2", "data.csv", "txt"),
        (b"plain words", "liar.pdf", "txt"),
        (b"plain words", "liar.docx", "txt"),
        (b"%PDF-1.7\n...", "a.txt", "pdf"),
        (b"%PDF-1.7\n...", "a.md", "pdf"),
        (b"\x00\xff\xfe rubbish \x01\x02\n%PDF-1.4\n", "a.pdf", "pdf"),
        (b"%\xe2\xe3\xcf\xd3\n1 0 obj\n<<", "headless.pdf", "pdf"),
        (b"A PDF begins with %PDF-1.7, the header.", "about.md", "md"),
        (b"<!DOCTYPE html><html><body>x", "a.txt", "html"),
        (b"  \n<!-- c --><HTML lang=en>", "a.md", "html"),
        (b"\xef\xbb\xbf<html>", "a.html", "html"),
        ("<!doctype html><p>ü".encode("utf-16"), "a.html", "html"),
        (b"<p>only a piece</p>", "a.html", "html"),
        (b"no tags at all", "a.html", "txt"),
        (b'<p align="center"><img src="x"></p>\n\n# Readme', "README.md", "md"),
        (b"<!-- comment -->\n# Readme", "README.md", "md"),
        ("hello, wide world".encode("utf-16-le"), "a.txt", "txt"),
        ("café".encode("latin-1"), "a.md", "md"),
        ("日本語のテキスト".encode("shift_jis"), "a.txt", "txt"),
        (b"\x1b[31mcoloured log line\x1b[0m with a lot of words after it " * 3, "a.log", "txt"),
    ],
)
def test_types(data: bytes, filename: str, expected: str) -> None:
    assert detect_type(data, filename) == expected
    assert detect_type(data[:SNIFFED_BYTES], filename, complete=False) == expected


@pytest.mark.failure(17)
def test_a_word_document_whatever_its_name() -> None:
    assert detect_type(word(), "a.docx") == "docx"
    assert detect_type(word(), "a.txt") == "docx"


def test_of_the_start_of_an_archive_the_extension_is_believed() -> None:
    assert detect_type(word()[:SNIFFED_BYTES], "a.docx", complete=False) == "docx"
    with pytest.raises(DocumentRejected):
        detect_type(word()[:SNIFFED_BYTES], "a.zip", complete=False)


@pytest.mark.parametrize("data", [b"<!-- a -->" * 800, b"%\n\n\n" * 2000, b"<!--" * 2000, b" " * 8000 + b"x"])
def test_no_text_makes_the_patterns_run_away(data: bytes) -> None:
    assert detect_type(data, "a.md") == "md"


@pytest.mark.parametrize(
    ("data", "filename", "looks_like"),
    [
        (PNG, "a.md", "Portable Network Graphics"),
        (PNG, "a.pdf", "Portable Network Graphics"),
        (gzip.compress(b"text" * 100), "a.txt", "binary"),
        (b"\x7fELF\x02\x01\x01" + bytes(200), "a.txt", "binary"),
        (Random(1).randbytes(5000), "a.txt", "binary"),
        (bytes(1000), "zeros.txt", "binary"),
        (b"{\\rtf1\\ansi hello}", "a.rtf", "RTF"),
        (b"{\\rtf1\\ansi hello}", "a.txt", "RTF"),
        (OLE, "old.doc", "old binary format"),
        (archive("a.txt"), "a.zip", "ZIP"),
        (archive("a.txt"), "a.docx", "ZIP"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), "a.xlsx", "Excel"),
        (archive("[Content_Types].xml", "ppt/presentation.xml"), "a.docx", "PowerPoint"),
        (archive("mimetype", "content.xml"), "a.odt", "OpenDocument"),
        (archive("word/document.xml"), "a.docx", "ZIP"),
        (b"%PDF-1.4\nbody\n%%EOF\n" + archive("a.txt"), "a.pdf", "PDF and a ZIP"),
    ],
)
@pytest.mark.failure(17)
def test_unsupported(data: bytes, filename: str, looks_like: str) -> None:
    with pytest.raises(DocumentRejected) as rejected:
        detect_type(data, filename)
    assert rejected.value.reason is FailureReason.UNSUPPORTED_TYPE
    assert looks_like in str(rejected.value)
    assert "Markdown, plain text, PDF, HTML, Word" in str(rejected.value)


@pytest.mark.failure(17)
def test_a_word_document_that_is_a_pdf_too(rezip: Callable[..., bytes]) -> None:
    both = io.BytesIO()
    with zipfile.ZipFile(both, "w") as new:
        new.writestr("first", b"%PDF-1.7\n")
        new.writestr("[Content_Types].xml", b"")
        new.writestr("word/document.xml", b"")
    with pytest.raises(DocumentRejected, match="Word document and a PDF"):
        detect_type(both.getvalue(), "a.docx")


@pytest.mark.parametrize(
    ("data", "filename", "reason"),
    [
        (b"", "a.md", FailureReason.EMPTY_FILE),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "secret.docx", FailureReason.ENCRYPTED),
        (word()[:-200], "cut.docx", FailureReason.MALFORMED),
        (word()[:-200], "cut.zip", FailureReason.UNSUPPORTED_TYPE),
    ],
)
def test_other_reasons(data: bytes, filename: str, reason: FailureReason) -> None:
    with pytest.raises(DocumentRejected) as rejected:
        detect_type(data, filename)
    assert rejected.value.reason is reason
