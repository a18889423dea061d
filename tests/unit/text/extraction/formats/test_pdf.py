"""PDF: pages, paragraphs, headings, and what is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.document import ExtractedDocument

Read = Callable[..., ExtractedDocument]
BlocksOf = Callable[[ExtractedDocument], list[tuple[str, str]]]
MakePdf = Callable[..., bytes]
Column = Callable[..., list[Any]]

BODY = ("The first line of a paragraph that goes on", "with a second line and ends here.")


def test_paragraphs_and_pages(read: Read, blocks_of: BlocksOf, pdf: MakePdf, lines: Column) -> None:
    document = read(
        pdf(
            [
                lines(*BODY) + lines("Another paragraph after a gap.", top=650),
                lines("On the second page."),
            ],
            title="A handbook",
        ),
        "a.pdf",
    )
    assert document.file_type == "pdf"
    assert document.title == "A handbook"
    assert document.page_count == 2
    assert [(b.page, document.text[b.start : b.end]) for b in document.blocks] == [
        (1, " ".join(BODY)),
        (1, "Another paragraph after a gap."),
        (2, "On the second page."),
    ]


def test_headings_by_size(read: Read, blocks_of: BlocksOf, pdf: MakePdf, lines: Column) -> None:
    page = (
        lines("The Title of It", top=760, size=20)
        + lines("First section", top=720, size=15)
        + lines(*BODY, *BODY, *BODY, top=700)
        + lines("1.1 Numbered and bold", top=600, font="F2")
        + lines(*BODY, top=580)
    )
    document = read(pdf([page]), "a.pdf")
    assert [b.heading_path for b in document.blocks] == [
        ("The Title of It",),
        ("The Title of It", "First section"),
        ("The Title of It", "First section"),
        ("The Title of It", "First section", "1.1 Numbered and bold"),
        ("The Title of It", "First section", "1.1 Numbered and bold"),
    ]
    assert [kind for kind, _ in blocks_of(document)] == ["heading", "heading", "paragraph", "heading", "paragraph"]


@pytest.mark.parametrize(
    ("codes", "paths"),
    [
        (("E:15", "E:18"), [("Faults", "E:15"), ("Faults", "E:18")]),
        (("2.1.0", "2.0.4"), [("Faults", "2.1.0"), ("Faults", "2.0.4")]),
        (("1815", "1848"), [("Faults",), ("Faults",)]),
        (("B7", "B7"), [("Faults",), ("Faults",)]),
    ],
)
def test_codes_head_what_stands_below_them_where_there_are_several(
    read: Read, pdf: MakePdf, lines: Column, codes: tuple[str, str], paths: list[tuple[str, ...]]
) -> None:
    page = lines("Faults", top=760, size=20)
    for top, code in zip((720, 620), codes, strict=True):
        page += lines(code, top=top, size=15) + lines(*BODY, *BODY, top=top - 25)
    document = read(pdf([page]), "a.pdf")
    assert [b.heading_path for b in document.blocks if len(document.text[b.start : b.end]) > 10] == paths


def test_headings_by_outline(read: Read, pdf: MakePdf, lines: Column) -> None:
    pages = [lines(f"Chapter {n}", top=760) + lines(*BODY, top=740) for n in (1, 2, 3)]
    document = read(pdf(pages, outline=[("Chapter 1", 1), ("Chapter 2", 2), ("Chapter 3", 3)]), "a.pdf")
    assert [b.heading_path for b in document.blocks if b.kind == "paragraph"] == [
        ("Chapter 1",),
        ("Chapter 2",),
        ("Chapter 3",),
    ]


def test_few_bookmarks_name_headings_that_nothing_else_tells(read: Read, pdf: MakePdf, lines: Column) -> None:
    pages = [lines("Fees", top=760) + lines(*BODY, top=730), lines("Times", top=760) + lines(*BODY, top=730)]
    document = read(pdf(pages, outline=[("Fees", 1), ("Times", 2)]), "a.pdf")
    assert [b.heading_path for b in document.blocks if b.kind == "paragraph"] == [("Fees",), ("Times",)]


def test_lists_and_code(read: Read, blocks_of: BlocksOf, pdf: MakePdf, lines: Column) -> None:
    page = (
        lines(*BODY, top=760)
        + lines("• a bullet that is long enough to", top=700)
        + lines("need a second line", top=700 - 13.2, x=84)
        + lines("2. a number", top=700 - 26.4)
        + lines("def f():", top=600, font="F3")
        + lines("return 1", top=600 - 13.2, x=72 + 4 * 6.6, font="F3")
    )
    assert blocks_of(read(pdf([page]), "a.pdf")) == [
        ("paragraph", " ".join(BODY)),
        ("list", "- a bullet that is long enough to need a second line\n2. a number"),
        ("code", "def f():\n    return 1"),
    ]


def test_running_headers_and_page_numbers_are_left_out(read: Read, pdf: MakePdf, lines: Column) -> None:
    pages = [
        lines("The Running Header", top=810)
        + lines(f"Sentence number {n} of the body text.", "It has a second line.", top=700)
        + lines(f"Page {n} of 6", top=30)
        for n in range(1, 7)
    ]
    text = read(pdf(pages), "a.pdf").text
    assert "Running" not in text
    assert "Page" not in text
    assert all(f"Sentence number {n} of" in text for n in range(1, 7))


def test_of_two_pages_heads_and_feet_are_said_once_and_numbers_never(read: Read, pdf: MakePdf, lines: Column) -> None:
    pages = [
        lines("Skerry Choir, Minutes", top=810)
        + lines("It has a first line, which goes on", f"to the end of page {'abc'[n]}.", top=700)
        + lines("Printed by hand", top=60)
        + lines(f"Page {n} of 2", top=30)
        for n in (1, 2)
    ]
    assert read(pdf(pages), "a.pdf").text.split("\n\n") == [
        "Skerry Choir, Minutes",
        "It has a first line, which goes on to the end of page b.",
        "It has a first line, which goes on to the end of page c.",
        "Printed by hand",
    ]


def test_of_two_pages_numbers_beside_words_stay(read: Read, pdf: MakePdf, lines: Column) -> None:
    pages = [lines(f"Invoice {n}", top=810) + lines(*BODY, top=700) for n in (41, 42)]
    text = read(pdf(pages), "a.pdf").text
    assert "Invoice 41" in text
    assert "Invoice 42" in text


def test_table_rows_that_look_alike_are_no_furniture(read: Read, pdf: MakePdf, lines: Column) -> None:
    pages = [lines(*(f"Row {page * 50 + row} passed" for row in range(40))) for page in range(6)]
    text = read(pdf(pages), "a.pdf").text
    assert all(f"Row {page * 50 + row} passed" in text for page in range(6) for row in range(40))


def test_words_divided_at_line_ends_are_joined(read: Read, pdf: MakePdf, lines: Column) -> None:
    text = read(pdf([lines("This is an exam-", "ple of a divided word.")]), "a.pdf").text
    assert text == "This is an example of a divided word."


def test_a_hyphen_that_the_document_writes_elsewhere_stays(read: Read, pdf: MakePdf, lines: Column) -> None:
    page = lines("The anti-virus is old.") + lines("We run the same anti-", "virus twice.", top=600)
    assert read(pdf([page]), "a.pdf").text == "The anti-virus is old.\n\nWe run the same anti-virus twice."


@pytest.mark.parametrize(
    ("title", "expected"), [("Microsoft Word - x.doc", None), ("untitled", None), ("file.indd", None), ("Real", "Real")]
)
def test_pointless_titles(read: Read, pdf: MakePdf, lines: Column, title: str, expected: str | None) -> None:
    assert read(pdf([lines("Text.")], title=title), "a.pdf").title == expected


def test_dot_leaders_are_left_out(read: Read, pdf: MakePdf, lines: Column) -> None:
    assert read(pdf([lines("Chapter One ............................ 12")]), "a.pdf").text == "Chapter One 12"


def test_password(read: Read, pdf: MakePdf, lines: Column) -> None:
    with pytest.raises(DocumentRejected, match="password") as rejected:
        read(pdf([lines("secret")], user_password="s3cret"), "a.pdf")
    assert rejected.value.reason is FailureReason.ENCRYPTED
    # With an empty user password every reader opens it.
    assert read(pdf([lines("open to read")], user_password=""), "a.pdf").text == "open to read"


@pytest.mark.failure(18)
def test_no_text(read: Read, pdf: MakePdf) -> None:
    with pytest.raises(DocumentRejected, match="empty") as rejected:
        read(pdf([[], []]), "a.pdf")
    assert rejected.value.reason is FailureReason.NO_TEXT


@pytest.mark.failure(16)
def test_too_many_pages(read: Read, pdf: MakePdf, lines: Column) -> None:
    with pytest.raises(DocumentRejected, match="3 pages; at most 2") as rejected:
        read(pdf([lines("x")] * 3), "a.pdf", max_pages=2)
    assert rejected.value.reason is FailureReason.LIMIT_EXCEEDED


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.4\n1 0 obj <</Type/Catalog>> endobj\ntrailer<</Root 1 0 R>>"])
def test_malformed(read: Read, data: bytes) -> None:
    with pytest.raises(DocumentRejected) as rejected:
        read(data, "a.pdf")
    assert rejected.value.reason is FailureReason.MALFORMED


def test_a_lost_cross_reference_table_is_rebuilt(read: Read, pdf: MakePdf, lines: Column) -> None:
    data = pdf([lines("Still readable.")]).replace(b"startxref\n", b"startxref\n9")
    assert read(data, "a.pdf").text == "Still readable."
