"""The archive of a Word file: its forms, what is missing in it, its title."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portfolio_rag.domain.document_warnings import WarningCode
from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.document import ExtractedDocument
from portfolio_rag.text.extraction.file_types import detect_type
from tests.support.word import Link, p, r, tbl, tr, word_file

Read = Callable[..., ExtractedDocument]

LINKS = {"rWeb": Link("hyperlink", "https://a.example", external=True)}
LINKED = '<w:hyperlink r:id="rWeb">' + r("here") + "</w:hyperlink>"


def strict(data: bytes, rezip: Callable[..., bytes]) -> bytes:
    """The same file in the strict form of the standard."""
    import io
    import zipfile

    changed: dict[str, bytes | None] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode()
            for before, after in (
                ("wordprocessingml/2006/", "wordprocessingml/"),
                ("officeDocument/2006/", "officeDocument/"),
                ("drawingml/2006/", "drawingml/"),
            ):
                text = text.replace(
                    f"http://schemas.openxmlformats.org/{before}", f"http://purl.oclc.org/ooxml/{after}"
                )
            changed[name.replace("/", "__").replace(".", "_DOT_")] = text.encode()
    return rezip(data, **changed)


def test_strict_form(read: Read, rezip: Callable[..., bytes]) -> None:
    body = p("Rules", "Heading1") + p("See ", inner=LINKED) + tbl(tr("Dish", "Price"), tr("Soup", "4.70"))
    data = strict(word_file(body, links=LINKS), rezip)
    assert b"wordprocessingml/2006" not in data
    document = read(data, "a.docx")
    assert document.text == "Rules\n\nSee here (https://a.example)\n\nDish: Soup | Price: 4.70"
    assert document.title == "Rules"


def test_main_part_of_another_name(read: Read) -> None:
    data = word_file(p("Text ", inner=LINKED), links=LINKS, main="word/document2.xml")
    assert read(data, "a.docx").text == "Text here (https://a.example)"


@pytest.mark.parametrize(
    ("extension", "content_type"),
    [
        ("docm", "application/vnd.ms-word.document.macroEnabled.main+xml"),
        ("dotx", "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml"),
        ("dotm", "application/vnd.ms-word.template.macroEnabledTemplate.main+xml"),
    ],
)
def test_templates_and_macros(read: Read, extension: str, content_type: str) -> None:
    data = word_file(p("Text"), main="word/main.xml", main_type=content_type)
    assert read(data, f"a.{extension}").text == "Text"


def test_relationships_that_lead_nowhere(read: Read) -> None:
    links = {"rA": Link("image", "NULL"), "rB": Link("footnotes", "../../gone.xml"), "rC": Link("header", "h.xml")}
    body = p("Text") + '<w:sectPr><w:headerReference w:type="default" r:id="rC"/></w:sectPr>'
    document = read(word_file(body, links=links), "a.docx")
    assert document.text == "Text"
    assert [(warning.code, warning.parts) for warning in document.warnings] == [
        (WarningCode.PARTS_LEFT_OUT, ("word/h.xml",))
    ]


def test_targets_from_the_root(read: Read) -> None:
    links = {"rStyles": Link("styles", "/word/styles.xml"), "rNumbering": Link("numbering", "numbering.xml")}
    document = read(word_file(p("Head", "Heading1"), links=links), "a.docx")
    assert document.blocks[0].kind == "heading"


def test_damaged_styles_cost_the_headings_alone(read: Read) -> None:
    document = read(word_file(p("Head", "Heading1"), parts={"word/styles.xml": "<w:styles"}), "a.docx")
    assert document.text == "Head"
    assert document.warnings[0].parts == ("word/styles.xml",)


@pytest.mark.parametrize(
    ("parts", "main"),
    [
        ({"word/document.xml": "<w:document"}, "word/document.xml"),
        ({"word/document.xml": '<?xml version="1.0"?><root/>'}, "word/document.xml"),
        ({"_rels/.rels": "not XML"}, "word/document.xml"),
    ],
)
def test_damaged_text(read: Read, parts: dict[str, str | bytes], main: str) -> None:
    with pytest.raises(DocumentRejected) as rejected:
        read(word_file(p("Text"), parts=parts, main=main), "a.docx")
    assert rejected.value.reason is FailureReason.MALFORMED


@pytest.mark.parametrize(
    ("title", "expected"), [("Canteen", "Canteen"), ("Word Document", "Rules"), ("", "Rules"), ("Doc1", "Rules")]
)
def test_title(read: Read, title: str, expected: str) -> None:
    assert read(word_file(p("Rules", "Heading1") + p("Text"), title=title), "a.docx").title == expected


def test_styles_that_are_based_on_each_other(read: Read) -> None:
    loop = "".join(
        f'<w:style w:type="paragraph" w:styleId="{a}"><w:name w:val="{a}"/><w:basedOn w:val="{b}"/></w:style>'
        for a, b in (("A", "B"), ("B", "A"))
    )
    assert read(word_file(p("Text", "A"), styles=loop), "a.docx").text == "Text"


def test_outline_level_of_body_text_is_no_heading(read: Read) -> None:
    body = p("Not a heading", "Heading1", properties='<w:outlineLvl w:val="9"/>')
    assert read(word_file(body), "a.docx").blocks[0].kind == "paragraph"


@pytest.mark.parametrize("extension", ["docx", "docm", "dotx", "dotm"])
def test_extensions_of_archives_that_are_not_whole(extension: str) -> None:
    assert detect_type(b"PK\x03\x04", f"a.{extension}", complete=False) == "docx"
