"""Styles (styles.xml): what a paragraph or run inherits through them."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from portfolio_rag.text.extraction.formats.docx.names import is_on, number, qn, value

_BESIDE_TITLES = frozenset({"subtitle", "author", "date", "abstract", "abstract title", "affiliation"})
"""Styles that are often based on that of the title, and are none."""
_DEPTH = 20
"""Of styles that are based on one another; a longer chain is a loop."""
_FIRST_ROW = 0x20
"""Of the bits of `w:tblLook`."""
_HEX = re.compile(r"[0-9A-Fa-f]{1,8}")
BODY_LEVEL = 9
"""The outline level of running text; `w:outlineLvl` counts headings from 0."""

_DROP_CAP = qn("w:dropCap")
_ASCII = qn("w:ascii")
_HIGH_ANSI = qn("w:hAnsi")
_MONOSPACED = re.compile(
    r"courier|consolas|menlo|monaco|lucida (?:console|sans typewriter)|andale mono|terminal|fixedsys|letter gothic"
    r"|inconsolata|source code|cascadia|fira code|hack$|.*\b(?:mono|monospace|monospaced|typewriter)\b",
    re.IGNORECASE,
)
_CODE_STYLE = re.compile(
    r"(?:html )?preformatted(?: text)?|source(?: code)?|code(?: block| listing| sample| snippet| example|block)?"
    r"|(?:program )?listing|macro text|verbatim|.* source code|quellcode|quelltext|code source",
    re.IGNORECASE,
)


class Styles:
    """Looks up properties along the styles that a style is based on."""

    def __init__(self, root: Any | None) -> None:
        styles = [] if root is None else list(root.iterchildren(qn("w:style")))
        self._by_id = {style.get(qn("w:styleId")): style for style in styles}
        self._defaults = {style.get(qn("w:type")): style.get(qn("w:styleId")) for style in styles if _is_default(style)}
        self._document = (
            None if root is None else root.find(f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}/{qn('w:rPr')}")
        )
        self.name = cache(self._name)
        self.outline_level = cache(self._outline_level)
        self.is_code = cache(self._is_code)
        self.is_caption = cache(self._is_caption)
        self.numbering = cache(self._numbering)
        self.run_value = cache(self._run_value)
        self.font = cache(self._font)
        self.is_drop_cap = cache(self._is_drop_cap)

    def paragraph_style(self, element: Any | None) -> str | None:
        """The id of a paragraph's style, from its `w:pStyle`."""
        named = value(element)
        return named if named in self._by_id else self._defaults.get("paragraph", named)

    def chain(self, style_id: str | None) -> list[Any]:
        """The style and those that it is based on, nearest first."""
        styles: list[Any] = []
        while style_id in self._by_id and len(styles) < _DEPTH:
            styles.append(self._by_id[style_id])
            style_id = value(styles[-1].find(qn("w:basedOn")))
        return styles

    def _name(self, style_id: str | None) -> str:
        style = self._by_id.get(style_id)
        return ("" if style is None else value(style.find(qn("w:name"))) or "").lower()

    def numbering_of_style(self, style_id: str) -> str | None:
        """The `w:numId` of a numbering style."""
        style = self._by_id.get(style_id)
        return None if style is None else value(style.find(f"{qn('w:pPr')}/{qn('w:numPr')}/{qn('w:numId')}"))

    def _outline_level(self, style_id: str | None) -> int | None:
        """The level of a heading from 1; `Title` counts as level 1 where it is not above all others."""
        for style in self.chain(style_id):
            name = (value(style.find(qn("w:name"))) or "").lower()
            if name.startswith("heading ") and name[8:].isdigit() and 1 <= int(name[8:]) <= 9:
                return int(name[8:])
            if name == "title":
                return 1
            if name in _BESIDE_TITLES:
                return None
            level = outline_level(style.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}"))
            if level is not None:
                return None if level == BODY_LEVEL else level + 1
        return None

    def is_title(self, style_id: str | None) -> bool:
        """Whether it is `Title`, or a style of another name with its level."""
        names = [(value(style.find(qn("w:name"))) or "").lower() for style in self.chain(style_id)]
        return "title" in names and not any(name in _BESIDE_TITLES or name.startswith("heading ") for name in names)

    def _numbering(self, style_id: str | None) -> tuple[str | None, str | None]:
        """`w:numId` and `w:ilvl`, each from the nearest style that has it."""
        ids: list[str | None] = [None, None]
        for style in self.chain(style_id):
            properties = style.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
            if properties is None:
                continue
            for at, tag in enumerate(("w:numId", "w:ilvl")):
                ids[at] = ids[at] or value(properties.find(qn(tag)))
        return ids[0], ids[1]

    def _is_caption(self, style_id: str | None) -> bool:
        return any((value(style.find(qn("w:name"))) or "").lower() == "caption" for style in self.chain(style_id))

    def _run_value(self, style_id: str | None, tag: str) -> str | None:
        """`w:val` of a run property, "1" for a toggle that is on, from the nearest style that has it."""
        for style in self.chain(style_id):
            found = style.find(f"{qn('w:rPr')}/{tag}")
            if found is not None:
                return value(found) or ("1" if is_on(found) else "0")
        return None

    def _font(self, style_id: str | None) -> str:
        for style in self.chain(style_id):
            font = font_of(style.find(qn("w:rPr")))
            if font:
                return font
        return ""

    def _is_drop_cap(self, style_id: str | None) -> bool:
        """Whether paragraphs of that style are initials of the next."""
        frames = (style.find(f"{qn('w:pPr')}/{qn('w:framePr')}") for style in self.chain(style_id))
        return is_drop_cap(next((frame for frame in frames if frame is not None), None))

    def _is_code(self, style_id: str | None) -> bool:
        """Whether paragraphs of that style are code by its name."""
        return any(_CODE_STYLE.fullmatch(value(style.find(qn("w:name"))) or "") for style in self.chain(style_id))

    def usual_value(self, tag: str) -> str | None:
        """`w:val` of a run property in paragraphs that name no style."""
        by_style = self.run_value(self._defaults.get("paragraph"), tag)
        return by_style or (None if self._document is None else value(self._document.find(tag)))

    def sets_first_row_apart(self, table: Any) -> bool:
        """Whether the table's style has a look of its own for its first row, and the table uses it."""
        properties = table.find(qn("w:tblPr"))
        look = None if properties is None else properties.find(qn("w:tblLook"))
        if properties is None or look is None:
            return False
        own = look.get(qn("w:firstRow"))
        bits = look.get(qn("w:val")) or "0"
        is_used = own in ("1", "true", "on") if own else bool(int(bits, 16) & _FIRST_ROW if _HEX.fullmatch(bits) else 0)
        if not is_used:
            return False
        return any(
            part.get(qn("w:type")) == "firstRow"
            for style in self.chain(value(properties.find(qn("w:tblStyle"))))
            for part in style.iterchildren(qn("w:tblStylePr"))
        )

    def base_is_monospaced(self) -> bool:
        """Whether the whole document is set so, as typescripts are: the font then says nothing of a paragraph."""
        return is_monospaced(self.font(self._defaults.get("paragraph")) or font_of(self._document))


def _is_default(style: Any) -> bool:
    return style.get(qn("w:default")) in ("1", "true", "on")


def outline_level(element: Any | None) -> int | None:
    """From a `w:outlineLvl`, 0 to BODY_LEVEL; None where it says nothing."""
    text = value(element)
    return min(number(text, BODY_LEVEL), BODY_LEVEL) if text and text.isdigit() else None


def is_drop_cap(frame: Any | None) -> bool:
    """Whether a `w:framePr` is that of an initial."""
    return frame is not None and frame.get(_DROP_CAP, "none") != "none"


def font_of(properties: Any | None) -> str:
    """The font of Latin letters, from a `w:rPr`."""
    fonts = None if properties is None else properties.find(qn("w:rFonts"))
    return "" if fonts is None else latin_font(fonts)


def latin_font(fonts: Any) -> str:
    """The font of Latin letters, from a `w:rFonts`."""
    return fonts.get(_ASCII) or fonts.get(_HIGH_ANSI) or ""


@cache
def is_monospaced(font: str) -> bool:
    return bool(font) and bool(_MONOSPACED.match(font))
