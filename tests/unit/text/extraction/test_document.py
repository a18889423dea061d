"""What a builder makes of its blocks: the title."""

from __future__ import annotations

import pytest

from portfolio_rag.text.extraction.document import DocumentBuilder


@pytest.mark.parametrize(
    "title",
    [
        "Word Document",
        "(anonymous)",
        "Untitled",
        "untitled-3",
        "Document",
        "Document1",
        "Dokument 2",
        "Microsoft Word - crane checks.doc",
        "Microsoft PowerPoint – crane.pptx",
        "PowerPoint Presentation",
        "crane_checks_final.docx",
        "main.dvi",
        "[Title]",
        "无标题",
        "---",
        " ",
        None,
    ],
)
def test_titles_that_nobody_gave(title: str | None) -> None:
    builder = DocumentBuilder(1000)
    builder.heading("A preface", 2)
    builder.heading("Crane checks", 1)
    assert builder.build("docx", title).title == "Crane checks"


@pytest.mark.parametrize("title", ["Crane checks", "1984", "Word documents for all", "Document control", "Release 2.0"])
def test_titles_that_somebody_gave(title: str) -> None:
    builder = DocumentBuilder(1000)
    builder.heading("Another heading", 1)
    assert builder.build("docx", title).title == title


def test_first_of_the_outermost_headings() -> None:
    builder = DocumentBuilder(1000)
    builder.heading("Deep", 3)
    builder.heading("First", 2)
    builder.heading("Second", 2)
    assert builder.build("docx").title == "First"


@pytest.mark.parametrize(
    ("paragraph", "lead_in"),
    [
        ("To stop the mill in a storm", "To stop the mill in a storm"),
        ("The mill is old. You need:", "You need:"),
        ("The mill is old.", ""),
        ("Closed on Sunday\nOpen on Monday", ""),
        (
            "The mill stands on a hill above the town, which is why one sees it from far away and can tell the wind by "
            * 2,
            "",
        ),
    ],
)
def test_what_leads_a_list_in(paragraph: str, lead_in: str) -> None:
    builder = DocumentBuilder(1000)
    builder.paragraph(paragraph)
    builder.item("Turn the cap.", "1. ")
    builder.paragraph("It stands.")
    assert [block.lead_in for block in builder.build("md").blocks] == ["", lead_in, ""]


def test_headings_apart_end_with_what_they_head() -> None:
    builder = DocumentBuilder(1000)
    builder.heading("Chapter", 1)
    with builder.apart():
        builder.heading("Box", 1)
        builder.paragraph("Inside")
    builder.paragraph("Behind")
    paths = [block.heading_path for block in builder.build("docx").blocks]
    assert paths == [("Chapter",), ("Box",), ("Box",), ("Chapter",)]


def test_neither_title_nor_headings() -> None:
    builder = DocumentBuilder(1000)
    builder.paragraph("Text")
    assert builder.build("docx", "Untitled").title is None
