"""Ruling lines of a page, of which tables are drawn."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Iterator
from typing import NamedTuple

import pypdfium2
from pypdfium2 import raw

from portfolio_rag.text.extraction.formats.pdf.glyphs import Box

MAX_OBJECTS = 20_000
"""Of a page; the rulings of one with more, a drawing, are not looked at."""
MAX_RULES = 4_000
"""Of a page, the same."""
_THIN = 3.0
"""In points: what is no thicker is a line."""
_SHORTEST = 6.0
_MAX_DEPTH = 3
_Matrix = tuple[float, float, float, float, float, float]
_SIDES = [ctypes.c_float() for _ in range(4)]
_SIDES_AT = [ctypes.byref(side) for side in _SIDES]
_UNCHANGED: _Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


class Rule(NamedTuple):
    """A line of a drawing in points as the page's text is read: at `at`, from `start` to `end`."""

    is_level: bool
    at: float
    start: float
    end: float


def rules_of(page: pypdfium2.PdfPage, turn: int) -> list[Rule]:
    """The level and upright lines of a page and the edges of its rectangles; none when it is a drawing."""
    rules: list[Rule] = []
    for box in _boxes(page.raw, raw.FPDFPage_CountObjects, raw.FPDFPage_GetObject, _UNCHANGED, 0):
        rules.extend(_edges(box.turned(turn)))
        if len(rules) > MAX_RULES:
            return []
    return rules


def _edges(box: Box) -> Iterator[Rule]:
    width, height = box.right - box.left, box.top - box.bottom
    if height <= _THIN:
        if width >= _SHORTEST:
            yield Rule(True, (box.bottom + box.top) / 2, box.left, box.right)
    elif width <= _THIN:
        if height >= _SHORTEST:
            yield Rule(False, (box.left + box.right) / 2, box.bottom, box.top)
    else:
        yield Rule(True, box.bottom, box.left, box.right)
        yield Rule(True, box.top, box.left, box.right)
        yield Rule(False, box.left, box.bottom, box.top)
        yield Rule(False, box.right, box.bottom, box.top)


def _boxes(container: object, count_of: object, child_of: object, matrix: _Matrix, depth: int) -> Iterator[Box]:
    """Boxes of the rectangles and straight lines in a page or a form within it."""
    count = count_of(container)  # type: ignore[operator]
    if count > MAX_OBJECTS:
        return
    for number in range(count):
        child = child_of(container, number)  # type: ignore[operator]
        kind = raw.FPDFPageObj_GetType(child)
        if kind == raw.FPDF_PAGEOBJ_PATH:
            if (whole := _bounds(child)) is None:
                continue
            if min(whole.right - whole.left, whole.height) <= _THIN and matrix == _UNCHANGED:
                yield whole
            else:
                yield from _boxes_of_path(child, _times(_matrix(child), matrix))
        elif kind == raw.FPDF_PAGEOBJ_FORM and depth < _MAX_DEPTH:
            inner = _times(_matrix(child), matrix)
            yield from _boxes(child, raw.FPDFFormObj_CountObjects, raw.FPDFFormObj_GetObject, inner, depth + 1)


def _bounds(path: raw.FPDF_PAGEOBJECT) -> Box | None:
    """Where the path is drawn in what holds it; None when it is too small for a line of a table."""
    left, bottom, right, top = _SIDES
    if not raw.FPDFPageObj_GetBounds(path, *_SIDES_AT):
        return None
    box = Box(left.value, bottom.value, right.value, top.value)
    return box if max(box.right - box.left, box.height) >= _SHORTEST else None


def _boxes_of_path(path: raw.FPDF_PAGEOBJECT, matrix: _Matrix) -> Iterator[Box]:
    """A box for each level or upright stroke; one for a path that is a rectangle; none for curves and slopes."""
    x, y = ctypes.c_float(), ctypes.c_float()
    points: list[tuple[float, float]] = []
    for number in range(min(raw.FPDFPath_CountSegments(path), MAX_RULES)):
        segment = raw.FPDFPath_GetPathSegment(path, number)
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            yield from _boxes_of_points(points)
            points = []
        elif kind != raw.FPDF_SEGMENT_LINETO:
            return
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        points.append(_applied(matrix, x.value, y.value))
        if raw.FPDFPathSegment_GetClose(segment):
            points.append(points[0])
    yield from _boxes_of_points(points)


def _boxes_of_points(points: list[tuple[float, float]]) -> Iterator[Box]:
    if len(points) < 2:
        return
    xs, ys = [x for x, _ in points], [y for _, y in points]
    whole = Box(min(xs), min(ys), max(xs), max(ys))
    if min(whole.right - whole.left, whole.height) <= _THIN:
        yield whole
        return
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if abs(x0 - x1) < 0.5 or abs(y0 - y1) < 0.5:
            yield Box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _matrix(page_object: raw.FPDF_PAGEOBJECT) -> _Matrix:
    found = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(page_object, found):
        return _UNCHANGED
    return (found.a, found.b, found.c, found.d, found.e, found.f)


def _times(first: _Matrix, then: _Matrix) -> _Matrix:
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def _applied(matrix: _Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f
