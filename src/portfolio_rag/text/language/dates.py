"""The dates of a text: days, months of a year, and months where it says that they are meant."""

from __future__ import annotations

import re
from dataclasses import dataclass

from portfolio_rag.text.language.blanks import blanked
from portfolio_rag.text.language.months import MONTHS
from portfolio_rag.text.language.number_words import alternatives

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


def dates_of(text: str) -> tuple[list[Date], str]:
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
            text = blanked(text, match.start(), match.end())
    return found, text


def _is_verb_behind(text: str, match: re.Match[str]) -> bool:
    """Whether `may` behind a number says what is allowed, as in `children under 12 may enter`."""
    return bool(_GOES_ON.match(text, match.end())) and not _DATE_FOLLOWS.search(text, 0, match.start())
