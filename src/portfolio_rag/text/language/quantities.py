"""The quantities of a text: values with their units, and what they count for. Times of the day are among them."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from dataclasses import dataclass

from portfolio_rag.text.language.blanks import blanked
from portfolio_rag.text.language.clock_times import clock_times, is_same_time
from portfolio_rag.text.language.content_words import terms
from portfolio_rag.text.language.function_words import FUNCTION_WORDS
from portfolio_rag.text.language.number_words import NUMBER_IN_WORDS, SCALES, alternatives, value_of
from portfolio_rag.text.language.units import PERIODS, UNITS, unit_key

_FRACTIONS = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
_QUANTITY = re.compile(
    rf"""(?P<currency>[$€£¥]\s?)?
    (?:(?<![\w.])(?P<digits>
        \d{{1,3}}(?:[,\u00a0\u202f]\d{{3}})+(?:\.\d+)?(?![,\d])|\d{{1,3}}(?:\s\d{{3}})+(?=\s?(?:[€$£]|eur))|\d{{1,3}}(?:\.\d{{3}})+,\d+|\d+,\d{{1,2}}(?![,\d])|\d+(?:\.\d+)?)
        \s?(?P<fraction>[{_FRACTIONS}])?
      |(?<!\w)(?P<alone>[{_FRACTIONS}])
      |\b(?P<words>{NUMBER_IN_WORDS})\b)
    (?:(?P<scale>k\b|[\s-]?(?:{"|".join(name for name in SCALES if len(name) > 1)})\b))?
    (?:(?:\s|-)?(?P<unit>[%$€£¥]|(?:°|degrees?\b)(?:\s?(?:celsius|fahrenheit|[CF])\b)?|[^\W\d_]+))?""",
    re.IGNORECASE | re.VERBOSE,
)
_FIRST_YEAR = re.compile(r"(?<![\w.,])(?P<year>(?:1\d|20)\d\d)[-–/]$")
"""Of a span of years whose second one is cut short: `2018–19`."""
_DECIMAL_COMMA = re.compile(r"\d{1,3}(?:\.\d{3})+,\d+|\d+,\d{1,2}")
_ADJECTIVE = re.compile(r"\s+([^\W\d_]+)")
_UNIT_BEFORE = re.compile(
    r"(?:[(\[](?P<unit>[^\W\d_]{1,12}|[%$€£¥]|°\s?[CF]?)(?:\s?(?:/|per\s)\s?(?P<rate>[^\W\d_]{1,12}))?[)\]]:"
    r"|(?<=[^\W_])_(?!min\b|max\b)(?P<ending>ms|[kmgt]i?b|k[gm]|[cm]m|[^\W\d_]{3,12})[\"']?\s?[:=])\s*[-−–+]?$"
)
"""Of a column, a label or a setting that names the unit of its values: `Weight (kg): 14`, `timeout_seconds: 30`."""
_LOOKED_BEFORE = 20
_DEGREES = ("degrees", "fahrenheit")
_ORDINALS = frozenset(("st", "nd", "rd", "th"))
_LABEL = re.compile(
    r"^[ \t]*(?:\d{1,3}(?:\.\d{1,3})*[.)](?=\s+\S)|\d{1,3}(?:\.\d{1,3})+(?=[ \t]+[A-ZÄÖÜ]))", re.MULTILINE
)
"""The number of an item, a clause or a heading: `4. Repairs`, `4.2 The tenant …`. It counts nothing."""
_SIGN = re.compile(r"(?:(?:^|[\s(\[\"'“=<>:~])[-−–]|\b(?:minus|negative)\s)[$€£¥]?$", re.IGNORECASE)
_BELOW_ZERO = re.compile(r"\s*(?:celsius\s*)?below (?:zero|freezing)\b", re.IGNORECASE)
_SHARERS = (
    "kilometre kilometer km metre meter mile litre liter kilo kg tonne person head user seat guest adult child member "
    "vehicle car bike item page call request piece unit pair night quarter season"
)
_USUAL = frozenset((*PERIODS.values(), *_SHARERS.split()))
_PRONOUNS = ("one", "such", "other")
"""`each one that is missing` does not say one of what."""
_PERIOD = alternatives(PERIODS)
_RATE = re.compile(
    rf"""[\s-]*(?:[^\W\d_][\w-]*\s+){{0,2}}?(?:
      (?:/\s?|\b(?:per|each|every|pro|je|par|por|cada|chaque|jede[rnms]?)\s+)(?P<any>[^\W\d_]+(?:\s+[^\W\d_]+){{0,2}})
      |\b(?:an?|im|am|in\sder|al|alla|à\sla|à\sl['’]|a\sla)\s?(?P<period>{_PERIOD})\b
      |\b(?:an?)\s+(?P<known>{_SHARERS.replace(" ", "|")})s?\b
      |\b(?P<adverb>hour|dai|night|week|month|quarter|year)ly\b|\bannual(?P<annual>)(?:ly)?\b)""",
    re.IGNORECASE | re.VERBOSE,
)
_TIMES = re.compile(r"\b(once|twice|thrice)(?=\s+(?:an?|per|each|every)\s+[a-z]+)", re.IGNORECASE)
_TIMES_VALUES = {"once": "1", "twice": "2", "thrice": "3"}
_ONE_PERIOD = re.compile(
    r"\b(?P<before>(?:within|after|lasts?|takes?|at\s(?:least|most)|up\sto|(?:less|more|longer)\sthan)\s+)(?P<one>an?)"
    r"(?=\s+(?:second|minute|hour|day|week|month|year)\b)",
    re.IGNORECASE,
)
"""Where an article counts: `within a week` is within one week, and `three times a week` a rate."""

_CLOCK = "clock"
_ITEM_NUMBER = "item"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as it stands in a text, from character `start`; `dimension` is empty where no unit of ours follows.

    `noun` is then the term of the word behind it. `rate` is what the value counts for: `night` in `120 euros a night`,
    and what may be a name of it in up to three words: `missing key`.
    A time of the day has the dimension `clock`, its value in minutes, and is vague where it may be of either half of
    the day. The number of an item or a clause has the dimension `item`: it counts nothing.
    """

    value: float
    dimension: str
    factor: float
    text: str
    start: int
    noun: str = ""
    rate: str = ""
    is_vague: bool = False

    @property
    def is_year(self) -> bool:
        return not self.dimension and 1000 <= self.value < 2200 and self.value.is_integer()

    def same(self, other: Quantity) -> bool:
        """Equal values of compatible units: 60 seconds is 1 minute; a bare number matches any unit.

        Values that count for different things differ: 5 euros a day are not 5 euros a week, nor are 5 pages 5 minutes.
        """
        if is_other_rate(self.rate, other.rate):
            return False
        if _CLOCK in (self.dimension, other.dimension):
            return _same_time(self, other)
        if self.dimension and other.dimension:
            same_unit = self.dimension == other.dimension
            return same_unit and math.isclose(self.value * self.factor, other.value * other.factor)
        if any(one.dimension not in ("", _ITEM_NUMBER) and two.noun for one, two in ((self, other), (other, self))):
            return False
        return math.isclose(self.value, other.value)


def _same_time(one: Quantity, other: Quantity) -> bool:
    """Of two values of which one is a time of the day; a bare number is an hour of it."""
    first, second = (
        value.value
        if value.dimension == _CLOCK
        else 60 * value.value
        if value.dimension == "" and not value.noun
        else None
        for value in (one, other)
    )
    if first is None or second is None:
        return False
    return is_same_time(first, second, is_vague=one.is_vague or other.is_vague or one.dimension != other.dimension)


def quantities_of(text: str) -> tuple[list[Quantity], str]:
    """The quantities, and the text with them blanked; a noun after a number that is no unit of ours stays."""
    found = [
        Quantity(float(time.minutes), _CLOCK, 1.0, text[time.start : time.end], time.start, is_vague=time.is_vague)
        for time in clock_times(text)
    ]
    for time in found:
        text = blanked(text, time.start, time.start + len(time.text))
    # As long as the words that it stands for, so that places stay what they are.
    text = _TIMES.sub(lambda times: _TIMES_VALUES[times[1].lower()].ljust(len(times[1])), text)
    text = _ONE_PERIOD.sub(lambda period: period["before"] + "1".rjust(len(period["one"])), text)
    wording = text
    labels = {match.end() for match in _LABEL.finditer(text)}
    for match in _QUANTITY.finditer(text):
        before = text[max(0, match.start() - _LOOKED_BEFORE) : match.start()]
        value = _second_year(match, before) or _value_of(match)
        unit, unit_start, end = _unit_behind(text, match)
        dimension, factor = UNITS.get(unit, ("", 1.0))
        if match["words"] and value == 1 and not dimension:
            continue  # "one of", "one queue": an article more than a number
        rate = _rate_of(text, end)
        if not dimension and (named := _UNIT_BEFORE.search(before)):
            dimension, factor = UNITS.get(unit_key(named["unit"] or named["ending"]), ("", 1.0))
            rate = rate or _period(named["rate"] or "")
        sign = ""
        if _SIGN.search(before) or (dimension == "degree" and _BELOW_ZERO.match(text, match.end())):
            value, sign = -value, "-"
        if any(match.start() < label <= match.end() + 1 for label in labels):
            dimension = _ITEM_NUMBER
        is_ordinal = (match["unit"] or "").lower() in _ORDINALS
        nouns = terms(match["unit"]) if match["unit"] and not dimension and not is_ordinal else []
        said = sign + text[match.start() : end].strip(" -\n")
        noun = nouns[0] if nouns else ""
        found.append(Quantity(value, dimension, factor, said, match.start(), noun, rate))
        number_end = match.start("unit") if match["unit"] and not is_ordinal else match.end()
        wording = blanked(blanked(wording, match.start(), number_end), unit_start, end)
    return sorted(found, key=lambda quantity: quantity.start), wording


def _second_year(match: re.Match[str], before: str) -> float | None:
    """The year that two digits behind another one stand for: 2019 in `2018–19`, 2000 in `1999–00`; None for no such."""
    digits, first = match["digits"] or "", _FIRST_YEAR.search(before)
    if first is None or len(digits) != 2 or not digits.isdecimal():
        return None
    year = int(first["year"])
    second = year - year % 100 + int(digits)
    if digits == "00" and year % 100 == 99:
        second += 100
    return float(second) if second > year else None


def _value_of(match: re.Match[str]) -> float:
    if match["words"]:
        value = value_of(match["words"].lower())
    elif match["alone"]:
        value = unicodedata.numeric(match["alone"])
    else:
        value = _digits_value(match["digits"]) + (unicodedata.numeric(match["fraction"]) if match["fraction"] else 0.0)
    return value * SCALES[match["scale"].strip("- \t\n\u00a0\u202f").lower()] if match["scale"] else value


def _digits_value(digits: str) -> float:
    """`1,024` and `1.5` as English has them, `54,50` and `1.024,5` as others do."""
    if _DECIMAL_COMMA.fullmatch(digits):
        return float(digits.replace(".", "").replace(",", "."))
    return float(re.sub(r"[,\s]", "", digits))


def _unit_behind(text: str, match: re.Match[str]) -> tuple[str, int, int]:
    """The unit of a number as a key of UNITS, and [start, end) of what says nothing but it.

    A word may stand between the two (`five working days`) or be one with the unit (`fünf Werktage`). Where there is no
    unit, it is the empty place behind the number.
    """
    said = match["unit"] or ""
    unit = unit_key(match["currency"] or said)
    place = match.start("unit") if said else match.end()
    if match["currency"] or not said:
        return unit, place, place
    if unit in UNITS:
        return unit, place, match.end() if said.lower() == unit or unit in _DEGREES else place
    behind = _ADJECTIVE.match(text, match.end())
    if behind and said.lower() not in FUNCTION_WORDS and len(behind[1]) > 1 and unit_key(behind[1]) in UNITS:
        return unit_key(behind[1]), behind.start(1), behind.end()
    return unit, place, place


def _rate_of(text: str, end: int) -> str:
    """What a value that ends there counts for, in the singular; empty for none."""
    match = _RATE.match(text, end, end + 60)
    if match is None:
        return ""
    if match["annual"] is not None:
        return "year"
    if adverb := match["adverb"]:
        return "day" if adverb.lower() == "dai" else adverb.lower()
    return _counted(match["any"].lower().split()) if match["any"] else _period(match["period"] or match["known"])


def _counted(words: list[str]) -> str:
    """What `each` and `per` stand before: a period or another usual share, or all that may be the name of one."""
    first = _period(words[0])
    if _is_usual(first):
        return first
    named = itertools.takewhile(lambda word: word not in FUNCTION_WORDS and word not in _PRONOUNS, words)
    return " ".join(word.removesuffix("s") for word in named)


def is_other_rate(rate: str, other: str) -> bool:
    """Whether two values count for different things: a `night` and a `day`, an `hour` and a `machine hour`.

    A `missing key` is a `key`.
    """
    shorter, longer = sorted((rate.split(), other.split()), key=len)
    if not shorter or shorter[0] == longer[0]:
        return False
    return len(shorter) > 1 or _is_usual(shorter[0]) or shorter[0] not in longer


def _is_usual(share: str) -> bool:
    return share in _USUAL


def _period(said: str) -> str:
    named = said.lower()
    return "year" if named == "annum" else PERIODS.get(named, named.removesuffix("s"))
