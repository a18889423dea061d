"""Where the columns of a table are parted that rules off its rows alone, cell by cell, as browsers and Word draw them.

The level line below a row is then several, one a cell, and where one ends the next begins.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from portfolio_rag.text.extraction.formats.pdf.line import Line
from portfolio_rag.text.extraction.formats.pdf.rules import Rule

_ONE_LINE = 1.5
"""In points: pieces of a level line are no farther apart in height, and ends of lines of one table across."""
_OVERLAP = 3.0
_MISS = 0.6
"""In points: by how much the next piece may begin before the end of the last, or behind it."""
_MIN_PIECE = 10.0
"""In points: shorter pieces are dashes."""
_MIN_LINES = 3
_ROOM = 6.0
"""In points: between a head and a level line above it, which is none of the table."""
_HEAD = 1.6
"""In sizes of the type: so near above the line below it stands a head of one line."""
_HIGHEST_ROW = 120.0
"""In points: level lines farther apart do not belong to rows that follow each other."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A level line of several pieces: from `start` to `end` across, at `at`, with the places of its joints."""

    at: float
    start: float
    end: float
    joints: tuple[float, ...]


def with_joints(rules: Sequence[Rule], lines: Sequence[Line]) -> list[Rule]:
    """The rules, and for each joint of a table without upright lines such a line along the row above the joint.

    `lines` are those of the page.
    """
    uprights = [rule for rule in rules if not rule.is_level]
    found = list(rules)
    heights = [rule.at for rule in rules if rule.is_level]
    table: list[_Line] = []
    for line in [*_lines(rules), None]:
        if table and (line is None or not _follows(table[-1], line)):
            if len(table) >= _MIN_LINES and not any(_is_crossed(row, uprights) for row in table):
                found.extend(_uprights(table))
                found.extend(_uprights_of_head(table, heights, lines))
                found.extend(_uprights_of_foot(table, heights, lines))
            table = []
        if line is not None:
            table.append(line)
    return found


def _follows(below: _Line, above: _Line) -> bool:
    ends = abs(below.start - above.start) + abs(below.end - above.end)
    if above.at - below.at > _HIGHEST_ROW or ends > 2 * _ONE_LINE:
        return False
    fewer, more = sorted((below.joints, above.joints), key=len)
    shared = sum(any(abs(joint - place) <= _OVERLAP for place in more) for joint in fewer)
    return shared == len(fewer) and 2 * shared >= len(more)


def _is_crossed(line: _Line, uprights: Sequence[Rule]) -> bool:
    return any(
        line.start - _OVERLAP < upright.at < line.end + _OVERLAP
        and upright.start - _OVERLAP < line.at < upright.end + _OVERLAP
        for upright in uprights
    )


def _uprights(table: Sequence[_Line]) -> Iterator[Rule]:
    for below, above in pairwise(table):
        for joint in below.joints:
            yield Rule(False, joint, below.at, above.at)


def _uprights_of_head(table: Sequence[_Line], heights: Sequence[float], lines: Sequence[Line]) -> Iterator[Rule]:
    """Along the row above the highest line, where several names of columns stand on it."""
    last = table[-1]
    top = 2 * last.at - table[-2].at
    if any(last.at + _ONE_LINE < height < top + _ROOM for height in heights):
        return  # what stands above belongs to something else
    names = [line for line in lines if last.at < line.baseline < top and last.start <= line.left < last.end]
    if len(names) > 1 and (_is_one_line(names, last.at) or _are_wrapped_names(names, last)):
        for joint in last.joints:
            yield Rule(False, joint, last.at, top)


def _is_one_line(names: Sequence[Line], at: float) -> bool:
    return max(name.baseline for name in names) - at < _HEAD * names[0].size


def _are_wrapped_names(names: Sequence[Line], line: _Line) -> bool:
    """Whether they are bold, close to each other and the line, and one or more in all columns but one."""
    if not all(name.is_bold and abs(name.size - names[0].size) < 0.5 for name in names):
        return False
    heights = [line.at, *sorted(name.baseline for name in names)]
    if any(above - below > _HEAD * names[0].size for below, above in pairwise(heights)):
        return False
    places = {(bisect(line.joints, name.left), bisect(line.joints, name.right)) for name in names}
    return all(first == last for first, last in places) and len(places) >= len(line.joints)


def _uprights_of_foot(table: Sequence[_Line], heights: Sequence[float], lines: Sequence[Line]) -> Iterator[Rule]:
    """Along the row below the lowest line, where a last row without a line below it hangs as the row above does."""
    first, second = table[:2]
    bottom = 2 * first.at - second.at
    if any(bottom - _ROOM < height < first.at - _ONE_LINE for height in heights):
        return
    cells = _between(bottom, first, lines)
    hang = {round(first.at - cell.baseline) for cell in cells}
    hang_above = {round(second.at - cell.baseline) for cell in _between(first.at, second, lines)}
    columns = {bisect(first.joints, cell.left) for cell in cells}
    if len(columns) == len(cells) > 1 and len(hang) == 1 and hang <= hang_above:
        for joint in first.joints:
            yield Rule(False, joint, bottom, first.at)


def _between(bottom: float, line: _Line, lines: Sequence[Line]) -> list[Line]:
    """The pieces of text below the level line, down to `bottom`."""
    return [piece for piece in lines if bottom < piece.baseline < line.at and line.start <= piece.left < line.end]


def _lines(rules: Sequence[Rule]) -> Iterator[_Line]:
    """The level lines that have joints, from the bottom up."""
    group: list[Rule] = []
    for rule in [*sorted((rule for rule in rules if rule.is_level), key=lambda rule: rule.at), None]:
        if group and (rule is None or rule.at - group[0].at > _ONE_LINE):
            joints = tuple(_joints(group))
            if joints:
                yield _Line(group[0].at, min(one.start for one in group), max(one.end for one in group), joints)
            group = []
        if rule is not None:
            group.append(rule)


def _joints(pieces: Sequence[Rule]) -> Iterator[float]:
    for before, after in pairwise(sorted(set(pieces), key=lambda piece: piece.start)):
        is_long = min(before.end - before.start, after.end - after.start) >= _MIN_PIECE
        if is_long and -_OVERLAP <= after.start - before.end <= _MISS and after.end > before.end:
            yield (before.end + after.start) / 2
