"""Tables: every row says what its cells are, merged cells keep their column, empty cells their place."""

from __future__ import annotations

import pytest

from portfolio_rag.text.extraction.tables import MAX_SPAN, Cell, expand, guess_header_rows, reads_as_pairs, table_lines


def test_a_merged_cell_stands_in_each_place_that_it_covers() -> None:
    rows = [
        [Cell("System"), Cell("Release"), Cell("Driver")],
        [Cell("Ostrin", rows=2), Cell("4.1"), Cell("D-20")],
        [Cell("4.2"), Cell("D-22")],
        [Cell("Kelvin"), Cell("any", columns=2)],
    ]
    assert expand(rows) == [
        ["System", "Release", "Driver"],
        ["Ostrin", "4.1", "D-20"],
        ["Ostrin", "4.2", "D-22"],
        ["Kelvin", "any", "any"],
    ]


def test_a_cell_that_reaches_down_behind_a_short_row_keeps_its_column() -> None:
    rows = [[Cell("a"), Cell("b"), Cell("c", rows=3)], [Cell("d")], []]
    assert expand(rows) == [["a", "b", "c"], ["d", "", "c"], ["", "", "c"]]


def test_a_span_costs_no_more_than_its_limit() -> None:
    assert len(expand([[Cell("wide", columns=10**9)]])[0]) == MAX_SPAN


def test_every_row_carries_the_names_of_its_columns() -> None:
    grid = [["Plan", "Users", "Price"], ["Silver", "300", ""], ["Gold", "900", "20 EUR"]]
    assert table_lines(grid, 1) == ["Plan: Silver | Users: 300", "Plan: Gold | Users: 900 | Price: 20 EUR"]


def test_two_header_rows_make_one_name() -> None:
    grid = [["Plan", "Price", "Price"], ["Plan", "EUR", "USD"], ["Gold", "5", "6"]]
    assert table_lines(grid, 2) == ["Plan: Gold | Price - EUR: 5 | Price - USD: 6"]


def test_without_names_an_empty_cell_keeps_its_place() -> None:
    assert table_lines([["07:15", "", "Pilot"], ["08:00", "Deck", ""]], 0) == ["07:15 |  | Pilot", "08:00 | Deck | "]


def test_a_merged_row_stands_in_front_of_the_rows_below_it() -> None:
    grid = [["Plan", "Users"], ["Europe", "Europe"], ["Gold", "900"], ["Asia", "Asia"], ["Gold", "700"]]
    assert table_lines(grid, 1) == [
        "Europe",
        "Europe | Plan: Gold | Users: 900",
        "Asia",
        "Asia | Plan: Gold | Users: 700",
    ]


def test_a_name_that_is_cut_short_stands_whole_above_the_rows() -> None:
    name = "Remarks of the harbour master " * 4
    first, row = table_lines([["Boat", name], ["Wren", "none"]], 1)
    assert first == f"Boat | {name}"
    assert row.startswith("Boat: Wren | Remarks of the harbour master")
    assert row.endswith("…: none")


@pytest.mark.parametrize(
    ("first", "rows"),
    [
        (["Plan", "Users"], 1),
        (["", "2024 sales"], 1),
        (["Gold", "900"], 0),  # a number names nothing
        (["Gold", ""], 0),  # a name is missing
        (["Name", "name"], 0),  # names differ
        (["Open:", "from six"], 0),  # a label beside its value
        (["x" * 100, "y"], 0),  # too long for a name
    ],
)
def test_the_first_row_names_the_columns_only_where_it_reads_so(first: list[str], rows: int) -> None:
    assert guess_header_rows([first, ["Silver", "300"]]) == rows


@pytest.mark.parametrize(
    ("grid", "rows"),
    [
        ([["Bolts", "410 boxes"], ["Nuts", "520 boxes"]], 0),
        ([["Rope", "14.50 EUR each"], ["Chain", "38 EUR each"], ["Hook", ""]], 0),
        ([["Hall", "Q1 2025"], ["Hall 1", "410"]], 1),
        ([["Name", "Step 1"], ["Oil", "drain"]], 1),
        ([["Berth", "Boat", "Fee", ""], ["4", "Wren", "9", "left in May"]], 1),
        ([["No.", "Boat"], ["4", "Wren"]], 1),
        ([["a.", "Moor"], ["b.", "Wait"]], 0),
        ([["Berth", "Boat", ""], ["4", "Wren", "left in May"]], 0),
    ],
)
def test_values_are_no_names(grid: list[list[str]], rows: int) -> None:
    assert guess_header_rows(grid) == rows


def test_a_row_of_equal_values_is_no_name_of_the_rows_below() -> None:
    grid = [["Port", "East", "West"], ["4", "4", "4"], ["Open berths", "Open berths", "Open berths"], ["5", "6", "7"]]
    assert table_lines(grid, 1) == [
        "Port: 4 | East: 4 | West: 4",
        "Open berths",
        "Open berths | Port: 5 | East: 6 | West: 7",
    ]


@pytest.mark.parametrize(
    ("values", "are_pairs"),
    [
        (["Ida Brook", "7 years", "2026-03-01", "DE twelve"], True),
        (["Users", "7", "12", "40"], False),
        (["Meaning", "a rope", "a hook", "a buoy"], False),
    ],
)
def test_values_of_many_kinds_are_pairs_with_their_names(values: list[str], are_pairs: bool) -> None:
    grid = [[f"name {letter}", value] for letter, value in zip("abcd", values, strict=True)]
    assert reads_as_pairs(grid) is are_pairs


def test_a_truth_names_no_column() -> None:
    assert guess_header_rows([["Ready", "TRUE"], ["Sum", "12"]]) == 0
