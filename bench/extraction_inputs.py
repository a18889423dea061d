"""Files that the benchmark makes itself, the same on every run: large ones of each format with small ones beside them,
and pages as a scanner gives them."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import pypdfium2
from docx import Document
from fpdf import FPDF
from openpyxl import Workbook
from PIL import Image

from portfolio_rag.text.extraction.file_types import DESCRIPTIONS

Row = tuple[str, ...]

_SENTENCES = (
    "The pump in hall {0} was inspected on {1} March and delivered {2} litres a minute.",
    "Whoever signs the sheet of berth {1} confirms that the valve stood at {3} bar.",
    "A delivery of more than {2} crates is announced to the office two working days before it leaves the yard.",
    "Of the {3} keys in the cabinet, those with a red ring open the gates to the north quay.",
    "Spare parts are ordered by their number, for example KX-{2}, and arrive within {1} days.",
    "If the lamp above door {0} goes out, call the duty engineer and write the time into the log.",
    "The fee for a night is {0}.50 EUR; guests under {1} years stay without a charge.",
    "Readings that differ by over {1} % from the week before are taken again by a second person.",
)
_HEADER = ("Part", "Quantity", "Weight", "Supplier", "Shelf")
_SUPPLIERS = ("Arden", "Bosk", "Corvell", "Dunmere")

_SMALL = 0.01
"""The share of a large file that warms a reader up."""


def sentences(first: int, number: int) -> str:
    """So many sentences of the endless text, from that one on; no two of a hundred are alike."""
    return " ".join(
        _SENTENCES[place % len(_SENTENCES)].format(place % 89 + 1, place % 28 + 1, place * 7 % 971, place * 3 % 53)
        for place in range(first, first + number)
    )


def rows(first: int, number: int) -> list[Row]:
    """Of a table whose columns are `_HEADER`."""
    return [
        (
            f"KX-{place}",
            str(place * 7 % 97),
            f"{place * 3 % 50}.5 kg",
            _SUPPLIERS[place % 4],
            f"{place % 12}-{place % 7}",
        )
        for place in range(first, first + number)
    ]


def large(folder: Path, share: float = 1.0) -> Mapping[str, tuple[Path, Path]]:
    """Format -> a small file and a large one, of `share` of the full size, of the formats that this project reads."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for name, (make, _) in _MAKERS.items():
        if name in DESCRIPTIONS:
            paths = (folder / f"small.{name}", folder / f"large.{name}")
            for path, size in zip(paths, (_SMALL, share), strict=True):
                path.write_bytes(make(size))
            found[name] = paths
    return found


def contents(name: str) -> str:
    """What a large file of that format holds, in words."""
    return _MAKERS[name][1]


def scanned_page(text: str, font: str, size: float) -> bytes:
    """A PDF of one A4 page that is a picture of the text (200 dpi, grey), with no text of its own."""
    typed = FPDF(format="A4")
    typed.add_page()
    typed.set_font(font, size=size)
    typed.multi_cell(0, size * 0.5, text)
    if typed.page_no() > 1:
        raise ValueError("The text does not fit on a page.")
    page = pypdfium2.PdfDocument(bytes(typed.output()))[0]
    picture = Image.fromarray(page.render(scale=200 / 72).to_numpy()[..., 0])
    scanned = io.BytesIO()
    picture.save(scanned, "PDF", resolution=200)
    return scanned.getvalue()


def _docx(share: float) -> bytes:
    document = Document()
    tables = max(1, round(20 * share))
    for place in range(max(1, round(600 * share))):
        if place % 30 == 0:
            document.add_heading(f"Section {place // 30 + 1}", level=1)
        document.add_paragraph(sentences(place * 3, 3))
        if place % 30 == 29 or share < 1 / 30:
            _add_table(document, place)
            tables -= 1
    assert tables <= 0, "every section of thirty paragraphs ends with a table"
    return _saved(document.save)


def _add_table(document: Document, first: int) -> None:
    table = document.add_table(rows=0, cols=len(_HEADER))
    for row in (_HEADER, *rows(first, 10)):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text


def _pdf(share: float) -> bytes:
    document = FPDF(format="A4")
    for page in range(max(1, round(100 * share))):
        document.add_page()
        document.set_font("Helvetica", size=16)
        document.cell(0, 10, f"Chapter {page + 1}", new_x="LMARGIN", new_y="NEXT")
        document.set_font("Helvetica", size=10)
        document.multi_cell(0, 5, sentences(page * 12, 12), new_x="LMARGIN", new_y="NEXT")
        with document.table() as table:
            for row in (_HEADER, *rows(page * 10, 10)):
                table.row(row)
    return bytes(document.output())


def _html(share: float) -> bytes:
    parts = ["<!DOCTYPE html><html lang='en'><head><title>A manual</title></head><body><h1>A manual</h1>"]
    for section in range(max(1, round(1000 * share))):
        parts.append(f"<h2>Section {section + 1}</h2><p>{sentences(section * 5, 3)}</p>")
        items = "".join(f"<li>{sentences(section * 5 + place, 1)}</li>" for place in (3, 4))
        parts.append(f"<ol>{items}</ol><p>See <a href='/parts/{section}.html'>part {section}</a>.</p>")
        if section % 10 == 0:
            cells = (f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows(section, 10))
            head = "".join(f"<th>{name}</th>" for name in _HEADER)
            parts.append(f"<table><tr>{head}</tr>{''.join(cells)}</table>")
    return "".join([*parts, "</body></html>"]).encode()


def _xlsx(share: float) -> bytes:
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Stock")
    sheet.append([f"{name} {place}" for place in (1, 2) for name in _HEADER])
    for place in range(max(1, round(20_000 * share))):
        sheet.append(_cells(place))
    return _saved(workbook.save)


def _cells(place: int) -> list[str | int | float]:
    return [f"KX-{place}", place * 7 % 97, place * 3 % 50 + 0.5, _SUPPLIERS[place % 4], place % 12] * 2


def _saved(save: Callable[[io.BytesIO], None]) -> bytes:
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()


_MAKERS: Mapping[str, tuple[Callable[[float], bytes], str]] = {
    "docx": (_docx, "600 paragraphs and 20 tables"),
    "pdf": (_pdf, "100 pages, a ruled table on each"),
    "html": (_html, "1,000 sections, 100 tables"),
    "xlsx": (_xlsx, "20,000 rows of 10 cells"),
}
"""Format -> its maker, which takes the share of the full size, and what a file of the full size holds."""
