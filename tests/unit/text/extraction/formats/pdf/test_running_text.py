"""Words and signs of running text: hyphens, addresses over two lines, powers and indices, links, Arabic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pytest

from portfolio_rag.text.extraction.document import ExtractedDocument
from portfolio_rag.text.extraction.formats.pdf.glyphs import Box, Glyphs
from portfolio_rag.text.extraction.formats.pdf.hyphens import Words, running_text
from portfolio_rag.text.extraction.formats.pdf.initials import with_initials
from portfolio_rag.text.extraction.formats.pdf.line import Line, joined, with_scripts
from portfolio_rag.text.extraction.formats.pdf.paragraphs import paragraphs_of
from portfolio_rag.text.extraction.formats.pdf.right_to_left import put_in_order
from tests.support.pdfs import FIRST_OBJECT, Ink, Sheet, column

Read = Callable[..., ExtractedDocument]
MakePdf = Callable[..., bytes]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("a state-of-the-", "art lock"), "a state-of-the-art lock"),
        (("a state-", "of-the-art lock"), "a state-of-the-art lock"),
        (("on COVID-", "related leave"), "on COVID-related leave"),
        (("of Marie-", "Luise Orn"), "of Marie-Luise Orn"),
        (("the COVID-", "19 rule"), "the COVID-19 rule"),
        (("a 12-", "month term"), "a 12-month term"),
        (("an e-", "mail"), "an e-mail"),
        (("a long-", "term lease"), "a long-term lease"),
        (("pre-", "and post-war"), "pre- and post-war"),
        (("the in-", "voices of May"), "the invoices of May"),
        (("the in-", "house lawyer"), "the in-house lawyer"),
        (("an exam-", "ple of it"), "an example of it"),
        (("the open-", "ing of it"), "the opening of it"),
        (("The CargoNet is big. Our Cargo-", "Net grows"), "The CargoNet is big. Our CargoNet grows"),
        (("see https://lock.example/part-", "two/a.html now"), "see https://lock.example/part-two/a.html now"),
        (("see https://lock.example/", "guide.html now"), "see https://lock.example/guide.html now"),
        (("see https://lock.example", "and wait"), "see https://lock.example and wait"),
    ],
)
def test_line_ends(read: Read, pdf: MakePdf, lines: Sequence[str], expected: str) -> None:
    assert read(pdf([column(*lines)]), "a.pdf").text == expected


BELOW = column(*["Other text below, in another font."] * 4, top=500)


def raised(*parts: tuple[str, float, float]) -> list[Ink]:
    """Parts of a line one behind the other: text, rise and size, where each character is half its size wide."""
    inks, x = [], 72.0
    for text, rise, size in parts:
        inks.append(Ink(text, x, 700 + rise, size, "F3"))
        x += 0.6 * size * len(text)
    return inks


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([("of 10", 0, 10), ("8", 4, 6), (" ions", 0, 10)], "of 10^8 ions"),
        ([("of 10", 0, 10), ("-3", 4, 6), (", at most", 0, 10)], "of 10^-3, at most"),
        ([("30 m", 0, 10), ("2", 4, 6), ("/s", 0, 10)], "30 m^2/s"),
        ([("on CO", 0, 10), ("2", -3, 6), (" levels", 0, 10)], "on CO_2 levels"),
        ([("the 1", 0, 10), ("st", 4, 6), (" lock", 0, 10)], "the 1st lock"),
        ([("the harbour", 0, 10), ("2", 4, 6), (" of it", 0, 10)], "the harbour[note 2] of it"),
        ([("2", 4, 6), (" Before the war.", 0, 10)], "Note 2: Before the war."),
        ([("an area of 9 m", 0, 10), ("2", 4, 8.33), (" of it", 0, 10)], "an area of 9 m^2 of it"),
        ([("an area of 9 m", 0, 10), ("2", 4, 9.7), (" of it", 0, 10)], "an area of 9 m^2 of it"),
        ([("A ", 0, 10), ("SMALL", 0, 7), (" word", 0, 10)], "A SMALL word"),
    ],
)
def test_raised_and_lowered(read: Read, pdf: MakePdf, parts: list[tuple[str, float, float]], expected: str) -> None:
    assert read(pdf([[*raised(*parts), *BELOW]]), "a.pdf").text.split("\n\n")[0] == expected


def link(left: float, bottom: float, right: float, address: str) -> str:
    return f"<</Type/Annot/Subtype/Link/Rect[{left} {bottom} {right} {bottom + 14}]/A<</S/URI/URI({address})>>>>"


def test_addresses_of_links(read: Read, pdf: MakePdf) -> None:
    inks = [Ink("See the board for news.", 72, 700, 10, "F3"), Ink("Or lock.example/a itself.", 72, 680, 10, "F3")]
    annotations = [
        link(72 + 6 * 8, 697, 72 + 6 * 13, "https://board.example/news"),
        link(72 + 6 * 3, 677, 72 + 6 * 17, "https://lock.example/a"),
    ]
    assert read(pdf([Sheet(inks, annotations=annotations)]), "a.pdf").text == (
        "See the board (https://board.example/news) for news. Or lock.example/a itself."
    )


def test_a_link_over_two_lines_says_its_address_once(read: Read, pdf: MakePdf) -> None:
    inks = [Ink("Read the tide", 72, 700, 10, "F3"), Ink("table of May.", 72, 688, 10, "F3")]
    annotations = [link(72 + 6 * 9, 697, 160, "https://t.example/5"), link(72, 685, 72 + 6 * 5, "https://t.example/5")]
    assert read(pdf([Sheet(inks, annotations=annotations)]), "a.pdf").text == (
        "Read the tide table (https://t.example/5) of May."
    )


LAM_ALEF = "\u0644\u0627"
REST = ("\u064a", "\u0639", "\u0645", "\u0644", " ", "1", "2")


def arabic(glyphs: Sequence[str]) -> tuple[Sheet, list[bytes]]:
    """Glyphs drawn from left to right, so the last is read first; the font names one or more letters for each."""
    names = b" ".join(b"<%02X> <%s>" % (65 + n, g.encode("utf-16-be").hex().encode()) for n, g in enumerate(glyphs))
    mapping = (
        b"STREAM/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <00> <FF> "
        b"endcodespacerange %d beginbfchar %s endbfchar endcmap end end" % (len(glyphs), names)
    )
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode %d 0 R>>" % (FIRST_OBJECT + 1)
    codes = "".join(f"{65 + number:02X}" for number in range(len(glyphs)))
    return Sheet(drawing=f"BT /F9 12 Tf 300 700 Td <{codes}> Tj ET\n"), [font, mapping]


@pytest.mark.parametrize("ligature", [LAM_ALEF, "\ufefb"])
def test_lam_alef_and_numbers(read: Read, pdf: MakePdf, ligature: str) -> None:
    visual = ["1", "2", " ", *REST[3::-1], " ", ligature]
    sheet, objects = arabic(visual)
    document = read(pdf([sheet], objects=objects, further_fonts=f"/F9 {FIRST_OBJECT} 0 R"), "a.pdf")
    assert document.text == f"{LAM_ALEF} {''.join(REST[:4])} 12"


@dataclass
class Drawn:
    """Glyphs by their places on a line."""

    places: Sequence[float]
    turns_ligatures: bool = True
    holds_right_to_left: bool = True

    def box(self, index: int, turn: int) -> Box:
        assert turn == 0
        return Box(self.places[index], 0, self.places[index] + 5, 10)

    def origin(self, index: int) -> tuple[float, float]:
        return self.places[index], 0


@pytest.mark.parametrize(
    ("drawn", "places", "read_as"),
    [
        ("\u0639\u0645\u0644", (10, 20, 30), "\u0644\u0645\u0639"),
        ("\u0644\u0645\u0639", (30, 20, 10), "\u0644\u0645\u0639"),
        ("\u0645\u0627\u0644", (10, 20, 20), f"{LAM_ALEF}\u0645"),
        (f"{LAM_ALEF}\u0645", (20, 20, 10), f"{LAM_ALEF}\u0645"),
    ],
)
def test_words_that_are_drawn_from_left_to_right(drawn: str, places: Sequence[float], read_as: str) -> None:
    texts = list(drawn)
    order = put_in_order(cast(Glyphs, Drawn(places)), texts, range(len(texts)), 0)
    assert "".join(texts) == read_as
    assert [places[index] for index in order] == sorted(places, reverse=True)


@pytest.mark.parametrize(
    ("drawn", "places", "read_as"),
    [
        ("-20AX", (30, 40, 50, 10, 20), "AX-20"),
        ("AX-20", (10, 20, 30, 40, 50), "AX-20"),
        ("7/b", (30, 20, 10), "b/7"),
        ("-AX", (30, 10, 20), "-AX"),
        ("12-7", (40, 50, 30, 20), "12-7"),
    ],
)
def test_names_in_text_from_right_to_left(drawn: str, places: Sequence[float], read_as: str) -> None:
    texts = list(drawn)
    order = put_in_order(cast(Glyphs, Drawn(places)), texts, range(len(texts)), 0)
    assert "".join(texts) == read_as
    assert [drawn[index] for index in order] == texts


def test_words_that_look_small_on_the_same_baseline_stay_apart() -> None:
    row = [Line("to the", 1, 72, 100, 700, 12), Line("sea", 1, 103, 120, 700, 8)]
    assert joined(row).text == "to the sea"


BESIDE = ("ope and tar are sold in the", "shed behind the second gate,", "and nowhere else.")


@pytest.mark.parametrize(
    ("initial", "texts", "left", "indent", "expected"),
    [
        ("R", BESIDE, 110, 0, "Rope and tar are sold in the shed behind the second gate, and nowhere else."),
        ("“R", BESIDE, 122, 0, "“Rope and tar are sold in the shed behind the second gate, and nowhere else."),
        ("R", ("OPE and tar", *BESIDE[1:]), 110, 0, "ROPE and tar shed behind the second gate, and nowhere else."),
        ("A", ("rope and tar", *BESIDE[1:]), 110, 3, "A rope and tar shed behind the second gate, and nowhere else."),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_initials(
    read: Read,
    pdf: MakePdf,
    initial: str,
    texts: Sequence[str],
    left: float,
    indent: float,
    expected: str,
    is_first: bool,
) -> None:
    first, *others = texts
    beside = [Ink(first, left + indent, 700), *(Ink(text, left, 686 - 14 * row) for row, text in enumerate(others))]
    large = [Ink(initial, 72, 672, 40)]
    page = [*large, *beside] if is_first else [*beside, *large]
    assert read(pdf([page]), "a.pdf").text == expected


@pytest.mark.parametrize(
    ("initial", "texts"),
    [("A", ("anchor 4", "awning 9", "ark 11")), ("A", ("Rope", "Tar", "Sails")), ("4", ("ropes", "sails", "tar"))],
)
def test_large_letters_that_begin_no_word(initial: str, texts: Sequence[str]) -> None:
    beside = [Line(text, 1, 102, 180, 700 - 14 * row, 12) for row, text in enumerate(texts)]
    assert with_initials([Line(initial, 1, 72, 98, 672, 44), *beside])[1:] == beside


@pytest.mark.parametrize(("left", "raised", "texts"), [(104, 4.2, ["5 x 10^-4"]), (120, 4.2, ["5 x 10", "-4"])])
def test_powers_far_above_the_line_are_joined_where_they_touch_it(left: float, raised: float, texts: list[str]) -> None:
    lines = [Line("5 x 10", 1, 72, 104, 700, 10), Line("-4", 1, left, left + 8, 700 + raised, 7)]
    assert [line.text for line in with_scripts(lines)] == texts


def test_letters_of_formulas_do_not_shift_what_stands_behind_them(read: Read, pdf: MakePdf) -> None:
    rows = (("Pier", "Fee"), ("North", "7"), ("South", "12"), ("West", "40"))
    inks = [
        Ink(text, x, 680 - 20 * row) for row, texts in enumerate(rows) for text, x in zip(texts, (72, 250), strict=True)
    ]
    _, objects = arabic(["\U0001d444"])
    page = Sheet(inks, drawing="BT /F9 12 Tf 72 740 Td <414141414141414141414141> Tj ET\n")
    document = read(pdf([page], objects=objects, further_fonts=f"/F9 {FIRST_OBJECT} 0 R"), "a.pdf")
    assert document.text.split("\n\n")[1] == "Pier: North | Fee: 7\nPier: South | Fee: 12\nPier: West | Fee: 40"


def test_words_divided_by_the_hyphen_of_unicode() -> None:
    lines = ["of the adminis\u2010", "trative kind"]
    assert running_text(lines, Words(lines)) == "of the administrative kind"


def test_a_sentence_goes_on_in_a_narrow_column_with_wide_gaps() -> None:
    column = [
        Line("the harbour is", 1, 72, 172, 700, 10, is_row=True),
        Line("closed at", 1, 72, 172, 688, 10, is_row=True),
        Line("Fee 12", 1, 72, 172, 676, 10, is_row=True),
    ]
    paragraphs = paragraphs_of(column, 1.2, 500, lambda line: False)
    assert [[line.text for line in paragraph.lines] for paragraph in paragraphs] == [
        ["the harbour is", "closed at"],
        ["Fee 12"],
    ]


def test_items_in_large_type_are_no_headings(read: Read, pdf: MakePdf, blocks_of: Callable[..., Any]) -> None:
    inks = [Ink("\u2022 Laws of the lock", 72, 740, 20), *column(*["It is opened by hand at six."] * 6, top=700)]
    assert blocks_of(read(pdf([inks]), "a.pdf"))[0] == ("list", "- Laws of the lock")


NUMBERED = (
    "The parties agree that the crane",
    "shall be moved to the north quay",
    "before the end of June and that",
    "the costs are shared in equal",
    "parts between both harbours.",
    "The lease ends in ten years.",
)


@pytest.mark.parametrize("step", [1, 2])
def test_numbers_of_lines_are_no_text(read: Read, pdf: MakePdf, step: int) -> None:
    inks = [Ink(text, 72, 700 - 14 * at) for at, text in enumerate(NUMBERED)]
    counted = [Ink(str(at + 1), 40, 700 - 14 * at, 8) for at in range(len(NUMBERED)) if (at + 1) % step == 0]
    assert read(pdf([[*counted, *inks]]), "a.pdf").text == " ".join(NUMBERED)


def test_numbers_of_items_stay(read: Read, pdf: MakePdf) -> None:
    things = ("Oil", "Rope of hemp", "Chain", "Lamp", "Hook", "Sail")
    inks = [
        ink
        for at, thing in enumerate(things)
        for ink in (Ink(str(at + 1), 40, 700 - 14 * at), Ink(thing, 72, 700 - 14 * at))
    ]
    text = read(pdf([inks]), "a.pdf").text
    assert [f"{at} {thing}" in text.replace(" | ", " ") for at, thing in enumerate(things, 1)] == [True] * 6
