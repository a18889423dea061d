"""Books: chapters in order under their names, no more than may be read."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable

import pytest

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.document import ExtractedDocument
from tests.support.office import book

Read = Callable[..., ExtractedDocument]
BlocksOf = Callable[[ExtractedDocument], list[tuple[str, str]]]

ENCRYPTION = """<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"
 xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData><enc:EncryptionMethod Algorithm="{method}"/>
 <enc:CipherData><enc:CipherReference URI="{path}"/></enc:CipherData></enc:EncryptedData></encryption>"""


def test_chapters(read: Read, blocks_of: BlocksOf) -> None:
    data = book(
        {
            "text/two.xhtml": "<h2>Chapter 1: Gulls</h2><p>They fly.</p><h3>Food</h3><p>Fish.</p>",
            "text/one.xhtml": "<p>They dive.</p>",
            "text/rest.xhtml": "<p>Still of auks.</p>",
        },
        names={"text/one.xhtml": "Chapter 2: Auks", "text/two.xhtml": "Chapter 1: Gulls"},
    )
    extracted = read(data, "a.epub")
    assert extracted.file_type == "epub"
    assert extracted.title == "Sea birds"
    assert blocks_of(extracted) == [
        ("paragraph", "Author: A. Ek"),
        ("heading", "Chapter 1: Gulls"),
        ("paragraph", "They fly."),
        ("heading", "Food"),
        ("paragraph", "Fish."),
        ("heading", "Chapter 2: Auks"),
        ("paragraph", "They dive."),
        ("paragraph", "Still of auks."),
    ]
    assert extracted.blocks[4].heading_path == ("Chapter 1: Gulls", "Food")
    assert extracted.blocks[7].heading_path == ("Chapter 2: Auks",)


def test_names_of_chapters_in_an_old_book(read: Read) -> None:
    ncx = (
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>The sea</text></navLabel>'
        '<content src="one.xhtml#a"/></navPoint></navMap></ncx>'
    )
    item = '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
    data = book({"one.xhtml": "<p>It is deep.</p>"}, extra=item, parts={"OEBPS/toc.ncx": ncx})
    assert read(data, "a.epub").blocks[-1].heading_path == ("The sea",)


def test_own_headings_without_a_table_of_contents(read: Read) -> None:
    extracted = read(book({"a.xhtml": "<h1>One</h1><p>x</p>", "b.xhtml": "<h1>Two</h1><p>y</p>"}), "a.epub")
    assert extracted.blocks[-1].heading_path == ("Two",)


def test_a_chapter_whose_name_is_percent_encoded(read: Read, blocks_of: BlocksOf) -> None:
    # Other readers lose it: findings/kreuzberg-encoded-chapters.sh.
    url = "gulls%20and%20%C3%A9ider.xhtml"
    extracted = read(book({url: "<p>They fly.</p>"}, names={url: "Gulls"}), "a.epub")
    assert blocks_of(extracted)[1:] == [("heading", "Gulls"), ("paragraph", "They fly.")]
    assert extracted.warnings == ()


def test_a_package_document_with_a_namespace_prefix(read: Read, rezip: Callable[..., bytes]) -> None:
    # Other readers find no chapter: findings/markitdown-epub-prefixes.sh.
    data = book({"a.xhtml": "<p>They fly.</p>"}, names={"a.xhtml": "Gulls"})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        package = archive.read("OEBPS/book.opf").decode()
    prefixed = re.sub(r"<(/?)(package|metadata|manifest|item|spine|itemref)\b", r"<\1opf:\2", package)
    prefixed = prefixed.replace("xmlns=", "xmlns:opf=")
    assert read(rezip(data, OEBPS__book_DOT_opf=prefixed.encode()), "a.epub") == read(data, "a.epub")


def test_digital_rights(read: Read) -> None:
    locked = ENCRYPTION.format(method="http://www.w3.org/2001/04/xmlenc#aes128-cbc", path="OEBPS/a.xhtml")
    font = ENCRYPTION.format(method="http://www.idpf.org/2008/embedding", path="OEBPS/font.otf")
    chapters = {"a.xhtml": "<p>words</p>"}
    assert "words" in read(book(chapters, parts={"META-INF/encryption.xml": font}), "a.epub").text
    with pytest.raises(DocumentRejected) as rejected:
        read(book(chapters, parts={"META-INF/encryption.xml": locked}), "a.epub")
    assert rejected.value.reason is FailureReason.ENCRYPTED


def test_a_missing_chapter_is_said(read: Read, rezip: Callable[..., bytes]) -> None:
    data = book({"a.xhtml": "<p>words</p>", "b.xhtml": "<p>lost</p>"}, names={"b.xhtml": "The end"})
    extracted = read(rezip(data, OEBPS__b_DOT_xhtml=None), "a.epub")
    assert [(warning.code, warning.parts) for warning in extracted.warnings] == [("PARTS_LEFT_OUT", ("The end",))]


@pytest.mark.parametrize("content", [b"", b"<a/>", b"not XML"])
@pytest.mark.parametrize("part", ["META-INF__container_DOT_xml", "OEBPS__book_DOT_opf"])
def test_damaged_books(read: Read, rezip: Callable[..., bytes], part: str, content: bytes) -> None:
    with pytest.raises(DocumentRejected) as rejected:
        read(rezip(book({"a.xhtml": "<p>words</p>"}), **{part: content}), "a.epub")
    assert rejected.value.reason in (FailureReason.MALFORMED, FailureReason.NO_TEXT)


def test_a_bomb(read: Read) -> None:
    target = io.BytesIO(book({"a.xhtml": "<p>words</p>"}))
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("OEBPS/zeros.xhtml", b" " * (40 * 2**20))
    with pytest.raises(DocumentRejected) as rejected:
        read(target.getvalue(), "a.epub")
    assert rejected.value.reason is FailureReason.LIMIT_EXCEEDED
