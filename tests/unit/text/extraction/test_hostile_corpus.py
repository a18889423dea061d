"""Bombs, polyglots, external entities and paths that lead out: each ends as text or as a rejection, within its limits.

Through the child process, as the pipeline reads them. What no format may do is asked of all of them: read a file of
this machine, or give more text than the limit, or end in an error that is nobody's.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from email.mime.message import MIMEMessage
from email.mime.text import MIMEText
from pathlib import Path

import pytest

from portfolio_rag.domain.errors import DocumentRejected
from portfolio_rag.text.extraction.extract import ExtractionLimits, extract
from tests.support.office import book, deck, mail, workbook
from tests.support.pages import ROOT
from tests.support.pdfs import column, make_pdf
from tests.support.texts import rewritten_zip
from tests.support.word import p, word_file

MEGABYTE = 2**20
SECRET = "confidential-of-this-machine"
MAX_CHARACTERS = 2_000_000

Case = tuple[bytes, str]


def _zip(entries: Mapping[str, bytes], base: bytes = b"", level: int = 9) -> bytes:
    target = io.BytesIO(base)
    with zipfile.ZipFile(target, "a" if base else "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return target.getvalue()


def _bombs() -> Iterator[tuple[str, Case]]:
    zeros = b"\0" * (64 * MEGABYTE)
    word = word_file(p("words"))
    yield "docx with an entry of zeros", (_zip({"word/media/a.bin": zeros}, word), "a.docx")
    yield "docx with a thousand entries", (_zip({f"word/media/{n}": b"" for n in range(70_000)}, word), "a.docx")
    nested = word
    for _ in range(8):
        nested = _zip({f"word/embeddings/{n}.docx": nested for n in range(8)}, word)
    yield "docx of docx of docx", (nested, "a.docx")
    yield "xlsx of zeros", (_zip({"xl/media/a.bin": zeros}, workbook(["a", 1])), "a.xlsx")
    yield "xlsx with a cell at the far end", (workbook(*[["a"] + [None] * 16_382 + ["z"]]), "a.xlsx")
    yield "pptx of zeros", (_zip({"ppt/media/a.bin": zeros}, deck("One")), "a.pptx")
    yield (
        "epub of zeros",
        (_zip({"OEBPS/zeros.xhtml": b" " * (64 * MEGABYTE)}, book({"a.xhtml": "<p>a</p>"})), "a.epub"),
    )
    stream = zlib.compress(b" " * (256 * MEGABYTE), 9)
    yield "pdf with a stream of blanks", (_with_stream(stream), "a.pdf")
    twice = zlib.compress(zlib.compress(b" " * (256 * MEGABYTE), 9), 9)
    yield "pdf with a stream packed twice", (_with_stream(twice, "[/FlateDecode /FlateDecode]"), "a.pdf")
    yield "json of brackets", (b"[" * 200_000, "a.json")
    yield "json of objects", (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "a.json")
    yield "json with a number of digits", (b'{"a": ' + b"9" * 500_000 + b"}", "a.json")
    yield "jsonl of long lines", ((json.dumps({"a": "b" * 200_000}).encode() + b"\n") * 20, "a.jsonl")
    outputs = [{"output_type": "stream", "text": "\r" * MEGABYTE}, {"data": {"text/html": "<table>" * 100_000}}]
    yield (
        "notebook of outputs",
        (json.dumps({"cells": [{"cell_type": "code", "outputs": outputs}]}).encode(), "a.ipynb"),
    )
    yield "csv of commas", (b"a,b\n" + b"," * 1_000_000, "a.csv")
    yield "csv of quotes", (b'a,b\n"' + b'""' * 500_000, "a.csv")
    yield "markdown of brackets", (b"x " + b"[" * 16_000, "a.md")
    yield "markdown of images", (b"x " + b"![" * 50_000, "a.md")
    yield "markdown of quotes", (b"> " * 50_000 + b"a", "a.md")
    yield "markdown of lists", (b"".join(b" " * n + b"- a\n" for n in range(600)), "a.md")
    yield "markdown of references", (b"".join(b"[%d]: [%d]\n" % (n, n + 1) for n in range(20_000)) + b"[0]", "a.md")
    yield "markdown table of pipes", (b"|a" * 20_000 + b"\n" + b"|-" * 20_000 + b"\n" + b"|b" * 20_000, "a.md")
    yield "html of divs", (b"<html>" + b"<div>" * 100_000 + b"a", "a.html")
    yield "html of an open attribute", (b'<html><p a="' + b"<" * 500_000, "a.html")
    marks = b"<sup><a id=r href=#x>1</a></sup>" * 2_500
    yield (
        "html of marks of notes",
        (b"<html><div id=x>" + b"a " * 200_000 + b"</div>" + b"<b>" * 5_000 + marks, "a.html"),
    )
    yield "html of banners", (b"<html>" + b"<div class=cookie-banner>" * 5_000 + b"a " * 200_000, "a.html")
    yield "html of tables", (b"<html>" + b"<table><tr><td>" * 3_000 + b"a", "a.html")
    yield (
        "html table that spans all",
        (
            b"<html><table><tr><td colspan=999999 rowspan=999999>a</td></tr>"
            + b"<tr><td>b</td></tr>" * 300
            + b"</table>",
            "a.html",
        ),
    )
    yield "mail of parts", (_nested_mail(60), "a.eml")
    yield "mail of attachments", (mail("Hello", {f"{n}.txt": b"a" for n in range(300)}), "a.eml")
    yield "mail of headers", (b"X: " + b"a " * 500_000 + b"\n" + b"To: a@b.c\n" * 20_000 + b"\nHello", "a.eml")
    yield "text of marks", (("a" + "\u0301" * 200_000).encode(), "a.txt")
    yield "text of directions", (("\u202e\u2066" * 100_000 + "a").encode(), "a.txt")


def _with_stream(stream: bytes, filters: str = "/FlateDecode") -> bytes:
    body = b"%PDF-1.7\n"
    offsets = []
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R>>",
        b"<</Filter %s/Length %d>>\nstream\n%s\nendstream" % (filters.encode(), len(stream), stream),
    ]
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(body)
    return (
        body
        + b"xref\n0 5\n0000000000 65535 f \n"
        + table
        + (b"trailer<</Root 1 0 R/Size 5>>\nstartxref\n%d\n%%%%EOF" % start)
    )


def _nested_mail(depth: int) -> bytes:
    message: MIMEText | MIMEMessage = MIMEText("innermost")
    for _ in range(depth):
        message = MIMEMessage(message)
    return message.as_bytes()


def _polyglots() -> Iterator[tuple[str, Case]]:
    pdf, word = make_pdf([column("A page.")]), word_file(p("words"))
    html = b"<html><script>alert(1)</script><p>a page</p></html>"
    yield "html, then a pdf", (html + b"\n" + pdf, "a.html")
    yield "pdf, then an archive", (pdf + word, "a.pdf")
    yield "pdf named as text", (pdf, "a.txt")
    yield "archive after a picture", (b"GIF89a" + word, "a.docx")
    yield "picture with markup", (b"GIF89a/*<html><p>a</p>*/", "a.html")
    yield "markup in a comment of an archive", (word[:-2] + b"\x1f\x00" + b"<html><script>x</script></html>", "a.docx")
    yield "docx that says xlsx", (word, "a.xlsx")
    yield "epub in a docx", (_zip({"mimetype": b"application/epub+zip"}, word), "a.docx")
    yield "script of a shell in markdown", (b"#!/bin/sh\ncat /etc/passwd\n", "a.md")
    yield "elf", (b"\x7fELF\x02\x01\x01" + b"\0" * 200, "a.txt")
    yield "utf-7", (b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-", "a.html")
    yield "pickle", (b"\x80\x04cos\nsystem\n(S'true'\ntR.", "a.json")


def _entities(target: str) -> Iterator[tuple[str, Case]]:
    doctype = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{target}"><!ENTITY % y SYSTEM "{target}"> %y;]>'
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = (
        f'<?xml version="1.0"?>{doctype}<w:document xmlns:w="{word}"><w:body><w:p><w:r><w:t>a &x; b</w:t></w:r></w:p>'
        "</w:body></w:document>"
    )
    yield "docx", (rewritten_zip(word_file(p("words")), word__document_DOT_xml=body.encode()), "a.docx")
    include = (
        f'<w:document xmlns:w="{word}" xmlns:xi="http://www.w3.org/2001/XInclude"><w:body><w:p><w:r><w:t>a'
        f'<xi:include href="{target}" parse="text"/></w:t></w:r></w:p></w:body></w:document>'
    )
    yield (
        "docx that includes",
        (rewritten_zip(word_file(p("words")), word__document_DOT_xml=include.encode()), "a.docx"),
    )
    strings = f'<?xml version="1.0"?>{doctype}<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>&x;</t></si></sst>'
    yield "xlsx", (rewritten_zip(workbook(["a", "b"]), xl__sharedStrings_DOT_xml=strings.encode()), "a.xlsx")
    yield (
        "pptx",
        (
            rewritten_zip(deck("One"), ppt__slides__slide1_DOT_xml=f"{doctype}<a>&x;</a>".encode()),
            "a.pptx",
        ),
    )
    chapter = f'<?xml version="1.0"?>{doctype}<html xmlns="http://www.w3.org/1999/xhtml"><body><p>&x;</p></body></html>'
    yield "epub", (rewritten_zip(book({"a.xhtml": "<p>a</p>"}), OEBPS__a_DOT_xhtml=chapter.encode()), "a.epub")
    yield (
        "html",
        (
            f'<html><iframe src="{target}"></iframe><object data="{target}"></object><link rel=import href="{target}">'
            f'<p>a page</p><img src="{target}"></html>'.encode(),
            "a.html",
        ),
    )
    yield "xhtml", (chapter.encode(), "a.html")
    yield (
        "markdown",
        (f"# A page\n\n![a]({target}) <!--#include file='{target}'-->\n\n:::include {target}".encode(), "a.md"),
    )
    yield (
        "pdf",
        (_with_stream(zlib.compress(b"BT (a) Tj ET"), f"/FlateDecode /F ({target}) /FFilter /FlateDecode"), "a.pdf"),
    )


def _paths(target: str) -> Iterator[tuple[str, Case]]:
    for name in (f"../../../../../..{target}", target, "..\\..\\secret", "OEBPS/../../../secret"):
        yield (
            f"epub that names {name[-12:]}",
            (
                _zip({name: b"planted"}, book({name: "<p>a</p>", "a.xhtml": "<p>words</p>"})),
                "a.epub",
            ),
        )
    link = zipfile.ZipInfo("word/media/link")
    link.external_attr = 0o120777 << 16
    archive = io.BytesIO(word_file(p("words")))
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr(link, target)
    yield "docx with a link", (archive.getvalue(), "a.docx")


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("secret") / "file"
    path.write_text(SECRET)
    return path


def _outcome(case: Case, limits: ExtractionLimits) -> str:
    """The text, or the reason. Anything else that is raised is the test's failure."""
    data, filename = case
    try:
        document = extract(data, filename, replace(limits, max_characters=MAX_CHARACTERS, timeout_seconds=10))
    except DocumentRejected as rejected:
        reason = str(rejected)
        return reason if len(reason) > 20 else pytest.fail(f"no reason that helps: {reason}")
    assert len(document.text) <= MAX_CHARACTERS
    document.text.encode()
    assert all(block.start <= block.end <= len(document.text) for block in document.blocks)
    return document.text


