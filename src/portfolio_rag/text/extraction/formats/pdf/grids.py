"""Tables that are drawn with ruling lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from portfolio_rag.text.extraction.formats.pdf.line import Line
from portfolio_rag.text.extraction.formats.pdf.rules import Rule
from portfolio_rag.text.extraction.formats.pdf.table import Cells, PhysicalRow, Table, logical_rows, physical_rows

MAX_LINES_OF_GRIDS = 1_500
"""Of a page, after those that continue each other are joined: with more it is a drawing."""
MAX_CELLS = 20_000
_SNAP = 2.5
"""In points: lines no farther apart are one."""
_REACH = 4.0
"""In points: lines that miss each other by no more cross."""
_SPACED = 1.4
"""In sizes of the type: lines farther apart are no lines of one cell."""
_MIN_COVER = 0.5
"""Of the side of a cell: so much of a ruling line parts it from the next."""
_MAX_CELL_CHARACTERS = 500
"""On average: what holds more is a page in frames and no table."""


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where columns and rows are parted: `xs` from left to right, `ys` from the top down."""

    xs: list[float]
    ys: list[float]
    levels: list[Rule]
    uprights: list[Rule]


def ruled_tables(lines: Sequence[Line], rules: Sequence[Rule]) -> Iterator[tuple[Table, list[Line]]]:
    """The tables that ruling lines make of a page, each with the lines that it holds."""
    taken: set[int] = set()
    for grid in _grids(rules):
        inside = [line for line in lines if id(line) not in taken and _is_inside(line, grid)]
        table = _table(grid, inside)
        if table is not None:
            taken.update(id(line) for line in inside)
            yield table, inside


def _grids(rules: Sequence[Rule]) -> Iterator[_Grid]:
    """Those of at least two columns, the smallest first: what holds others is their frame."""
    levels = _joined(rule for rule in rules if rule.is_level)
    uprights = _joined(rule for rule in rules if not rule.is_level)
    if len(levels) + len(uprights) > MAX_LINES_OF_GRIDS:
        return
    found = [grid for group in _crossing(levels, uprights) if (grid := _grid(*group)) is not None]
    yield from sorted(found, key=lambda grid: (grid.xs[-1] - grid.xs[0]) * (grid.ys[0] - grid.ys[-1]))


def _joined(rules: Iterable[Rule]) -> list[Rule]:
    """Ruling lines of one direction, those that continue each other joined."""
    found: list[Rule] = []
    group: list[Rule] = []
    for rule in [*sorted(rules, key=lambda rule: rule.at), None]:
        if group and (rule is None or rule.at - group[-1].at > _SNAP):
            at = sum(one.at for one in group) / len(group)
            spans: list[tuple[float, float]] = []
            for one in sorted(group, key=lambda one: one.start):
                if spans and one.start - spans[-1][1] <= _REACH:
                    spans[-1] = (spans[-1][0], max(spans[-1][1], one.end))
                else:
                    spans.append((one.start, one.end))
            found.extend(Rule(group[0].is_level, at, start, end) for start, end in spans)
            group = []
        if rule is not None:
            group.append(rule)
    return found


def _crossing(levels: Sequence[Rule], uprights: Sequence[Rule]) -> Iterator[tuple[list[Rule], list[Rule]]]:
    """Groups of lines that hang together by their crossings."""
    left = list(uprights)
    waiting = list(levels)
    while waiting:
        level_group, upright_group = [waiting.pop()], list[Rule]()
        for level in level_group:
            for upright in [one for one in left if _cross(level, one)]:
                left.remove(upright)
                upright_group.append(upright)
                reached = [one for one in waiting if _cross(one, upright)]
                waiting = [one for one in waiting if not _cross(one, upright)]
                level_group.extend(reached)
        if upright_group:
            yield level_group, upright_group


def _cross(level: Rule, upright: Rule) -> bool:
    return (
        level.start - _REACH <= upright.at <= level.end + _REACH
        and upright.start - _REACH <= level.at <= upright.end + _REACH
    )


def _grid(levels: list[Rule], uprights: list[Rule]) -> _Grid | None:
    xs = _places([rule.at for rule in uprights], min(r.start for r in levels), max(r.end for r in levels))
    ys = _places([rule.at for rule in levels], min(r.start for r in uprights), max(r.end for r in uprights))[::-1]
    if len(xs) < 3 or len(ys) < 2 or len(xs) * len(ys) > MAX_CELLS:
        return None
    return _Grid(xs, ys, levels, uprights)


def _places(lines: list[float], first: float, last: float) -> list[float]:
    """Where cells are parted, the ends of the lines across among them: a frame may be left out."""
    found: list[float] = []
    for place in sorted([*lines, first, last]):
        if not found or place - found[-1] > _REACH:
            found.append(place)
    return found


