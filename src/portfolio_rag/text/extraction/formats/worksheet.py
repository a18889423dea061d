"""One worksheet of a workbook, as a person sees it: no hidden rows and columns, merged cells, links and comments."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from openpyxl.comments.comment_sheet import CommentSheet
from openpyxl.packaging.relationship import RelationshipList, get_dependents, get_rels_path
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.worksheet._reader import FORMULA_TAG, INLINE_STRING, WorkSheetParser
from openpyxl.xml.functions import fromstring

from portfolio_rag.text.extraction.formats.cell_text import CellTexts
from portfolio_rag.text.extraction.formats.rich_strings import text_of
from portfolio_rag.text.extraction.links import with_address
from portfolio_rag.text.extraction.tables import MAX_CELLS
from portfolio_rag.text.language.struck_out import struck

_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_ON_SHEET = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
_HYPERLINK = re.compile(r'=?\s*HYPERLINK\(\s*"([^"]+)"', re.IGNORECASE)
_THREADED = re.compile(r"\A\[Threaded comment\].*?Comment:\s*", re.DOTALL)


@dataclass(slots=True)
class Worksheet:
    """`rows` as they are seen, numbered without the hidden ones, each with its texts by column, numbered alike.

    `header_ends` are the rows that end the head of a table as the workbook itself says. `uncalculated` counts formulas
    without a result. `texts` are those of boxes. `hidden` names rows and columns, as Excel does.
    """

    rows: list[tuple[int, dict[int, str]]] = field(default_factory=list)
    header_ends: set[int] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)
    uncalculated: int = 0
    hidden: list[str] = field(default_factory=list)


class _Parser(WorkSheetParser):  # type: ignore[misc]
    """openpyxl's own parser, which reads row by row; its `data_only` drops the formulas, of which we need some."""

    uncalculated = 0

    def parse_cell(self, element: Any) -> dict[str, Any]:
        cell: dict[str, Any] = super().parse_cell(element)
        if (string := element.find(INLINE_STRING)) is not None:
            cell["value"] = text_of(string)
        formula = element.find(FORMULA_TAG)
        if formula is None:
            return cell
        if cell["value"] is None and element.get("t") != "str":
            self.uncalculated += 1
            shown = self.parse_formula(element)
            cell["value"], cell["data_type"] = str(getattr(shown, "text", shown)), "s"
        link = _HYPERLINK.match(formula.text or "")
        if link is not None:
            cell["link"] = link[1]
        return cell


