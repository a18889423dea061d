"""Places that a question calls by their number or sign: rule 10, clause 2.2, § 3, item 5, the option `--since`."""

from __future__ import annotations

import re

from portfolio_rag.answering.grounding.source_sentences import Sentence
from portfolio_rag.text.language.identifiers import is_strict, numbered

_CLAUSE_ASKED = re.compile(r"(?<![\w.])(\d{1,3}(?:\.\d{1,3})+)(?=\s+(?:of|in|says?|means?|requires?|states?)\b)")
"""Without a word such as `clause` before it, a number with a dot is a place by what follows it."""
_OPTION = re.compile(r"(?<![\w-])--?[^\W\d_][\w-]+")
_ITEM = re.compile(
    r"\s*(?:(?P<sign>§\s?\d{1,4})\s|(?P<dotted>\d{1,3}(?:\.\d{1,3})+)\.?\s"
    r"|(?:[^\W\d_]{2,12}\s)?\(?(?P<number>\d{1,4})[.):]\s)"
)


def asked_places(question: str) -> frozenset[str]:
    """`#10` of rule 10, `2.2`, `§3`, `--since`."""
    named = (_place(name) for name in numbered(question) if "#" not in name or is_strict(name))
    return frozenset((*named, *_CLAUSE_ASKED.findall(question), *_OPTION.findall(question)))


def _place(identifier: str) -> str:
    label, mark, number = identifier.partition("#")
    return f"§{number}" if label == "§" else mark + number or identifier


def places_of(sentence: Sentence) -> frozenset[str]:
    """How a question may call the sentence: by the number of the outermost item that it is in, by the option above it.

    An inner item has a number of its own only where that tells the outer ones: 2.2, not (b) or 2.
    """
    outermost, *inner = map(_number, (*sentence.above, sentence.text))
    numbers = {outermost, *(number for number in inner if not number.startswith("#"))} - {""}
    return frozenset((*numbers, *_OPTION.findall(sentence.context)))


def _number(item: str) -> str:
    match = _ITEM.match(item)
    if match is None:
        return ""
    if match["sign"]:
        return match["sign"].replace(" ", "")
    return match["dotted"] or f"#{int(match['number'])}"