def _is_inside(line: Line, grid: _Grid) -> bool:
    middle = line.baseline + 0.25 * line.size
    return grid.ys[-1] < middle < grid.ys[0] and grid.xs[0] < (line.left + line.right) / 2 < grid.xs[-1]


def _table(grid: _Grid, lines: Sequence[Line]) -> Table | None:
    columns, rows = len(grid.xs) - 1, len(grid.ys) - 1
    placed: dict[tuple[int, int], list[Line]] = {}
    for line in lines:
        # By where it begins: a line that is too long for its cell runs into the next.
        column = _place(grid.xs, line.left + min(1.0, (line.right - line.left) / 2) + 0.2 * line.size)
        row = _place([-y for y in grid.ys], -(line.baseline + 0.25 * line.size))
        placed.setdefault((row, column), []).append(line)
    if len({column for _, column in placed}) < 2 or len(placed) < 3:
        return None
    size = sorted(line.size for line in lines)[len(lines) // 2]
    found: list[Cells] = []
    owners = _owners(grid)
    filled = len({id(owners[place]) for place in placed})
    if filled < 3 or sum(len(line.text) for line in lines) > _MAX_CELL_CHARACTERS * filled:
        return None
    for row in range(rows):
        held = [(column, line) for column in range(columns) for line in placed.get((row, column), [])]
        inner = physical_rows(held, columns)
        if _holds_rows(inner, rows, size):
            found.extend(logical_rows(inner, size))
            continue
        cells: Cells = []
        for column in range(columns):
            texts = [line for place in owners[row, column] for line in placed.get(place, [])]
            cells.append([line.text for line in sorted(texts, key=lambda line: (-round(line.baseline), line.left))])
        found.append(cells)
    found = [row for row in found if any(row)]
    if len(found) < 2:
        return None
    first = max(line.baseline for line in lines)
    spans = tuple(zip(grid.xs, grid.xs[1:], strict=False))
    return Table(
        _without_empty_columns(found),
        *(lines[0].page, grid.xs[0], grid.xs[-1], first, grid.ys[-1], size, spans, True),
    )


def _without_empty_columns(rows: list[Cells]) -> list[Cells]:
    """Narrow columns between double lines hold nothing."""
    kept = [column for column in range(len(rows[0])) if any(row[column] for row in rows)]
    return [[row[column] for column in kept] for row in rows]


def _place(edges: Sequence[float], at: float) -> int:
    """Between which of the edges, which grow, it is."""
    place = 0
    while place < len(edges) - 2 and edges[place + 1] <= at:
        place += 1
    return place


def _holds_rows(rows: Sequence[PhysicalRow], bands: int, size: float) -> bool:
    """Whether a band between two level lines holds many rows of the table, as where only its head is ruled off."""
    if bands > 3 or len(rows) < 2:
        return False
    if len(rows) == 2:
        texts = [cell.text for cell in rows[1].cells if cell is not None]
        is_whole = rows[0].filled == len(rows[0].cells) == len(texts)
        is_spaced = rows[0].baseline - rows[1].baseline > _SPACED * size
        return is_whole and (is_spaced or not any(text[:1].islower() for text in texts))
    begun = sum(row.cells[0] is not None and row.filled >= 2 for row in rows)
    return begun >= (0.75 if len(rows) < 5 else 0.6) * len(rows)


def _owners(grid: _Grid) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """For each cell all the cells that are merged with it: no line parts them."""
    columns, rows = len(grid.xs) - 1, len(grid.ys) - 1
    groups = {(row, column): [(row, column)] for row in range(rows) for column in range(columns)}

    def merge(first: tuple[int, int], second: tuple[int, int]) -> None:
        if groups[first] is groups[second]:
            return
        together = sorted(groups[first] + groups[second])
        for place in together:
            groups[place] = together

    for row in range(rows):
        for column in range(columns):
            top, bottom = grid.ys[row], grid.ys[row + 1]
            left, right = grid.xs[column], grid.xs[column + 1]
            if column + 1 < columns and not _is_parted(grid.uprights, right, bottom, top):
                merge((row, column), (row, column + 1))
            if row + 1 < rows and not _is_parted(grid.levels, bottom, left, right):
                merge((row, column), (row + 1, column))
    return groups


def _is_parted(rules: Sequence[Rule], at: float, start: float, end: float) -> bool:
    covered = sum(
        max(0.0, min(end, rule.end) - max(start, rule.start)) for rule in rules if abs(rule.at - at) <= _REACH
    )
    return covered >= _MIN_COVER * (end - start)
