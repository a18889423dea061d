"""What PDFium tells of the characters of a page: where they stand, in which font, and whether they can be seen."""

from __future__ import annotations

import ctypes
import math
import re
from functools import cached_property
from typing import NamedTuple

import pypdfium2
from pypdfium2 import raw

INVISIBLE = raw.FPDF_TEXTRENDERMODE_INVISIBLE
SLANTED = 4
"""The turn of text that runs neither along nor across the page."""
_SLANT = 0.2
"""In radians: text that is turned by so much more or less than a quarter is slanted."""


class Box(NamedTuple):
    """In points as the text is read: `left` to `right` along it, growing from `bottom` to `top`."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def height(self) -> float:
        return self.top - self.bottom

    def turned(self, turn: int) -> Box:
        """A box of the page as text sees it that is turned clockwise by so many quarters."""
        if turn == 1:
            return Box(-self.top, self.left, -self.bottom, self.right)
        if turn == 2:
            return Box(-self.right, -self.top, -self.left, -self.bottom)
        if turn == 3:
            return Box(self.bottom, -self.right, self.top, -self.left)
        return self


_LAM = "\u0644"
_LAM_ALEF = re.compile(f"(?=({_LAM}[\u0622\u0623\u0625\u0627]|[\u0622\u0623\u0625\u0627]{_LAM}))")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_NOWHERE = Box(0.0, 0.0, 0.0, 0.0)
_BEYOND_UNIT = re.compile("[\U00010000-\U0010ffff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


class Glyphs:
    """The characters of a page by their index, which counts from 0 in the order in which they are drawn."""

    def __init__(self, textpage: pypdfium2.PdfTextPage) -> None:
        self._handle = textpage.raw
        # PDFium counts units of UTF-16: a letter of a formula that needs two of them is two of its characters.
        self.text: str = _BEYOND_UNIT.sub(_as_pair, textpage.get_text_range())
        self._same_index = len(self.text) == raw.FPDFText_CountChars(self._handle)
        self._get_box = raw.FPDFText_GetLooseCharBox
        self._box = raw.FS_RECTF()
        self._box_at = ctypes.byref(self._box)
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._x_at, self._y_at = ctypes.byref(self._x), ctypes.byref(self._y)
        self._sides = tuple(ctypes.c_double() for _ in range(4))
        self._sides_at = tuple(map(ctypes.byref, self._sides))
        self._name = ctypes.create_string_buffer(128)
        self._flags = ctypes.byref(ctypes.c_int())

    def index(self, place: int) -> int:
        """Of the character at a place in the text; -1 for one that is not on the page."""
        return place if self._same_index else raw.FPDFText_GetCharIndexFromTextIndex(self._handle, place)

    def box(self, index: int, turn: int) -> Box:
        """As high as the font; all zeros when PDFium knows none."""
        if index < 0 or not self._get_box(self._handle, index, self._box_at):
            return _NOWHERE
        box = self._box
        found = Box(box.left, box.bottom, box.right, box.top)
        return found.turned(turn) if turn else found

    def baseline(self, index: int, turn: int) -> float:
        x, y = self.origin(index)
        return (y, x, -y, -x, y)[turn]

    def origin(self, index: int) -> tuple[float, float]:
        if index < 0 or not raw.FPDFText_GetCharOrigin(self._handle, index, self._x_at, self._y_at):
            return 0.0, 0.0
        return self._x.value, self._y.value

    def turn(self, index: int) -> int:
        """By how many quarters a character is turned clockwise, or SLANTED."""
        angle = raw.FPDFText_GetCharAngle(self._handle, index) if index >= 0 else 0.0
        if angle <= 0.0:
            return 0
        quarters = round(angle / (math.pi / 2))
        return quarters % 4 if abs(angle - quarters * math.pi / 2) < _SLANT else SLANTED

    def font(self, index: int) -> str:
        """The name of a character's font, or an empty string."""
        if index < 0 or not raw.FPDFText_GetFontInfo(self._handle, index, self._name, len(self._name), self._flags):
            return ""
        return self._name.value.decode("utf-8", "replace")

    def runs(self, first: int, count: int) -> int:
        """From how many pieces the producer has put together so many characters from an index on."""
        return int(raw.FPDFText_CountRects(self._handle, first, count))

    def widest_gap(self, first: int, count: int, turn: int) -> float:
        """Between two of the pieces of `runs`, along the line."""
        widest = 0.0
        previous: Box | None = None
        for number in range(self.runs(first, count)):
            raw.FPDFText_GetRect(self._handle, number, *self._sides_at)
            left, top, right, bottom = (side.value for side in self._sides)
            box = Box(left, bottom, right, top).turned(turn)
            if previous is not None:
                widest = max(widest, box.left - previous.right, previous.left - box.right)
            previous = box
        return widest

    def is_generated(self, index: int) -> bool:
        """Whether PDFium has put the character between others, as a blank in a gap."""
        return index < 0 or raw.FPDFText_IsGenerated(self._handle, index) == 1

    def is_unmapped(self, index: int) -> bool:
        """Whether the font does not say which character this is."""
        return index >= 0 and raw.FPDFText_HasUnicodeMapError(self._handle, index) == 1

    @cached_property
    def holds_right_to_left(self) -> bool:
        """Whether some of the page is written from right to left."""
        return not self.text.isascii() and _RIGHT_TO_LEFT.search(self.text) is not None

    @cached_property
    def turns_ligatures(self) -> bool:
        """Whether PDFium has turned the letters of ligatures around.

        It does where the font names several letters for one glyph, and not where it names the ligature itself. Lam and
        alef, of which every ligature of the two is read in this order, tell which of the two it is on this page.
        """
        for match in _LAM_ALEF.finditer(self.text):
            first, second = self.index(match.start()), self.index(match.start() + 1)
            if self.origin(first) == self.origin(second):
                return match[1][1] == _LAM
        return True

    def text_object(self, index: int) -> raw.FPDF_PAGEOBJECT | None:
        return raw.FPDFText_GetTextObject(self._handle, index) if index >= 0 else None


def _as_pair(match: re.Match[str]) -> str:
    offset = ord(match[0]) - 0x10000
    return chr(0xD800 + (offset >> 10)) + chr(0xDC00 + (offset & 0x3FF))


def without_pairs(text: str) -> str:
    """`text` in which each character is one again, of whatever units of UTF-16 `Glyphs.text` has made it."""
    if text.isascii():
        return text
    return _PAIR.sub(lambda match: match[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"), text)


def is_invisible(text_object: raw.FPDF_PAGEOBJECT) -> bool:
    return bool(raw.FPDFTextObj_GetTextRenderMode(text_object) == INVISIBLE)
