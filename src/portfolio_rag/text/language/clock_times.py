"""Times of the day: `14:15`, `2.15 pm`, `half past five`, `9 Uhr`, `at ten`, `noon`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from portfolio_rag.text.language.number_words import NUMBER_WORD, value_of

_OF_CLOCK = r"o['’]clock\b|uhr\b|heures?\b"
_HALF_DAY = r"(?P<half_day>[ap])\.?m\b"
_HOUR = rf"(?P<hour>\d{{1,2}}|{NUMBER_WORD})"
_PART_OF_DAY = r"(?:\s+(?:in the (?:(?P<early>morning)|afternoon|evening)|at night))?"
_GOES_ON = r"(?:and|on|in|from|to|until|till|for|by|but|or|when|if|at|every|each)"
_PATTERNS = [
    re.compile(
        rf"(?<![\w.:])(?P<hour>\d{{1,2}}):(?P<minute>[0-5]\d)(?![\w:])(?:\s?(?:{_OF_CLOCK}|{_HALF_DAY}))?", re.I
    ),
    re.compile(rf"(?<![\w.:])(?P<hour>\d{{1,2}})(?:[.h]|\sh\s)(?P<minute>[0-5]\d)\s?(?:{_OF_CLOCK}|{_HALF_DAY})", re.I),
    re.compile(rf"(?<![\w.:]){_HOUR}\s?(?:{_OF_CLOCK}|{_HALF_DAY})", re.I),
    re.compile(rf"\b(?:(?P<past>half|quarter) past|(?P<before>quarter) to) {_HOUR}\b{_PART_OF_DAY}", re.I),
    re.compile(r"\b(?:(?P<noon>noon|midday)|midnight|mitternacht)\b", re.I),
    # A bare number is a time only behind "at", and where it counts nothing.
    re.compile(
        rf"\bat (?={_HOUR.replace('hour', 'bare')}(?:[,;!?)]|\.(?!\d)|$|\n|\s{_GOES_ON}\b)){_HOUR}{_PART_OF_DAY}", re.I
    ),
]
_ANY = re.compile(
    r"\d(?::|[.h]\d\d|\sh\s)|\b(?:at|past|quarter|noon|midday|midnight|mitternacht)\b|clock\b|uhr\b|heure|[\d\s][ap]\.?m\b",
    re.I,
)
"""What every time of the day has one of: the text without one is read no further."""
_MINUTES = {"half": 30, "quarter": 15}
_HALF = 12 * 60


@dataclass(frozen=True, slots=True)
class ClockTime:
    """`minutes` since midnight, at [start, end) of a text; a `vague` one does not say which half of the day."""

    minutes: int
    is_vague: bool
    start: int
    end: int


def clock_times(text: str) -> Iterator[ClockTime]:
    """The times of the day in a text, none over another."""
    taken: list[tuple[int, int]] = []
    for pattern in _PATTERNS if _ANY.search(text) else ():
        for match in pattern.finditer(text):
            parts = match.groupdict()
            is_behind_at = "bare" in parts
            start = match.start("hour") if is_behind_at else match.start()
            time = None if any(start < last and first < match.end() for first, last in taken) else _read(parts)
            if time is not None:
                taken.append((start, match.end()))
                yield ClockTime(*time, start, match.end())


def is_same_time(one: float, other: float, *, is_vague: bool) -> bool:
    """Whether two numbers of minutes name one time of the day; vague ones may be of either half of it."""
    return (one - other) % (_HALF if is_vague else 2 * _HALF) == 0


def _read(parts: dict[str, str | None]) -> tuple[int, bool] | None:
    """Minutes since midnight, and whether they are vague; None where there is no such time."""
    said = parts.get("hour")
    if said is None:
        return (_HALF if parts.get("noon") else 0), False
    hour = int(said) if said.isdigit() else int(value_of(said.lower()))
    if hour > 24:
        return None
    minutes = 60 * hour + int(parts.get("minute") or 0)
    minutes += _MINUTES.get((parts.get("past") or "").lower(), 0) - (15 if parts.get("before") else 0)
    half_day = parts.get("half_day")
    if half_day and hour <= 12:
        return minutes % _HALF + (_HALF if half_day.lower() == "p" else 0), False
    if parts.get("early"):
        return minutes % _HALF, False
    return minutes % (2 * _HALF), 1 <= hour <= 12 and not said.startswith("0")
