"""Content decides the type; the name only tells kinds of text apart."""

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
from tests.support.office import ONE_OF_EACH

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
MAIL = b"Received: from here\r\n\tby there\r\nFrom: a@example.org\r\nSubject: x\r\n\r\nwords"
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
        (b"a,b\n1,2", "data.csv", "csv"),
        (b"a,b\n1,2", "data.txt", "txt"),
        (b"a\tb\n1\t2", "data.tsv", "tsv"),
        (b"a\tb\n1\t2", "data.TAB", "tsv"),
        (b'{"a": 1}', "a.json", "json"),
        (b'{"a": 1}', "a.geojson", "json"),
        (b'{"a": 1}', "a.ndjson", "jsonl"),
        (b'{"a": 1}', "a.txt", "txt"),
        (b"<!doctype html><p>x", "a.csv", "html"),
        (MAIL, "a.eml", "eml"),
        (MAIL, "a.bin", "eml"),
        (MAIL, "a.txt", "txt"),
        (b"From ana Mon Mar 2 09:00:00 2026\n" + MAIL, "mailbox", "eml"),
        (b"Subject: only this\n\nwords", "a.eml", "eml"),
        (b"no field at all", "a.eml", "txt"),
        (b"Note: this\nand: that\nis: no mail\n", "a.bin", "txt"),
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


@pytest.mark.parametrize("name", sorted(ONE_OF_EACH))
def test_archives_are_told_by_what_is_in_them(name: str) -> None:
    data = ONE_OF_EACH[name]
    if data.startswith(b"PK"):
        assert detect_type(data, "a.zip") == name.rpartition(".")[2]
    assert detect_type(data, name) == name.rpartition(".")[2]
    assert detect_type(data[:SNIFFED_BYTES], name, complete=False) == name.rpartition(".")[2]


def test_an_encrypted_workbook_is_let_through_where_its_directory_is_out_of_reach() -> None:
    assert detect_type(OLE + bytes(SNIFFED_BYTES), "secret.xlsx", complete=False) == "xlsx"


@pytest.mark.parametrize(
    "data", [b"<!-- a -->" * 800, b"%\n\n\n" * 2000, b"<!--" * 2000, b" " * 8000 + b"x", b"From: " * 1300]
)
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
        (b"{\\rtf1\\ansi hello}", "a.rtf", "RTF document, which cannot be ingested. Save it as .docx."),
        (b"{\\rtf1\\ansi hello}", "a.txt", "RTF"),
        (OLE, "old.doc", "old binary format"),
        (archive("a.txt"), "a.zip", "ZIP"),
        (archive("a.txt"), "a.docx", "ZIP"),
        (
            archive("[Content_Types].xml", "xl/workbook.bin"),
            "a.xlsb",
            "(.xlsb), which cannot be ingested. Save it as .xlsx",
        ),
        (OLE + "Workbook".encode("utf-16-le"), "a.bin", "(.xls), which cannot be ingested. Save it as .xlsx."),
        (OLE, "old.xls", "(.xls), which cannot be ingested. Save it as .xlsx."),
        (OLE, "old.xls", "Allowed are: Markdown, plain text, PDF, HTML, Word (.docx), Excel (.xlsx)"),
        (OLE, "old.ppt", "Save it as .pptx."),
        (
            OLE + "__properties_version1.0".encode("utf-16-le"),
            "a",
            "(.msg), which cannot be ingested. Save it as .eml.",
        ),
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
    with pytest.raises(DocumentRejected, match=r"Word \(.docx\) document and a PDF"):
        detect_type(both.getvalue(), "a.docx")


@pytest.mark.parametrize(
    ("data", "filename", "reason"),
    [
        (b"", "a.md", FailureReason.EMPTY_FILE),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "secret.docx", FailureReason.ENCRYPTED),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "secret.xlsx", FailureReason.ENCRYPTED),
        (word()[:-200], "cut.docx", FailureReason.MALFORMED),
        (word()[:-200], "cut.pptx", FailureReason.MALFORMED),
        (word()[:-200], "cut.zip", FailureReason.UNSUPPORTED_TYPE),
    ],
)
def test_other_reasons(data: bytes, filename: str, reason: FailureReason) -> None:
    with pytest.raises(DocumentRejected) as rejected:
        detect_type(data, filename)
    assert rejected.value.reason is reason
