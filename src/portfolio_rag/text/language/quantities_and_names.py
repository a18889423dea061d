"""The hard facts of a sentence: quantities with units, dates, names, addresses, negations and opposites.

Wording may change between a source and an answer; these may not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from portfolio_rag.text.language.content_words import terms
from portfolio_rag.text.language.months import is_month

_ONES_LIST = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS_LIST = "twenty thirty forty fifty sixty seventy eighty ninety"
_ONES = {word: value for value, word in enumerate(_ONES_LIST.split())}
_TENS = {word: 10 * value for value, word in enumerate(_TENS_LIST.split(), start=2)}
_SCALES = {"hundred": 1e2, "thousand": 1e3, "k": 1e3, "million": 1e6, "billion": 1e9, "bn": 1e9, "trillion": 1e12}

# Unit -> (dimension, factor to the dimension's base). Months and years have no fixed length: dimensions of their own.
_UNIT_NAMES: dict[tuple[str, float], str] = {
    ("time", 1e-3): "ms millisecond milliseconds",
    ("time", 1): "s sec secs second seconds sekunde sekunden",
    ("time", 60): "min mins minute minutes minuten",
    ("time", 3600): "h hr hrs hour hours stunde stunden",
    ("time", 86400): "day days tag tage tagen",
    ("time", 604800): "week weeks woche wochen",
    ("month", 1): "month months monat monate monaten",
    ("year", 1): "year years jahr jahre jahren",
    ("bytes", 1): "byte bytes",
    ("bytes", 1024): "kb kib kilobyte kilobytes kibibyte kibibytes",
    ("bytes", 1024**2): "mb mib megabyte megabytes mebibyte mebibytes",
    ("bytes", 1024**3): "gb gib gigabyte gigabytes gibibyte gibibytes",
    ("bytes", 1024**4): "tb tib terabyte terabytes tebibyte tebibytes",
    ("percent", 1): "% percent prozent",
    ("dollar", 1): "$ dollar dollars usd",
    ("euro", 1): "€ euro euros eur",
    ("pound", 1): "£ gbp pound pounds",
    ("length", 1e-3): "mm millimetre millimetres millimeter millimeters",
    ("length", 1e-2): "cm centimetre centimetres centimeter centimeters",
    ("length", 1): "metre metres meter meters",
    ("length", 1e3): "km kilometre kilometres kilometer kilometers",
    ("mile", 1): "mile miles",
    ("mass", 1e-6): "mg milligram milligrams",
    ("mass", 1e-3): "g gram grams gramme grammes",
    ("mass", 1): "kg kilo kilos kilogram kilograms",
    ("mass", 1e3): "tonne tonnes",
    ("volume", 1e-3): "ml millilitre millilitres milliliter milliliters",
    ("volume", 1e-2): "cl centilitre centilitres",
    ("volume", 1): "l litre litres liter liters",
    ("degree", 1): "degree degrees grad °",
    ("fahrenheit", 1): "fahrenheit",
    ("power", 1): "w watt watts",
    ("power", 1e3): "kw kilowatt kilowatts",
    ("power", 1e6): "mw megawatt megawatts",
    ("voltage", 1): "v volt volts",
    ("voltage", 1e3): "kv",
    ("frequency", 1): "hz hertz",
    ("frequency", 1e3): "khz",
    ("frequency", 1e6): "mhz",
    ("frequency", 1e9): "ghz",
    ("pressure", 1): "bar bars",
    ("torque", 1): "nm",
    ("franc", 1): "chf franc francs",
    ("yen", 1): "¥ jpy yen",
}
_UNITS = {name: unit for unit, names in _UNIT_NAMES.items() for name in names.split()}

_NUMBER_WORD = "|".join([*_ONES, *_TENS])
_QUANTITY = re.compile(
    rf"""(?P<currency>[$€£¥]\s?)?
    (?:(?<![\w.])(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)
      |\b(?P<words>(?:{_NUMBER_WORD})(?:[\s-](?:{_NUMBER_WORD}|hundred|thousand|million|billion))*)\b)
    (?:(?P<scale>k\b|[\s-]?(?:hundred|thousand|million|billion|bn|trillion)\b))?
    (?:(?:\s|-)?(?P<unit>[%$€£¥]|(?:°|degrees?\b)(?:\s?(?:celsius|fahrenheit|[CF])\b)?|[a-zäöüß]+))?""",
    re.IGNORECASE | re.VERBOSE,
)
_SIGN = re.compile(r"(?:(?:^|[\s(\[\"'“=<>:~])[-−–]|\b(?:minus|negative)\s)[$€£¥]?$", re.IGNORECASE)
_BELOW_ZERO = re.compile(r"\s*(?:celsius\s*)?below (?:zero|freezing)\b", re.IGNORECASE)
_PERIODS = "second minute hour day night week month quarter year season"
_SHARERS = "person head user seat guest adult child member vehicle car bike item page call request piece unit pair"
_RATE = re.compile(
    rf"""[\s-]*(?:[a-z]+\s+){{0,2}}?(?:
      (?:/\s?|\b(?:per|each|every|pro|je)\s+)(?P<any>[a-z]+)
      |\b(?:an?)\s+(?P<known>{"|".join(f"{_PERIODS} {_SHARERS}".split())})s?\b
      |\b(?P<adverb>hour|dai|night|week|month|quarter|year)ly\b|\bannual(?P<annual>)(?:ly)?\b)""",
    re.IGNORECASE | re.VERBOSE,
)
_TIMES = re.compile(r"\b(once|twice|thrice)(?=\s+(?:an?|per|each|every)\s+[a-z]+)", re.IGNORECASE)
_TIMES_VALUES = {"once": "1", "twice": "2", "thrice": "3"}

_MONTH_LIST = (
    "jan january januar;feb february februar;mar march märz;apr april;may mai;jun june juni;jul july juli;aug august;"
    "sep sept september;oct october oktober;nov november;dec december dezember"
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_LIST.split(";"), start=1) for name in names.split()}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_CAPITAL_MONTH = (
    "|".join(name.capitalize() for name in sorted(_MONTHS, key=len, reverse=True) if len(name) > 3) + "|May|Mai"
)
_DATES = [
    re.compile(r"\b(?P<year>\d{4})-(?P<number>\d{2})-(?P<day>\d{2})\b"),
    re.compile(
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?(?P<month>{_MONTH})\.?(?:,?\s+(?P<year>\d{{4}}))?\b",
        re.I,
    ),
    re.compile(rf"\b(?P<month>{_MONTH})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<year>\d{{4}}))?\b", re.I),
    re.compile(r"\b(?P<day>\d{1,2})\.(?P<number>\d{1,2})\.(?P<year>\d{4})\b"),
    re.compile(rf"\b(?P<month>{_MONTH})\.?,?\s+(?P<year>\d{{4}})\b", re.I),
    # A month alone is one where it says when: "may" and "march" are words, too.
    re.compile(
        r"\b(?:[Ii]n|[Ss]ince|[Uu]ntil|[Tt]ill|[Bb]y|[Oo]f|[Dd]uring|[Ff]rom|[Tt]o|[Bb]efore|[Aa]fter|[Ee]very|[Ee]ach|[Ee]arly|"
        rf"[Ll]ate|[Mm]id|[Nn]ext|[Ll]ast|[Tt]hrough|and|im|seit|bis|ab)[\s-]+(?P<month>{_CAPITAL_MONTH})\b(?!\s+\d)"
    ),
]

_NEGATION = re.compile(
    r"\b(?:not|never|no|none|nobody|nothing|neither|nor|without|cannot|can't|unable|fails? to|failed to|"
    r"isn't|aren't|wasn't|weren't|don't|doesn't|didn't|won't|wouldn't|shouldn't|couldn't|hasn't|haven't|hadn't)\b",
    re.IGNORECASE,
)
# "not only X but Y" affirms X; "no longer than", "no more than" bound a number and negate nothing.
_NO_NEGATION = re.compile(r"\b(?:not only|not just|no (?:more|less|fewer|later|longer|earlier) than)\b", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[,;:.!?()]|\b(?:but|and|or|because|although|while|whereas|unless|if|which|so)\b", re.I)
# "A tool that nobody waits for may be kept": who waits is denied, and not what may be done.
_RELATIVE = re.compile(r"\b(?:that|which|who|whom)\s+(?:\w+\s+)?$", re.IGNORECASE)
_MAIN_VERB = re.compile(r"(?<=\w)\s+(?:may|can|must|shall|will|should|is|are|was|were)\b", re.IGNORECASE)
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
    """

    value: float
    dimension: str
    factor: float
    text: str
    start: int
    noun: str = ""
    rate: str = ""

    @property
    def is_year(self) -> bool:
        return not self.dimension and 1000 <= self.value < 2200 and self.value.is_integer()

    def same(self, other: Quantity) -> bool:
        """Equal values of compatible units: 60 seconds is 1 minute; a number without a unit matches any.

        Values that count for different things differ: 5 euros a day are not 5 euros a week.
        """
        if self.rate and other.rate and self.rate != other.rate:
            return False
        if not self.dimension or not other.dimension:
            return math.isclose(self.value, other.value)
        return self.dimension == other.dimension and math.isclose(self.value * self.factor, other.value * other.factor)


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
    names, openers = _names(text)
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


