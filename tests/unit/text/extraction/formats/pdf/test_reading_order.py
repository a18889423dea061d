"""The order of the text on a page is that of its layout, whatever the order in which it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from portfolio_rag.text.extraction.document import ExtractedDocument
from tests.support.pdfs import Ink, Sheet, column

Read = Callable[..., ExtractedDocument]
MakePdf = Callable[..., bytes]

LEFT = column(
    "The ferry office has moved to", "the old mill by the lock and", "opens at seven on weekdays.", size=10, x=60
)
RIGHT = column(
    "The canteen has closed for", "good, and soup is sold from", "a van beside the main gate.", size=10, x=300
)
LEFT_TEXT = "The ferry office has moved to the old mill by the lock and opens at seven on weekdays."
RIGHT_TEXT = "The canteen has closed for good, and soup is sold from a van beside the main gate."
TITLE = Ink("News of the lock and the harbour of Norvik", 60, 740, 18)


@pytest.fixture
def text(read: Read, pdf: MakePdf) -> Callable[[Any], str]:
    return lambda page: " ".join(read(pdf([page]), "a.pdf").text.split())


@pytest.mark.parametrize(
    "inks",
    [
        pytest.param([TITLE, *LEFT, *RIGHT], id="as read"),
        pytest.param([*LEFT, *RIGHT, TITLE], id="title last"),
        pytest.param([TITLE, *(ink for row in zip(LEFT, RIGHT, strict=True) for ink in row)], id="row by row"),
        pytest.param([*RIGHT, *LEFT, TITLE], id="right before left"),
        pytest.param([*RIGHT[::-1], *LEFT[::-1], TITLE], id="backwards"),
    ],
)
def test_columns(text: Callable[[Any], str], inks: list[Ink]) -> None:
    assert text(inks) == f"{TITLE.text} {LEFT_TEXT} {RIGHT_TEXT}"


def test_columns_whose_lines_stand_at_other_heights(text: Callable[[Any], str]) -> None:
    right = [Ink(ink.text, ink.x, ink.y - 5, ink.size) for ink in RIGHT]
    assert text([ink for row in zip(LEFT, right, strict=True) for ink in row]) == f"{LEFT_TEXT} {RIGHT_TEXT}"


def test_what_stands_across_closes_the_columns(text: Callable[[Any], str]) -> None:
    across = Ink("This sentence runs over the whole width of both columns of the page.", 60, 640, 12)
    below = Ink("And so it ends.", 60, 600, 10)
    drawn = [below, across, *(ink for row in zip(LEFT, RIGHT, strict=True) for ink in row)]
    assert text(drawn) == f"{LEFT_TEXT} {RIGHT_TEXT} {across.text} {below.text}"


def test_scattered(text: Callable[[Any], str]) -> None:
    inks = [
        Ink("ref 7", 72, 40, 9),
        Ink("Third.", 72, 500),
        Ink("First.", 72, 700),
        Ink("Second.", 72, 650),
        Ink("Head", 72, 770, 20),
    ]
    assert text(inks) == "Head First. Second. Third. ref 7"


def test_words_drawn_one_by_one_in_any_order(text: Callable[[Any], str]) -> None:
    inks = [
        Ink("lock", 128, 700),
        Ink("opens", 155, 700),
        Ink("The", 72, 700),
        Ink("old", 105, 700),
        Ink("early.", 72, 686),
    ]
    assert text(inks) == "The old lock opens early."


SAID = ("The tide table of the lock", "is printed once a month and", "hangs beside the door.")


@pytest.mark.parametrize("flag", ["", "/Rotate 90", "/Rotate 180", "/Rotate 270"])
@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_turned_lines_on_turned_pages(text: Callable[[Any], str], angle: int, flag: str) -> None:
    """Right whether the page's flag fits or not."""
    places = {0: (72, 700, 0, -13), 90: (300, 100, 13, 0), 180: (500, 300, 0, 13), 270: (300, 700, -13, 0)}
    x, y, right, up = places[angle]
    inks = [Ink(line, x + right * row, y + up * row, angle=angle) for row, line in enumerate(SAID)]
    assert text(Sheet(inks, entries=flag)) == " ".join(SAID)
    assert text(Sheet(inks[::-1], entries=flag)) == " ".join(SAID)


def test_a_line_along_the_edge_comes_last_and_is_no_heading(read: Read, pdf: MakePdf) -> None:
    document = read(pdf([[Ink("Stamp of the archive 1234", 30, 300, 16, angle=90), *column(*SAID)]]), "a.pdf")
    assert document.text == f"{' '.join(SAID)}\n\nStamp of the archive 1234"
    assert [block.kind for block in document.blocks] == ["paragraph", "paragraph"]


def test_what_lies_outside_the_page_is_left_out(text: Callable[[Any], str]) -> None:
    inks = [Ink("On the page.", 100, 600), Ink("slug.indd 3", 100, 830), Ink("proof", 560, 400)]
    assert text(Sheet(inks, entries="/CropBox[50 50 545 792]")) == "On the page."
