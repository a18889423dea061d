"""Columns of running text on a page, so that a table in one of them is not continued into the text beside it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from portfolio_rag.text.extraction.formats.pdf.line import Line
from portfolio_rag.text.extraction.formats.pdf.rules import Rule
from portfolio_rag.text.extraction.formats.pdf.table import Table, is_amount

_PROSE_BLANKS = 3
"""A line with more blanks is running text."""
_MIN_LINES = 8
"""Of running text that begin at the same place: so many make a column."""
_SAME_PLACE = 2.0
"""In points."""
_LEAST_SHARE = 0.6
"""Of the widest column: narrower ones are margins."""
_MAX_COLUMNS = 4
_AMOUNTS_SHARE = 0.6
_RULED_SHARE = 0.7
_REACH = 4.0
"""In sizes of the type: so far above and below a table the text beside it is looked at."""

Span = tuple[float, float]


def text_columns(lines: Sequence[Line]) -> list[Span]:
    """From where to where the columns of running text reach, from left to right; none where there is only one."""
    prose = sorted(
        (line for line in lines if line.text.count(" ") > _PROSE_BLANKS and not line.is_code),
        key=lambda line: line.left,
    )
    groups: list[list[Line]] = []
    for line in prose:
        if groups and line.left - groups[-1][0].left <= _SAME_PLACE:
            groups[-1].append(line)
        else:
            groups.append([line])
    spans = [
        (median(line.left for line in group), median(line.right for line in group))
        for group in groups
        if len(group) >= _MIN_LINES
    ]
    widest = max((right - left for left, right in spans), default=0.0)
    found: list[Span] = []
    for left, right in spans:
        if right - left < _LEAST_SHARE * widest:
            continue
        if found and left <= found[-1][1]:
            return []  # lines across what would be columns
        found.append((left, right))
    return found if 2 <= len(found) <= _MAX_COLUMNS else []


def within(line: Line, span: Span) -> bool:
    middle = (line.left + line.right) / 2
    return span[0] - _SAME_PLACE <= line.left and middle <= span[1] and line.right <= span[1] + line.size


def is_evident(table: Table, rules: Sequence[Rule]) -> bool:
    """Whether amounts or ruling lines show that it is a table, and no drawing with names on it."""
    columns = list(zip(*table.rows[1:], strict=True))[1:]
    for column in columns:
        texts = [" ".join(cell) for cell in column if cell]
        if len(texts) > 1 and sum(map(is_amount, texts)) >= _AMOUNTS_SHARE * len(texts):
            return True
    return any(
        rule.is_level
        and table.bottom - table.size < rule.at < table.baseline + 2 * table.size
        and min(rule.end, table.right) - max(rule.start, table.left) > _RULED_SHARE * (table.right - table.left)
        for rule in rules
    )


def stands_beside_prose(held: Sequence[Line], lines: Sequence[Line], span: Span) -> bool:
    """Whether what stands at about the height of the held lines, outside their column, is running text."""
    reach = _REACH * held[0].size
    top, bottom = max(line.baseline for line in held) + reach, min(line.baseline for line in held) - reach
    beside = [line for line in lines if bottom <= line.baseline <= top and not within(line, span)]
    return 2 * sum(line.text.count(" ") > _PROSE_BLANKS for line in beside) >= len(beside)