def _names(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Stems of capitalised words and identifiers, and apart those of plain words with which a sentence opens."""
    found: set[str] = set()
    opening: set[str] = set()
    for match in _NAME.finditer(text):
        word = match.group()
        opens = not text[: match.start()].strip(" \t\n*_\"'“‘(-•") or text[: match.start()].rstrip()[-1:] in ".!?"
        if _UNIT_GLUED.fullmatch(word) or is_month(word):
            continue
        # Single letters are what is left of U.S. and of initials.
        (opening if opens and word[1:].islower() else found).update(term for term in terms(word) if len(term) > 1)
    return frozenset(found), frozenset(opening - found)


_UNIT_GLUED = re.compile(r"[\d.,]+(?:st|nd|rd|th|k|x|s|ms|[kmgt]i?b|[ap]m)?", re.IGNORECASE)


def _year(date: Date) -> Quantity:
    """The year of a date as a number: a claim may keep only that of it."""
    return Quantity(float(date.year or 0), "", 1.0, str(date.year), date.start)


def _dates(text: str) -> tuple[list[Date], str]:
    """The dates, and the text with them blanked so that their parts are not read as quantities."""
    found: list[Date] = []
    for pattern in _DATES:
        for match in list(pattern.finditer(text)):
            parts = match.groupdict()
            month = int(parts["number"]) if parts.get("number") else _MONTHS[parts["month"].lower()]
            year = int(parts["year"]) if parts.get("year") else None
            day = int(parts["day"]) if parts.get("day") else None
            found.append(Date(year, month, day, match.group(), match.start()))
            text = text[: match.start()] + " " * len(match.group()) + text[match.end() :]
    return found, text


def _quantities(text: str) -> tuple[list[Quantity], str]:
    """The quantities, and the text with them blanked; a noun after a number that is no unit of ours stays."""
    found: list[Quantity] = []
    # As long as the words that it stands for, so that places stay what they are.
    text = _TIMES.sub(lambda times: _TIMES_VALUES[times[1].lower()].ljust(len(times[1])), text)
    wording = text
    for match in _QUANTITY.finditer(text):
        if match["digits"]:
            value = float(match["digits"].replace(",", ""))
        else:
            value = _spelled(match["words"].lower())
            if value == 1 and not match["unit"]:
                continue
        if match["scale"]:
            value *= _SCALES[match["scale"].strip("- \t\n\u00a0\u202f").lower()]
        unit = _unit_of(match["currency"] or match["unit"] or "")
        if match["words"] and value == 1 and unit not in _UNITS:
            continue  # "one of", "one queue": an article more than a number
        dimension, factor = _UNITS.get(unit, ("", 1.0))
        end = match.end() if dimension or not match["unit"] else match.start("unit")
        sign = ""
        if _SIGN.search(text[max(0, match.start() - 10) : match.start()]) or (
            dimension == "degree" and _BELOW_ZERO.match(text, match.end())
        ):
            value, sign = -value, "-"
        nouns = terms(match["unit"]) if match["unit"] and not dimension else []
        said = sign + text[match.start() : end].strip(" -\n")
        noun = nouns[0] if nouns else ""
        found.append(Quantity(value, dimension, factor, said, match.start(), noun, _rate_of(text, end)))
        wording = wording[: match.start()] + " " * (end - match.start()) + wording[end:]
    return found, wording


def _unit_of(said: str) -> str:
    unit = said.strip().lower()
    if unit.startswith(("°", "degree")):
        return "fahrenheit" if unit.endswith("f") or unit.endswith("fahrenheit") else "degrees"
    return unit


def _rate_of(text: str, end: int) -> str:
    """What a value that ends there counts for, in the singular; empty for none."""
    match = _RATE.match(text, end, end + 60)
    if match is None:
        return ""
    if match["annual"] is not None:
        return "year"
    if adverb := match["adverb"]:
        return "day" if adverb.lower() == "dai" else adverb.lower()
    named = (match["any"] or match["known"] or "").lower()
    return "year" if named == "annum" else named.removesuffix("s")


def _spelled(words: str) -> float:
    total = current = 0.0
    for word in re.split(r"[\s-]", words):
        if word in _SCALES:
            current = max(current, 1) * _SCALES[word]
            if _SCALES[word] >= 1e3:
                total, current = total + current, 0.0
        else:
            current += _ONES.get(word, _TENS.get(word, 0))
    return total + current


def _negated(text: str) -> Iterable[frozenset[str]]:
    """For each negation the content words that it denies."""
    blanked = _NO_NEGATION.sub(lambda match: " " * len(match.group()), text.replace("’", "'"))
    for match in _NEGATION.finditer(blanked):
        clause = _CLAUSE_END.split(blanked[match.end() :], maxsplit=1)[0]
        if _RELATIVE.search(blanked, 0, match.start()):
            clause = _MAIN_VERB.split(clause, maxsplit=1)[0]
        scope = terms(clause)[:_SCOPE]
        if scope:
            yield frozenset(scope)
