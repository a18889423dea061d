"""Tables of a PDF: with and without ruling lines; and what only looks like one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest

from portfolio_rag.text.extraction.document import ExtractedDocument
from tests.support.pdfs import Ink, Sheet, column

Read = Callable[..., ExtractedDocument]
BlocksOf = Callable[[ExtractedDocument], list[tuple[str, str]]]
MakePdf = Callable[..., bytes]

PROSE = column("The harbour is open on every weekday of the year,", "and closed on public holidays.", top=790)


def grid(
    rows: Sequence[Sequence[str]], xs: Sequence[float], top: float, step: float = 20, head: str = "F2"
) -> list[Ink]:
    """A row of texts below the other; the first in a font of its own."""
    return [
        Ink(text, x, top - step * number, 10, head if number == 0 else "F1")
        for number, row in enumerate(rows)
        for text, x in zip(row, xs, strict=True)
        if text
    ]


def strokes(xs: Sequence[float], ys: Sequence[float]) -> str:
    """The lines of a full grid."""
    upright = (f"{x} {ys[0]} m {x} {ys[-1]} l S\n" for x in xs)
    level = (f"{xs[0]} {y} m {xs[-1]} {y} l S\n" for y in ys)
    return "".join([*upright, *level])


@pytest.fixture
def table(read: Read, blocks_of: BlocksOf, pdf: MakePdf) -> Callable[..., list[str]]:
    """The rows of the only table of a PDF of these pages; none when it has none."""

    def rows(*pages: Any) -> list[str]:
        return [
            line for kind, text in blocks_of(read(pdf(pages), "a.pdf")) if kind == "table" for line in text.split("\n")
        ]

    return rows


def test_ruled_with_empty_cells(table: Callable[..., list[str]]) -> None:
    rows = [["Pier", "Depth", "Fee"], ["North", "7 m", ""], ["South", "", "12 EUR"]]
    page = Sheet([*PROSE, *grid(rows, [74, 174, 274], 720)], drawing=strokes([70, 170, 270, 370], [735, 715, 695, 675]))
    assert table(page) == ["Pier: North | Depth: 7 m", "Pier: South | Fee: 12 EUR"]


def test_ruled_with_wrapped_cells_in_boxes(table: Callable[..., list[str]]) -> None:
    inks = [
        Ink("Crew", 74, 722, 9, "F2"),
        Ink("Task", 174, 722, 9, "F2"),
        Ink("Mate", 74, 700, 9),
        Ink("Checks every line of the", 174, 700, 9),
        Ink("mooring twice", 174, 689, 9),
        Ink("Cook", 74, 668, 9),
        Ink("Orders the food", 174, 668, 9),
    ]
    boxes = ((70, 715, 100, 20), (170, 715, 160, 20), (70, 680, 100, 35), (170, 680, 160, 35), (70, 660, 100, 20))
    drawing = "".join(f"{x} {y} {width} {height} re S\n" for x, y, width, height in (*boxes, (170, 660, 160, 20)))
    assert table(Sheet(inks, drawing=drawing)) == [
        "Crew: Mate | Task: Checks every line of the mooring twice",
        "Crew: Cook | Task: Orders the food",
    ]


def test_ruled_with_a_head_of_two_rows(table: Callable[..., list[str]]) -> None:
    inks = [
        Ink("Ship", 74, 720, 10),
        Ink("Load", 200, 720, 10),
        Ink("summer", 174, 700, 10),
        Ink("winter", 254, 700, 10),
        *grid([["Orla", "12 t", "9 t"], ["Pint", "14 t", "8 t"]], [74, 174, 254], 680, head="F1"),
    ]
    level = "".join(f"{70 if y != 715 else 170} {y} m 330 {y} l S\n" for y in (735, 715, 695, 675, 655))
    upright = "".join(f"{x} {735 if x != 250 else 715} m {x} 655 l S\n" for x in (70, 170, 250, 330))
    assert table(Sheet(inks, drawing=level + upright)) == [
        "Ship: Orla | Load - summer: 12 t | Load - winter: 9 t",
        "Ship: Pint | Load - summer: 14 t | Load - winter: 8 t",
    ]


def test_a_merged_cell_stands_in_each_of_its_rows(table: Callable[..., list[str]]) -> None:
    inks = [
        *grid([["Zone", "Berth"]], [74, 174], 720),
        Ink("East", 74, 690, 10),
        Ink("E1", 174, 700, 10),
        Ink("E2", 174, 680, 10),
    ]
    level = "".join(f"{70 if y != 695 else 170} {y} m 270 {y} l S\n" for y in (735, 715, 695, 675))
    upright = "".join(f"{x} 735 m {x} 675 l S\n" for x in (70, 170, 270))
    assert table(Sheet(inks, drawing=level + upright)) == ["Zone: East | Berth: E1", "Zone: East | Berth: E2"]


def test_a_frame_around_rows_without_lines_between_them(table: Callable[..., list[str]]) -> None:
    rows = [["Pier", "Depth", "Fee"], ["North", "7 m", "9"], ["South", "8 m", "12"], ["West", "5 m", "4"]]
    page = Sheet(grid(rows, [74, 174, 274], 720, step=14), drawing=strokes([70, 170, 270, 370], [735, 714, 670]))
    assert table(page) == [
        "Pier: North | Depth: 7 m | Fee: 9",
        "Pier: South | Depth: 8 m | Fee: 12",
        "Pier: West | Depth: 5 m | Fee: 4",
    ]


def test_borderless(read: Read, blocks_of: BlocksOf, pdf: MakePdf) -> None:
    rows = [
        ["Tug", "Leaves", "Master"],
        ["Tug 1", "06:10", "Ines"],
        ["Tug 2", "", "Olaf"],
        ["Tug 3", "21:45", "Harbour pilot"],
    ]
    below = column("No tug leaves in fog or in a storm from the west.", top=640)
    document = read(pdf([[*PROSE, *grid(rows, [72, 180, 280], 720, step=16), *below]]), "a.pdf")
    assert blocks_of(document) == [
        ("paragraph", "The harbour is open on every weekday of the year, and closed on public holidays."),
        ("table", "Tug: Tug 1 | Leaves: 06:10 | Master: Ines\nTug: Tug 2 | Master: Olaf\n"
         "Tug: Tug 3 | Leaves: 21:45 | Master: Harbour pilot"),
        ("paragraph", "No tug leaves in fog or in a storm from the west."),
    ]  # fmt: skip


def test_borderless_names_and_amounts(table: Callable[..., list[str]]) -> None:
    page = grid([["Good", "Fee"], ["Rope", "12.50"], ["Chain", "99 EUR"], ["Buoy", "7"]], [72, 300], 700, step=13)
    assert table(page) == ["Good: Rope | Fee: 12.50", "Good: Chain | Fee: 99 EUR", "Good: Buoy | Fee: 7"]


@pytest.mark.parametrize("gap", [12, 20])
def test_borderless_with_wrapped_cells(table: Callable[..., list[str]], gap: int) -> None:
    """Whether rows stand as close as the lines in a cell, or farther apart."""
    second = 700 - 12 - gap
    page = [
        *grid([["Post", "Work", "Stand-in"]], [72, 160, 380], 700 + gap),
        Ink("Warden", 72, 700, 10),
        Ink("Opens the lock at five and writes", 160, 700, 10),
        Ink("Bargee", 380, 700, 10),
        Ink("the level of the water into a book", 160, 688, 10),
        Ink("Bargee", 72, second, 10),
        Ink("Steers the dredger on odd days", 160, second, 10),
        Ink("Warden", 380, second, 10),
        Ink("and mends its chain", 160, second - 12, 10),
    ]
    assert table(page) == [
        "Post: Warden | Work: Opens the lock at five and writes the level of the water into a book | Stand-in: Bargee",
        "Post: Bargee | Work: Steers the dredger on odd days and mends its chain | Stand-in: Warden",
    ]


@pytest.mark.parametrize("repeated", [True, False])
def test_over_a_page_break(read: Read, pdf: MakePdf, repeated: bool) -> None:
    head = [["Pier", "Fee"]]
    first = Sheet(
        grid([*head, ["A", "1"], ["B", "2"]], [74, 174], 100), drawing=strokes([70, 170, 250], [115, 95, 75, 55])
    )
    rows = [*(head if repeated else []), ["C", "3"], ["D", "4"]]
    ys = [795 - 20 * number for number in range(len(rows) + 1)]
    second = Sheet(grid(rows, [74, 174], 780), drawing=strokes([70, 170, 250], ys))
    document = read(pdf([first, second]), "a.pdf")
    assert [(block.page, document.text[block.start : block.end]) for block in document.blocks] == [
        (1, "Pier: A | Fee: 1\nPier: B | Fee: 2"),
        (2, "Pier: C | Fee: 3\nPier: D | Fee: 4"),
    ]


def test_a_row_that_a_page_divides_is_whole_where_it_begins(read: Read, pdf: MakePdf) -> None:
    first = Sheet(
        grid([["Pier", "Rule"], ["A", "No anchors here"], ["B", "Ships may stay until"]], [74, 174], 100),
        drawing=strokes([70, 170, 350], [115, 95, 75, 55]),
    )
    second = Sheet(
        grid([["", "the tide turns"], ["C", "No swimming"]], [74, 174], 780, head="F1"),
        drawing=strokes([70, 170, 350], [795, 775, 755]),
    )
    text = read(pdf([first, second]), "a.pdf").text
    assert text == (
        "Pier: A | Rule: No anchors here\nPier: B | Rule: Ships may stay until the tide turns\n\n"
        "Pier: C | Rule: No swimming"
    )


def test_a_caption_below_stands_before_the_rows(read: Read, blocks_of: BlocksOf, pdf: MakePdf) -> None:
    inks = [*grid([["Pier", "Fee"], ["A", "1"]], [74, 174], 700), Ink("Table 4: Fees of the piers", 74, 650, 9)]
    document = read(pdf([Sheet(inks, drawing=strokes([70, 170, 250], [715, 695, 675]))]), "a.pdf")
    assert blocks_of(document) == [("paragraph", "Table 4: Fees of the piers"), ("table", "Pier: A | Fee: 1")]


def pairs(*rows: tuple[str, str], right: float = 300, step: float = 14) -> list[Ink]:
    return grid(rows, [72, right], 700, step=step, head="F1")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            column(*["The left column goes on and on here"] * 9, size=10, x=60)
            + column(*["and so does the right one beside it"] * 9, size=10, x=320),
            id="columns of text",
        ),
        pytest.param(
            [
                ink
                for row in zip(
                    column("Bill to:", "Marl Ltd", "12 High Street", "Norvik"),
                    column("Ship to:", "Fenn Depot", "7 Quay Road", "Sundby", x=320),
                    strict=True,
                )
                for ink in row
            ],
            id="addresses",
        ),
        pytest.param(pairs(("Aims", "3"), ("Ways", "7"), ("Ends", "12"), ("Notes", "19"), right=400), id="contents"),
        pytest.param(pairs(("Name:", "Ann Lee"), ("Place:", "Norvik"), ("Date:", "3 June"), step=24), id="form"),
        pytest.param(
            [
                ink
                for number in range(4)
                for ink in (
                    Ink(f"{number + 1}.", 72, 700 - 14 * number, 10),
                    Ink("An item of it", 100, 700 - 14 * number, 10),
                )
            ],
            id="list",
        ),
        pytest.param(
            [
                *(
                    Ink(text, x, 700 - 12 * row, 10, "F3")
                    for row in range(4)
                    for text, x in (("x = 1", 72), ("# one", 250))
                ),
                *column(*["Running text of the document, longer than its code is."] * 8, top=600),
            ],
            id="code",
        ),
        pytest.param(
            column("Built 1902", "Height 40 m", "Owner Marl", "Open daily", size=10, x=60)
            + column(*["The tower stands on the hill above the harbour and was built there"] * 8, size=10, x=220),
            id="side bar",
        ),
    ],
)
def test_no_table(table: Callable[..., list[str]], page: list[Ink]) -> None:
    assert table(page) == []


def test_cells_close_to_each_other_are_parted_by_the_line_between_them(table: Callable[..., list[str]]) -> None:
    rows = [["Boat", "Day", "Week"], ["Wide ketch", "4.00", "20.00"], ["Sloop", "3.00", "15.00"]]
    inks = [*PROSE, *grid(rows, [74, 126, 149], 720)]
    page = Sheet(inks, drawing=strokes([70, 125, 147.5, 180], [735, 715, 695, 675]))
    assert table(page) == ["Boat: Wide ketch | Day: 4.00 | Week: 20.00", "Boat: Sloop | Day: 3.00 | Week: 15.00"]


def test_rows_that_are_ruled_off_cell_by_cell(table: Callable[..., list[str]]) -> None:
    rows = [["Name", "Role", "Room"], ["Ida", "Keeper of ropes", "12"], ["Tob", "Deputy", "14"], ["Mara", "Clerk", ""]]
    ends = list(pairwise([70, 110, 186, 215]))
    pieces = "".join(f"{left} {y} m {right} {y} l S\n" for y in (715, 695, 675, 655) for left, right in ends)
    page = Sheet([*PROSE, *grid(rows, [72, 112, 188], 720)], drawing=pieces)
    assert table(page) == [
        "Name: Ida | Role: Keeper of ropes | Room: 12",
        "Name: Tob | Role: Deputy | Room: 14",
        "Name: Mara | Role: Clerk",
    ]


def test_names_of_columns_that_wrap_above_the_first_line(table: Callable[..., list[str]]) -> None:
    head = [("Region", 72, 720), ("Fee", 160, 720), ("Least", 200, 727), ("fee", 200, 713), ("Remarks", 260, 720)]
    body = [
        *(("All of the coast", 72, 690), ("none", 160, 690), ("The owner may", 260, 697), ("ask for more", 260, 683)),
        *(("Other parts of", 72, 667), ("the north", 72, 653), ("1.75", 160, 667), ("%", 160, 653), ("4.00", 200, 660)),
        *(("Elsewhere", 72, 630), ("2.25", 160, 637), ("%", 160, 623), ("5.50", 200, 630), ("At any hour", 260, 630)),
    ]
    inks = [Ink(text, x, y, 10, "F2" if y > 710 else "F1") for text, x, y in (*head, *body)]
    ends = list(pairwise([70, 158, 198, 258, 340]))
    pieces = "".join(f"{left} {y} m {right} {y} l S\n" for y in (706, 676, 646, 616) for left, right in ends)
    assert table(Sheet([*PROSE, *inks], drawing=pieces)) == [
        "Region: All of the coast | Fee: none | Remarks: The owner may ask for more",
        "Region: Other parts of the north | Fee: 1.75 % | Least fee: 4.00",
        "Region: Elsewhere | Fee: 2.25 % | Least fee: 5.50 | Remarks: At any hour",
    ]


def test_the_last_row_needs_no_line_below_it(table: Callable[..., list[str]]) -> None:
    rows = [["Name", "Role", "Room"], ["Ida", "Keeper of ropes", "12"], ["Tob", "Deputy", "14"], ["Mara", "Clerk", "9"]]
    ends = list(pairwise([70, 110, 186, 215]))
    pieces = "".join(f"{left} {y} m {right} {y} l S\n" for y in (715, 695, 675) for left, right in ends)
    below = column("Rooms are on the first floor, and open from eight to five.", top=630)
    page = Sheet([*PROSE, *grid(rows, [72, 112, 188], 720), *below], drawing=pieces)
    assert table(page) == [
        "Name: Ida | Role: Keeper of ropes | Room: 12",
        "Name: Tob | Role: Deputy | Room: 14",
        "Name: Mara | Role: Clerk | Room: 9",
    ]


def test_a_table_in_one_of_two_columns_of_text(table: Callable[..., list[str]]) -> None:
    left = column(*["The keeper of the lock opens it at six"] * 9, top=790, size=10)
    right = column(*["The boats wait in a row before the gate"] * 22, top=790, size=10, x=320)
    rows = [["Site", "Least", "Most"], ["North", "1.2 m", "3.4 m"], ["South", "0.8 m", "2.2 m"]]
    assert table(Sheet([*left, *grid(rows, [80, 140, 200], 660, 14), *right])) == [
        "Site: North | Least: 1.2 m | Most: 3.4 m",
        "Site: South | Least: 0.8 m | Most: 2.2 m",
    ]


PORTS = [
    ("Port", "low", "high", "low", "high"),
    ("Arn", "4.1", "7.2", "3.9", "6.8"),
    ("Bel", "5.3", "9.4", "5.1", "8.7"),
]
PORT_COLUMNS = (72, 200, 280, 370, 450)
SEASONS = [Ink("Summer", 234, 704, 10), Ink("Winter", 404, 704, 10)]


@pytest.mark.parametrize("rules", ["", "180 698 m 310 698 l S\n350 698 m 480 698 l S\n"])
def test_names_above_several_columns(table: Callable[..., list[str]], rules: str) -> None:
    inks = [*SEASONS, *grid([*PORTS, ("Cor", "6.0", "9.9", "5.5", "9.1")], PORT_COLUMNS, 686, 18, head="F1")]
    assert table(Sheet(inks, drawing=rules)) == [
        "Port: Arn | Summer - low: 4.1 | Summer - high: 7.2 | Winter - low: 3.9 | Winter - high: 6.8",
        "Port: Bel | Summer - low: 5.3 | Summer - high: 9.4 | Winter - low: 5.1 | Winter - high: 8.7",
        "Port: Cor | Summer - low: 6.0 | Summer - high: 9.9 | Winter - low: 5.5 | Winter - high: 9.1",
    ]


def test_one_name_above_the_columns_of_its_rule(table: Callable[..., list[str]]) -> None:
    rows = [
        ("", "low", "high", "Pilot"),
        ("Arn", "4.1", "7.2", "yes"),
        ("Bel", "5.3", "9.4", "no"),
        ("Cor", "6", "9", "no"),
    ]
    inks = [Ink("Port", 72, 704, 10), Ink("Depth", 240, 704, 10), *grid(rows, (72, 200, 280, 370), 686, 18, head="F1")]
    assert table(Sheet(inks, drawing="195 698 m 310 698 l S\n"))[0] == (
        "Port: Arn | Depth - low: 4.1 | Depth - high: 7.2 | Pilot: yes"
    )


@pytest.mark.parametrize("above", [[Ink("Ports of the north", 200, 704, 10)], [Ink("Alpha", 72, 704, 10)]])
def test_a_title_above_a_table_is_no_name_of_columns(table: Callable[..., list[str]], above: list[Ink]) -> None:
    rows = table(above + grid([("Port", "low", "high", "least", "most"), *PORTS[1:]], PORT_COLUMNS, 680, 18))
    assert rows[0] == "Port: Arn | low: 4.1 | high: 7.2 | least: 3.9 | most: 6.8"
