"""Tables without ruling lines: rows of pieces that stand in columns."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from portfolio_rag.text.extraction.formats.pdf.line import Line, joined, rows_of
from portfolio_rag.text.extraction.formats.pdf.reading_order import is_filled_in, is_labels
from portfolio_rag.text.extraction.formats.pdf.rules import Rule
from portfolio_rag.text.extraction.formats.pdf.spanners import names_above
from portfolio_rag.text.extraction.formats.pdf.table import (
    PhysicalRow,
    Table,
    is_amount,
    joined_rows,
    logical_rows,
    median_words,
    physical_rows,
)

LEADERS = re.compile(r"(?:[.·…_]\s?){5,}")
MAX_DISTANCE = 3.2
"""In sizes of the type: rows farther apart belong to no one table."""
_FEW_ROWS = 5
_FEWEST_COLUMNS = 3
"""Of a table with names above several of its columns, and rows with that of the names."""
_MOST_NAMES = 60
_CLOSE = 1.35
"""In sizes of the type: so close stand the lines of running text."""
_MAX_FIRST_CELL = 60
"""In characters: a longer cell in the first row is running text."""
_MAX_SHORT_CELL = 28
"""In characters on average: tables of two or three rows hold shorter cells."""
_AMOUNTS_SHARE = 0.6
_PROSE_WORDS = 4
"""A column whose lines hold so many words and fill it is running text."""
_PROSE_FILL = 0.7
_FULL_LINE = 0.85
_LABEL = re.compile(
    r"[•◦▪‣●○■□–—*☒☐\uf0b7\uf0a7\uf0d8-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)]|\d{1,2}(?:\.\d{1,2}){1,3}\.?"
)
_MAX_LABEL_GAP = 4.0
"""In sizes of the type: how far a sign or number of an item stands from its text."""

_Span = tuple[float, float]


def with_labels(row: Sequence[Line]) -> list[Line]:
    """The pieces of a row, signs and numbers of list items and headings joined to their text."""
    found: list[Line] = []
    for piece in row:
        label = found[-1] if found else None
        if (
            label is not None
            and _LABEL.fullmatch(label.text)
            and piece.left - label.right < _MAX_LABEL_GAP * piece.size
            and any(char.isalpha() for char in piece.text[:2])
        ):
            found[-1] = joined([label, piece])
        else:
            found.append(piece)
    return found


def aligned_tables(
    lines: Sequence[Line], rules: Sequence[Rule], orders: Mapping[int, int]
) -> Iterator[tuple[Table, list[Line]]]:
    """The tables among the lines of a page, each with the lines that it holds.

    `orders` say by the identity of each line where in the page's content it is drawn.
    """
    rows = rows_of(lines)
    levels = [rule for rule in rules if rule.is_level]
    at = 0
    while at < len(rows):
        start = at
        end, spans, above = _run_below_names(rows, at, levels)
        if above:
            start += 1
        else:
            end, spans = _run(rows, at)
        run = [with_labels(row) for row in rows[start:end]]
        if (
            end - start >= 2
            and not _is_cut_out(rows, start, end)
            and _is_table(run, spans, levels, orders, rows[start:end])
        ):
            table = _table(run, spans, levels)
            if _is_plausible(table, has_bold_head=_has_bold_head(run)):
                for column, name in above.items():
                    own = table.rows[0][column]
                    table.rows[0][column] = [f"{name} -", *own] if own else [name]
                yield table, [line for row in rows[at:end] for line in row]
        at = max(at + 1, end)


def _run_below_names(
    rows: Sequence[Sequence[Line]], at: int, levels: Sequence[Rule]
) -> tuple[int, list[_Span], dict[int, str]]:
    """The run of a table above whose columns stand names of several of them, in row `at`; without them no such run."""
    head, first = rows[at], rows[at + 1] if at + 1 < len(rows) else []
    if len(first) < _FEWEST_COLUMNS or len(head) >= len(first) or len(head) > _MOST_NAMES:
        return at, [], {}
    if head[0].baseline - first[0].baseline > MAX_DISTANCE * head[0].size or any(line.is_code for line in head):
        return at, [], {}
    end, spans = _run(rows, at + 1)
    if end - at < _FEWEST_COLUMNS or len(spans) > _MOST_NAMES:
        return at, [], {}
    named = {_column(piece, spans) for piece in with_labels(first)}
    return end, spans, names_above(head, spans, named, levels, first[0].baseline)


def _run(rows: Sequence[Sequence[Line]], start: int) -> tuple[int, list[_Span]]:
    """The rows from `start` on that keep to columns: the row after them, and where the columns reach."""
    first = with_labels(rows[start])
    if len(first) < 2 or any(line.is_code for line in first):
        return start, []
    size = max(first[0].size, 1.0)
    spans = [(line.left, line.right) for line in first]
    end = start + 1
    while end < len(rows):
        row = with_labels(rows[end])
        distance = rows[end - 1][0].baseline - row[0].baseline
        wider = _fitted(spans, row, size)
        if distance > MAX_DISTANCE * size or wider is None or abs(row[0].size - size) > 0.25 * size:
            break
        spans = wider
        end += 1
    return _without_tail(rows, start, end, spans), spans


def _without_tail(rows: Sequence[Sequence[Line]], start: int, end: int, spans: Sequence[_Span]) -> int:
    """The end of the run without what follows the table: single pieces that are no ends of wrapped cells."""
    distances = [
        above[0].baseline - below[0].baseline
        for above, below in zip(rows[start:end], rows[start + 1 : end], strict=False)
    ]
    while end - start > 1 and len(with_labels(rows[end - 1])) == 1:
        piece = rows[end - 1][0]
        distance = distances[end - start - 2]
        if piece.left > spans[0][1] and distance <= 1.35 * min(distances):
            break
        if piece.left <= spans[0][1] and distance <= 1.05 * min(distances) and distance < 0.8 * max(distances):
            break
        end -= 1
    return end


def _is_plausible(table: Table, *, has_bold_head: bool) -> bool:
    """Whether its rows are short as those of a table, and not lines of text that stand beside each other by chance."""
    first = [" ".join(cell) for cell in table.rows[0]]
    if len(table.rows) < 2 or max(map(len, first)) > _MAX_FIRST_CELL:
        return False
    cells = [len(" ".join(cell)) for row in table.rows for cell in row if cell]
    return has_bold_head or len(table.rows) > 3 or sum(cells) <= _MAX_SHORT_CELL * len(cells)


def _is_cut_out(rows: Sequence[Sequence[Line]], start: int, end: int) -> bool:
    """Whether a few rows stand as close to others beside them as lines of text do: they are some lines of columns."""
    if end - start > _FEW_ROWS or all(line.is_bold for line in rows[start]):
        return False
    size = rows[start][0].size
    above = start > 0 and len(rows[start - 1]) > 1 and rows[start - 1][0].baseline - rows[start][0].baseline
    below = end < len(rows) and len(rows[end]) > 1 and rows[end - 1][0].baseline - rows[end][0].baseline
    return any(distance and distance < _CLOSE * size for distance in (above, below))


def _fitted(spans: Sequence[_Span], row: Sequence[Line], size: float) -> list[_Span] | None:
    """The columns widened by a row; None when one of its pieces stands in two of them, or two in one."""
    found = list(spans)
    used: set[int] = set()
    for piece in row:
        touched = [
            place for place, (left, right) in enumerate(found) if piece.left < right - 0.1 and piece.right > left + 0.1
        ]
        if len(touched) > 1:
            return None
        if not touched:
            if any(piece.left < right + 0.2 * size and piece.right > left - 0.2 * size for left, right in found):
                return None
            place = sum(right < piece.left for _, right in found)
            found.insert(place, (piece.left, piece.right))
            used = {one + (one >= place) for one in used} | {place}
            continue
        place = touched[0]
        if place in used:
            return None
        used.add(place)
        left, right = found[place]
        found[place] = (min(left, piece.left), max(right, piece.right))
    if any(following[0] - span[1] < 0.2 * size for span, following in itertools.pairwise(found)):
        return None
    return found


def _is_table(
    run: Sequence[Sequence[Line]],
    spans: Sequence[_Span],
    levels: Sequence[Rule],
    orders: Mapping[int, int],
    raw_rows: Sequence[Sequence[Line]],
) -> bool:
    """Whether rows in columns are a table, and not columns of text, a form, a table of contents or addresses."""
    full = [row for row in run if len(row) > 1]
    columns = _columns(run, spans)
    if len(full) < (3 if len(spans) == 2 else 2) or any(LEADERS.search(line.text) for row in run for line in row):
        return False
    if sum(map(len, full)) < 0.55 * len(spans) * len(full) or any(line.is_code for row in run for line in row):
        return False
    if is_labels([column[0] for column in columns if column]) and len(spans) == 2:
        return False
    if any(is_labels(column) for column in columns) or (len(spans) == 2 and any(map(is_filled_in, columns))):
        return False
    prose = [_is_prose(column, span) for column, span in zip(columns, spans, strict=True)]
    if all(prose) or (any(prose) and _flows(run, spans, prose)):
        return False
    size = run[0][0].size
    amounts = any(_are_amounts(column) for column in columns[1:])
    is_evident = amounts or _has_bold_head(run) or _is_ruled_off(raw_rows, spans, levels)
    if len(spans) == 2:
        if amounts and _is_contents(columns):
            return False
        return is_evident or (_is_spaced(run, size) and len(full) >= 3)
    if len(full) == 2:
        return is_evident
    return is_evident or not _is_drawn_by_columns(raw_rows, spans, orders)


def _columns(run: Sequence[Sequence[Line]], spans: Sequence[_Span]) -> list[list[Line]]:
    columns: list[list[Line]] = [[] for _ in spans]
    for row in run:
        for piece in row:
            columns[_column(piece, spans)].append(piece)
    return columns


def _column(piece: Line, spans: Sequence[_Span]) -> int:
    """Pieces of a run stand in one column each."""
    place = len(spans) - 1
    while place and piece.right <= spans[place][0]:
        place -= 1
    return place


def _is_prose(column: Sequence[Line], span: _Span) -> bool:
    if len(column) < 3 or median_words(column) < _PROSE_WORDS:
        return False
    return median(line.right - line.left for line in column) >= _PROSE_FILL * (span[1] - span[0])


def _flows(run: Sequence[Sequence[Line]], spans: Sequence[_Span], prose: Sequence[bool]) -> bool:
    """Whether running text goes on beside the pieces of another column, which then is no cell of the same row."""
    place = prose.index(True)
    left, right = spans[place]
    distances = [above[0].baseline - below[0].baseline for above, below in itertools.pairwise(run)]
    usual = median(distances)
    starts = through = 0
    for position in range(1, len(run)):
        above = next((piece for piece in run[position - 1] if _column(piece, spans) == place), None)
        here = {_column(piece, spans) for piece in run[position]}
        if place not in here or len(here) < 2:
            continue
        starts += 1
        is_full = above is not None and above.right - left >= _FULL_LINE * (right - left)
        through += is_full and distances[position - 1] <= 1.15 * usual
    return starts > 0 and 2 * through > starts


def _are_amounts(column: Sequence[Line]) -> bool:
    body = column[1:] if len(column) > 1 and not is_amount(column[0].text) else column
    return len(body) >= 1 and sum(is_amount(line.text) for line in body) >= _AMOUNTS_SHARE * len(body)


def _has_bold_head(run: Sequence[Sequence[Line]]) -> bool:
    body = [line for row in run[1:] for line in row]
    return all(line.is_bold for line in run[0]) and 2 * sum(line.is_bold for line in body) < len(body)


def _is_ruled_off(rows: Sequence[Sequence[Line]], spans: Sequence[_Span], levels: Sequence[Rule]) -> bool:
    return bool(_rules_within(rows, spans, levels))


def _rules_within(rows: Sequence[Sequence[Line]], spans: Sequence[_Span], levels: Sequence[Rule]) -> list[float]:
    """Where level lines as wide as the table stand within it."""
    top, bottom = rows[0][0].baseline, rows[-1][0].baseline
    left, right = spans[0][0], spans[-1][1]
    return [
        rule.at
        for rule in levels
        if bottom < rule.at < top and min(rule.end, right) - max(rule.start, left) > 0.7 * (right - left)
    ]


def _is_contents(columns: Sequence[Sequence[Line]]) -> bool:
    """Whether the last column holds growing page numbers and no name."""
    texts = [line.text for line in columns[-1]]
    if len(texts) < 4 or not all(text.isdecimal() for text in texts):
        return False
    numbers = [int(text) for text in texts]
    return numbers == sorted(numbers)


def _is_spaced(run: Sequence[Sequence[Line]], size: float) -> bool:
    distances = [above[0].baseline - below[0].baseline for above, below in itertools.pairwise(run)]
    return min(distances) > 1.45 * size and all(len(row) > 1 for row in run)


def _is_drawn_by_columns(rows: Sequence[Sequence[Line]], spans: Sequence[_Span], orders: Mapping[int, int]) -> bool:
    places = [(orders.get(id(piece), 0), _column(piece, spans)) for row in rows for piece in row]
    drawn = [column for _, column in sorted(places)]
    return sum(before != column for before, column in itertools.pairwise(drawn)) == len(spans) - 1


def _table(run: Sequence[Sequence[Line]], spans: Sequence[_Span], levels: Sequence[Rule]) -> Table:
    size = run[0][0].size
    placed = [(_column(piece, spans), piece) for row in run for piece in row]
    rows = physical_rows(placed, len(spans))
    bands = [band for band in _bands(rows, _rules_within(run, spans, levels)) if band]
    # Where lines part more than the head, and some of what they part is of several lines, each part is a row.
    is_ruled = len(bands) >= 3 and sum(len(band) > 1 for band in bands[1:]) >= 2
    cells = [joined_rows(band) for band in bands] if is_ruled else logical_rows(rows, size)
    first, last = run[0][0], run[-1][0]
    return Table(cells, first.page, spans[0][0], spans[-1][1], first.baseline, last.baseline, size, tuple(spans), False)


def _bands(rows: Sequence[PhysicalRow], levels: Sequence[float]) -> list[list[PhysicalRow]]:
    """The rows between level lines, from the top down."""
    bands: list[list[PhysicalRow]] = [[] for _ in range(len(levels) + 1)]
    for row in rows:
        bands[sum(level > row.baseline for level in levels)].append(row)
    return bands
