"""Lines joined to running text: words that were divided at a line end are whole again, real hyphens stay."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property

_DIVIDED = re.compile(r"(?<![\w-])([^\W_][\w'’]*(?:-[\w'’]+)*)[-‐]$")
_WORD_BEFORE_DASH = re.compile(r"[^\W_][-‐]$")
_FIRST_WORD = re.compile(r"[\w'’]+(?:-[\w'’]+)*")
_WORD = re.compile(r"\w+(?:-\w+)*")
_ADDRESS = re.compile(r"(?:\b[a-z][a-z+]{1,9}://|\bwww\.)[^\s<>\"]*$", re.IGNORECASE)
_UNFINISHED_ADDRESS = re.compile(r"[-/_?=&#%~:@+]$")
_ADDRESS_PART = re.compile(r"[^\s<>\"]*[\w/]\S*")
_ADDRESS_SIGN = re.compile(r"[/_?=&#%~@]|\w[.-]\w|\w-\d")
_CONJUNCTIONS = frozenset(["and", "or", "und", "oder", "bis", "to", "et", "ou", "y", "o", "e"])
"""After a hyphen that stands for the rest of the word, as in "pre- and post-war"."""
_BEGINNINGS = """
self well ill half cross high low long short full real open first second third last two three four five six seven eight
nine ten hundred user end read write top bottom left right large small medium single double triple free hard soft hot
cold fast slow near old new off down all ever best better world year day week month hour minute time built
data cost risk rule role event
"""
_COMPOUND_BEGINNINGS = frozenset(_BEGINNINGS.split())
"""Words of English that are seldom the first part of a divided word, but often of one with a hyphen."""
_PREPOSITIONS = frozenset(["in", "on", "out", "up"])
"""They begin far more words (in-voice, out-come) than compounds: of these only the usual ones are known."""
_COMPOUNDS = """
in-house in-depth in-app in-person in-place in-store in-stock in-flight in-memory in-kind in-service in-game in-built
on-site on-call on-board on-demand on-premise on-premises on-screen on-street on-air on-duty out-patient up-front
up-market
"""
_PREPOSITION_COMPOUNDS = frozenset(_COMPOUNDS.split())
_ENDINGS = re.compile(
    r"(?:s|es|ed|er|ers|est|en|ens|ing|ings|ly|ish|ness|ful|less|able|ible|age|ages|al|ance|ence|ant|ent|ary|ation"
    r"|ations|tion|tions|sion|sions|ment|ments|ity|ities|ive|ize|ise|ized|ous|ward|wards|ner|ners|ter|ters|der|ders"
    r"|ther|thers|self|selves|times?|out|put|ware|set|line|lines|form|work|works|ware|load|loads|up|ship|hood|dom)"
)
"""What follows the dividing hyphen of a word."""


class Words:
    """The words of a document, to tell at a line end what a hyphen is there for."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    @cached_property
    def hyphenated(self) -> frozenset[str]:
        """Those with a hyphen within a line, in small letters."""
        lines = "\n".join(line for line in self._lines if "-" in line)
        return frozenset(word.lower() for word in _WORD.findall(lines) if "-" in word)

    @cached_property
    def whole(self) -> frozenset[str]:
        """All but the parts of those that line ends divide, in small letters."""
        parts = []
        was_divided = False
        for line in self._lines:
            if was_divided:
                line = line.partition(" ")[2]
            was_divided = line.endswith(("-", "‐"))
            parts.append(line.rpartition(" ")[0] if was_divided else line)
        return frozenset(word.lower() for word in _WORD.findall("\n".join(parts)))


def running_text(lines: Iterable[str], words: Words) -> str:
    """The lines as one; East Asian lines are joined without a blank."""
    text = ""
    for line in lines:
        text = _continued(text, line, words) if text else line
    return text


def _continued(text: str, line: str, words: Words) -> str:
    if not line:
        return text
    if (_is_wide(text[-1]) and _is_wide(line[0])) or _goes_on_as_address(text, line):
        return text + line
    if text[-1] not in "-‐" or not _WORD_BEFORE_DASH.search(text) or not line[0].isalnum():
        return f"{text} {line}"
    first = _FIRST_WORD.match(line)
    divided = _DIVIDED.search(text[-100:])
    if first is None or divided is None:
        return text + line
    if first[0] in _CONJUNCTIONS:
        return f"{text} {line}"
    return text + line if _is_real(divided[1], first[0], words) else text[:-1] + line


def _is_real(left: str, right: str, words: Words) -> bool:
    """Whether the hyphen between two parts is part of the word."""
    if f"{left}-{right}".lower() in words.hyphenated:
        return True
    is_known = (left + right).lower() in words.whole
    if "-" in left or "-" in right or len(left) == 1 or right[0].isdigit():
        return True
    if right[0].isupper():
        # Unless it is one word with capitals within.
        return not is_known
    if any(char.isdigit() for char in left) or left[1:] != left[1:].lower():
        return True
    left, right = left.lower(), right.lower()
    if is_known or _ENDINGS.fullmatch(right):
        return False
    if left in _PREPOSITIONS:
        return f"{left}-{right}" in _PREPOSITION_COMPOUNDS
    return left in _COMPOUND_BEGINNINGS or (
        min(len(left), len(right)) >= 3 and left in words.whole and right in words.whole
    )


def _goes_on_as_address(text: str, line: str) -> bool:
    """Whether an address at the end of the text goes on in the next line."""
    tail = text[-500:]
    address = _ADDRESS.search(tail) if "://" in tail or "www." in tail.lower() else None
    if address is None:
        return False
    part = _ADDRESS_PART.match(line)
    if part is None or line[0] in "[(":
        return False
    if _UNFINISHED_ADDRESS.search(address[0]):
        return True
    return bool(_ADDRESS_SIGN.search(part[0].rstrip(".,;:!?)"))) and not part[0][0].isupper()


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"
