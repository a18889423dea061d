"""Names that stand above several columns of a table without ruling lines, in a row above the names of these columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from portfolio_rag.text.extraction.formats.pdf.line import Line
from portfolio_rag.text.extraction.formats.pdf.rules import Rule

_CENTRED = 1.0
"""In sizes of the type: how far the middle of a name may be from the middle of its columns."""
_REACH = 2.0
"""In points: how far a name may reach beyond the rule below it, and a rule beyond its columns."""
_LEAST = 2
"""Names above columns where no rule tells which these are."""

_Span = tuple[float, float]


def names_above(
    head: Sequence[Line], spans: Sequence[_Span], named: Collection[int], levels: Sequence[Rule], below: float
) -> dict[int, str]:
    """By column, the name above its own; empty where the row `head` is none of such names.

    `named` are the columns that have a name of their own in the next row, whose baseline is `below`. A name is that of
    the columns above whose common rule, or above whose middle, it stands.
    """
    names: dict[int, str] = {}
    wide = ruled = 0
    for piece in head:
        rule = _rule_below(piece, levels, below)
        columns = _centred(piece, spans) if rule is None else _above(rule, spans)
        if len(columns) > 1 and all(column in named for column in columns):
            wide += 1
            ruled += rule is not None
        else:
            columns = [at for at, span in enumerate(spans) if piece.left < span[1] and piece.right > span[0]]
            if len(columns) != 1 or columns[0] in named:
                return {}
        if any(column in names for column in columns):
            return {}
        names.update(dict.fromkeys(columns, piece.text))
    return names if wide >= (1 if ruled else _LEAST) else {}


def _rule_below(piece: Line, levels: Sequence[Rule], below: float) -> Rule | None:
    """The shortest rule between a name and the row below it that is as wide as the name."""
    rules = [
        rule
        for rule in levels
        if below < rule.at < piece.baseline and rule.start <= piece.left + _REACH and rule.end >= piece.right - _REACH
    ]
    return min(rules, key=lambda rule: rule.end - rule.start, default=None)


def _above(rule: Rule, spans: Sequence[_Span]) -> list[int]:
    columns = [
        at for at, (left, right) in enumerate(spans) if rule.start - _REACH <= (left + right) / 2 <= rule.end + _REACH
    ]
    return columns if len(columns) < len(spans) else []


def _centred(piece: Line, spans: Sequence[_Span]) -> list[int]:
    """The columns, two or more but not all, in whose middle a name stands best."""
    middle = (piece.left + piece.right) / 2
    best, found = _CENTRED * piece.size, list[int]()
    for first in range(len(spans)):
        for last in range(first + 1, len(spans)):
            left, right = spans[first][0], spans[last][1]
            distance = abs((left + right) / 2 - middle)
            fits = left - piece.size <= piece.left and piece.right <= right + piece.size
            if fits and distance <= best and last - first + 1 < len(spans):
                best, found = distance, list(range(first, last + 1))
    return found
