"""Which row of a table, or item of a list, has the range that a number of the question is in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portfolio_rag.answering.grounding import range_rows
from portfolio_rag.answering.grounding.check import check
from portfolio_rag.answering.grounding.claim import Claim
from portfolio_rag.answering.grounding.drafted_answer import parse_draft
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.answering.grounding.range_rows import in_place_of, slot_of
from portfolio_rag.answering.grounding.source_sentences import split_sentences
from portfolio_rag.domain.answers import Verdict
from portfolio_rag.text.chunking.chunker import chunk
from portfolio_rag.text.extraction.document import ExtractionLimits
from portfolio_rag.text.extraction.worker import extract_here
from tests.support.texts import WordTokenizer

LIMITS = ExtractionLimits(frozenset({"md"}), 10, 100_000, 60, 512)

PARCELS = """# Parcels of the Corrie post

| Parcel | Price |
|---|---|
| up to 2 kg | 4.90 EUR |
| 2 to 5 kg | 6.40 EUR |
| 5 to 10 kg | 8.90 EUR |
| over 10 kg | 13.40 EUR |
"""
CASCADE = """# Couriers

| Service | Weight (kg) | Price |
|---|---|---|
| Wren | up to 1 | 3 EUR |
| Rook | up to 4 | 5 EUR |
| Heron | up to 9 | 7 EUR |
"""
ROPES = """# Ropes

| Load | Rope |
|---|---|
| from 1 kg | sisal |
| from 50 kg | nylon |
| from 200 kg | steel |
"""
AGES = """# Fees

| Age | Fee |
|---|---|
| under 6 | free |
| 6–11 | 48 EUR |
| 12–17 | 66 EUR |
| 18 and older | 120 EUR |
"""
ROOMS = """# Rooms

| Room | Persons | Price |
|---|---|---|
| Alder | 2 to 8 | 90 EUR |
| Birch | 9 to 20 | 150 EUR |
"""
GRADES = """# Mill

| Grade | Flour |
|---|---|
| 1 to 3 | cake flour |
| 4 to 6 | bread flour |
"""
NOTICE = """# Cancelling

| Days before the event | You pay |
|---|---|
| 14 or more | nothing |
| 3 to 13 | half |
| fewer than 3 | everything |
"""
OPEN = """# Baths

| Day | Pool |
|---|---|
| Monday | 14:00 to 21:00 |
| Sunday | 8:00 to 17:00 |
"""
GROUPS = """# Groups

Discounts for groups:

- up to 9 people: none
- 10 to 19 people: 5 percent
- 20 or more people: 12 percent
"""
PAINTINGS = """# Paintings

| Painting | Painted in | Life of the painter |
|---|---|---|
| Heron Moor | 1880 | 1840–1902 |
| Red Barn | 1871 | 1850–1885 |
"""
CURATORS = """# Curators

| Years | Curator |
|---|---|
| 1958–1971 | Ilse Tarn |
| 1971–1990 | Otto Venn |
"""
CLUBS = """# Clubs

- Choir: 7 to 15 years
- Astronomy: 9 to 11 years
- Sailing: 12 to 16 years
"""
TRAINS = """# Trains

| Train | Runs | Journey |
|---|---|---|
| F1 | 5:00–23:00 | 40 minutes |
| F2 | 7:00–9:00 | 25 minutes |
| N4 | 23:00–5:00 | 55 minutes |
"""
HALLS = """# Halls

| Hall | Seats | Rent |
|---|---|---|
| Oak | 5 to 40 | 200 EUR |
| Ash | 10 to 25 | 120 EUR |
| Elm | 50 to 200 | 600 EUR |
"""
SIZES = """# Sizes

| Size | Chest | Waist |
|---|---|---|
| S | 86–92 cm | 70–76 cm |
| L | 100–108 cm | 84–92 cm |
"""
BYTES = """# Header

| Byte | Field | Values |
|---|---|---|
| 1 | flags | 0 to 255 |
| 4–7 | checksum | any |
"""
FARES = """# Fares

| Price | Weight | Insured |
|---|---|---|
| 6.90 EUR | to 5 kg | up to 100 EUR |
| 14.50 EUR | to 20 kg | up to 500 EUR |
"""
LIMITS_OF = """# Limits

| Byte | Field | Values |
|---|---|---|
| 0 | version | 1 to 4 |
| 2–3 | length | 8 to 65535 |
| 8 | hop limit | 1 to 64 |

## Options

