"""Workbooks: tables where people put them, cells as Excel shows them, nothing hidden that is not said."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.worksheet.table import Table

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.document import ExtractedDocument
from tests.support.office import saved, workbook

Read = Callable[..., ExtractedDocument]
BlocksOf = Callable[[ExtractedDocument], list[tuple[str, str]]]


def sheet(cells: dict[str, Any], *, merged: tuple[str, ...] = ()) -> tuple[Any, Any]:
    book = openpyxl.Workbook()
    for place, value in cells.items():
        book.active[place] = value
    for area in merged:
        book.active.merge_cells(area)
    return book, book.active


def test_structure(read: Read, blocks_of: BlocksOf) -> None:
    book, first = sheet({"A1": "Plan", "B1": "Users", "A2": "Gold", "B2": 900, "A3": "Silver", "B3": 80})
    first.title = "Plans"
    second = book.create_sheet("Ports")
    second.append(["Port", "Depth"])
    second.append(["Oslo", 11.5])
    book.properties.title = "Fleet figures"
    extracted = read(saved(book), "a.xlsx")
    assert extracted.file_type == "xlsx"
    assert extracted.title == "Fleet figures"
    assert blocks_of(extracted) == [
        ("heading", "Plans"),
        ("table", "Plan: Gold | Users: 900\nPlan: Silver | Users: 80"),
        ("heading", "Ports"),
        ("table", "Port: Oslo | Depth: 11.5"),
    ]
    assert extracted.blocks[3].heading_path == ("Ports",)


@pytest.mark.parametrize(("sheet_name", "title"), [("Sheet1", None), ("Tabelle 2", None), ("Tariffs", "Tariffs")])
def test_a_sheet_that_nobody_named_gives_no_title(read: Read, sheet_name: str, title: str | None) -> None:
    book, active = sheet({"A1": "words"})
    active.title = sheet_name
    assert read(saved(book), "a.xlsx").title == title


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (0.125, "0.0%", "12.5%"),
        (417, "00000", "00417"),
        (1250.5, '#,##0.00 "EUR"', "1,250.50 EUR"),
        (-1234, "#,##0_);[Red](#,##0)", "(1,234)"),
        (4006381333931, "General", "4006381333931"),
        (0.0000005, "General", "0.0000005"),
        (0.1 + 0.2, "General", "0.3"),
        (datetime(2026, 3, 1), "dd.mm.yyyy", "01.03.2026"),
        (datetime(2026, 3, 1), "d. mmmm yyyy", "1. March 2026"),
        (datetime(2026, 3, 1), "mm-dd-yy", "2026-03-01"),
        (datetime(2026, 3, 1, 14, 5), "m/d/yy h:mm", "2026-03-01 14:05:00"),
        (time(14, 15), "h:mm AM/PM", "2:15 PM"),
        (timedelta(hours=26, minutes=30), "[h]:mm", "26:30"),
        (True, "General", "TRUE"),
        ("NA", "General", "NA"),
        ("00417", "@", "00417"),
        ("#DIV/0!", "General", "#DIV/0!"),
        (7, "0" * 300, "7"),
        (3, ";;;", None),
    ],
)
def test_cells_as_they_are_shown(read: Read, value: Any, number_format: str, shown: str | None) -> None:
    book, active = sheet({"A1": "Name", "B1": "Value", "A2": "x", "B2": value})
    active["B2"].number_format = number_format
    row = "Name: x" + (f" | Value: {shown}" if shown else "")
    assert row in read(saved(book), "a.xlsx").text.split("\n")


def test_merged_cells_stand_in_every_row_and_column_that_they_cover(read: Read) -> None:
    book, _ = sheet(
        {
            **{"A1": "Region", "B1": "2025", "D1": "2026"},
            **{"B2": "Ships", "C2": "Crew", "D2": "Ships", "E2": "Crew"},
            **{"A3": "North", "B3": 1, "C3": 2, "D3": 3, "E3": 4, "B4": 5, "C4": 6, "D4": 7, "E4": 8},
        },
        merged=("A1:A2", "B1:C1", "D1:E1", "A3:A4"),
    )
    lines = read(saved(book), "a.xlsx").text.split("\n")
    assert "Region: North | 2025 - Ships: 1 | 2025 - Crew: 2 | 2026 - Ships: 3 | 2026 - Crew: 4" in lines
    assert "Region: North | 2025 - Ships: 5 | 2025 - Crew: 6 | 2026 - Ships: 7 | 2026 - Crew: 8" in lines


def test_several_tables_titles_and_notes_on_a_sheet(read: Read, blocks_of: BlocksOf) -> None:
    book, _ = sheet(
        {
            "A1": "Tariffs of the harbour",
            **{"A3": "Code", "B3": "Ship", "C3": "Fee", "A4": "K1", "B4": "Tug", "C4": 5, "A5": "K2", "B5": "Ferry"},
            **{"E3": "City", "F3": "Mayor", "E4": "Oslo", "F4": "Ann"},
            "A6": "Fees are in euros a day.",
            **{"A8": "K3", "B8": "Yacht", "C8": 9},
        }
    )
    blocks = blocks_of(read(saved(book), "a.xlsx"))
    assert ("table", "Code: K1 | Ship: Tug | Fee: 5\nCode: K2 | Ship: Ferry") in blocks
    assert ("table", "City: Oslo | Mayor: Ann") in blocks
    assert ("paragraph", "Fees are in euros a day.") in blocks
    assert any(text == "Tariffs of the harbour" for _, text in blocks)


def test_an_empty_row_does_not_take_the_names_from_the_rows_below(read: Read) -> None:
    book, _ = sheet({"A1": "Code", "B1": "Fee", "A2": "K1", "B2": 5, "A4": "7", "B4": 9})
    assert read(saved(book), "a.xlsx").text.endswith("Code: K1 | Fee: 5\n\nCode: 7 | Fee: 9")


def test_empty_columns_between_labels_and_figures(read: Read) -> None:
    book, _ = sheet(
        {
            **{"C1": "FY24", "E1": "FY23", "A2": "Revenue", "C2": 1200, "E2": 1100},
            **{"A4": "Profit", "C4": 400, "E4": 350},
        }
    )
    text = read(saved(book), "a.xlsx").text
    assert "Revenue | FY24: 1200 | FY23: 1100" in text
    assert "Profit | FY24: 400 | FY23: 350" in text


def test_the_workbook_says_which_row_names_the_columns(read: Read) -> None:
    book, active = sheet({"A1": "Port", "B1": "101", "A2": "Oslo", "B2": "7", "A3": "Riga", "B3": "8"})
    assert "Port | 101" in read(saved(book), "a.xlsx").text
    active.add_table(Table(displayName="Depths", ref="A1:B3"))
    assert "Port: Oslo | 101: 7" in read(saved(book), "a.xlsx").text


def test_links_and_comments_stand_with_their_cell(read: Read) -> None:
    book, active = sheet(
        {"A1": "Site", "B1": "State", "A2": "status", "B2": "ok", "A3": '=HYPERLINK("https://b.example")'}
    )
    active["A2"].hyperlink = "https://a.example/x"
    active["B2"].comment = Comment("Ana:\nchecked in May", "Ana")
    text = read(saved(book), "a.xlsx").text
    assert "Site: status (https://a.example/x) | State: ok (Comment: checked in May)" in text


def test_what_is_hidden_is_left_out_and_named(read: Read) -> None:
    book, active = sheet({"A1": "Name", "B1": "Salary", "C1": "Room", "A2": "Ann", "B2": 5000, "C2": "12", "A3": "Bob"})
    active.title = "Staff"
    active.column_dimensions["B"].hidden = True
    active.row_dimensions[3].hidden = True
    book.create_sheet("Margins")["A1"] = "secret margin"
    book.create_sheet("Deep")["A1"] = "deep secret"
    book["Margins"].sheet_state = "hidden"
    book["Deep"].sheet_state = "veryHidden"
    extracted = read(saved(book), "a.xlsx")
    assert extracted.text == "Staff\n\nName: Ann | Room: 12"
    (warning,) = extracted.warnings
    assert warning.code == "PARTS_LEFT_OUT"
    assert warning.parts == ("Staff: column B", "Staff: row 3", "Margins", "Deep")


def test_rows_that_a_filter_or_an_outline_hides_stay(read: Read) -> None:
    book, active = sheet({"A1": "Name", "B1": "Room", "A2": "Ann", "B2": "a", "A3": "Bob", "B3": "b", "A4": "Cy"})
    active.auto_filter.ref = "A1:B3"
    active.row_dimensions[2].hidden = True
    active.row_dimensions[4].hidden = True
    active.row_dimensions[4].outlineLevel = 1
    extracted = read(saved(book), "a.xlsx")
    assert "Name: Ann | Room: a" in extracted.text
    assert "Name: Cy" in extracted.text
    assert not extracted.warnings


def test_formulas_without_a_result_are_shown_and_said(read: Read) -> None:
    extracted = read(workbook(["Item", "Sum"], ["Bolts", "=B1*2"]), "a.xlsx")
    assert "Item: Bolts | Sum: =B1*2" in extracted.text
    assert [(warning.code, warning.parts) for warning in extracted.warnings] == [("PARTS_LEFT_OUT", ("Sheet",))]


def test_boxes_on_a_sheet(read: Read, rezip: Callable[..., bytes]) -> None:
    from openpyxl.chart import BarChart, Reference

    book, active = sheet({"A1": "Name", "B1": "Size", "A2": "x", "B2": 1})
    chart = BarChart()
    chart.add_data(Reference(active, min_col=2, min_row=1, max_row=2), titles_from_data=True)
    active.add_chart(chart)
    data = saved(book)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        drawing = archive.read("xl/drawings/drawing1.xml").decode()
    box = (
        '<xdr:absoluteAnchor xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><xdr:sp><xdr:txBody><a:p><a:r><a:t>Mind the '
        "</a:t></a:r><a:r><a:t>gap</a:t></a:r></a:p></xdr:txBody></xdr:sp></xdr:absoluteAnchor>"
    )
    drawing = re.sub(r"</(\w+:)?wsDr>", lambda end: box + end.group(), drawing)
    assert "Mind the gap" in read(rezip(data, xl__drawings__drawing1_DOT_xml=drawing.encode()), "a.xlsx").text


def test_the_strict_variant(read: Read) -> None:
    source = zipfile.ZipFile(io.BytesIO(workbook(["Plan", "Users"], ["Gold", 900])))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as strict:
        for name in source.namelist():
            content = source.read(name).decode()
            for part in ("spreadsheetml", "officeDocument", "drawingml"):
                content = content.replace(
                    f"http://schemas.openxmlformats.org/{part}/2006/", f"http://purl.oclc.org/ooxml/{part}/"
                )
            strict.writestr(name, content)
    assert "Plan: Gold | Users: 900" in read(target.getvalue(), "a.xlsx").text


def test_styles_that_openpyxl_refuses(read: Read, rezip: Callable[..., bytes]) -> None:
    book, active = sheet({"A1": "Name", "B1": "Share", "A2": "x", "B2": 0.125})
    active["B2"].number_format = "0.0%"
    data = saved(book)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        styles = archive.read("xl/styles.xml").replace(b"<fonts ", b'<fonts odd="1" ', 1)
    broken = styles.replace(b'patternType="gray125"', b'patternType="unheard-of"')
    assert broken != styles
    assert "Share: 12.5%" in read(rezip(data, xl__styles_DOT_xml=broken), "a.xlsx").text


def test_an_empty_place_far_out_costs_nothing(read: Read, rezip: Callable[..., bytes]) -> None:
    book, active = sheet({"A1": "Name", "B1": "Size", "A2": "x", "B2": 1})
    active["XFD1048576"].number_format = "0.0"
    data = saved(book)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        content = archive.read("xl/worksheets/sheet1.xml")
    merged = b'</sheetData><mergeCells count="1"><mergeCell ref="A2:A1048576"/></mergeCells>'
    data = rezip(data, xl__worksheets__sheet1_DOT_xml=content.replace(b"</sheetData>", merged))
    assert read(data, "a.xlsx").text == "Sheet\n\nName: x | Size: 1"


@pytest.mark.parametrize("name", ["a.xlsm", "a.xltx", "a.xlsx"])
def test_names_of_workbooks(read: Read, name: str) -> None:
    assert read(workbook(["Plan", "Users"], ["Gold", 900]), name).file_type == "xlsx"


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"])
@pytest.mark.parametrize("content", [b"", b"<broken", b"\x00" * 50, b'<a xmlns="b"><c/></a>'])
def test_damaged_workbooks_are_refused(read: Read, part: str, content: bytes) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(["a", "b"]))) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
    with pytest.raises(DocumentRejected) as rejected:
        read(target.getvalue(), "a.xlsx")
    assert rejected.value.reason in (FailureReason.MALFORMED, FailureReason.NO_TEXT)


def test_a_bomb(read: Read, rezip: Callable[..., bytes]) -> None:
    data = rezip(workbook(["a", "b"]), xl__worksheets__sheet9_DOT_xml=b" " * (40 * 2**20))
    with pytest.raises(DocumentRejected, match="zip bomb"):
        read(data, "a.xlsx")


def test_a_chart_on_a_sheet_of_its_own_is_left_aside(read: Read) -> None:
    book, _ = sheet({"A1": "Plan", "B1": "Users", "A2": "Gold", "B2": 900})
    book.create_chartsheet("Figure")
    assert "Plan: Gold | Users: 900" in read(saved(book), "a.xlsx").text


def test_a_named_part_below_an_empty_row_keeps_the_names_of_columns(read: Read) -> None:
    cells = {"A1": "Name", "B1": "Rank", "C1": "Ship", "A2": "Ida", "B2": "mate", "C2": "Wren", "A4": "Former crew"}
    book, _ = sheet({**cells, "A5": "Tob", "B5": "cook", "C5": "Tern"}, merged=("A4:C4",))
    assert "Name: Tob | Rank: cook | Ship: Tern" in read(saved(book), "a.xlsx").text


def test_struck_out_and_raised_text_in_cells(read: Read) -> None:
    book, first = sheet({"A1": "Item", "B1": "Price", "A2": "Rope", "B2": 12, "A3": "Chain", "B3": 30})
    first["A3"].font = first["B3"].font = Font(strike=True)
    first["A4"], first["B4"] = "Hook", CellRichText("was ", TextBlock(InlineFont(strike=True), "9"), ", is 7")
    first["A5"] = "Bolt"
    first["B5"] = CellRichText("5×10", TextBlock(InlineFont(vertAlign="superscript"), "-4"), " of H")
    first["B5"].value.append(TextBlock(InlineFont(vertAlign="subscript"), "2"))
    text = read(saved(book), "a.xlsx").text
    assert "Rope | 12\n~~Chain~~ | ~~30~~\nHook | was ~~9~~, is 7\nBolt | 5×10^-4 of H_2" in text


def test_rich_text_that_stands_in_its_cell(read: Read, rezip: Callable[..., bytes]) -> None:
    cells = "".join(
        f"<row r='{at}'><c r='A{at}' t='inlineStr'><is>{name}</is></c>"
        f"<c r='B{at}' t='inlineStr'><is>{price}</is></c></row>"
        for at, name, price in (
            (1, "<t>Item</t>", "<t>Price</t>"),
            (2, "<t>Rope</t>", "<r><rPr><strike/></rPr><t>9</t></r><r><rPr><strike val='0'/></rPr><t> 7</t></r>"),
        )
    )
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    part = f"<worksheet xmlns='{space}'><sheetData>{cells}</sheetData></worksheet>"
    data = rezip(workbook(["a", "b"]), xl__worksheets__sheet1_DOT_xml=part.encode())
    assert read(data, "a.xlsx").text.endswith("Item: Rope | Price: ~~9~~ 7")
