"""What pictures, shapes and diagrams say: descriptions, text boxes, SmartArt, charts, embedded objects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from portfolio_rag.text.extraction.formats.docx.names import chosen, number, qn


@dataclass(frozen=True, slots=True)
class Description:
    """What a picture shows, in words."""

    text: str


@dataclass(frozen=True, slots=True)
class TextBox:
    """The `w:txbxContent` of a shape, whose children are blocks."""

    content: Any


@dataclass(frozen=True, slots=True)
class Diagram:
    """SmartArt; the relationship leads to its data."""

    relationship: str


@dataclass(frozen=True, slots=True)
class Chart:
    relationship: str


@dataclass(frozen=True, slots=True)
class EmbeddedObject:
    """A document of another program, of which the file shows a picture."""

    program: str


Drawn = Description | TextBox | Diagram | Chart | EmbeddedObject

_GENERATED = re.compile(
    r"\s*(?:\.\s*)?(?:description (?:automatically )?generated\b.*|automatically generated description\.?"
    r"|ai-generated content may be incorrect\.?)\s*$",
    re.IGNORECASE | re.DOTALL,
)
_NO_DESCRIPTION = re.compile(
    r"(?:picture|image|graphic|grafik|bild|imagen?|figure|shape|text ?box|textfeld|diagram|chart|logo|photo)?\s*\d*"
    r"|\S+\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|svg|webp|heic)",
    re.IGNORECASE,
)
_NAMED = frozenset(
    {qn("wp:docPr"), qn("pic:cNvPr"), qn("wps:cNvPr")}
    | {f"{{http://schemas.microsoft.com/office/word/2010/{name}}}cNvPr" for name in ("wordprocessingGroup",)}
)
_VML = f"{{{'urn:schemas-microsoft-com:vml'}}}"
_TEXT_BOX = qn("w:txbxContent")
_ALTERNATE = qn("mc:AlternateContent")


def drawn(element: Any) -> Iterator[Drawn]:
    """What `w:drawing`, `w:pict` or `w:object` shows, in the order of the file, the same description once."""
    described: set[str] = set()
    for child in _walk(element):
        tag = child.tag
        if tag == _TEXT_BOX:
            yield TextBox(child)
        elif tag == qn("dgm:relIds"):
            yield Diagram(child.get(qn("r:dm")) or "")
        elif tag == qn("c:chart"):
            yield Chart(child.get(qn("r:id")) or "")
        elif tag == qn("o:OLEObject"):
            yield EmbeddedObject(child.get("ProgID") or "an unknown program")
        else:
            text = _description(child)
            if text and text not in described:
                described.add(text)
                yield Description(text)


def _walk(element: Any) -> Iterator[Any]:
    """All that is inside in order, but not in text boxes, which are read as blocks."""
    stack = [element]
    while stack:
        child = stack.pop()
        if not isinstance(child.tag, str):
            continue
        yield child
        if child.tag == _ALTERNATE:
            branch = chosen(child)
            stack.extend([] if branch is None else [branch])
        elif child.tag not in (_TEXT_BOX, qn("a:p")):
            stack.extend(list(child)[::-1])


def _description(element: Any) -> str:
    tag = element.tag
    if tag in _NAMED:
        decorative = element.find(f".//{qn('adec:decorative')}")
        if decorative is not None and decorative.get("val") in ("1", "true"):
            return ""
        title, description = element.get("title") or "", element.get("descr") or ""
        return _said(title, description)
    if tag == qn("a:p"):
        return "".join(text.text or "" for text in element.iter(qn("a:t"))).strip()
    if tag.startswith(_VML):
        return (element.get("string") or "").strip() if tag == qn("v:textpath") else _said(element.get("alt") or "")
    return ""


def _said(*texts: str) -> str:
    """The texts that say something, as one."""
    said = [_GENERATED.sub("", " ".join(text.split())) for text in texts]
    said = [text for text in said if not _NO_DESCRIPTION.fullmatch(text)]
    if len(said) == 2 and said[0] in said[1]:
        said = said[1:]
    return ": ".join(said)


def diagram_items(root: Any | None) -> list[tuple[int, str]]:
    """Depth and text of each point of SmartArt (ECMA-376 part 1, 21.4), parents before their children."""
    if root is None:
        return []
    points = {
        point.get("modelId"): point
        for point in root.iter(qn("dgm:pt"))
        if point.get("type", "node") not in ("pres", "parTrans", "sibTrans")
    }
    children: dict[str, list[tuple[int, str]]] = {}
    for connection in root.iter(qn("dgm:cxn")):
        if connection.get("type", "parOf") == "parOf":
            order = number(connection.get("srcOrd"))
            children.setdefault(connection.get("srcId"), []).append((order, connection.get("destId")))
    inner = {child for siblings in children.values() for _, child in siblings}
    # Points that nothing connects come last; those of a loop have no place in any order but the file's.
    starts = [name for name in points if name not in inner] + list(points)
    items: list[tuple[int, str]] = []
    seen: set[str] = set()
    stack = [(0, name) for name in starts[::-1]]
    while stack:
        depth, name = stack.pop()
        point = points.get(name)
        if point is None or name in seen:
            continue
        seen.add(name)
        text = " ".join(_paragraphs(point))
        if text:
            items.append((depth, text))
        following = sorted(children.get(name, []), key=lambda child: child[0], reverse=True)
        stack.extend((depth + bool(text), child) for _, child in following)
    return items


def _paragraphs(element: Any) -> list[str]:
    texts = ["".join(text.text or "" for text in line.iter(qn("a:t"))).strip() for line in element.iter(qn("a:p"))]
    return [text for text in texts if text]


@dataclass(slots=True)
class ChartTable:
    """The values that a chart draws: a row for each category, a column for each series."""

    title: str
    rows: list[list[str]] = field(default_factory=list)


def chart_table(root: Any | None) -> ChartTable:
    """Of a chart part (ECMA-376 part 1, 21.2), from the values that the file keeps beside the drawing."""
    if root is None:
        return ChartTable("")
    chart = root.find(qn("c:chart"))
    title = None if chart is None else chart.find(qn("c:title"))
    table = ChartTable("" if title is None else " ".join(_paragraphs(title)) or " ".join(_points(title).values()))
    names: list[str] = []
    categories: dict[int, str] = {}
    columns: list[dict[int, str]] = []
    for series in root.iter(qn("c:ser")):
        names.append(" ".join(_points(series.find(qn("c:tx"))).values()))
        for tag in ("c:cat", "c:xVal"):
            for at, text in _points(series.find(qn(tag))).items():
                categories.setdefault(at, text)
        values = series.find(qn("c:val"))
        columns.append(_points(series.find(qn("c:yVal")) if values is None else values))
    places = sorted({*categories, *(at for column in columns for at in column)})
    if columns and places:
        axis = _axis_title(root)
        table.rows.append([axis, *(name or f"Series {at}" for at, name in enumerate(names, 1))])
        table.rows += [[categories.get(at, ""), *(column.get(at, "") for column in columns)] for at in places]
    return table


def _axis_title(root: Any) -> str:
    for tag in ("c:catAx", "c:dateAx"):
        for axis in root.iter(qn(tag)):
            title = axis.find(qn("c:title"))
            if title is not None:
                return " ".join(_paragraphs(title))
    return ""


def _points(element: Any | None) -> dict[int, str]:
    """The cached texts or numbers below an element, by their places."""
    if element is None:
        return {}
    points = {number(point.get("idx")): (point.findtext(qn("c:v")) or "").strip() for point in element.iter(qn("c:pt"))}
    if not points and element.find(qn("c:v")) is not None:
        return {0: element.findtext(qn("c:v")) or ""}
    return points
