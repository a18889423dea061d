"""Values that stand behind what they are called by: `Document no. QM-1`, `max. temp. 85 °C`, `Owner: Facilities`.

A header or a form says what is asked in a label of a word or two. Beside a sentence that names the subject of the
question again it would seem to say little.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from portfolio_rag.text.language.abbreviations import Abbreviation, abbreviations
from portfolio_rag.text.language.content_words import terms

_TOKEN = re.compile(r"n\.?[°º]|[+]?[^\W_]+(?:[-/][^\W_]+)*", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_SMALL_WORDS = frozenset(("of", "de", "du", "del", "der", "des", "von", "für", "for"))
_END = re.compile(r"[,;|()\n·•]")
_BY_WHOM = re.compile(r"\s*(?P<deed>[^\W\d_]+(?: [^\W\d_]+)?) [Bb]y: +[^\W\d_a-z]")
_MIN_WORDS = 2
_MAX_LABEL_WORDS = 6


def labels_asked(asked: frozenset[str], text: str) -> bool:
    """Whether a value stands in the text right behind a label of which every word is asked for.

    The label is a few words in a row, or an abbreviation of more than `number`.
    """
    return any(_is_asked(asked, part) or _is_asked_by_whom(asked, part) for part in _END.split(text))


def by_whom(text: str) -> re.Match[str] | None:
    """The label `Approved by:` with the beginning of a name behind it; `deed` is what was done."""
    return _BY_WHOM.match(text)


def _is_asked_by_whom(asked: frozenset[str], part: str) -> bool:
    """`Approved by: A. Lund`: one word that is asked for is the whole label of who did it."""
    match = by_whom(part)
    return match is not None and bool(own := frozenset(terms(match["deed"]))) and own <= asked


def _is_asked(asked: frozenset[str], part: str) -> bool:
    shorts = {short.start: short for short in abbreviations(part)}
    tokens = list(_TOKEN.finditer(part))
    for place, token in enumerate(tokens[1:], start=1):
        has_digit = bool(_DIGIT.search(token.group()))
        if not has_digit and not token.group()[0].isupper():
            continue
        if token.start() in shorts:
            continue
        label = tokens[max(0, place - _MAX_LABEL_WORDS) : place]
        if _is_label(asked, label, shorts, has_digit=has_digit or ":" in part[label[-1].end() : token.start()]):
            return True
    return False


def _is_label(
    asked: frozenset[str], label: list[re.Match[str]], shorts: Mapping[int, Abbreviation], *, has_digit: bool
) -> bool:
    """Whether the words right before a value are asked for.

    What has no digit is a value behind a colon or an abbreviation only.
    """
    matched: set[str] = set()
    is_short = False
    for token in reversed(label):
        word = token.group()
        if word.casefold() in _SMALL_WORDS:
            continue
        short = shorts.get(token.start())
        own = short.terms & asked if short else frozenset(terms(word))
        if not own or not own <= asked or (not matched and short is None and not has_digit):
            break
        matched |= own
        is_short = is_short or (short is not None and not short.numbers)
    return len(matched) >= _MIN_WORDS or (is_short and bool(matched))
