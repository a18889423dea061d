"""The names of a text: capitalised words, acronyms and identifiers; and its addresses."""

from __future__ import annotations

import re

from portfolio_rag.text.language.content_words import terms
from portfolio_rag.text.language.months import is_month

_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>\"\])]+|[\w.+-]+@[\w-]+\.[\w.-]+", re.IGNORECASE)
# A word with a capital or a digit inside it: names, acronyms, identifiers such as c5d.12xlarge or PutItem.
_NAME = re.compile(r"[^\W_]*(?:[A-Z]|(?<=[^\W\d_])\d|\d(?=[^\W\d_]))[\w-]*(?:\.\w+)*")
_ORDINAL_FIRST = re.compile(r"\d+(?:st|nd|rd|th)-", re.IGNORECASE)
_UNIT_GLUED = re.compile(r"[\d.,]+(?:st|nd|rd|th|k|x|s|ms|[kmgt]i?b|[ap]m)?", re.IGNORECASE)


def names_of(text: str) -> tuple[frozenset[str], frozenset[str]]:
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


def addresses_of(text: str) -> frozenset[str]:
    return frozenset(address.rstrip(".,;:)'\"") for address in _ADDRESS.findall(text))
