"""Signs that are written in several ways as one: `CO₂` and `CO2`, `ｃａｆｅ` and `cafe`, `½` and `1⁄2`."""

from __future__ import annotations

import re
import unicodedata

_MARKS = re.compile("[™℠®©℗]")
_BEFORE_FRACTION = re.compile(r"(?<=\d)(?=[¼-¾⅐-⅞])")


def compatible(text: str) -> str:
    """The text in NFKC. Two things that would be made one word with what they stand behind are kept apart.

    The sign of a trade mark says nothing (`Pro™` is no `ProTM`), and a fraction is added to a number: `12½` is no 121.
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _BEFORE_FRACTION.sub(" ", _MARKS.sub(" ", text)))
