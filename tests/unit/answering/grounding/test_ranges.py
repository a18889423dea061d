"""What a range is, as people write it, and which values it holds."""

from __future__ import annotations

import math

import pytest

from portfolio_rag.answering.grounding.range_reading import is_other_value, ranges_of, values_of

INF = math.inf


@pytest.mark.parametrize(
    ("text", "low", "high", "dimension"),
    [
        ("8 to 12 m", 8, 12, "length"),
        ("8–12", 8, 12, ""),
        ("8-12 kg", 8, 12, "mass"),
        ("101 – 500", 101, 500, ""),
        ("1,001 to 5,000", 1001, 5000, ""),
        ("between 5 and 8 kg", 5, 8, "mass"),
        ("500 g to 2 kg", 0.5, 2, "mass"),
        ("€50 to €100", 50, 100, "euro"),
        ("50–100 EUR", 50, 100, "euro"),
        ("-5 to 5 °C", -5, 5, "degree"),
        ("-21 to -10 °C", -21, -10, "degree"),
        ("7 to 9 m3", 7, 9, "length3"),
        ("6-11-year-olds", 72, 132, "month"),
        ("1 month to 1 year", 1, 12, "month"),
        ("5 bis 10 kg", 5, 10, "mass"),
        ("18:00–22:00", 1080, 1320, "clock"),
        ("9 am to 5 pm", 540, 1020, "clock"),
        ("1 May – 30 September", 501, 930, "day of the year"),
        ("March to May", 300, 531, "day of the year"),
        ("1 January 2025 – 30 June 2025", 20250101, 20250630, "date"),
        ("up to 5", -INF, 5, ""),
        ("≤ 5", -INF, 5, ""),
        ("< 3", -INF, 3, ""),
        ("max. 30 kg", -INF, 30, "mass"),
        ("under 12", -INF, 12, ""),
        ("children under the age of 6", -INF, 6, ""),
        ("less than 1 hour", -INF, 3600, "time"),
        ("over 20 kg", 20, INF, "mass"),
        ("more than 20", 20, INF, ""),
        ("from 18", 18, INF, ""),
        ("18 and older", 18, INF, ""),
        ("65 or over", 65, INF, ""),
        ("5+", 5, INF, ""),
        ("taller than 2 m", 2, INF, "length"),
    ],
)
def test_a_range_is_read(text: str, low: float, high: float, dimension: str) -> None:
    (found,) = ranges_of(text)
    assert (found.low, found.high, found.dimension) == pytest.approx((low, high, dimension))


@pytest.mark.parametrize(
    "text",
    [
        "2.11",
        "`8-12`",
        "A8-12",
        "555-123-4567",
        "0800 123-456",
        "0800 20-40",
        "10-12-2024",
        "2024-05-01",
        "24/7",
        "3-1",
    ],
)
def test_what_names_something_is_no_range(text: str) -> None:
    assert ranges_of(text) == ()


@pytest.mark.parametrize(
    ("text", "question", "is_held"),
    [
        ("8 to 12 m", "a wall of 12 m", True),
        ("8 to 12 m", "a wall of 1,150 cm", True),
        ("8 to 12 m", "a wall of 12.5 m", False),
        ("under 12 years", "a child of 12 years", False),
        ("under 12 years", "a child of 11 years", True),
        ("over 18 m", "a wall of 18 m", False),
        ("from 18 years", "I am 18", True),
        ("up to 2 hours", "for 90 minutes", True),
        ("22:00–7:00", "at 23:30", True),
        ("22:00–7:00", "at 12:00", False),
        ("1 October – 31 March", "on 3 February", True),
        ("1 October – 31 March", "on 3 June", False),
        ("from 16 June", "on 20 July", True),
        ("until 30 April", "on 20 July", False),
        ("September to November", "in September", True),
        ("up to 10 km", "a cable of 2 m", False),
    ],
)
def test_a_range_holds_what_is_inside(text: str, question: str, is_held: bool) -> None:
    (found,), (value,) = ranges_of(text), values_of(question)
    assert found.dimension == value.dimension
    assert found.holds(value) is is_held


@pytest.mark.parametrize(
    ("text", "label", "column", "is_other"),
    [
        ("a wall of 6 m", "6 kg", "Weight", True),
        ("7 projects", "7 EUR", "Price", True),
        ("12 years", "under 12", "Age", True),
        ("a weight of 1.5 kg", "up to 5", "Weight (kg)", True),
        ("it costs 5 EUR", "up to 5", "Weight (kg)", True),
        ("a parcel of 2 kg", "up to 2 kg", "Parcel", False),
        ("a wall of over 18 m", "over 18 m", "Height", False),
        ("a load of 6 kg", "6 kg", "Weight", False),
        ("tower M of 5 kg", "Tower M, 5 m", "Platform", False),
        ("room 12", "12", "Room", False),
    ],
)
def test_a_number_names_a_label_of_its_own_kind(text: str, label: str, column: str, is_other: bool) -> None:
    assert is_other_value(text, label, column) is is_other


@pytest.mark.parametrize(
    ("text", "other", "is_nearer"),
    [
        ("up to 5 kg", "up to 10 kg", True),
        ("over 10 kg", "over 5 kg", True),
        ("0 to 5 kg", "0 to 10 kg", True),
        ("10 to 25", "5 to 40", False),
        ("up to 10 kg", "up to 5 kg", False),
        ("2 to 9 m", "2 to 9 m", False),
    ],
)
def test_a_step_of_a_cascade_is_nearer_and_an_overlap_is_not(text: str, other: str, is_nearer: bool) -> None:
    assert ranges_of(text)[0].is_nearer(ranges_of(other)[0]) is is_nearer