def read_worksheet(sheet: Any, archive: zipfile.ZipFile, texts: CellTexts) -> Worksheet:
    """`sheet` is one of openpyxl's read-only workbook."""
    book, path = sheet.parent, sheet._worksheet_path
    related = _related(archive, path)
    found = Worksheet()
    cells: dict[int, dict[int, str]] = {}
    with archive.open(path) as source:
        parser = _Parser(
            source,
            sheet._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        formats, strikes = _Formats(book), _strikes(book)
        for at, row in parser.parse():
            shown = {}
            for cell in row:
                text = texts.of(cell["value"], formats[cell["style_id"]])
                if text.strip():
                    text = struck(text) if cell["style_id"] in strikes else text
                    shown[cell["column"]] = with_address(text, cell.get("link"))
            if shown:
                cells[at] = {**cells.get(at, {}), **shown}
    found.uncalculated = parser.uncalculated
    _add_links(cells, parser, related)
    _add_comments(cells, archive, related)
    _repeat_merged(cells, parser)
    _keep_seen(found, cells, parser, _header_ends(parser, archive, related))
    found.texts = list(_box_texts(archive, related))
    return found


class _Formats(dict[int, str]):
    """Number formats by style, looked up once each."""

    def __init__(self, book: Any) -> None:
        super().__init__()
        self._book = book

    def __missing__(self, style: int) -> str:
        from openpyxl.cell.read_only import ReadOnlyCell

        class _Sheet:
            parent = self._book

        try:
            self[style] = ReadOnlyCell(_Sheet, 1, 1, None, style_id=style).number_format or "General"
        except IndexError:
            self[style] = "General"  # a style that the workbook does not have
        return self[style]


def _strikes(book: Any) -> set[int]:
    """The styles of cells whose text is struck out."""
    fonts = {at for at, font in enumerate(book._fonts) if font.strike}
    return {at for at, style in enumerate(book._cell_styles) if style.fontId in fonts} if fonts else set()


def _related(archive: zipfile.ZipFile, path: str) -> RelationshipList:
    rels = get_rels_path(path)
    return get_dependents(archive, rels) if rels in archive.namelist() else RelationshipList()


def _parts(archive: zipfile.ZipFile, related: RelationshipList, kind: str) -> Iterator[bytes]:
    for relation in related:
        if relation.Type.endswith(kind) and relation.target in archive.namelist():
            yield archive.read(relation.target)


def _add_links(cells: dict[int, dict[int, str]], parser: _Parser, related: RelationshipList) -> None:
    addresses = {relation.Id: relation.Target for relation in related}
    for link in parser.hyperlinks.hyperlink:
        address = addresses.get(link.id)
        if not address or not link.ref:
            continue
        left, top, _, _ = range_boundaries(link.ref)
        text = cells.get(top, {}).get(left)
        if text:
            cells[top][left] = with_address(text, address)


def _add_comments(cells: dict[int, dict[int, str]], archive: zipfile.ZipFile, related: RelationshipList) -> None:
    for part in _parts(archive, related, "/comments"):
        for reference, comment in CommentSheet.from_tree(fromstring(part)).comments:
            text = " ".join(_THREADED.sub("", comment.text or "").split())
            text = text.removeprefix(f"{comment.author}:").strip()
            if not text:
                continue
            left, top, _, _ = range_boundaries(reference)
            row = cells.setdefault(top, {})
            row[left] = f"{row.get(left, '')} (Comment: {text})".strip()


def _repeat_merged(cells: dict[int, dict[int, str]], parser: _Parser) -> None:
    """The text of a merged cell in each place that it covers, as far as the sheet is used."""
    if parser.merged_cells is None or not cells:
        return
    last_row, last_column = max(cells), max(max(row) for row in cells.values() if row)
    budget = MAX_CELLS
    for merged in parser.merged_cells.mergeCell:
        left, top, right, bottom = range_boundaries(merged.ref)
        text = cells.get(top, {}).get(left)
        right, bottom = min(right, last_column), min(bottom, last_row)
        budget -= max(right - left + 1, 0) * max(bottom - top + 1, 0)
        if not text or budget < 0:
            continue
        for at in range(top, bottom + 1):
            row = cells.setdefault(at, {})
            row.update(dict.fromkeys(range(left, right + 1), text))


def _header_ends(parser: _Parser, archive: zipfile.ZipFile, related: RelationshipList) -> set[int]:
    """Rows that end the head of a table, by tables, filters and frozen panes."""
    ends = set()
    for part in _parts(archive, related, "/table"):
        table = fromstring(part)
        heads = int(table.get("headerRowCount", "1"))
        if heads and table.get("ref"):
            ends.add(range_boundaries(table.get("ref"))[1] + heads - 1)
    filtered = getattr(parser, "auto_filter", None)
    if filtered is not None and filtered.ref:
        ends.add(range_boundaries(filtered.ref)[1])
    for view in getattr(getattr(parser, "views", None), "sheetView", ()):
        if view.pane is not None and view.pane.ySplit and view.pane.state != "split":
            ends.add(int(view.pane.ySplit))
    return ends


def _keep_seen(found: Worksheet, cells: dict[int, dict[int, str]], parser: _Parser, ends: set[int]) -> None:
    """Leave out hidden rows and columns that hold something; what is only filtered or folded away stays."""
    columns, rows = _hidden_columns(parser), _hidden_rows(parser)
    lost_columns = sorted({column for row in cells.values() for column in row.keys() & columns})
    lost_rows = sorted(cells.keys() & rows)
    found.hidden = [
        *(f"column {get_column_letter(column)}" for column in lost_columns),
        *map("row {}".format, lost_rows),
    ]
    ordered = sorted(columns)
    shift = 0
    skipped = iter([*sorted(rows), None])
    following = next(skipped)
    for at in sorted(cells):
        while following is not None and following <= at:
            shift, following = shift + 1, next(skipped)
        if at in rows:
            continue
        row = cells[at]
        if ordered:
            row = {c - sum(hidden < c for hidden in ordered): text for c, text in row.items() if c not in columns}
        if row:
            found.rows.append((at - shift, row))
    found.header_ends = {end - sum(row < end for row in rows) for end in ends}


def _hidden_columns(parser: _Parser) -> set[int]:
    hidden: set[int] = set()
    for attributes in parser.column_dimensions.values():
        if attributes.get("hidden") in ("1", "true") and not int(attributes.get("outlineLevel", 0)):
            hidden.update(range(int(attributes["min"]), min(int(attributes["max"]), 16_384) + 1))
    return hidden


def _hidden_rows(parser: _Parser) -> set[int]:
    filtered = getattr(parser, "auto_filter", None)
    top, bottom = (0, 0)
    if filtered is not None and filtered.ref:
        _, top, _, bottom = range_boundaries(filtered.ref)
    return {
        int(at)
        for at, attributes in parser.row_dimensions.items()
        if attributes.get("hidden") in ("1", "true")
        and not int(attributes.get("outlineLevel", 0))
        and not top <= int(at) <= bottom
    }


def _box_texts(archive: zipfile.ZipFile, related: RelationshipList) -> Iterator[str]:
    """The texts of boxes and shapes on the sheet."""
    for part in _parts(archive, related, "/drawing"):
        for body in etree.fromstring(part).iter(f"{{{_ON_SHEET}}}txBody"):
            paragraphs = body.iter(f"{{{_DRAWING}}}p")
            yield "\n".join("".join(p.itertext(f"{{{_DRAWING}}}t")) for p in paragraphs)
