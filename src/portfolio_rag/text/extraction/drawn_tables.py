"""Tables drawn with signs in text of fixed width: grids of + - |, bars alone, columns under a rule.

+-------+------+     Name | Port      Name   Port
| Name  | Port |     -----+-----      -----  ----
+=======+======+     web  | 7511      web    7511
| web   | 7511 |
+-------+------+
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

MAX_COLUMNS = 100
MAX_LINES = 5000
"""Of one table; more are left as they are."""

_BORDER = re.compile(r"\+(?:[-=:]+\+)+")
_RULE = re.compile(r"[-=]{2,}(?: +[-=]{2,})+|[─━═]{2,}(?: +[─━═]{2,})+")
_CROSSED_RULE = re.compile(r"-+(?:\+-+)+")
_BARS = re.compile(r"\|.*\|")
_DELIMITER_ROW = re.compile(r"\|(?:\s*:?[-=]+:?\s*\|)+")
_MAX_HEADER_LINES = 3


class DrawnTable(NamedTuple):
    """`rows` are a grid, merged cells repeated. `header_rows` is None where the drawing does not tell.

    `end` is the number of the line behind the table.
    """

    rows: list[list[str]]
    header_rows: int | None
    end: int


def read_table(lines: Sequence[str], start: int) -> DrawnTable | None:
    """The table that begins at this line, if one does."""
    first = lines[start].strip()
    if first.startswith("+"):
        return _grid(lines, start) if _BORDER.fullmatch(first) else None
    if first.startswith("|"):
        return _bars(lines, start)
    if "\t" not in first and (_RULE.fullmatch(first) or len(first) > 2):
        return _columns(lines, start)
    return None


def is_rule_under_names(line: str) -> bool:
    """Whether a line is the rule of a table whose columns stand under it."""
    return bool(_RULE.fullmatch(line) or _CROSSED_RULE.fullmatch(line))


def _padded(line: str) -> str:
    """The line with a NUL behind each wide character, so that positions are columns of the screen."""
    line = line.expandtabs(8).rstrip()
    if line.isascii():
        return line
    return "".join(char + "\0" if unicodedata.east_asian_width(char) in "WF" else char for char in line)


def _text(piece: str) -> str:
    return piece.replace("\0", "").strip()


def _grid(lines: Sequence[str], start: int) -> DrawnTable | None:
    indent = len(lines[start]) - len(lines[start].lstrip())
    drawn: list[str] = []
    for line in lines[start : start + MAX_LINES]:
        padded = _padded(line)[indent:]
        if not padded.startswith(("+", "|")):
            break
        drawn.append(padded)
    while drawn and not _BORDER.fullmatch(drawn[-1]):
        drawn.pop()
    if len(drawn) < 3:
        return None
    width = max(map(len, drawn))
    drawn = [line.ljust(width) for line in drawn]
    rules = [number for number, line in enumerate(drawn) if _is_rule(line)]
    edges = sorted({position for number in rules for position, char in enumerate(drawn[number]) if char == "+"})
    if not 2 <= len(edges) <= MAX_COLUMNS:
        return None
    if any(_is_shifted(line, edges) for line in drawn):
        table = _bars([line.replace("+", "|") for line in drawn], 0)
        return table and table._replace(end=start + len(drawn))
    end = start + len(drawn)
    if _has_row_a_line(drawn, rules, edges):
        drawn, rules = _ruled(drawn, rules)
        return DrawnTable(_GridCells(drawn, rules, edges).rows(), 1, end)
    rows = _GridCells(drawn, rules, edges).rows()
    header = next((row for row, rule in enumerate(rules) if row and "=" in drawn[rule]), None)
    # The "=" under the last row of a grid would be its lower border.
    header_rows = header if header is not None and header < len(rules) - 1 else None
    return DrawnTable(rows, header_rows, end)


def _has_row_a_line(drawn: Sequence[str], rules: Sequence[int], edges: Sequence[int]) -> bool:
    """Whether each line below the names is a row, as databases print: no rule parts them, and none goes on another.

    A cell that goes on in the next line has nothing beside that, in one of the columns at least.
    """
    if len(rules) != 3 or rules[1] - rules[0] != 2:
        return False
    lines = drawn[rules[1] + 1 : rules[2]]
    if len(lines) < 2 or any(line[edge] != "|" for line in lines for edge in edges):
        return False
    cells = [[_text(line[left + 1 : right]) for left, right in pairwise(edges)] for line in lines]
    if "=" in drawn[rules[1]]:  # as markup has it, where such tables have a rule under each row
        return len(lines) > 2 and all(map(all, cells))
    return all(row[0] for row in cells) and any(map(all, cells[1:]))


def _ruled(drawn: Sequence[str], rules: Sequence[int]) -> tuple[list[str], list[int]]:
    """The same with a rule under each line below the names."""
    head, body = list(drawn[: rules[1] + 1]), drawn[rules[1] + 1 : rules[2]]
    for line in body:
        head += [line, drawn[rules[2]]]
    return head, [*rules[:2], *range(rules[1] + 2, len(head), 2)]


def _is_rule(line: str) -> bool:
    """Whether a border stands in this line, over the whole width or under some cells only."""
    return bool(re.search(r"\+[-=:]+\+", line))


def _is_shifted(line: str, edges: Sequence[int]) -> bool:
    """Whether a line has all the bars of a grid, but not in their places."""
    return line.count("|") == len(edges) and any(line[position] != "|" for position in edges)


class _GridCells:
    """The cells of a grid: fields between borders, joined where the border between them is not drawn."""

    def __init__(self, drawn: Sequence[str], rules: Sequence[int], edges: Sequence[int]) -> None:
        self._drawn = drawn
        self._bands = list(pairwise(rules))
        self._edges = list(pairwise(edges))

    def rows(self) -> list[list[str]]:
        height, width = len(self._bands), len(self._edges)
        owner: dict[tuple[int, int], int] = {}
        texts: list[str] = []
        for band in range(height):
            for column in range(width):
                if (band, column) not in owner:
                    fields = self._joined(band, column, owner, len(texts))
                    texts.append(self._content(fields))
        return [[texts[owner[band, column]] for column in range(width)] for band in range(height)]

    def _joined(self, band: int, column: int, owner: dict[tuple[int, int], int], number: int) -> list[tuple[int, int]]:
        fields = [(band, column)]
        owner[band, column] = number
        for at_band, at_column in fields:
            for beside in self._neighbours(at_band, at_column):
                if beside not in owner:
                    owner[beside] = number
                    fields.append(beside)
        return sorted(fields)

    def _neighbours(self, band: int, column: int) -> list[tuple[int, int]]:
        joined = []
        if column + 1 < len(self._edges) and not self._is_walled(band, self._edges[column][1]):
            joined.append((band, column + 1))
        if column and not self._is_walled(band, self._edges[column][0]):
            joined.append((band, column - 1))
        if band + 1 < len(self._bands) and not self._is_floored(self._bands[band][1], column):
            joined.append((band + 1, column))
        if band and not self._is_floored(self._bands[band][0], column):
            joined.append((band - 1, column))
        return joined

    def _is_walled(self, band: int, position: int) -> bool:
        top, bottom = self._bands[band]
        return all(self._drawn[line][position] in "|+" for line in range(top + 1, bottom)) and bottom > top + 1

    def _is_floored(self, line: int, column: int) -> bool:
        left, right = self._edges[column]
        inside = self._drawn[line][left + 1 : right]
        return bool(inside) and all(char in "-=:+" for char in inside)

    def _content(self, fields: Sequence[tuple[int, int]]) -> str:
        """The lines of a cell that covers these fields."""
        left = min(self._edges[column][0] for _, column in fields)
        right = max(self._edges[column][1] for _, column in fields)
        top = min(self._bands[band][0] for band, _ in fields)
        bottom = max(self._bands[band][1] for band, _ in fields)
        pieces = (_text(self._drawn[line][left + 1 : right]) for line in range(top + 1, bottom))
        return "\n".join(piece for piece in pieces if piece)


def _bars(lines: Sequence[str], start: int) -> DrawnTable | None:
    drawn: list[str] = []
    rules: set[int] = set()
    for line in lines[start : start + MAX_LINES]:
        line = line.strip()
        number = len(drawn)
        if _DELIMITER_ROW.fullmatch(line) or _BORDER.search(line):
            if number - 1 in rules:
                break
            rules.add(number)
        elif line.count("|") < 3 or not _BARS.fullmatch(line):
            break
        drawn.append(line)
    end = start + len(drawn)
    if len(drawn) - len(rules) < 1 or len(drawn) < 2:
        return None
    rows = [_split_at_bars(line) for number, line in enumerate(drawn) if number not in rules]
    header_rows = first if rules and 0 < (first := min(rules)) <= _MAX_HEADER_LINES else None
    return DrawnTable(rows, header_rows, end)


def _split_at_bars(line: str) -> list[str]:
    return [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def _columns(lines: Sequence[str], start: int) -> DrawnTable | None:
    """Columns under a rule with gaps in it, or a rule with crosses; a rule may stand above and below, too."""
    first = start + 1 if _RULE.fullmatch(lines[start].strip()) else start
    rule = next(
        (
            number
            for number in range(first + 1, min(first + 1 + _MAX_HEADER_LINES, len(lines)))
            if is_rule_under_names(lines[number].strip())
        ),
        None,
    )
    if rule is None or not all(line.strip() for line in lines[first:rule]):
        return None
    if _CROSSED_RULE.fullmatch(lines[rule].strip()):
        return _crossed(lines, first, rule)
    starts = [mark.start() for mark in re.finditer(r"[^ ]+", _padded(lines[rule]))]
    if len(starts) > MAX_COLUMNS:
        return None
    headers = [_split_at(lines[number], starts) for number in range(first, rule)]
    if any(header is None for header in headers):
        return None
    rows: list[list[str]] = []
    end = rule + 1
    while end < len(lines) and end - start < MAX_LINES and lines[end].strip():
        if _RULE.fullmatch(lines[end].strip()):
            end += 1
            break
        cells = _split_at(lines[end], starts)
        if cells is None:
            return None
        if not cells[0] and rows:
            rows[-1] = [f"{above}\n{cell}".strip() for above, cell in zip(rows[-1], cells, strict=True)]
        else:
            rows.append(cells)
        end += 1
    if not rows or not any(cell for row in rows for cell in row[1:]):
        return None
    names = ["\n".join(filter(None, column)) for column in zip(*filter(None, headers), strict=True)]
    return DrawnTable([names, *rows], 1, end)


def _split_at(line: str, starts: Sequence[int]) -> list[str] | None:
    """The cells of a line whose columns begin there; None where a word stands across the beginning of one."""
    padded = _padded(line)
    for position in starts[1:]:
        if position <= len(padded) and padded[position - 1 : position].strip():
            return None
    if padded[: starts[0]].strip():
        return None
    return [_text(padded[left:right]) for left, right in pairwise([*starts, len(padded) + 1])]


def _crossed(lines: Sequence[str], first: int, rule: int) -> DrawnTable | None:
    """As databases print: `name | port` over `-----+-----`."""
    count = lines[rule].count("+") + 1
    end = rule + 1
    while end < len(lines) and end - rule < MAX_LINES and lines[end].count("|") == count - 1:
        end += 1
    numbers = [*range(first, rule), *range(rule + 1, end)]
    rows = [[cell.strip() for cell in lines[number].split("|")] for number in numbers]
    if end == rule + 1 or any(len(row) != count for row in rows):
        return None
    return DrawnTable(rows, rule - first, end)
