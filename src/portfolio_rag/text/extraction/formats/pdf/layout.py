"""The layout of a page: its tables, and its lines in the order in which they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from portfolio_rag.text.extraction.formats.pdf.alignment import aligned_tables
from portfolio_rag.text.extraction.formats.pdf.columns import (
    is_evident,
    stands_beside_prose,
    text_columns,
    within,
)
from portfolio_rag.text.extraction.formats.pdf.glyphs import SLANTED
from portfolio_rag.text.extraction.formats.pdf.grids import ruled_tables
from portfolio_rag.text.extraction.formats.pdf.line import Line, recognition_of, usual_turn
from portfolio_rag.text.extraction.formats.pdf.line_numbers import without_line_numbers
from portfolio_rag.text.extraction.formats.pdf.reading_order import in_reading_order, is_drawn_as_read
from portfolio_rag.text.extraction.formats.pdf.rules import Rule
from portfolio_rag.text.extraction.formats.pdf.table import Table


def arranged(lines: Sequence[Line], rules: Sequence[Rule]) -> list[Line | Table]:
    """The lines of a page whole and in reading order, its tables among them, without numbers that count its lines.

    Lines turned otherwise than most come behind them, those turned alike together, slanted ones last.
    """
    turn = usual_turn(lines)
    straight = [line for line in lines if line.turn == turn]
    found = _arranged(without_line_numbers(straight), rules)
    if len(straight) < len(lines):
        for other in sorted({line.turn for line in lines} - {turn}):
            turned = [line for line in lines if line.turn == other]
            found.extend(turned if other == SLANTED else _arranged(turned, ()))
    return found


def _arranged(lines: Sequence[Line], rules: Sequence[Rule]) -> list[Line | Table]:
    if is_drawn_as_read(lines):
        # Nothing stands beside anything else: no table.
        return list(in_reading_order(lines))
    orders = {id(line): order for order, line in enumerate(lines)}
    tables: list[Table] = []
    taken: dict[int, Table] = {}
    for table, held in ruled_tables(lines, rules):
        table.recognition = recognition_of(held)
        tables.append(table)
        taken.update((id(line), table) for line in held)
    free = [line for line in lines if id(line) not in taken]
    for table, held in _aligned(free, rules, orders):
        table.recognition = recognition_of(held)
        tables.append(table)
        taken.update((id(line), table) for line in held)
    items: list[Line | Table] = []
    placed: set[int] = set()
    for line in lines:
        table_of_line = taken.get(id(line))
        if table_of_line is None:
            items.append(line)
        elif id(table_of_line) not in placed:
            placed.add(id(table_of_line))
            items.append(table_of_line)
    return in_reading_order(items)


def _aligned(
    lines: Sequence[Line], rules: Sequence[Rule], orders: Mapping[int, int]
) -> Iterator[tuple[Table, list[Line]]]:
    """Tables without ruling lines: those in a column of text first, then those across the page."""
    taken: set[int] = set()
    for span in text_columns(lines):
        inside = [line for line in lines if within(line, span)]
        for table, held in aligned_tables(inside, rules, orders):
            if is_evident(table, rules) and stands_beside_prose(held, lines, span):
                taken.update(map(id, held))
                yield table, held
    yield from aligned_tables([line for line in lines if id(line) not in taken], rules, orders)
