"""The order in which a page is read, whatever the order in which it is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import median

from portfolio_rag.text.extraction.formats.pdf.line import Line, in_one_row, is_right_to_left, joined
from portfolio_rag.text.extraction.formats.pdf.table import Table

Item = Line | Table

MIN_GUTTER = 0.7
"""In sizes of the type: between two columns of text is more room than this."""
MIN_COLUMN_LINES = 3
MAX_PIECES = 3_000
"""Of a page: one with more is a drawing, which has no columns, and looking for them would take long."""
_BESIDE = 0.8
"""In sizes of the type: lines whose baselines are no farther apart stand beside each other."""
_NEIGHBOURS = 6
_FAR = 1.6
"""In usual pitches: a line below a larger gap is not taken for the last of a column when no other stands beside it."""
_NARROW = 4
"""In characters: a column of such pieces is none of text."""
_MAX_DEPTH = 6


def in_reading_order(lines: Sequence[Item]) -> list[Item]:
    """Pieces of lines, all turned alike, as whole lines in the order in which they are read, tables among them."""
    if is_drawn_as_read(lines):
        return list(rejoined(lines))
    from_right = is_right_to_left("".join(line.text for line in lines))
    return list(rejoined(_ordered(lines, from_right, 0)))


def is_drawn_as_read(lines: Sequence[Item]) -> bool:
    """Whether the order runs down, and up again only to the next column, with no steps aside within a row."""
    if any(isinstance(line, Line) and line.is_field for line in lines):
        return False
    for above, below in pairwise(lines):
        size = max(min(above.size, below.size), 1.0)
        rise = below.baseline - above.baseline
        gap = max(below.left - above.right, above.left - below.right)
        if abs(rise) < _BESIDE * size:
            if gap > MIN_GUTTER * size or (below.right < above.left and in_one_row(above, below)):
                return False
        elif rise > 0.3 * size and below.left < above.right:
            return False
    return True


def rejoined(items: Iterable[Item]) -> Iterator[Item]:
    """The lines, those that follow one another in a row made one."""
    row: list[Line] = []
    for item in items:
        is_next = isinstance(item, Line) and (not row or in_one_row(row[0], item) or in_one_row(row[-1], item))
        if row and not is_next:
            yield joined(sorted(row, key=lambda line: line.left))
            row = []
        if isinstance(item, Line):
            row.append(item)
        else:
            yield item
    if row:
        yield joined(sorted(row, key=lambda line: line.left))


def _ordered(lines: Sequence[Item], from_right: bool, depth: int) -> list[Item]:
    """Columns one after another, what stands over them before, and rows from the top down."""
    ordered = sorted(lines, key=lambda line: -line.baseline)
    if depth > _MAX_DEPTH or len(lines) > MAX_PIECES:
        return _by_rows(ordered)
    found: list[Item] = []
    single: list[Item] = []
    at = 0
    while at < len(ordered):
        band = _columns_from(ordered, at)
        if band is None:
            single.append(ordered[at])
            at += 1
            continue
        end, columns = band
        found.extend(_by_rows(single))
        single = []
        for column in reversed(columns) if from_right else columns:
            found.extend(_ordered(column, from_right, depth + 1))
        at = end
    return [*found, *_by_rows(single)]


def _by_rows(lines: Sequence[Item]) -> list[Item]:
    rows: list[list[Item]] = []
    for line in lines:
        if rows and in_one_row(rows[-1][0], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: line.left)]


def _columns_from(lines: Sequence[Item], start: int) -> tuple[int, list[list[Item]]] | None:
    """Columns that begin at a line, from left to right, and the line after them; None when none begin there."""
    first = lines[start]
    if not any(_stand_beside(first, line) for line in lines[start + 1 : start + 1 + _NEIGHBOURS]):
        return None
    gutter = MIN_GUTTER * first.size
    spans: list[tuple[float, float]] = []
    end = start
    while end < len(lines):
        wider = merged([*spans, (lines[end].left, lines[end].right)], gutter)
        if len(wider) < 2 and end > start:
            break
        spans = wider
        end += 1
    band = lines[start:end]
    if end < len(lines):
        band = _without_tail(band)
    columns = [[line for line in band if left <= line.left and line.right <= right] for left, right in spans]
    columns = [column for column in columns if column]
    if len(columns) < 2 or not _are_columns(columns):
        return None
    return start + len(band), columns


def _without_tail(band: Sequence[Item]) -> Sequence[Item]:
    """Without the lines at the end that nothing stands beside, below a gap: they belong to what follows."""
    pitches = [above.baseline - below.baseline for above, below in pairwise(band)]
    rows = [pitch for pitch in pitches if pitch > 0.3 * band[0].size]
    usual = median(rows) if rows else 0.0
    end = len(band)
    while end > 1 and not any(_stand_beside(band[end - 1], line) for line in band[max(0, end - _NEIGHBOURS) : end - 1]):
        end -= 1
        if band[end - 1].baseline - band[end].baseline > _FAR * usual:
            return band[:end]
    return band


def _are_columns(columns: Sequence[Sequence[Item]]) -> bool:
    """Whether pieces that stand in columns are read column by column: else they are rows."""
    long = [column for column in columns if len({round(line.baseline) for line in column}) >= MIN_COLUMN_LINES]
    if len(long) < 2:
        return False
    return not any(is_labels(column) or is_filled_in(column) or _is_narrow(column) for column in columns)


def _is_narrow(column: Sequence[Item]) -> bool:
    """Whether it holds signs and numbers of the lines beside it."""
    return median(len(item.text) if isinstance(item, Line) else _NARROW + 1 for item in column) <= _NARROW


def is_filled_in(column: Sequence[Item]) -> bool:
    """Whether most of it are values of a form."""
    return 2 * sum(isinstance(item, Line) and item.is_field for item in column) > len(column)


def is_labels(column: Sequence[Item]) -> bool:
    """Whether the pieces are names of what stands beside them: `Name:`, `Date:`."""
    return 2 * sum(line.text.rstrip().endswith(":") for line in column) > len(column)


def _stand_beside(line: Item, neighbour: Item) -> bool:
    size = max(min(line.size, neighbour.size), 1.0)
    gap = max(neighbour.left - line.right, line.left - neighbour.right)
    return abs(line.baseline - neighbour.baseline) < _BESIDE * size and gap > MIN_GUTTER * size


def merged(spans: Iterable[tuple[float, float]], gutter: float) -> list[tuple[float, float]]:
    """The stretches that spans cover, from left to right; those no farther apart than `gutter` are one."""
    covered: list[tuple[float, float]] = []
    for left, right in sorted(spans):
        if covered and left - covered[-1][1] <= gutter:
            covered[-1] = (covered[-1][0], max(covered[-1][1], right))
        else:
            covered.append((left, right))
    return covered
