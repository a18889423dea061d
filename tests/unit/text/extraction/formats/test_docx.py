"""Word documents: body text in order, headings by outline level, nothing that would be seen twice or never."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.document import ExtractedDocument

Read = Callable[..., ExtractedDocument]
BlocksOf = Callable[[ExtractedDocument], list[tuple[str, str]]]


def saved(document: Any) -> bytes:
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def test_structure(read: Read, blocks_of: BlocksOf) -> None:
    document = docx.Document()
    document.core_properties.title = "Core title"
    document.add_heading("The title", 0)
    document.add_paragraph("Intro with ").add_run("bold").bold = True
    document.add_heading("First", 1)
    document.add_paragraph("one", style="List Bullet")
    document.add_paragraph("two", style="List Number")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ["Name", "Size", "a", "line\nbreak"], strict=True):
        cell.text = text
    document.add_heading("Second", 2)
    document.add_paragraph("tab\there")
    custom = document.styles.add_style("Kapitel", WD_STYLE_TYPE.PARAGRAPH)
    custom.base_style = document.styles["Heading 1"]
    document.add_paragraph("By inherited style", style="Kapitel")
    document.add_paragraph("End")
    extracted = read(saved(document), "a.docx")
    assert extracted.file_type == "docx"
    assert extracted.title == "Core title"
    assert blocks_of(extracted) == [
        ("heading", "The title"),
        ("paragraph", "Intro with bold"),
        ("heading", "First"),
        ("list", "- one\n1. two"),
        ("table", "Name: a | Size: line break"),
        ("heading", "Second"),
        ("paragraph", "tab here"),
        ("heading", "By inherited style"),
        ("paragraph", "End"),
    ]
    assert extracted.blocks[-1].heading_path == ("The title", "By inherited style")
    assert extracted.blocks[6].heading_path == ("The title", "First", "Second")


W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"


def with_body(rezip: Callable[..., bytes], body: str) -> bytes:
    """A document with that XML for a body."""
    document = f'<?xml version="1.0"?><w:document xmlns:w="{W}" xmlns:mc="{MC}"><w:body>{body}</w:body></w:document>'
    return rezip(saved(docx.Document()), word__document_DOT_xml=document.encode())


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<w:p><w:ins><w:r><w:t>inserted</w:t></w:r></w:ins></w:p>", "inserted"),
        ("<w:p><w:r><w:t>kept</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>", "kept"),
        ("<w:sdt><w:sdtContent><w:p><w:r><w:t>control</w:t></w:r></w:p></w:sdtContent></w:sdt>", "control"),
        ("<w:p><w:hyperlink><w:r><w:t>link</w:t></w:r></w:hyperlink></w:p>", "link"),
        ("<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:t>seen</w:t></w:r></w:p>", "seen"),
        ("<w:p><w:r><w:instrText>PAGE</w:instrText><w:t>field</w:t></w:r></w:p>", "field"),
        (
            "<w:p><w:r><mc:AlternateContent><mc:Choice><w:t>once</w:t></mc:Choice>"
            "<mc:Fallback><w:t>twice</w:t></mc:Fallback></mc:AlternateContent></w:r></w:p>",
            "once",
        ),
        ("<w:p><w:r><w:t>co</w:t><w:noBreakHyphen/><w:t>op</w:t><w:br/><w:t>next</w:t></w:r></w:p>", "co-op\nnext"),
        (
            "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>boxed</w:t></w:r></w:p><w:p><w:r><w:t>text</w:t></w:r></w:p></w:tc></w:tr></w:tbl>",
            "boxed\n\ntext",
        ),
        (
            '<w:p><w:pPr><w:outlineLvl w:val="1"/></w:pPr><w:r><w:t>Level two</w:t></w:r></w:p>',
            "Level two",
        ),
    ],
)
def test_body(read: Read, rezip: Callable[..., bytes], body: str, text: str) -> None:
    assert read(with_body(rezip, body), "a.docx").text == text


def test_external_entities_are_not_read(read: Read, rezip: Callable[..., bytes], tmp_path: Any) -> None:
    secret = tmp_path / "secret"
    secret.write_text("confidential")
    xml = (
        f'<?xml version="1.0"?><!DOCTYPE w:document [<!ENTITY x SYSTEM "file://{secret}">]>'
        f'<w:document xmlns:w="{W}"><w:body><w:p><w:r><w:t>a&x;b</w:t></w:r></w:p></w:body></w:document>'
    )
    data = rezip(saved(docx.Document()), word__document_DOT_xml=xml.encode())
    assert read(data, "a.docx").text == "a"


def test_entity_bomb(read: Read, rezip: Callable[..., bytes]) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    xml = (
        f'<?xml version="1.0"?><!DOCTYPE w:document [<!ENTITY e0 "lol">{entities}]>'
        f'<w:document xmlns:w="{W}"><w:body><w:p><w:r><w:t>a&e11;b</w:t></w:r></w:p></w:body></w:document>'
    )
    with pytest.raises(DocumentRejected) as rejected:
        read(rezip(saved(docx.Document()), word__document_DOT_xml=xml.encode()), "a.docx")
    assert rejected.value.reason is FailureReason.MALFORMED


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({"word__media__zeros": bytes(30 * 2**20)}, FailureReason.LIMIT_EXCEEDED),
        ({"word__document_DOT_xml": b"<w:document"}, FailureReason.MALFORMED),
        ({"word__document_DOT_xml": b"not XML at all"}, FailureReason.MALFORMED),
        ({"_rels___DOT_rels": None}, FailureReason.MALFORMED),
    ],
)
def test_rejected(
    read: Read, rezip: Callable[..., bytes], entries: dict[str, bytes | None], reason: FailureReason
) -> None:
    with pytest.raises(DocumentRejected) as rejected:
        read(rezip(saved(docx.Document()), **entries), "a.docx")
    assert rejected.value.reason is reason


def test_no_text(read: Read) -> None:
    with pytest.raises(DocumentRejected) as rejected:
        read(saved(docx.Document()), "a.docx")
    assert rejected.value.reason is FailureReason.NO_TEXT


def test_damaged_bytes(read: Read) -> None:
    document = docx.Document()
    document.add_paragraph("words " * 500)
    data = bytearray(saved(document))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        entry = archive.getinfo("word/document.xml")
    at = entry.header_offset + 60
    data[at : at + 40] = bytes(40)
    with pytest.raises(DocumentRejected) as rejected:
        read(bytes(data), "a.docx")
    assert rejected.value.reason is FailureReason.MALFORMED
