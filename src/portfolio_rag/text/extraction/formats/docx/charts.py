"""Charts (ECMA-376 part 1, 21.2) as tables of the values that the file keeps beside the drawing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from portfolio_rag.text.extraction.formats.docx.diagrams import text_lines
from portfolio_rag.text.extraction.formats.docx.names import number, qn

_DAY_ZERO = date(1899, 12, 30)
"""From which Excel counts the days, so that those since March 1900 are right."""
_LAST_DAY = 2_958_466
"""The day after 9999-12-31."""


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
    table = ChartTable("" if title is None else " ".join(text_lines(title)) or " ".join(_points(title).values()))
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
                return " ".join(text_lines(title))
    return ""


def _points(element: Any | None) -> dict[int, str]:
    """The cached texts or numbers below an element, by their places."""
    if element is None:
        return {}
    points: dict[int, str] = {}
    for cached in element.iter(qn("c:strCache"), qn("c:numCache"), qn("c:strLit"), qn("c:numLit"), qn("c:lvl")):
        number_format = cached.findtext(qn("c:formatCode")) or ""
        is_number = cached.tag in (qn("c:numCache"), qn("c:numLit"))
        for point in cached.iterchildren(qn("c:pt")):
            text = (point.findtext(qn("c:v")) or "").strip()
            if is_number:
                text = displayed(text, point.get("formatCode") or number_format)
            # The levels of a category, the innermost first.
            before = points.get(number(point.get("idx")))
            points[number(point.get("idx"))] = f"{text} – {before}" if before else text
    literal = element.findtext(qn("c:v"))
    return points or ({} if literal is None else {0: literal})


def displayed(text: str, number_format: str) -> str:
    """A number as its format shows it: percentages and dates; others with the digits that a person would write."""
    try:
        value = float(text)
    except ValueError:
        return text
    if number_format.endswith("%"):
        return f"{value * 100:.10g}%"
    if "yy" in number_format.lower() and 0 < value < _LAST_DAY:
        return (_DAY_ZERO + timedelta(days=int(value))).isoformat()
    return f"{value:.15g}"
