"""The hard facts of a sentence: quantities with units, dates, names, addresses, negations and opposites.

Wording may change between a source and an answer; these may not.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from portfolio_rag.text.language.clock_times import clock_times, is_same_time
from portfolio_rag.text.language.content_words import FUNCTION_WORDS, terms
from portfolio_rag.text.language.language_detection import function_terms, language_of
from portfolio_rag.text.language.months import MONTHS, is_month
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
    r"[(\[](?P<unit>[^\W\d_]{1,12}|[%$€£¥]|°\s?[CF]?)(?:\s?(?:/|per\s)\s?(?P<rate>[^\W\d_]{1,12}))?[)\]]:\s*[-−–+]?$"
)
"""Of a column or a label that names the unit of its values: `Weight (kg): 14`."""
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
_PERIOD = alternatives(PERIODS)
_RATE = re.compile(
    rf"""[\s-]*(?:[^\W\d_][\w-]*\s+){{0,2}}?(?:
      (?:/\s?|\b(?:per|each|every|pro|je|par|por|cada|chaque|jede[rnms]?)\s+)(?P<any>[^\W\d_]+)
      |\b(?:an?|im|am|in\sder|al|alla|à\sla|à\sl['’]|a\sla)\s?(?P<period>{_PERIOD})\b
      |\b(?:an?)\s+(?P<known>{_SHARERS.replace(" ", "|")})s?\b
      |\b(?P<adverb>hour|dai|night|week|month|quarter|year)ly\b|\bannual(?P<annual>)(?:ly)?\b)""",
    re.IGNORECASE | re.VERBOSE,
)
_TIMES = re.compile(r"\b(once|twice|thrice)(?=\s+(?:an?|per|each|every)\s+[a-z]+)", re.IGNORECASE)
_TIMES_VALUES = {"once": "1", "twice": "2", "thrice": "3"}

_MONTH = alternatives(MONTHS)
_PLAIN_MONTH_LIST = """
    january february march april may june july august september october november december
    januar februar märz mai juni juli oktober dezember
"""
_CAPITAL_MONTH = "|".join(name.capitalize() for name in sorted(_PLAIN_MONTH_LIST.split(), key=len, reverse=True))
_GOES_ON = re.compile(r"\s+[a-z]{2,}")
_DATE_FOLLOWS = re.compile(r"\b(?:on|until|till|by|from|since|before|after|the|and|to)\s+$", re.IGNORECASE)
_DATES = [
    re.compile(r"\b(?P<year>\d{4})-(?P<number>\d{2})-(?P<day>\d{2})\b"),
    re.compile(
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|\.)?\s+(?:(?:of|de)\s+)?(?P<month>{_MONTH})\.?(?:,?\s+(?:de\s+)?(?P<year>\d{{4}}))?\b",
        re.I,
    ),
    re.compile(rf"\b(?P<month>{_MONTH})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<year>\d{{4}}))?\b", re.I),
    re.compile(r"\b(?P<day>\d{1,2})\.(?P<number>\d{1,2})\.(?P<year>\d{4})\b"),
    re.compile(rf"\b(?P<month>{_MONTH})\.?,?\s+(?:of\s+)?(?P<year>\d{{4}})\b", re.I),
    # A month alone is one where it says when: "may" and "march" are words, too.
    re.compile(
        r"\b(?:[Ii]n|[Ss]ince|[Uu]ntil|[Tt]ill|[Bb]y|[Oo]f|[Dd]uring|[Ff]rom|[Tt]o|[Bb]efore|[Aa]fter|[Ee]very|[Ee]ach|[Ee]arly|"
        rf"[Ll]ate|[Mm]id|[Nn]ext|[Ll]ast|[Tt]hrough|and|im|seit|bis|ab)[\s-]+(?P<month>{_CAPITAL_MONTH})\b(?!\s+\d)"
    ),
]

NEGATION = re.compile(
    r"\b(?:(?P<de>nicht|nie|niemals|niemand|nichts|ohne|weder|kein(?:e[rmns]?)?)|(?P<fr>ne(?!\s\S+\sque\b)|sans|aucune?)"
    r"|(?P<es>nunca|jamás|sin|ningun[oa]s?|ningún|nadie|tampoco)|(?P<it>non(?!-)|senza|nessun[oa]?)"
    r"|(?P<pt>não|sem|nenhuma?)|(?P<nl>niet|geen|nooit|zonder)"
    r"|not|never|no|none|nobody|nothing|neither|nor|without|cannot|can't|unable|fails? to|failed to|"
    r"isn't|aren't|wasn't|weren't|don't|doesn't|didn't|won't|wouldn't|shouldn't|couldn't|hasn't|haven't|hadn't)\b"
    r"|\b(?P<french>n')(?=\w)",
    re.IGNORECASE,
)
"""Words that deny; those of another language in its group."""
# "not only X but Y" affirms X; "no longer than", "no more than" bound a number and negate nothing.
_NO_NEGATION = re.compile(r"\b(?:not only|not just|no (?:more|less|fewer|later|longer|earlier) than)\b", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[,;:.!?()]|\b(?:but|and|or|because|although|while|whereas|unless|if|which|so)\b", re.I)
# "A tool that nobody waits for may be kept": who waits is denied, and not what may be done.
_RELATIVE = re.compile(r"\b(?:that|which|who|whom)\s+(?:\w+\s+)?$", re.IGNORECASE)
_MAIN_VERB = re.compile(r"(?<=\w)\s+(?:may|can|must|shall|will|should|is|are|was|were)\b", re.IGNORECASE)
_NEAR = 100
"""Characters on both sides of a `no` that tell whether it is English or Spanish."""
_SCOPE = 3
"""Content words after a negation, inside its clause, that it is taken to deny."""

_OPPOSITES = [
    ("increase raise grow rise higher", "decrease reduce shrink fall lower decline"),
    ("maximum most upper", "minimum least lower"),
    ("before earlier", "after later"),
    ("enable enabled", "disable disabled"),
    ("allow permit allowed", "deny forbid prohibit denied forbidden prohibited"),
    ("always", "never"),
    ("include included", "exclude excluded"),
    ("synchronous synchronously", "asynchronous asynchronously"),
    ("encrypted", "unencrypted"),
    ("public", "private"),
    ("supported", "unsupported"),
    ("available", "unavailable"),
    ("success succeed successful", "failure fail unsuccessful"),
    ("required mandatory", "optional"),
    ("internal", "external"),
    ("first", "last"),
    ("left", "right"),
    ("north northern", "south southern"),
    ("east eastern", "west western"),
    ("positive", "negative"),
    ("win won", "lose lost"),
    ("upregulate", "downregulate"),
    ("activate", "inhibit deactivate suppress"),
    ("promote", "inhibit prevent suppress"),
    ("hot", "cold"),
    ("true", "false"),
    ("free", "paid"),
]


def _stems(words: str) -> frozenset[str]:
    return frozenset(stem for word in words.split() for stem in terms(word)) or frozenset(words.split())


_OPPOSITE_STEMS = [(_stems(one), _stems(other)) for one, other in _OPPOSITES]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as it stands in a text, from character `start`; `dimension` is empty where no unit of ours follows.

    `noun` is then the term of the word behind it. `rate` is what the value counts for: `night` in `120 euros a night`.
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
        if self.rate and other.rate and self.rate != other.rate:
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


_CLOCK = "clock"
_ITEM_NUMBER = "item"


@dataclass(frozen=True, slots=True)
class Date:
    """A day or month, from character `start` of its text; `year` and `day` are None where the text leaves them out."""

    year: int | None
    month: int
    day: int | None
    text: str
    start: int

    def same(self, other: Date) -> bool:
        years, days = {self.year, other.year} - {None}, {self.day, other.day} - {None}
        return self.month == other.month and len(years) < 2 and len(days) < 2


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sentence states that no rephrasing may change; `wording` is its text without quantities and dates.

    `openers` are capitalised words that open a sentence: names or not, which only another text can tell.
    """

    quantities: tuple[Quantity, ...]
    dates: tuple[Date, ...]
    names: frozenset[str]
    openers: frozenset[str]
    addresses: frozenset[str]
    negated: tuple[frozenset[str], ...]
    wording: str


def extract_facts(text: str) -> Facts:
    """The hard facts of one sentence, or of a few together."""
    dates, rest = _dates(text)
    quantities, wording = _quantities(rest)
    names, openers = _names(_without_units(text, quantities))
    return Facts(
        quantities=(*quantities, *(_year(date) for date in dates if date.year)),
        dates=tuple(dates),
        names=names,
        openers=openers,
        addresses=frozenset(address.rstrip(".,;:)'\"") for address in _ADDRESS.findall(text)),
        negated=tuple(_negated(text)),
        wording=wording,
    )


def has_antonym(claim: frozenset[str], source: frozenset[str]) -> bool:
    """Whether the claim has one word of a pair of opposites where the source has the other one only."""
    return any(
        (claim & one and source & other and not source & one and not claim & other)
        or (claim & other and source & one and not source & other and not claim & one)
        for one, other in _OPPOSITE_STEMS
    )


_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>\"\])]+|[\w.+-]+@[\w-]+\.[\w.-]+", re.IGNORECASE)
# A word with a capital or a digit inside it: names, acronyms, identifiers such as c5d.12xlarge or PutItem.
_NAME = re.compile(r"[^\W_]*(?:[A-Z]|(?<=[^\W\d_])\d|\d(?=[^\W\d_]))[\w-]*(?:\.\w+)*")


def _without_units(text: str, quantities: Iterable[Quantity]) -> str:
    """The text with its values blanked where they have a unit: `°C` and `degrees Celsius`, `EUR` and `euros`."""
    for quantity in quantities:
        if quantity.dimension:
            text = _blanked(text, quantity.start, quantity.start + len(quantity.text.removeprefix("-")))
    return text


def _names(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Stems of capitalised words and identifiers, and apart those of plain words with which a sentence opens."""
    found: set[str] = set()
    opening: set[str] = set()
    for match in _NAME.finditer(text):
        word = match.group()
        opens = not text[: match.start()].strip(" \t\n*_\"'“‘„«¿¡(-•") or text[: match.start()].rstrip()[-1:] in ".!?¿¡"
        if _UNIT_GLUED.fullmatch(word) or is_month(word) or _ORDINAL_FIRST.match(word):
            continue
        # Single letters are what is left of U.S. and of initials.
        (opening if opens and word[1:].islower() else found).update(term for term in terms(word) if len(term) > 1)
    return frozenset(found), frozenset(opening - found)


_ORDINAL_FIRST = re.compile(r"\d+(?:st|nd|rd|th)-", re.IGNORECASE)
_UNIT_GLUED = re.compile(r"[\d.,]+(?:st|nd|rd|th|k|x|s|ms|[kmgt]i?b|[ap]m)?", re.IGNORECASE)


def _year(date: Date) -> Quantity:
    """The year of a date as a number: a claim may keep only that of it."""
    return Quantity(float(date.year or 0), "", 1.0, str(date.year), date.start)


def _is_verb_behind(text: str, match: re.Match[str]) -> bool:
    """Whether `may` behind a number says what is allowed, as in `children under 12 may enter`."""
    return bool(_GOES_ON.match(text, match.end())) and not _DATE_FOLLOWS.search(text, 0, match.start())


def _dates(text: str) -> tuple[list[Date], str]:
    """The dates, and the text with them blanked so that their parts are not read as quantities."""
    found: list[Date] = []
    for pattern in _DATES:
        for match in list(pattern.finditer(text)):
            parts = match.groupdict()
            if parts.get("month") == "may" and not parts.get("year") and _is_verb_behind(text, match):
                continue
            month = int(parts["number"]) if parts.get("number") else MONTHS[parts["month"].lower()]
            year = int(parts["year"]) if parts.get("year") else None
            day = int(parts["day"]) if parts.get("day") else None
            found.append(Date(year, month, day, match.group(), match.start()))
            text = text[: match.start()] + " " * len(match.group()) + text[match.end() :]
    return found, text


def _quantities(text: str) -> tuple[list[Quantity], str]:
    """The quantities, and the text with them blanked; a noun after a number that is no unit of ours stays."""
    found = [
        Quantity(float(time.minutes), _CLOCK, 1.0, text[time.start : time.end], time.start, is_vague=time.is_vague)
        for time in clock_times(text)
    ]
    for time in found:
        text = _blanked(text, time.start, time.start + len(time.text))
    # As long as the words that it stands for, so that places stay what they are.
    text = _TIMES.sub(lambda times: _TIMES_VALUES[times[1].lower()].ljust(len(times[1])), text)
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
            dimension, factor = UNITS.get(unit_key(named["unit"]), ("", 1.0))
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
        wording = _blanked(_blanked(wording, match.start(), number_end), unit_start, end)
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


def _blanked(text: str, start: int, end: int) -> str:
    return text[:start] + " " * (end - start) + text[end:]


def _rate_of(text: str, end: int) -> str:
    """What a value that ends there counts for, in the singular; empty for none."""
    match = _RATE.match(text, end, end + 60)
    if match is None:
        return ""
    if match["annual"] is not None:
        return "year"
    if adverb := match["adverb"]:
        return "day" if adverb.lower() == "dai" else adverb.lower()
    return _period(match["any"] or match["period"] or match["known"] or "")


def _period(said: str) -> str:
    named = said.lower()
    return "year" if named == "annum" else PERIODS.get(named, named.removesuffix("s"))


def _negated(text: str) -> Iterable[frozenset[str]]:
    """For each negation the content words that it denies."""
    blanked = _NO_NEGATION.sub(lambda match: " " * len(match.group()), text.replace("’", "'"))
    for match in NEGATION.finditer(blanked):
        clause = _CLAUSE_END.split(blanked[match.end() :], maxsplit=1)[0]
        if _RELATIVE.search(blanked, 0, match.start()):
            clause = _MAIN_VERB.split(clause, maxsplit=1)[0]
        language = (match.lastgroup or "en")[:2]
        if match.group().lower() == "no":
            language = language_of(text[max(0, match.start() - _NEAR) : match.start() + _NEAR])
        scope = [term for term in terms(clause) if term not in function_terms(language)][:_SCOPE]
        if not scope and language not in ("", "en"):
            # "Er öffnet sonntags nicht": the verb that is denied stands before.
            before = _CLAUSE_END.split(blanked[: match.start()])[-1]
            scope = [term for term in terms(before) if term not in function_terms(language)][-_SCOPE:]
        if scope:
            yield frozenset(scope)
