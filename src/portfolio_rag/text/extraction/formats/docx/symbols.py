"""Characters of Symbol, Webdings and Wingdings as Unicode, by the table of mammoth (dingbat-to-unicode)."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_FONTS = {font.lower(): font for font in ("Symbol", "Webdings", "Wingdings", "Wingdings 2", "Wingdings 3")}
_PRIVATE = range(0xF020, 0xF100)
"""Where Word stores what is typed in such a font."""
_PRIVATE_CHARACTER = re.compile("[\uf020-\uf0ff]")
_DIRECTIONS = (
    # By words of the character's name; the longer names first.
    (("LEFT", "RIGHT"), "↔"),
    (("UP", "DOWN"), "↕"),
    (("NORTH WEST",), "↖"),
    (("NORTH EAST",), "↗"),
    (("SOUTH EAST",), "↘"),
    (("SOUTH WEST",), "↙"),
    (("LEFTWARDS",), "←"),
    (("RIGHTWARDS",), "→"),
    (("UPWARDS",), "↑"),
    (("DOWNWARDS",), "↓"),
)


def is_symbol_font(font: str) -> bool:
    return font.lower() in _FONTS


def symbol(font: str, code: int) -> str | None:
    """The character at `code` of the font, which may be moved into the private use area; None if it is not known."""
    name = _FONTS.get(font.lower())
    if name is None:
        return None if code in _PRIVATE or not 0x20 <= code < 0x110000 or 0xD800 <= code < 0xE000 else chr(code)
    from mammoth.docx.dingbats import dingbats  # type: ignore[import-untyped]

    known = dingbats.get((name, code - 0xF000 if code in _PRIVATE else code))
    return None if known is None else _plainer(chr(known))


def in_font(font: str, text: str) -> str:
    """`text` as a run set in `font` shows it; what is not known is left as it is."""
    if is_symbol_font(font):
        return "".join(symbol(font, ord(character)) or character for character in text)
    # Where the font was lost: most such characters are from Symbol.
    return _PRIVATE_CHARACTER.sub(lambda match: symbol("Symbol", ord(match.group())) or "", text)


@cache
def _plainer(character: str) -> str:
    """One character for each meaning: a box drawn in six weights is a box, which can be searched for."""
    name = unicodedata.name(character, "")
    if "CHECK" in name.split():
        return "☑" if "BOX" in name else "✓"
    if name == "X IN A RECTANGLE BOX":
        return "☒"
    if "BALLOT" in name and name.endswith(("X", "SALTIRE")):
        return "☒" if "BOX" in name else "✗"
    if name.endswith(("WHITE SQUARE", "WHITE MEDIUM SQUARE", "WHITE LARGE SQUARE")):
        return "☐"
    if ord(character) >= 0x2B00 and any(word in name for word in ("ARROW", "TRIANGLE-HEADED")) and "CIRCLE" not in name:
        for words, arrow in _DIRECTIONS:
            if all(word in name for word in words):
                return arrow
    return character