| Option | Allowed | Default |
|---|---|---|
| retries | 0 to 10 | 3 |
| window | 1 to 64 | 16 |
"""
TAXES = """# Tax

| Income | Rate 2024 | Rate 2025 |
|---|---|---|
| up to 30,000 EUR | 15 % | 14 % |
| 30,000–70,000 EUR | 28 % | 27 % |
"""
POINTS = """# Marks

| Points | Mark |
|---|---|
| 67–80 | 3 |
| 50–66 | 4 |
"""
STEPS = """# Posts

| Zone | up to 2 kg | over 2 to 9 kg | Delivery |
|---|---|---|---|
| North | 4.90 EUR | 6.40 EUR | 3 days |
"""
TOLLS = """# Tolls by length

All tolls are in euros.

| Length | Single | Return within 24 hours |
|---|---|---|
| up to 6 m | 18 | 27 |
| over 6 to 10 m | 32 | 48 |
| over 10 to 16 m | 59 | 90 |
| over 16 to 25 m | 94 | 148 |

Vehicles of more than 25 m need a permit. Motorcycles pay 9.
"""
PORTERS = """# Reception

- 6:30–10:00: the porter
- 10:00–16:00: Marit
- 22:00–6:30: nobody
"""


def source(markdown: str) -> SourceText:
    document = extract_here(markdown.encode(), "a.md", LIMITS)
    (whole,) = chunk(document, WordTokenizer(), size_tokens=500, overlap_tokens=0, window_tokens=200)
    return SourceText.build(1, whole.content, "a.md", whole.parts, document="one")


def left(markdown: str, question: str) -> str:
    """What gives way to nothing, of what has a digit."""
    sentences = source(markdown).sentences
    gone = in_place_of(question, Claim("", question).asked_terms, [(slot_of("one", own), own) for own in sentences])
    return "\n".join(own.text for number, own in enumerate(sentences) if number not in gone)


@pytest.mark.parametrize(
    ("markdown", "question", "kept", "gone"),
    [
        (PARCELS, "What does a parcel of 7 kg cost?", "8.90", ("4.90", "6.40", "13.40")),
        (PARCELS, "What does a parcel of 1,500 g cost?", "4.90", ("6.40", "8.90", "13.40")),
        (PARCELS, "My parcel weighs 12 kg, what does it cost?", "13.40", ("4.90", "6.40", "8.90")),
        (CASCADE, "What is the price for 3 kg?", "Rook", ("Wren", "Heron")),
        (ROPES, "Which rope for a load of 70 kg?", "nylon", ("sisal", "steel")),
        (AGES, "My son is 9, what is the fee?", "48 EUR", ("free", "66 EUR", "120 EUR")),
        (AGES, "What does a 12-year-old pay?", "66 EUR", ("free", "48 EUR", "120 EUR")),
        (AGES, "What is the fee for someone aged 40?", "120 EUR", ("free", "48 EUR", "66 EUR")),
        (ROOMS, "Which room is for 15 people?", "Birch", ("Alder",)),
        (GRADES, "What is grade 5 used for?", "bread", ("cake",)),
        (NOTICE, "What do we pay 10 days before the event?", "half", ("nothing", "everything")),
        (GROUPS, "What discount do 14 people get?", "5 percent", ("none", "12 percent")),
        (PAINTINGS, "Which painting is from 1880?", "Heron Moor", ("Red Barn",)),
        (CURATORS, "Who was curator in 1980?", "Otto Venn", ("Ilse Tarn",)),
        (CLUBS, "Can a 10 year old join the choir?", "Choir", ("Sailing",)),
        (TRAINS, "How long is the journey of the 8:00 F1?", "F1", ("N4",)),
        (HALLS, "What does a hall with 20 seats cost?", "Oak", ("Elm",)),
        (HALLS, "What does a hall with 20 seats cost?", "Ash", ("Elm",)),
        (CASCADE, "Which services take 3 kg?", "Heron", ("Wren",)),
        (CASCADE, "Which services take 3 kg?", "Rook", ("Wren",)),
        (SIZES, "Which size fits a waist of 86 cm?", "| Waist: 84", ("| Waist: 70",)),
        (BYTES, "Which field is in byte 5?", "checksum", ("flags",)),
        (FARES, "What weight is 14.50 EUR for?", "to 20 kg", ("to 5 kg",)),
        (POINTS, "Which mark do 70 points give?", "67", ("50",)),
        (PORTERS, "Who is at the reception at 14:30?", "Marit", ("porter", "nobody")),
        (PORTERS, "Who is at the reception at 23:00?", "nobody", ("porter", "Marit")),
    ],
)
def test_the_row_whose_range_holds_the_number_stays(
    markdown: str, question: str, kept: str, gone: tuple[str, ...]
) -> None:
    text = left(markdown, question)
    assert kept in text
    assert not [word for word in gone if word in text]


@pytest.mark.parametrize(
    ("markdown", "question"),
    [
        (CASCADE, "What is the price for 30 kg?"),  # outside of all
        (PARCELS, "What does a parcel of over 10 kg cost?"),  # called as the row is
        (PARCELS, "What does a parcel of 2 to 5 kg cost?"),
        (PARCELS, "How long is a parcel of 7 cm?"),  # another dimension
        (ROOMS, "Which room has 15 windows?"),  # another thing is counted
        (CLUBS, "Can a 10 year old join the sailing?"),  # called by its name
        (OPEN, "Is the pool open on Sunday at 19:00?"),  # Monday is, and was not asked for
        (GRADES, "What is step 5 used for?"),  # a step is no grade
    ],
)
def test_a_number_that_tells_nothing_leaves_all_rows(markdown: str, question: str) -> None:
    assert left(markdown, question) == "\n".join(own.text for own in source(markdown).sentences)


@pytest.mark.parametrize(
    ("question", "is_out"),
    [
        ("What does a parcel of 45 kg to North cost?", True),
        ("What does a parcel of 4 kg to North cost?", False),
        ("What does a parcel of over 9 kg to North cost?", False),
        ("Which zone costs 6.40 EUR?", False),
        ("Where does it take 12 days?", False),
    ],
)
def test_a_row_says_nothing_of_a_value_that_no_range_above_its_columns_holds(question: str, is_out: bool) -> None:
    (row,) = (own for own in source(STEPS).sentences if "North" in own.text)
    assert range_rows.is_out_of_columns(question, row) is is_out


@pytest.mark.parametrize(
    ("markdown", "question", "is_out"),
    [
        (CASCADE, "What is the price for 30 kg?", True),
        (CASCADE, "What is the price for 8 kg?", False),
        (CASCADE, "What is the price of the Rook for 30 kg?", False),
        (CASCADE, "What is the price for 30 days?", False),
        (TAXES, "What is the rate for an income of 90,000 EUR?", True),
        (BYTES, "Which field is in byte 300?", False),
    ],
)
def test_a_value_that_no_row_has_a_range_for_is_out_of_all(markdown: str, question: str, is_out: bool) -> None:
    rows = [own for own in source(markdown).sentences if "|" in own.text]
    asked = Claim("", question).asked_terms
    assert any(range_rows.is_out_of_rows(question, asked, row, rows) for row in rows[1:2]) is is_out


def test_an_equal_number_is_not_put_aside_by_a_range() -> None:
    table = "# Cables\n\n| Cable | Length |\n|---|---|\n| Alder | 5 m |\n| Birch | 2 to 9 m |\n| Cedar | 10 to 20 m |\n"
    text = left(table, "Which cable has a length of 5 m?")
    assert "Alder" in text
    assert "Cedar" not in text


@pytest.mark.parametrize(
    "question",
    [
        "Which size fits 3 kg?",
        "Which service takes 3 kg?",
        "What uses 3 kg?",
        "What weighs 3 kg?",
        "Which bus takes 3 kg?",
    ],
)
def test_a_verb_is_no_plural(question: str) -> None:
    assert "Heron" not in left(CASCADE, question)


def test_a_row_of_a_long_table_is_compared_with_a_few_others(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"| S{number} | up to {number} kg |\n" for number in range(1, 1500))
    sentences = split_sentences(f"| Service | Weight |\n|---|---|\n{rows}")
    compared = 0

    def counted(row: Any, rival: Any) -> bool:
        nonlocal compared
        compared += 1
        return gives_way(row, rival)

    gives_way = range_rows._gives_way
    monkeypatch.setattr(range_rows, "_gives_way", counted)
    gone = in_place_of("What does 5 kg cost?", frozenset(), [("table", own) for own in sentences])
    kept = [own.text for number, own in enumerate(sentences) if number not in gone and "kg" in own.text]
    assert len(kept) == 1
    assert "up to 5 kg" in kept[0]
    assert compared <= 40 * len(sentences)


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from(["up to", "from", "2 to"])), min_size=2),
    st.integers(1, 9),
    st.integers(1, 9),
)
@example([(2, 3, "up to"), (2, 4, "up to"), (3, 3, "2 to")], 2, 2)
@settings(deadline=None)
def test_of_the_rows_of_a_table_some_are_always_left(drawn: list[tuple[int, int, str]], mass: int, length: int) -> None:
    """Each may be the nearer one for another value; a question answered by none of them has still to be answered."""
    rows = "".join(f"| {sign} {kilograms} kg | {sign} {metres} m |\n" for kilograms, metres, sign in drawn)
    sentences = split_sentences(f"| Weight | Length |\n|---|---|\n{rows}")
    siblings = [(slot_of("a", own), own) for own in sentences]
    gone = in_place_of(f"What of a weight of {mass} kg and a length of {length} m?", frozenset(), siblings)
    assert all(any(other not in gone for other in better) for better in gone.values())
    assert len(gone) < len(drawn)


def test_a_row_for_one_value_and_a_row_for_another_are_alternatives() -> None:
    table = "| Weight | Length |\n|---|---|\n| up to 5 kg | up to 100 cm |\n| up to 10 kg | up to 60 cm |\n"
    sentences = split_sentences(table)
    siblings = [(slot_of("a", own), own) for own in sentences]
    assert in_place_of("A parcel of 3 kg and 50 cm?", frozenset(), siblings) == {}
    assert in_place_of("A parcel of 3 kg and 90 cm?", frozenset(), siblings) != {}


def verdict(markdown: str, question: str, draft: str) -> Verdict:
    (result,) = check(question, parse_draft(f"{draft} [1]"), [source(markdown)])
    return result.verdict


@pytest.mark.parametrize(
    ("markdown", "question", "true", "false"),
    [
        (
            PARCELS,
            "What does a parcel of 7 kg cost?",
            "A parcel of 7 kg costs 8.90 EUR.",
            "A parcel of 7 kg costs 6.40 EUR.",
        ),
        (PARCELS, "", "A parcel of 1,500 g costs 4.90 EUR.", "A parcel of 1,500 g costs 8.90 EUR."),
        (PARCELS, "What does a parcel of 7 kg cost?", "The price is 8.90 EUR.", "The price is 4.90 EUR."),
        (CASCADE, "Which service for 3 kg?", "Rook takes a weight of 3 kg.", "Wren takes a weight of 3 kg."),
        (
            CASCADE,
            "What does 1.5 kg cost?",
            "With a weight of 1.5 kg the price is 5 EUR.",
            "With a weight of 1.5 kg the price is 3 EUR.",
        ),
        (LIMITS_OF, "", "Window can be 12.", "Retries can be 12."),
        (SIZES, "", "Size L has a waist of 86 cm.", "Size S has a waist of 86 cm."),
        (CURATORS, "Who was curator in 1980?", "Otto Venn was curator in 1980.", "Ilse Tarn was curator in 1980."),
        (
            TAXES,
            "",
            "An income of 40,000 EUR is taxed at 27 % in 2025.",
            "An income of 40,000 EUR is taxed at 28 % in 2025.",
        ),
        (AGES, "What is the fee at 9 years?", "The fee at 9 years is 48 EUR.", "The fee at 9 years is 120 EUR."),
        (
            TOLLS,
            "What is the toll for a 9 m van?",
            "A single crossing costs 32 euros for a van of 9 m.",
            "A single crossing costs 18 euros for a van of 9 m.",
        ),
        (
            GROUPS,
            "",
            "A group of 25 people gets a discount of 12 percent.",
            "A group of 25 people gets a discount of 5 percent.",
        ),
    ],
)
def test_a_claim_holds_by_the_range_of_its_row(markdown: str, question: str, true: str, false: str) -> None:
    assert verdict(markdown, question, true) is Verdict.SUPPORTED
    assert verdict(markdown, question, false) in (Verdict.DROPPED, Verdict.FLAGGED)


def test_a_row_that_is_quoted_answers_for_the_number_of_the_question() -> None:
    own, other = "Parcel: 5 to 10 kg | Price: 8.90 EUR", "Parcel: 2 to 5 kg | Price: 6.40 EUR"
    assert verdict(PARCELS, "What does a parcel of 7 kg cost?", own) is Verdict.SUPPORTED
    assert verdict(PARCELS, "What does a parcel of 7 kg cost?", other) is Verdict.DROPPED
