"""The shapes of a slide in the order in which they are seen, and their texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pptx.oxml.ns import qn
from pptx.shapes.shapetree import BaseShapeFactory

from portfolio_rag.text.extraction.formats.docx.formulas import linear
from portfolio_rag.text.extraction.links import with_address
from portfolio_rag.text.extraction.scripts import subscript, superscript
from portfolio_rag.text.extraction.tables import Cell
from portfolio_rag.text.language.struck_out import struck, without_seams

_ALTERNATIVES = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
_CHOICE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Choice"
_MATHS = "{http://schemas.openxmlformats.org/officeDocument/2006/math}oMath"
_MAX_DEPTH = 50
_SHAPES = tuple(map(qn, ("p:sp", "p:grpSp", "p:graphicFrame", "p:cxnSp", "p:pic", "p:contentPart")))
_ALIKE = 0.05
"""Of its width: shapes whose sides are no farther apart stand in one column."""
_USUAL_SIZE = 1800
"""In hundredths of a point: of text in a box that says nothing of its size."""
_TITLE_SIZE = 2400
"""The same, at least, for the box that takes the place of a title."""
_TITLE_CHARACTERS = 100
_BULLETS = (qn("a:buChar"), qn("a:buAutoNum"), qn("a:buBlip"))


@dataclass(frozen=True, slots=True)
class Placed:
    """A shape that is no group, and where it lies on the slide, in English Metric Units."""

    shape: Any
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class _Frame:
    """From a group's own coordinates to those of the slide."""

    left: float = 0
    top: float = 0
    across: float = 1
    down: float = 1

    def inside(self, group: Any) -> _Frame:
        transform = group.find(f"{qn('p:grpSpPr')}/{qn('a:xfrm')}")
        places = (
            [] if transform is None else [transform.find(qn(f"a:{name}")) for name in ("off", "ext", "chOff", "chExt")]
        )
        if not places or any(place is None for place in places):
            return self
        off, ext, inner, inner_ext = places
        across = _share(ext.get("cx"), inner_ext.get("cx"))
        down = _share(ext.get("cy"), inner_ext.get("cy"))
        left = int(off.get("x", 0)) - int(inner.get("x", 0)) * across
        top = int(off.get("y", 0)) - int(inner.get("y", 0)) * down
        return _Frame(
            self.left + left * self.across, self.top + top * self.down, self.across * across, self.down * down
        )

    def place(self, shape: Any) -> Placed:
        left, top, width, height = (getattr(shape, name, None) or 0 for name in ("left", "top", "width", "height"))
        return Placed(
            shape,
            self.left + left * self.across,
            self.top + top * self.down,
            width * self.across,
            height * self.down,
        )


def _share(outer: str | None, inner: str | None) -> float:
    return int(outer or 0) / int(inner or 0) if int(inner or 0) else 1.0


def placed_shapes(slide: Any) -> list[Placed]:
    """All shapes of a slide, those of groups too, from top to bottom and, side by side, from left to right."""
    shapes = list(_walk(slide.shapes._spTree, slide.shapes, _Frame(), 0))
    return _in_reading_order(shapes)


def _walk(parent: Any, shapes: Any, frame: _Frame, depth: int) -> Iterator[Placed]:
    for element in parent:
        if element.tag == _ALTERNATIVES:
            choice = element.find(_CHOICE)
            if choice is not None and depth < _MAX_DEPTH:
                yield from _walk(choice, shapes, frame, depth + 1)
        elif element.tag == qn("p:grpSp"):
            if depth < _MAX_DEPTH and not _is_hidden(element):
                yield from _walk(element, shapes, frame.inside(element), depth + 1)
        elif element.tag in _SHAPES and not _is_hidden(element):
            yield frame.place(BaseShapeFactory(element, shapes) if depth else shapes._shape_factory(element))


def _is_hidden(element: Any) -> bool:
    properties = element.find(f"*/{qn('p:cNvPr')}")
    return properties is not None and properties.get("hidden") in ("1", "true")


def _in_reading_order(shapes: list[Placed]) -> list[Placed]:
    """Row by row: what begins above the middle of the first shape of a row stands in that row."""
    rows: list[list[Placed]] = []
    for placed in sorted(shapes, key=lambda placed: (placed.top, placed.left)):
        if rows and placed.top < rows[-1][0].top + min(rows[-1][0].height, placed.height) / 2:
            rows[-1].append(placed)
        else:
            rows.append([placed])
    for row in rows:
        row.sort(key=lambda other: other.left)
    ordered: list[Placed] = []
    at = 0
    while at < len(rows):
        if at + 1 < len(rows) and _head(rows[at], rows[at + 1]):
            ordered += [placed for pair in zip(rows[at], rows[at + 1], strict=True) for placed in pair]
            at += 2
        else:
            ordered += rows[at]
            at += 1
    return ordered


def _head(heads: list[Placed], texts: list[Placed]) -> bool:
    """Whether each shape of a row is the heading of the one below it: as wide, and with less to say."""
    if len(heads) < 2 or len(heads) != len(texts):
        return False
    return all(
        abs(head.left - text.left) + abs(head.width - text.width) <= _ALIKE * text.width
        and 0 < _characters(head.shape) < _characters(text.shape)
        and len(lines_of(head.shape)) == 1
        for head, text in zip(heads, texts, strict=True)
    )