_BOMBS = dict(_bombs())
_POLYGLOTS = dict(_polyglots())
_ENTITY_NAMES = [name for name, _ in _entities("file:///nowhere")]


@pytest.mark.parametrize("name", _BOMBS)
def test_a_bomb_costs_one_document(limits: ExtractionLimits, name: str) -> None:
    assert _outcome(_BOMBS[name], limits)


@pytest.mark.parametrize("name", _POLYGLOTS)
def test_a_polyglot_is_one_thing(limits: ExtractionLimits, name: str) -> None:
    outcome = _outcome(_POLYGLOTS[name], limits)
    assert "<script" not in outcome
    assert not (ROOT / "planted").exists()


@pytest.mark.parametrize("name", _ENTITY_NAMES)
@pytest.mark.parametrize("scheme", ["file://{}", "{}", "http://127.0.0.1:9/{}"])
def test_nothing_outside_is_read(limits: ExtractionLimits, secret: Path, name: str, scheme: str) -> None:
    cases = dict(_entities(scheme.format(secret)))
    assert SECRET not in _outcome(cases[name], limits)


def test_no_path_leads_out_of_an_archive(limits: ExtractionLimits, secret: Path) -> None:
    for name, case in _paths(str(secret)):
        assert SECRET not in _outcome(case, limits), name
    assert secret.read_text() == SECRET
