"""Build the Word and the PDF document of the sample corpus from their Markdown sources.

    python samples/build.py [OUTPUT_DIRECTORY]

The same sources give the same bytes: dates are fixed, so that a rebuild shows in version control only when a text
has changed.
"""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from docx import Document
from fpdf import FPDF, FontFace
from fpdf.enums import XPos, YPos
from markdown_it import MarkdownIt
from markdown_it.token import Token

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "sources"
DOCUMENTS = HERE / "documents"
WRITTEN_ON = datetime(2026, 1, 15, tzinfo=UTC)
AUTHOR = "portfolio-rag"

LINE_MM = 5.5
BODY_POINTS = 11
HEADING_POINTS = {1: 20, 2: 15, 3: 12}


@dataclass(frozen=True, slots=True)
class Item:
    """One block of a source: `kind` is heading, paragraph, bullet, number, code or table."""

    kind: str
    text: str = ""
    level: int = 0
    rows: list[list[str]] = field(default_factory=list)


def parse(markdown: str) -> Iterator[Item]:
    """The blocks of a source, in order. Inline markup is reduced to its text."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    lists: list[str] = []
    number = 0
    rows: list[list[str]] = []
    for before, token in zip([Token("", "", 0), *tokens], tokens, strict=False):
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                lists.append("bullet" if token.type.startswith("bullet") else "number")
                number = 0
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
            case "list_item_open":
                number += 1
            case "table_open":
                rows = []
            case "tr_open":
                rows.append([])
            case "table_close":
                yield Item("table", rows=rows)
            case "fence":
                yield Item("code", token.content.rstrip("\n"))
            case "inline":
                text = _plain(token)
                if before.type == "heading_open":
                    yield Item("heading", text, level=int(before.tag[1]))
                elif before.type in ("th_open", "td_open"):
                    rows[-1].append(text)
                elif lists:
                    yield Item(lists[-1], text, level=number)
                else:
                    yield Item("paragraph", text)


def _plain(token: Token) -> str:
    return "".join(" " if child.type == "softbreak" else child.content for child in token.children or [])


def build_docx(items: list[Item]) -> bytes:
    """A Word document with the built-in heading, list and table styles."""
    document = Document()
    properties = document.core_properties
    properties.title, properties.author, properties.last_modified_by = items[0].text, AUTHOR, AUTHOR
    properties.created = properties.modified = WRITTEN_ON
    for item in items:
        match item.kind:
            case "heading":
                document.add_heading(item.text, level=item.level)
            case "paragraph":
                document.add_paragraph(item.text)
            case "bullet":
                document.add_paragraph(item.text, style="List Bullet")
            case "number":
                document.add_paragraph(item.text, style="List Number")
            case "code":
                paragraph = document.add_paragraph(style="No Spacing")
                paragraph.add_run(item.text).font.name = "Courier New"
            case "table":
                table = document.add_table(len(item.rows), len(item.rows[0]), style="Table Grid")
                for row, values in zip(table.rows, item.rows, strict=True):
                    for cell, value in zip(row.cells, values, strict=True):
                        cell.text = value
    raw = io.BytesIO()
    document.save(raw)
    return _with_fixed_dates(raw.getvalue())


def _with_fixed_dates(archive: bytes) -> bytes:
    """The same zip with the members' times set: python-docx stamps them with the time of the build."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as result,
    ):
        for info in source.infolist():
            fixed = zipfile.ZipInfo(info.filename, WRITTEN_ON.timetuple()[:6])
            fixed.compress_type = zipfile.ZIP_DEFLATED
            result.writestr(fixed, source.read(info))
    return target.getvalue()


class _Guide(FPDF):
    """A4 pages with the title on top of all but the first, and `Page n of m` at the bottom."""

    def __init__(self, title: str) -> None:
        super().__init__(format="A4")
        self.set_title(title)
        self.set_author(AUTHOR)
        self.set_lang("en")
        self.set_creation_date(WRITTEN_ON)
        self.set_margin(22)
        self.set_auto_page_break(auto=True, margin=25)
        self._running_title = title

    def header(self) -> None:
        if self.page_no() > 1:
            self.set_font("Helvetica", "I", 9)
            self.cell(0, 8, self._running_title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            self.ln(2)

    def footer(self) -> None:
        self.set_y(-18)
        self.set_font("Helvetica", "", 9)
        self.cell(0, 8, f"Page {self.page_no()} of {{nb}}", align="C")


def build_pdf(items: list[Item]) -> bytes:
    """A PDF with numbered pages, an outline of the headings and text that can be extracted."""
    pdf = _Guide(items[0].text)
    pdf.add_page()
    for item in items:
        pdf.set_font("Helvetica", "", BODY_POINTS)
        match item.kind:
            case "heading":
                if pdf.will_page_break(4 * LINE_MM):  # No heading alone at the foot of a page.
                    pdf.add_page()
                pdf.ln(2)
                pdf.start_section(item.text, level=item.level - 1)
                pdf.set_font("Helvetica", "B", HEADING_POINTS[item.level])
                _write(pdf, item.text, HEADING_POINTS[item.level] / 2)
            case "paragraph":
                _write(pdf, item.text)
            case "bullet" | "number":
                mark = "-" if item.kind == "bullet" else f"{item.level}."
                _write(pdf, f"{mark} {item.text}", indent=5)
            case "code":
                pdf.set_font("Courier", "", 9)
                _write(pdf, item.text)
            case "table":
                with pdf.table(
                    line_height=LINE_MM + 1, headings_style=FontFace(emphasis="BOLD"), text_align="LEFT"
                ) as table:
                    for values in item.rows:
                        table.row(values)
                pdf.ln(3)
    return bytes(pdf.output())


def _write(pdf: FPDF, text: str, line_mm: float = LINE_MM, *, indent: float = 0) -> None:
    pdf.set_x(pdf.l_margin + indent)
    pdf.multi_cell(0, line_mm, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(2)


TARGETS = {
    "text-embeddings.docx": ("text-embeddings.md", build_docx),
    "cost-and-quotas.pdf": ("cost-and-quotas.md", build_pdf),
}


def build(directory: Path) -> list[Path]:
    """Write every built document into `directory`; returns their paths."""
    paths = []
    for name, (source, builder) in TARGETS.items():
        path = directory / name
        path.write_bytes(builder(list(parse((SOURCES / source).read_text(encoding="utf-8")))))
        paths.append(path)
    return paths


if __name__ == "__main__":
    for built in build(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS):
        print(f"{built} ({built.stat().st_size:,} bytes)")