def _characters(shape: Any) -> int:
    return sum(len(text) for _, _, text in lines_of(shape))


def apparent_title(shapes: list[Placed]) -> Placed | None:
    """The highest text of a slide without a title, if it is short, large, and larger than the others."""
    boxes = [placed for placed in shapes if lines_of(placed.shape)]
    if not boxes or len(lines_of(boxes[0].shape)) > 1 or _characters(boxes[0].shape) > _TITLE_CHARACTERS:
        return None
    first, *others = map(_type_size, boxes)
    return boxes[0] if others and first >= max(_TITLE_SIZE, *(size + 1 for size in others)) else None


def _type_size(placed: Placed) -> int:
    """The largest size of type in the shape, in hundredths of a point."""
    sizes = [properties.get("sz", "") for properties in placed.shape._element.txBody.iter(qn("a:rPr"))]
    return max((int(size) for size in sizes if size.isdigit()), default=_USUAL_SIZE)


def lines_of(shape: Any) -> list[tuple[str, int, str]]:
    """(marker of a list or nothing, depth, text) of each paragraph of a shape that holds text."""
    if not shape.has_text_frame:
        return []
    is_body = shape.is_placeholder and shape.placeholder_format.type is not None and _lists(shape)
    lines = []
    number: dict[int, int] = {}
    for paragraph in shape._element.txBody.iterchildren(qn("a:p")):
        text = text_of(paragraph, shape.part)
        if not text.strip():
            continue
        properties = paragraph.find(qn("a:pPr"))
        depth = int(properties.get("lvl", 0)) if properties is not None else 0
        marker = _marker(properties, is_body, number, depth)
        lines.append((marker, depth if marker else 0, text))
    return lines


def _lists(shape: Any) -> bool:
    """Placeholders for content, whose layouts put bullets before paragraphs."""
    name = shape.placeholder_format.type.name
    return name in ("BODY", "OBJECT", "VERTICAL_BODY", "VERTICAL_OBJECT")


def _marker(properties: Any, is_body: bool, number: dict[int, int], depth: int) -> str:
    if properties is not None and properties.find(qn("a:buNone")) is not None:
        return ""
    numbered = None if properties is None else properties.find(qn("a:buAutoNum"))
    if numbered is not None:
        number[depth] = number.get(depth, int(numbered.get("startAt", 1)) - 1) + 1
        for deeper in [level for level in number if level > depth]:
            del number[deeper]
        return f"{number[depth]}. "
    number.pop(depth, None)
    has_bullet = properties is not None and any(properties.find(tag) is not None for tag in _BULLETS)
    return "- " if has_bullet or is_body else ""


def text_of(paragraph: Any, part: Any = None) -> str:
    """The text of an `a:p`: breaks as line ends, formulas in line, addresses behind links (those of `part`)."""
    pieces: list[str] = []
    for element in paragraph:
        if element.tag in (qn("a:r"), qn("a:fld")):
            pieces.append(_run(element, part, "".join(pieces)))
        elif element.tag == qn("a:br"):
            pieces.append("\n")
        elif isinstance(element.tag, str) and element.tag != qn("a:pPr"):
            pieces.append(" ".join(map(linear, element.iter(_MATHS))))
    text = "".join(pieces)
    is_struck = any(properties.get("strike") for properties in paragraph.iter(qn("a:rPr")))
    return without_seams(text) if is_struck else text


def _run(run: Any, part: Any, before: str) -> str:
    text = run.findtext(qn("a:t")) or ""
    properties = run.find(qn("a:rPr"))
    if properties is None:
        return text
    baseline = properties.get("baseline", "0").rstrip("%")
    if baseline.lstrip("-").isdigit() and int(baseline):
        text = superscript(text, before) if int(baseline) > 0 else subscript(text)
    if properties.get("strike", "noStrike") != "noStrike":
        text = struck(text)
    link = properties.find(qn("a:hlinkClick"))
    relation = None if link is None or part is None else part.rels.get(link.get(qn("r:id")))
    return with_address(text, relation.target_ref) if relation is not None and relation.is_external else text


def header_rows(table: Any) -> int:
    """1 where the table says that its first row is one of names, or sets that row alone in bold type."""
    rows = table._tbl.tr_lst
    if table.first_row or len(rows) < 2:
        return int(table.first_row)
    return int(_is_bold(rows[0]) and not _is_bold(rows[1]))


def _is_bold(row: Any) -> bool:
    runs = [run for run in row.iter(qn("a:r")) if (run.findtext(qn("a:t")) or "").strip()]
    properties = [run.find(qn("a:rPr")) for run in runs]
    return bool(runs) and all(found is not None and found.get("b") in ("1", "true") for found in properties)


def table_cells(table: Any) -> Iterator[list[Cell]]:
    """The rows of a table, merged cells once each, as `tables.expand` takes them."""
    for row in table._tbl.tr_lst:
        cells = []
        for cell in row.tc_lst:
            if cell.hMerge or cell.vMerge:
                continue
            paragraphs = [text_of(paragraph) for paragraph in cell.iter(qn("a:p"))]
            cells.append(Cell(" ".join(paragraphs), cell.gridSpan, cell.rowSpan))
        yield cells
