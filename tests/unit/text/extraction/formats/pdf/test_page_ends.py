"""Sentences over the end of a page, and lines of which most paragraphs have one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from portfolio_rag.text.extraction.document import ExtractedDocument
from portfolio_rag.text.extraction.formats.pdf.line import Line
from portfolio_rag.text.extraction.formats.pdf.paragraphs import paragraphs_of
from tests.support.pdfs import Ink, column

Read = Callable[..., ExtractedDocument]
MakePdf = Callable[..., bytes]

BEFORE = ("The lock is opened by hand at six and", "closed at nine, as the bye-laws of the harbour")
NOTE = Ink("1 Except on holidays.", 72, 40, 8)
TEXT = column(*["Other lines of the page say nothing of it."] * 6, top=760)


def texts(document: ExtractedDocument) -> list[tuple[int | None, str]]:
    return [(block.page, document.text[block.start : block.end]) for block in document.blocks][1:-1]


@pytest.mark.parametrize(
    ("last", "first", "sentence", "rest"),
    [
        ("say in their fourth", "part. Boats wait below.", "say in their fourth part.", "Boats wait below."),
        ("say of the admin-", "istration. Boats wait.", "say of the administration.", "Boats wait."),
        ("say, and as the oldest of the lords of Lower", "Aske says. Boats wait.", "", "Boats wait."),
    ],
)
def test_a_sentence_stands_whole_where_it_begins(
    read: Read, pdf: MakePdf, last: str, first: str, sentence: str, rest: str
) -> None:
    pages = [
        [*TEXT, *column(*BEFORE, last, top=600), NOTE],
        [*column(first, "They are tied to the north wall.", top=760), *column("It ends so.", top=600)],
    ]
    begun = sentence or f"{last} Aske says."
    assert texts(read(pdf(pages), "a.pdf")) == [
        (1, f"{' '.join(BEFORE)} {begun}"),
        (1, NOTE.text),
        (2, f"{rest} They are tied to the north wall."),
    ]


@pytest.mark.parametrize(
    ("last", "first", "font"),
    [
        ("say so.", "which is odd", "F1"),
        ("say of these:", "the boats", "F1"),
        ("say in part", "2. the boats", "F1"),
        ("say in part", "the boats", "F2"),
        ("say in part", "Boats wait below.", "F1"),
    ],
)
def test_what_begins_anew_stays_apart(read: Read, pdf: MakePdf, last: str, first: str, font: str) -> None:
    pages = [
        [*TEXT, *column(*BEFORE, last, top=600)],
        [*column(first, top=760, font=font), *column("It ends so.", top=600)],
    ]
    found = texts(read(pdf(pages), "a.pdf"))
    assert [page for page, _ in found] == [1, 2]
    assert found[1][1] == first


def test_clauses_of_one_line_stay_apart(read: Read, pdf: MakePdf) -> None:
    clauses: Sequence[Sequence[str]] = [
        ("1.1 The club has its seat at the old lock of the town of Aske.",),
        ("1.2 Its flag shows an otter.",),
        ("1.3 Who wants to join the club writes a letter to the board,", "which answers within six weeks."),
        ("1.4 The dues are paid in advance by the end of February or,", "where the board allows it, in two parts."),
        ("1.5 The keys of the boathouse are lent by the warden alone, and", "no more than two at a time."),
        ("1.6 Nobody rows by night.",),
        ("1.7 Dogs stay ashore.",),
        ("1.8 Boats are washed.",),
    ]
    inks: list[Ink] = []
    top = 760.0
    for clause in clauses:
        inks += column(*clause, top=top)
        top -= 13.2 * (len(clause) - 1) + 22
    assert read(pdf([inks]), "a.pdf").text.split("\n\n") == [" ".join(clause) for clause in clauses]


def grouped(*rows: tuple[str, float]) -> list[str]:
    lines = [Line(text, 1, 72, right, 700 - 12 * number, 10) for number, (text, right) in enumerate(rows)]
    return [
        " ".join(line.text for line in paragraph.lines) for paragraph in paragraphs_of(lines, 1.2, 500, lambda _: False)
    ]


@pytest.mark.parametrize(
    "rows",
    [
        (("Ida books the hostel for all of them,", 495), ("M. Orn the hall.", 200)),
        (("The hall was booked again this year by", 495), ("M. Orn and his wife.", 200)),
    ],
)
def test_a_line_may_begin_with_a_name(rows: Sequence[tuple[str, float]]) -> None:
    assert len(grouped(*rows)) == 1


@pytest.mark.parametrize(
    "rows",
    [
        (("A. The hostel is booked for all of us by Ida", 495), ("B. The hall is booked", 200)),
        (("It needs the following", 250), ("A. The hostel", 200)),
        (("The hall is booked until the end of the year.", 495), ("M. Orn has done it", 200)),
    ],
)
def test_a_line_that_begins_an_item(rows: Sequence[tuple[str, float]]) -> None:
    assert len(grouped(*rows)) == 2


def test_boxes_are_items() -> None:
    assert grouped(("☐ Police came", 150), ("☒ Pictures are with it", 180), ("Damages are reported soon.", 300)) == [
        "☐ Police came",
        "☒ Pictures are with it",
        "Damages are reported soon.",
    ]
