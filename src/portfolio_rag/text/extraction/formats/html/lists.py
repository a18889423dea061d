"""Numbers of a list as a page shows them: `start`, `value`, `reversed` and `type`."""

from __future__ import annotations

import re
from collections.abc import Callable

from selectolax.lexbor import LexborNode

from portfolio_rag.text.extraction.document import ListNumbering
from portfolio_rag.text.extraction.formats.html.nodes import Attributes

_INTEGER = re.compile(r"\s*([+-]?\d{1,9})")
_STYLE = re.compile(r"list-style(?:-type)?\s*:\s*([a-z-]+)", re.IGNORECASE)
_ROMAN = (
    (1000, "m"),
    (900, "cm"),
    (500, "d"),
    (400, "cd"),
    (100, "c"),
    (90, "xc"),
    (50, "l"),
    (40, "xl"),
    (10, "x"),
    (9, "ix"),
    (5, "v"),
    (4, "iv"),
    (1, "i"),
)
_MAX_ROMAN = 3999


def numbering_of(node: LexborNode, attributes: Attributes) -> ListNumbering:
    if node.tag != "ol":
        return ListNumbering(None)
    style = _STYLE.search(attributes.get("style") or "")
    spell = _SPELLINGS.get(style[1].lower() if style else (attributes.get("type") or "").strip(), str)
    start = integer(attributes.get("start"))
    if "reversed" in attributes:
        count = sum(child.tag == "li" for child in node.iter())
        return ListNumbering(count if start is None else start, spell, -1)
    return ListNumbering(1 if start is None else start, spell)


def integer(value: str | None) -> int | None:
    digits = _INTEGER.match(value or "")
    return int(digits[1]) if digits else None


def _letters(number: int) -> str:
    if number < 1:
        return str(number)
    letters = ""
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("a") + letter) + letters
    return letters


def _roman(number: int) -> str:
    if not 0 < number <= _MAX_ROMAN:
        return str(number)
    letters = ""
    for worth, sign in _ROMAN:
        count, number = divmod(number, worth)
        letters += sign * count
    return letters


def _capital(spell: Callable[[int], str]) -> Callable[[int], str]:
    return lambda number: spell(number).upper()


_SPELLINGS: dict[str, Callable[[int], str]] = {
    "a": _letters,
    "A": _capital(_letters),
    "i": _roman,
    "I": _capital(_roman),
    "lower-alpha": _letters,
    "lower-latin": _letters,
    "upper-alpha": _capital(_letters),
    "upper-latin": _capital(_letters),
    "lower-roman": _roman,
    "upper-roman": _capital(_roman),
    "decimal-leading-zero": lambda number: f"{number:02}",
}
