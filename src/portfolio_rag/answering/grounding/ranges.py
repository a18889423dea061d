"""Ranges and the values that they may hold, in the units of both, and which value a range is meant for."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from portfolio_rag.text.language.content_words import terms
from portfolio_rag.text.language.quantities import is_other_rate
from portfolio_rag.text.language.units import UNITS, unit_key

CLOCK = "clock"
DATE = "date"
SEASON = "day of the year"
CYCLIC = frozenset((CLOCK, SEASON))
"""What begins again at its end: 22:00 to 6:00, October to March."""

_ALIKE = {"year": ("month", 12.0), "mile": ("length", 1609.344)}
"""Units that a text keeps apart, and that can be compared all the same."""

_MONEY = "amount basket cost order price purchase spend sum total turnover value worth"
_MEASURES = {
    "month": "adult age aged child children junior kid old older senior teenager young younger youth",
    "length": "depth diameter distance height high length long tall width wide",
    "mass": "heavy load mass parcel weigh weight",
    "time": "duration length stay time",
    **dict.fromkeys(("dollar", "euro", "franc", "pound", "yen"), _MONEY),
}
MEASURED = {dimension: frozenset(terms(words)) for dimension, words in _MEASURES.items()}
"""By what words a column or an item says what its bare numbers measure."""
KIN = "brother child daughter father friend girlfriend husband kid mother sister son wife"
PEOPLE = frozenset(
    terms(
        f"{KIN} adult attendee children colleague company employee family group guest head member participant"
        " passenger people person player pupil seat staff student team user visitor"
    )
)
"""Those who are counted or who have an age, whatever a table calls them."""

_HEADER_UNIT = re.compile(
    r"[(\[]\s*(?:in\s+)?(?P<inside>[^()\[\]]{1,12}?)\s*[)\]]\s*$|(?:\bin|,)\s+(?P<last>\S{1,12})\s*$"
)
_PLURALS = re.compile(r"(?<!per )\b[^\W\d_]{3,}s\b", re.IGNORECASE)

_YEARS = "month"
_CALENDAR = range(1000, 2200)

_FAR = 1000
"""Up to 10 km is said of what is some metres long at least, and not of a cable."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a question or a claim, in the base unit of its dimension; `said` is the number in its own unit.

    `nouns` are terms of what it counts, `before` is the term of the word in front of it. `is_bounded`: it is said to be
    at least, at most or the end of a range. `is_numbering`: it is the number of something, as in `grade 5`. It stands
    at [start, end) of its text.
    """

    number: float
    said: float
    dimension: str
    nouns: frozenset[str]
    before: str
    rate: str
    start: int
    end: int
    is_bounded: bool = False
    is_numbering: bool = False


@dataclass(frozen=True, slots=True)
class Range:
    """From `low` to `high` in the base unit of its dimension, one of them infinite where only the other is said.

    `factor` is that of the unit that it is written in.
    """

    low: float
    high: float
    dimension: str
    factor: float = 1.0
    nouns: frozenset[str] = frozenset()
    rate: str = ""
    start: int = 0
    end: int = 0
    is_above: bool = False
    is_below: bool = False

    def holds(self, value: Value) -> bool:
        return self._holds(self._number_of(value))

    def ends_at(self, value: Value) -> bool:
        number = self._number_of(value)
        return math.isclose(number, self.low) or math.isclose(number, self.high)

    def _number_of(self, value: Value) -> float:
        """A bare number is one of the unit that the other is in."""
        if value.dimension and self.dimension:
            return value.number
        return value.said * self.factor

    def _holds(self, number: float) -> bool:
        if math.isinf(self.low) and 0 <= number < self.high / _FAR:
            return False
        from_low = number > self.low or (not self.is_above and math.isclose(number, self.low))
        to_high = number < self.high or (not self.is_below and math.isclose(number, self.high))
        return (from_low or to_high) if self.low > self.high else (from_low and to_high)

    def is_nearer(self, other: Range) -> bool:
        """Whether it is the step before the other one in a cascade, or just a value that the other one holds.

        Both bound to the same side, or begin or end together. Two that merely overlap are alternatives.
        """
        if self.low > self.high or (other.low > other.high and self.low != self.high):
            return False
        if self.low == self.high:
            return (other.low, other.high) != (self.low, self.high)
        is_part = other.low <= self.low and self.high <= other.high
        return is_part and (self.low == other.low) != (self.high == other.high)

    def width_around(self, number: float) -> float:
        low, high = (number if math.isinf(end) else end for end in (self.low, self.high))
        return abs(high - low)

    def measured_in(self, header: str) -> Range:
        """The same in the unit that the header of its column names, where it names none itself."""
        unit = None if self.dimension else unit_of_header(header)
        if unit is None:
            return self
        dimension, factor = unit
        if dimension == _YEARS and any(end in _CALENDAR for end in (self.low, self.high)):
            return self  # 1958–1971 under `Years` is when it was, and not for how long.
        return replace(self, low=self.low * factor, high=self.high * factor, dimension=dimension, factor=factor)


def unit_of_header(header: str) -> tuple[str, float] | None:
    """The dimension and factor of `Height (m)`, `Price in EUR` and `Days before departure`; None of none."""
    match = _HEADER_UNIT.search(header)
    named = [match["inside"] or match["last"]] if match else _PLURALS.findall(header)
    unit = next((unit for name in named if (unit := UNITS.get(unit_key(name)))), None)
    return comparable(*unit) if unit else None


def agrees(value: Value, own: Range, called: frozenset[str], *, is_only: bool) -> bool:
    """Whether the range is one of what the value measures or counts.

    `called` are the terms by which the range is called: those of its column. `is_only`: the value is the only bare
    number of its question and the range the only one of bare numbers in its row.
    """
    if is_other_rate(value.rate, own.rate):
        return False
    if value.dimension and own.dimension:
        return value.dimension == own.dimension
    if value.dimension:
        return bool(called & MEASURED.get(value.dimension, frozenset())) and not own.nouns & PEOPLE - called
    if own.dimension:
        is_measured = value.before in MEASURED.get(own.dimension, frozenset())
        return is_measured or (value.before in called and not value.nouns)
    if value.before in called or value.nouns & (called | own.nouns):
        return True
    if any(value.before in words and called & words for words in MEASURED.values()):
        return True
    if value.is_numbering or not is_only:
        return False
    counted = own.nouns or called
    if value.nouns & PEOPLE or counted & PEOPLE:
        return bool(counted & PEOPLE) and (not value.nouns or bool(value.nouns & PEOPLE))
    return not own.nouns


def comparable(dimension: str, factor: float) -> tuple[str, float]:
    base, times = _ALIKE.get(dimension, (dimension, 1.0))
    return base, factor * times
