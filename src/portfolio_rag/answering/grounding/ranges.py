"""Ranges as people write them in rows and items, and the values of a question or a claim that they hold.

`8 to 12 m`, `101 – 500`, `up to 5`, `≤ 5`, `18 and older`, `5+`, `18:00–22:00`, `1 May – 30 September`. Two versions, a
telephone number, a day with its year and what is written as code are none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from portfolio_rag.answering.grounding.bounds import BETWEEN, kind_of_bound
from portfolio_rag.text.language.blanks import blanked
from portfolio_rag.text.language.content_words import terms
from portfolio_rag.text.language.dates import Date, dates_of
from portfolio_rag.text.language.identifiers import numbered
from portfolio_rag.text.language.months import MONTHS
from portfolio_rag.text.language.number_words import alternatives
from portfolio_rag.text.language.quantities import Quantity, quantities_of
from portfolio_rag.text.language.units import UNITS, unit_key

CLOCK = "clock"
_DATE = "date"
_SEASON = "day of the year"
_CYCLIC = frozenset((CLOCK, _SEASON))
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
_KIN = "brother child daughter father friend girlfriend husband kid mother sister son wife"
PEOPLE = frozenset(
    terms(
        f"{_KIN} adult attendee children colleague company employee family group guest head member participant"
        " passenger people person player pupil seat staff student team user visitor"
    )
)
"""Those who are counted or who have an age, whatever a table calls them."""

_OF_MEASURE = re.compile(r"\bthe (?:age|weight|height|length|distance|value|amount|duration) of ", re.IGNORECASE)
_JOINT = re.compile(
    r"\s*(?:[-–—−‑~]|(?:up\s+)?to|until|till|through|thru|bis(?:\s+zu)?|à|au|a|hasta)"
    r"\s*(?P<below>(?:under|below|less\s+than)\s|<)?\s*(?P<currency>[$€£¥]?)",
    re.IGNORECASE,
)
_AND = re.compile(r"\s*(?:and|und|et|y)\s*", re.IGNORECASE)
_SIGN_BETWEEN = re.compile(r"[-–—−‑/.:]")
_NO_JOINT = re.compile(r"[/.:]")
_SIGN_BEFORE = re.compile(
    r"""(?:(?P<most>≤|<=|=<|\bmax(?:\.|imum|imal)?:?)|(?P<least>≥|>=|=>|\bmin(?:\.|imum|destens)?:?)
    |(?P<fewer><)|(?P<more>>))\s*$""",
    re.IGNORECASE | re.VERBOSE,
)
_WORDS_BEHIND = re.compile(
    r"""(?:\s+[^\W\d_]+)??\s*(?:(?P<plus>\+(?!\s?\d))
    |(?:and|or|und|oder|et|ou|y|o)\s+(?:
      (?P<more>older|over|above|more|up|upwards?|beyond|larger|longer|heavier|higher|taller|mehr|älter|darüber|plus|más)
      |(?P<fewer>under|younger|less|fewer|below|smaller|lighter|shorter|weniger|jünger|moins|menos))\b
    |(?P<onwards>upwards?|onwards?)\b)""",
    re.IGNORECASE | re.VERBOSE,
)
_COMPARISONS = frozenset(
    terms(
        "older younger more less fewer larger smaller longer shorter heavier lighter higher taller above below up"
        " upwards onwards plus mehr weniger älter jünger moins menos"
    )
)
_NAME_BEFORE = re.compile(r"(?:[^\W_][-/_.]|[`#]|\d\s)$")
_NAME_BEHIND = re.compile(r"`|[-/_]\w")
_LEADING_ZERO = re.compile(r"[$€£¥]?\s?0\d")
_MINUS = re.compile(r"[-−–]$")
_POWER = re.compile(r"[23](?!\w)")
_NOUNS_BEHIND = re.compile(r"[\s+-]*([^\W\d_]+)(?:\s+([^\W\d_]+))?")
_HEADER_UNIT = re.compile(
    r"[(\[]\s*(?:in\s+)?(?P<inside>[^()\[\]]{1,12}?)\s*[)\]]\s*$|(?:\bin|,)\s+(?P<last>\S{1,12})\s*$"
)
_PLURALS = re.compile(r"(?<!per )\b[^\W\d_]{3,}s\b", re.IGNORECASE)
_AGE_BEFORE = re.compile(
    rf"\b(?:aged?|am|turn(?:s|ed|ing)?|(?:he|she|who|{_KIN.replace(' ', '|')})(?:\s+is|['’]s))\s+$", re.IGNORECASE
)
"""Before a bare number that is an age: `I am 16`, `my son is 9`."""
_MONTH = alternatives(MONTHS)
_MONTHS_ALONE = re.compile(
    rf"(?<![\w.])(?P<first>{_MONTH})\.?\s*(?:[-–—]|to|until|till|through|bis|à|a)\s*(?P<last>{_MONTH})\b(?!\s*\d)",
    re.IGNORECASE,
)
_LAST_DAY, _MID_MONTH = 31, 15


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

    def is_within(self, other: Range) -> bool:
        """Whether it is a part of the other one, which holds more."""
        if self.low > self.high or other.low > other.high:
            return False
        own, its = (self.low, self.high), (other.low, other.high)
        return its[0] <= own[0] and own[1] <= its[1] and own != its

    def measured_in(self, header: str) -> Range:
        """The same in the unit that the header of its column names, where it names none itself."""
        unit = None if self.dimension else unit_of_header(header)
        if unit is None:
            return self
        dimension, factor = unit
        return replace(self, low=self.low * factor, high=self.high * factor, dimension=dimension, factor=factor)


def unit_of_header(header: str) -> tuple[str, float] | None:
    """The dimension and factor of `Height (m)`, `Price in EUR` and `Days before departure`; None of none."""
    match = _HEADER_UNIT.search(header)
    named = [match["inside"] or match["last"]] if match else _PLURALS.findall(header)
    unit = next((unit for name in named if (unit := UNITS.get(unit_key(name)))), None)
    return _comparable(*unit) if unit else None


def agrees(value: Value, own: Range, called: frozenset[str], *, is_only: bool) -> bool:
    """Whether the range is one of what the value measures or counts.

    `called` are the terms by which the range is called: those of its column. `is_only`: the value is the only bare
    number of its question and the range the only one of bare numbers in its row.
    """
    if value.rate and own.rate and value.rate != own.rate:
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


def is_other_value(text: str, label: str, column: str = "") -> bool:
    """Whether the label has a number of the text that is of something else there, or that its own range excludes.

    `6 kg` is not named by `6 m`, nor `under 12` by `12 years`, nor `up to 5` by `1.5`. A label may share more than
    numbers: `Tower M, 5 m`. `column` is what it stands in, if in any.
    """
    values, named = values_of(text), values_of(label)
    alike = [(value, own) for own in named for value in values if own.said == value.said]
    if not alike:
        return any(f"{own.said:g}" in f"{value.said:g}".split(".") for own in named for value in values)
    if ranges := [own.measured_in(column) for own in ranges_of(label)]:
        return not any(
            value.is_bounded or (_is_alike(value, own) and own.holds(value)) for value, _ in alike for own in ranges
        )
    dimension, _ = unit_of_header(column) or ("", 1.0)
    words = label
    for _, own in alike:
        words = blanked(words, own.start, own.end)
    return frozenset(terms(words)).isdisjoint(terms(text)) and not any(
        _is_alike(value, own if own.dimension else replace(own, dimension=dimension)) for value, own in alike
    )


def _is_alike(value: Value, other: Value | Range) -> bool:
    if not value.dimension and value.nouns and isinstance(other, Value) and other.dimension:
        return False  # 7 projects are no 7 EUR.
    return "" in (value.dimension, other.dimension) or value.dimension == other.dimension


@lru_cache(maxsize=1024)
def ranges_of(text: str) -> tuple[Range, ...]:
    """The ranges of a cell or an item, in order."""
    text = _OF_MEASURE.sub(lambda match: " " * len(match.group()), text)
    ends = _ends(text)
    found = [_months(match) for match in _MONTHS_ALONE.finditer(text)]
    position = 0
    while position < len(ends):
        chain = _chain(text, ends, position)
        position += len(chain)
        if len(chain) == 1:
            found += _one_ended(text, chain[0])
        elif len(chain) == 2:
            found += _between(text, *chain)
    return tuple(sorted(found, key=lambda one: one.start))


@lru_cache(maxsize=1024)
def values_of(text: str) -> tuple[Value, ...]:
    """The values of a question or a claim that a range may hold: quantities, times of the day, days and months."""
    ranges = ranges_of(text)
    numbers = {name.partition("#")[2] for name in numbered(text)}
    return tuple(
        Value(
            end.number * end.factor + (_MID_MONTH if _is_month(end) else 0),
            end.number,
            end.dimension,
            end.nouns,
            _term_before(text, end.start),
            end.rate,
            end.start,
            end.end,
            is_bounded=any(own.start <= end.start < own.end for own in ranges),
            is_numbering=not end.dimension and f"{end.number:g}" in numbers,
        )
        for end in _ends(text)
    )


def _term_before(text: str, start: int) -> str:
    before = text[:start].rstrip()
    return next(iter(terms(before)[-1:]), "") if before[-1:].isalpha() else ""


@dataclass(frozen=True, slots=True)
class _End:
    number: float
    dimension: str
    factor: float
    nouns: frozenset[str]
    rate: str
    start: int
    end: int
    value: Quantity | Date
    year: int | None = None


def _ends(text: str) -> list[_End]:
    """The values of the text that may be an end of a range, in order."""
    dates, rest = dates_of(text)
    quantities, _ = quantities_of(rest)
    found = [_of_quantity(text, quantity) for quantity in quantities if quantity.dimension != "item"]
    found += [
        _End(
            100.0 * date.month + (date.day or 0),
            _SEASON,
            1.0,
            frozenset(),
            "",
            date.start,
            date.start + len(date.text),
            date,
            date.year,
        )
        for date in dates
    ]
    return sorted(found, key=lambda end: end.start)


def _of_quantity(text: str, quantity: Quantity) -> _End:
    end = quantity.start + len(quantity.text.removeprefix("-"))
    start = quantity.start - bool(quantity.value < 0 and _MINUS.search(text, 0, quantity.start))
    dimension, factor = _comparable(quantity.dimension, quantity.factor)
    behind = _NOUNS_BEHIND.match(text, end) if not dimension else None
    if not dimension and not (behind and terms(behind[1])) and _AGE_BEFORE.search(text, 0, start):
        dimension, factor = _comparable("year", 1.0)
    nouns = frozenset(terms(" ".join(filter(None, behind.groups())))) if behind else frozenset()
    if dimension == "length" and (power := _POWER.match(text, end)):
        # A cubic metre is no metre.
        dimension, factor, end = f"length{power.group()}", factor ** int(power.group()), power.end()
    return _End(quantity.value, dimension, factor, nouns, quantity.rate, start, end, quantity)


def _comparable(dimension: str, factor: float) -> tuple[str, float]:
    base, times = _ALIKE.get(dimension, (dimension, 1.0))
    return base, factor * times


def _chain(text: str, ends: Sequence[_End], position: int) -> list[_End]:
    """The end there and those that are joined to it: two are a range, more a telephone number or a date."""
    chain = [ends[position]]
    for following in ends[position + 1 :]:
        between = text[chain[-1].end : following.start]
        is_pair = len(chain) == 1 and _AND.fullmatch(between) and BETWEEN.search(text, 0, chain[0].start)
        if not (is_pair or _JOINT.fullmatch(between) or _SIGN_BETWEEN.fullmatch(between)):
            break
        chain.append(following)
    return chain


def _between(text: str, first: _End, last: _End) -> Iterator[Range]:
    if _is_name(text, first, last) or _NO_JOINT.fullmatch(text[first.end : last.start]):
        return
    if "" not in (first.dimension, last.dimension) and first.dimension != last.dimension:
        return
    unit = first if first.dimension else last
    low = first.number * (first.factor if first.dimension else unit.factor)
    high = last.number * (last.factor if last.dimension else unit.factor)
    dimension = unit.dimension
    if dimension == _SEASON:
        high += _LAST_DAY if _is_month(last) else 0
        if first.year and last.year:
            low, high, dimension = low + 10000 * first.year, high + 10000 * last.year, _DATE
    if low >= high and (low == high or dimension not in _CYCLIC):
        return
    joint = _JOINT.fullmatch(text[first.end : last.start])
    yield Range(
        low,
        high,
        dimension,
        unit.factor,
        last.nouns,
        first.rate or last.rate,
        first.start,
        last.end,
        is_below=bool(joint and joint["below"]),
    )


def _one_ended(text: str, end: _End) -> Iterator[Range]:
    """The range that a value alone bounds: `up to 5`, `5+`; none where it is just a value."""
    kind = _kind(text, end)
    if not kind or _is_name(text, end, end):
        return
    number = end.number * end.factor
    is_upper = kind in ("upper", "fewer")
    if end.dimension == _SEASON:
        # A year has an end: until April is from its first day on.
        low, high = (0.0, number) if is_upper else (number, 1300.0)
        if _is_month(end) and kind in ("upper", "more"):
            low, high = (low, high + _LAST_DAY) if is_upper else (low + _LAST_DAY, high)
    else:
        low, high = (-math.inf, number) if is_upper else (number, math.inf)
    yield Range(
        low,
        high,
        end.dimension,
        end.factor,
        end.nouns - _COMPARISONS,
        end.rate,
        end.start,
        end.end,
        is_above=kind == "more",
        is_below=kind == "fewer",
    )


def _kind(text: str, end: _End) -> str:
    """`upper`, `fewer`, `lower` or `more`, as a sign or words say it; empty for none."""
    if sign := _SIGN_BEFORE.search(text, max(0, end.start - 12), end.start):
        named = sign.lastgroup or ""
        return {"most": "upper", "least": "lower"}.get(named, named)
    if behind := _WORDS_BEHIND.match(text, end.end):
        return "upper" if behind["fewer"] else "lower"
    return kind_of_bound(text, end.value)


def _is_name(text: str, first: _End, last: _End) -> bool:
    """Whether the numbers are a part of a code, of a name or of a telephone number."""
    if first.dimension in (_SEASON, CLOCK):
        return False
    return bool(
        _NAME_BEFORE.search(text, 0, first.start)
        or (not last.dimension and _NAME_BEHIND.match(text, last.end))
        or any(_LEADING_ZERO.match(text, end.start) for end in (first, last))
    )


def _is_month(end: _End) -> bool:
    return isinstance(end.value, Date) and end.value.day is None


def _months(match: re.Match[str]) -> Range:
    first, last = MONTHS[match["first"].lower()], MONTHS[match["last"].lower()]
    return Range(100.0 * first, 100.0 * last + _LAST_DAY, _SEASON, start=match.start(), end=match.end())
