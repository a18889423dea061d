"""Tables of Word: every cell in its place, under its name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portfolio_rag.text.extraction.document import ExtractedDocument
from tests.support.word import Link, p, r, tbl, tc, tr, word_file

Read = Callable[..., ExtractedDocument]
BlocksOf = Callable[[ExtractedDocument], list[tuple[str, str]]]

HEAD = tr("Region", "Plan", "Setup", "Fee")
WIDE = '<w:gridSpan w:val="2"/>'
RESTART, CONTINUE = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
CAPTION = '<w:style w:type="paragraph" w:styleId="Caption"><w:name w:val="caption"/></w:style>'
CODE = '<w:rFonts w:ascii="Consolas" w:hAnsi="Consolas"/>'


def test_cells_merged_downwards_repeat_in_each_row(read: Read) -> None:
    body = tbl(
        HEAD,
        tr(tc(p("North"), RESTART), "Basic", "16", "31"),
        tr(tc(p(), CONTINUE), "Plus", "26", "52"),
        tr(tc(p("South"), RESTART), "Basic", "12", "20"),
    )
    assert read(word_file(body), "a.docx").text.split("\n") == [
        "Region: North | Plan: Basic | Setup: 16 | Fee: 31",
        "Region: North | Plan: Plus | Setup: 26 | Fee: 52",
        "Region: South | Plan: Basic | Setup: 12 | Fee: 20",
    ]


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (tr("West", tc(p("Free"), WIDE), "13"), "Region: West | Plan: Free | Setup: Free | Fee: 13"),
        (tr("Plus", "26", "52", properties='<w:gridBefore w:val="1"/>'), "Plan: Plus | Setup: 26 | Fee: 52"),
        (tr("West", "Plus", properties='<w:gridAfter w:val="2"/>'), "Region: West | Plan: Plus"),
        (tr("West", "", "", "52"), "Region: West | Fee: 52"),
        (
            tr("West", tc(p("Free"), '<w:hMerge w:val="restart"/>'), tc(p(), "<w:hMerge/>"), "13"),
            "Region: West | Plan: Free | Setup: Free | Fee: 13",
        ),
    ],
)
def test_places(read: Read, row: str, line: str) -> None:
    assert read(word_file(tbl(HEAD, row)), "a.docx").text == line


def test_a_merge_below_a_wide_cell(read: Read) -> None:
    wide = tr(tc(p("Both"), f'<w:gridSpan w:val="2"/>{RESTART}'), "1", "2")
    below = tr(tc(p(), f'<w:gridSpan w:val="2"/>{CONTINUE}'), "3", "4")
    assert read(word_file(tbl(HEAD, wide, below)), "a.docx").text.split("\n")[1] == (
        "Region: Both | Plan: Both | Setup: 3 | Fee: 4"
    )


def test_huge_spans_are_bounded(read: Read) -> None:
    wide = '<w:gridSpan w:val="99999999"/>'
    body = tbl(tr("a", tc(p("b"), wide)), tr("c", "d", properties='<w:gridBefore w:val="99999999"/>'))
    text = read(word_file(body), "a.docx", max_characters=100_000).text
    assert "c" in text


def test_marked_header_rows(read: Read) -> None:
    header = "<w:tblHeader/>"
    body = tbl(
        tr("", tc(p("Weight"), '<w:gridSpan w:val="2"/>'), properties=header),
        tr("Boat", "empty", "full", properties=header),
        tr("Kite", "2 t", "5 t"),
    )
    assert read(word_file(body), "a.docx").text == "Boat: Kite | Weight - empty: 2 t | Weight - full: 5 t"


def test_bold_labels_in_the_first_column_are_no_header(read: Read) -> None:
    rows = [tr(tc(p(label, run="<w:b/>")), value) for label, value in [("Name", "Meridon"), ("Office", "Berlin")]]
    assert read(word_file(tbl(*rows)), "a.docx").text == "Name | Meridon\nOffice | Berlin"


def test_a_bold_first_row_is_a_header(read: Read) -> None:
    head = tr(*(tc(p(name, run="<w:b/>")) for name in ("2024", "2025")))
    assert read(word_file(tbl(head, tr("12", "14"))), "a.docx").text == "2024: 12 | 2025: 14"


def test_a_header_of_merged_cells(read: Read) -> None:
    body = tbl(
        tr(tc(p("Boat"), RESTART), tc(p("Weight"), WIDE)),
        tr(tc(p(), CONTINUE), "empty", "full"),
        tr("Kite", "2 t", "5 t"),
        tr("Wren", "1 t", "3 t"),
    )
    assert read(word_file(body), "a.docx").text.split("\n") == [
        "Boat: Kite | Weight - empty: 2 t | Weight - full: 5 t",
        "Boat: Wren | Weight - empty: 1 t | Weight - full: 3 t",
    ]


def test_a_label_that_reaches_down_is_no_header(read: Read) -> None:
    body = tbl(
        tr(tc(p("North"), RESTART), "Basic", "16"), tr(tc(p(), CONTINUE), "Plus", "26"), tr("South", "Basic", "12")
    )
    assert read(word_file(body), "a.docx").text.split("\n")[0] == "North | Basic | 16"


def test_forms_say_their_merged_cells_once(read: Read) -> None:
    body = tbl(
        tr(tc(p("Full name of the applicant:"), '<w:gridSpan w:val="3"/>')),
        tr(tc(p("Born: 1 May 1970"), WIDE), "Sex: f"),
        tr("Town: Arden", tc(p("Street: Mill Lane 3"), WIDE)),
    )
    assert read(word_file(body), "a.docx").text.split("\n") == [
        "Full name of the applicant:",
        "Born: 1 May 1970 | Sex: f",
        "Town: Arden | Street: Mill Lane 3",
    ]


def test_columns_that_are_merged_in_every_row_are_one(read: Read) -> None:
    body = tbl(tr("Boat", tc(p("Weight"), WIDE)), tr("Kite", tc(p("2 t"), WIDE)))
    assert read(word_file(body), "a.docx").text == "Boat: Kite | Weight: 2 t"


def test_a_wide_name_stands_for_its_columns(read: Read) -> None:
    body = tbl(tr("Boat", tc(p("Crew"), WIDE)), tr("Kite", "Ann", "Bo"), tr("Wren", tc(p("nobody"), WIDE)))
    assert read(word_file(body), "a.docx").text.split("\n") == [
        "Boat: Kite | Crew: Ann | Crew: Bo",
        "Boat: Wren | Crew: nobody | Crew: nobody",
    ]


def test_deleted_and_hidden_rows(read: Read) -> None:
    body = tbl(
        tr("Name", "Size"), tr("a", "1", properties="<w:del/>"), tr("b", "2", properties="<w:hidden/>"), tr("c", "3")
    )
    assert read(word_file(body), "a.docx").text == "Name: c | Size: 3"


def test_rows_and_cells_in_content_controls(read: Read) -> None:
    row = "<w:sdt><w:sdtContent>" + tr("a", "1") + "</w:sdtContent></w:sdt>"
    cell = tr("b").replace("<w:tc>", "<w:sdt><w:sdtContent><w:tc>").replace("</w:tc>", "</w:tc></w:sdtContent></w:sdt>")
    cell = cell.replace("</w:tr>", tc(p("2")) + "</w:tr>")
    assert read(word_file(tbl(tr("Name", "Size"), row, cell)), "a.docx").text == "Name: a | Size: 1\nName: b | Size: 2"


@pytest.mark.parametrize(
    "body",
    [
        p("Table 1: Sizes", "Caption") + tbl(tr("Name", "Size"), tr("a", "1")),
        tbl(tr("Name", "Size"), tr("a", "1")) + p("Table 1: Sizes", "Caption"),
        p("Table 1: Sizes") + p() + tbl(tr("Name", "Size"), tr("a", "1")),
        tbl(tr("Name", "Size"), tr("a", "1"), properties='<w:tblCaption w:val="Table 1: Sizes"/>'),
    ],
)
def test_caption_stands_before_its_table(read: Read, blocks_of: BlocksOf, body: str) -> None:
    document = read(word_file(p("Before.") + body + p("After."), styles=CAPTION), "a.docx")
    assert blocks_of(document) == [
        ("paragraph", "Before."),
        ("paragraph", "Table 1: Sizes"),
        ("table", "Name: a | Size: 1"),
        ("paragraph", "After."),
    ]


@pytest.mark.parametrize("text", ["Table of prices", "Table 2 of prices"])
def test_headings_are_no_captions(read: Read, blocks_of: BlocksOf, text: str) -> None:
    body = p(text, "Heading1") + tbl(tr("Name", "Size"), tr("a", "1"))
    assert blocks_of(read(word_file(body), "a.docx"))[0] == ("heading", text)


def test_captions_between_tables_belong_to_the_next(read: Read, blocks_of: BlocksOf) -> None:
    tables = [tbl(tr("Name", "Size"), tr(name, "1")) for name in "ab"]
    body = p("Table 1", "Caption") + tables[0] + p("Table 2", "Caption") + tables[1]
    assert [text for _, text in blocks_of(read(word_file(body, styles=CAPTION), "a.docx"))] == [
        "Table 1",
        "Name: a | Size: 1",
        "Table 2",
        "Name: b | Size: 1",
    ]


def test_nested_table_stays_together_under_its_place(read: Read, blocks_of: BlocksOf) -> None:
    inner = tbl(tr("Good", "Boxes"), tr("Bolts", "410"), tr("Nuts", "520"))
    body = tbl(tr("Hall", "Content"), tr("Hall 1", tc(p("See below") + inner + p())), tr("Hall 2", "empty"))
    assert blocks_of(read(word_file(body), "a.docx")) == [
        ("table", "Hall: Hall 1 | Content: See below\nHall: Hall 2 | Content: empty"),
        ("paragraph", "Hall 1 – Content"),
        ("table", "Good: Bolts | Boxes: 410\nGood: Nuts | Boxes: 520"),
    ]


def test_two_pairs_in_a_cell_have_no_names(read: Read, blocks_of: BlocksOf) -> None:
    inner = tbl(tr("early", "Ines"), tr("late", "Otto"))
    body = tbl(tr("Day", "Staff"), tr("Monday", tc(inner + p())), tr("Tuesday", "nobody"))
    assert blocks_of(read(word_file(body), "a.docx"))[-1] == ("table", "early | Ines\nlate | Otto")


def test_table_that_sets_text_side_by_side(read: Read, blocks_of: BlocksOf) -> None:
    left = tc(p("Prices", "Heading1") + tbl(tr("Good", "Price"), tr("Rope", "14 EUR")) + p())
    assert blocks_of(read(word_file(tbl(tr(left, tc(p("Right."))))), "a.docx")) == [
        ("heading", "Prices"),
        ("table", "Good: Rope | Price: 14 EUR"),
        ("paragraph", "Right."),
    ]


def test_lists_in_cells(read: Read) -> None:
    numbering = (
        '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
        '<w:lvlText w:val="%1."/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    )
    step = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'
    steps = tc(p("Stop", properties=step) + p("Wait", properties=step))
    document = read(word_file(tbl(tr("Alarm", "Steps"), tr("E4", steps)), numbering=numbering), "a.docx")
    assert document.text == "Alarm: E4 | Steps: 1. Stop; 2. Wait"
    rows = [tr(tc(p(properties=step)), name) for name in ("Stop", "Wait")]
    document = read(word_file(tbl(tr("No.", "Step"), *rows), numbering=numbering), "a.docx")
    assert document.text == "No.: 1. | Step: Stop\nNo.: 2. | Step: Wait"


def test_code_in_a_cell(read: Read, blocks_of: BlocksOf) -> None:
    code = tc(p("if ready:", run=CODE) + p("    send()", run=CODE))
    assert blocks_of(read(word_file(tbl(tr("Call", "Code"), tr("send", code))), "a.docx")) == [
        ("table", "Call: send"),
        ("paragraph", "send – Code"),
        ("code", "if ready:\n    send()"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        tbl(tr(tc(p("if ready:", run=CODE) + p("    send()", run=CODE), "<w:shd/>"))),
        tbl(tr(tc(p("1") + p("2")), tc(p("if ready:", run=CODE) + p("    send()", run=CODE)))),
        tbl(tr("1", tc(p("if ready:", run=CODE))), tr("2", tc(p("    send()", run=CODE)))),
    ],
)
def test_code_tables(read: Read, blocks_of: BlocksOf, body: str) -> None:
    assert blocks_of(read(word_file(body), "a.docx")) == [("code", "if ready:\n    send()")]


def test_notes_in_cells_stand_behind_the_table(read: Read, blocks_of: BlocksOf) -> None:
    comment = (
        '<?xml version="1.0"?><w:comments xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        '<w:comment w:id="1"><w:p><w:r><w:t>Sure?</w:t></w:r></w:p></w:comment></w:comments>'
    )
    cell = tc(p(inner=r("12") + '<w:r><w:commentReference w:id="1"/></w:r>'))
    document = read(
        word_file(
            tbl(tr("Name", "Size"), tr("a", cell)),
            links={"rC": Link("comments", "comments.xml")},
            parts={"word/comments.xml": comment},
        ),
        "a.docx",
    )
    assert blocks_of(document) == [("table", "Name: a | Size: 12"), ("paragraph", "Comment: Sure?")]


def test_names_and_values_without_a_head(read: Read) -> None:
    rows = [("Borrower", "Ida Brook"), ("Term", "7"), ("Account", "DE twelve"), ("Paid out", "2026-03-01")]
    body = tbl(*(tr(tc(p(name)), tc(p(value))) for name, value in rows))
    assert read(word_file(body), "a.docx").text.split("\n")[0] == "Borrower | Ida Brook"


@pytest.mark.parametrize(("look", "line"), [("0020", "12: Gate | 14: open"), ("0000", "12 | 14")])
def test_the_style_of_a_table_tells_of_its_first_row(read: Read, look: str, line: str) -> None:
    styles = '<w:style w:type="table" w:styleId="G"><w:tblStylePr w:type="firstRow"/></w:style>'
    properties = f'<w:tblStyle w:val="G"/><w:tblLook w:val="{look}"/>'
    body = tbl(tr(tc(p("12")), tc(p("14"))), tr(tc(p("Gate")), tc(p("open"))), properties=properties)
    assert read(word_file(body, styles=styles), "a.docx").text.split("\n")[0] == line
