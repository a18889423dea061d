"""Whether text says what the page shows, or is noise: numbers of glyphs of a font that names no characters."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache

from portfolio_rag.text.extraction.formats.pdf.glyphs import Glyphs

_BULLETS = "\uf0b7\uf0a7\uf0d8\uf0a8\uf0fc\uf02d\uf06e\uf076\uf071"
"""Signs of Symbol and Wingdings for items of lists, in the private use area."""
_ODD = re.compile(f"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd\ufdd0-\ufdef]|(?![{_BULLETS}])[\ue000-\uf8ff]")
_MAX_ODD = 0.3
"""Of a line's characters: with more odd ones it is noise."""
_FEW_LETTERS = 6
"""So few, as in a formula, need no vowel."""
_SAMPLES = 12
"""How many characters of a line are asked for whether their font knows them."""
_WORD = re.compile(r"[^\W\d_]{2,}")
# Scripts that words of one language mix.
_SCRIPT_FAMILY = {"CJK": "EAST", "HIRAGANA": "EAST", "KATAKANA": "EAST", "KATAKANA-HIRAGANA": "EAST", "HANGUL": "EAST"}


class Legibility(Enum):
    CERTAIN = 1
    DOUBTFUL = 2
    NONE = 3


def legibility(texts: Sequence[str], indexes: Sequence[int], glyphs: Glyphs) -> Legibility:
    """Whether the characters of a line are text. In doubt their font does not say so, but they read like text."""
    text = "".join(texts)
    is_usual = text.isascii() and text.isprintable()
    if not is_usual and len(_ODD.findall(text)) > _MAX_ODD * len(text):
        return Legibility.NONE
    # A font that does not name its characters seldom names some of them.
    if not glyphs.is_unmapped(indexes[len(indexes) // 2]):
        return Legibility.CERTAIN
    step = max(1, len(indexes) // _SAMPLES)
    asked = [index for index, char in zip(indexes[::step], texts[::step], strict=True) if not char.isspace()]
    if 2 * sum(map(glyphs.is_unmapped, asked)) <= len(asked):
        return Legibility.CERTAIN
    return Legibility.DOUBTFUL if _reads(text) else Legibility.NONE


def _reads(text: str) -> bool:
    """Whether it is plain text all the same: a font without a map often numbers its glyphs as its letters."""
    if _ODD.search(text):
        return False
    if not text.isascii():
        scripts = Counter(_script(char) for char in text if char.isalpha())
        return not scripts or scripts.most_common(1)[0][1] >= 0.8 * scripts.total()
    words = re.findall(r"[A-Za-z]+", text)
    letters = "".join(words)
    if not letters:
        return True
    vowels = len(re.findall(r"[aeiouyAEIOUY]", letters))
    shaped = sum(word.islower() or word.istitle() or word.isupper() for word in words)
    return shaped >= 0.9 * len(words) and (vowels >= 0.2 * len(letters) or len(letters) < _FEW_LETTERS)


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    name = unicodedata.name(char, "").split(" ")[0]
    return _SCRIPT_FAMILY.get(name, name)


def is_mixed_up(text: str) -> bool:
    """Whether the text is glyph numbers in disguise: many of its words mix scripts that no language mixes."""
    if text.isascii():
        return False
    words = _WORD.findall(text)
    mixed = sum(len({_script(char) for char in word}) > 2 for word in words if not word.isascii())
    return mixed > 0.2 * len(words)
