"""What charts and diagrams of slides say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree
from pptx.oxml.ns import qn

from portfolio_rag.text.extraction.formats.docx.charts import displayed

_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_ACROSS = f"{qn('c:xVal')}//{qn('c:pt')}/{qn('c:v')}"
"""Where the points of a scatter chart lie, which has no categories."""
_FORMAT = f"{qn('c:val')}//{qn('c:formatCode')}"
_MAX_DEPTH = 20


def chart_rows(chart: Any) -> tuple[str, list[list[str]]]:
    """The title of a chart, and its numbers: a row for each category, a column for each series."""
    title = ""
    if chart.has_title and chart.chart_title.has_text_frame:
        title = " ".join(chart.chart_title.text_frame.text.split())
    columns: list[tuple[str, list[str]]] = []
    categories: list[str] = []
    for plot in chart.plots:
        labels = [" - ".join(filter(None, map(str, path))) for path in plot.categories.flattened_labels]
        categories = max(categories, labels or [str(label) for label in plot.categories], key=len)
        for series in plot.series:
            categories = categories or [node.text or "" for node in series._element.iterfind(_ACROSS)]
            number_format = series._element.findtext(_FORMAT) or ""
            values = [_number(value, number_format) for value in series.values]
            columns.append((series.name or f"Series {len(columns) + 1}", values))
    length = max([len(categories), *(len(values) for _, values in columns)], default=0)
    categories += [""] * (length - len(categories))
    padded = [(name, values + [""] * (length - len(values))) for name, values in columns]
    if not length:
        return title, []
    head = ["", *(name for name, _ in padded)]
    return title, [head, *([label, *row] for label, *row in zip(categories, *(v for _, v in padded), strict=True))]


def _number(value: float | None, number_format: str) -> str:
    return "" if value is None else displayed(f"{value:.10g}", number_format)


def diagram_lines(frame: Any) -> Iterator[tuple[int, str]]:
    """(depth, text) of the boxes of a SmartArt diagram, each before those below it."""
    reference = frame._element.find(f".//{_DIAGRAM}relIds")
    relation = None if reference is None else frame.part.rels.get(reference.get(qn("r:dm")))
    if relation is None or relation.is_external:
        return
    model = etree.fromstring(relation.target_part.blob)
    texts = {point.get("modelId"): _text(point) for point in model.iter(f"{_DIAGRAM}pt")}
    below: dict[str, list[tuple[int, str]]] = {}
    children = set()
    for link in model.iter(f"{_DIAGRAM}cxn"):
        if link.get("type", "parOf") == "parOf":
            below.setdefault(link.get("srcId"), []).append((int(link.get("srcOrd", 0)), link.get("destId")))
            children.add(link.get("destId"))
    stack = [(0, point) for point in reversed([point for point in texts if point not in children])]
    seen = set()
    while stack:
        depth, point = stack.pop()
        if point in seen:
            continue
        seen.add(point)
        text = texts.get(point, "")
        if text:
            yield depth, text
        deeper = min(depth + bool(text), _MAX_DEPTH)
        stack += [(deeper, child) for _, child in sorted(below.get(point, []), reverse=True)]


def _text(point: Any) -> str:
    if point.get("type") in ("pres", "parTrans", "sibTrans"):
        return ""
    return " ".join("".join(p.itertext(qn("a:t"))) for p in point.iter(qn("a:p"))).strip()
