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
from portfolio_rag.answering.grounding.ranges import (
    CLOCK,
    CYCLIC,
    DATE,
    KIN,
    SEASON,
    Range,
    Value,
    comparable,
    unit_of_header,
)
from portfolio_rag.text.language.blanks import blanked
from portfolio_rag.text.language.content_words import terms, words_of
from portfolio_rag.text.language.dates import Date, dates_of
from portfolio_rag.text.language.identifiers import numbered
from portfolio_rag.text.language.months import MONTHS
from portfolio_rag.text.language.number_words import alternatives
from portfolio_rag.text.language.quantities import Quantity, quantities_of

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
_AGE_BEFORE = re.compile(
    rf"\b(?:aged?|am|turn(?:s|ed|ing)?|(?:he|she|who|{KIN.replace(' ', '|')})(?:\s+is|['’]s))\s+$", re.IGNORECASE
)
"""Before a bare number that is an age: `I am 16`, `my son is 9`."""
_MONTH = alternatives(MONTHS)
_MONTHS_ALONE = re.compile(
    rf"(?<![\w.])(?P<first>{_MONTH})\.?\s*(?:[-–—]|to|until|till|through|bis|à|a)\s*(?P<last>{_MONTH})\b(?!\s*\d)",
    re.IGNORECASE,
)
_VERBS = frozenset(("do", "does", "did", "can", "could", "may", "might", "must", "should", "shall", "will", "would"))
"""Behind these begins another thing than the one before them: `which mark do 78 points give` has no mark of 78."""
_LAST_DAY, _MID_MONTH = 31, 15
_LOOKED_AROUND = 60
"""What is farther from a value says nothing of it, and looking there takes long in a long line."""


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
    low = max(0, start - _LOOKED_AROUND)
    before = text[low:start].rstrip()
    if low:  # It may begin within a word.
        before = before.partition(" ")[2]
    if not before[-1:].isalpha():
        return ""
    for word in reversed(words_of(before)):
        if word.term or word.text in _VERBS:
            return word.term
    return ""


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
            SEASON,
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
    start = quantity.start - bool(
        quantity.value < 0 and _MINUS.search(text, max(0, quantity.start - 1), quantity.start)
    )
    dimension, factor = comparable(quantity.dimension, quantity.factor)
    behind = _NOUNS_BEHIND.match(text, end) if not dimension else None
    if (
        not dimension
        and not (behind and terms(behind[1]))
        and _AGE_BEFORE.search(text, max(0, start - _LOOKED_AROUND), start)
    ):
        dimension, factor = comparable("year", 1.0)
    nouns = frozenset(terms(" ".join(filter(None, behind.groups())))) if behind else frozenset()
    if dimension == "length" and (power := _POWER.match(text, end)):
        # A cubic metre is no metre.
        dimension, factor, end = f"length{power.group()}", factor ** int(power.group()), power.end()
    return _End(quantity.value, dimension, factor, nouns, quantity.rate, start, end, quantity)


def _chain(text: str, ends: Sequence[_End], position: int) -> list[_End]:
    """The end there and those that are joined to it: two are a range, more a telephone number or a date."""
    chain = [ends[position]]
    for following in ends[position + 1 :]:
        between = text[chain[-1].end : following.start]
        if len(between) > _LOOKED_AROUND:
            break
        low = max(0, chain[0].start - _LOOKED_AROUND)
        is_pair = len(chain) == 1 and _AND.fullmatch(between) and BETWEEN.search(text, low, chain[0].start)
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
    if dimension == SEASON:
        high += _LAST_DAY if _is_month(last) else 0
        if first.year and last.year:
            low, high, dimension = low + 10000 * first.year, high + 10000 * last.year, DATE
    if low >= high and (low == high or dimension not in CYCLIC):
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
    if end.dimension == SEASON:
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
    if first.dimension in (SEASON, CLOCK):
        return False
    return bool(
        _NAME_BEFORE.search(text, max(0, first.start - 2), first.start)
        or (not last.dimension and _NAME_BEHIND.match(text, last.end))
        or any(_LEADING_ZERO.match(text, end.start) for end in (first, last))
    )


def _is_month(end: _End) -> bool:
    return isinstance(end.value, Date) and end.value.day is None


def _months(match: re.Match[str]) -> Range:
    first, last = MONTHS[match["first"].lower()], MONTHS[match["last"].lower()]
    return Range(100.0 * first, 100.0 * last + _LAST_DAY, SEASON, start=match.start(), end=match.end())


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
