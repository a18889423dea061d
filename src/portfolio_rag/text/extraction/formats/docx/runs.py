"""How a run of text is set: hidden, struck out, raised, lowered, in which font; by its own properties and by styles."""

from __future__ import annotations

from typing import Any

from portfolio_rag.text.extraction.formats.docx.names import is_on, number, qn, value
from portfolio_rag.text.extraction.formats.docx.styles import Styles, is_monospaced, latin_font

_RPR = qn("w:rPr")
_RSTYLE = qn("w:rStyle")
_VANISH = qn("w:vanish")
_VERTICAL = qn("w:vertAlign")
_BOLD = qn("w:b")
_POSITION = qn("w:position")
_SIZE = qn("w:sz")
_LEAST_SHIFT = 4
"""In half points: type that is moved by less is only set straight."""
_USUAL_SIZE = 20
"""In half points: of text whose size nothing names."""
_FONTS = qn("w:rFonts")
_STRIKES = (qn("w:strike"), qn("w:dstrike"))
_SCRIPTS = {"superscript": "^", "subscript": "_"}
_OFF = (None, "0", "false", "off")


class RunProperties:
    """Of the runs of one paragraph."""

    def __init__(self, styles: Styles, paragraph_style: str | None) -> None:
        self._styles = styles
        self._style = paragraph_style
        self._is_hidden = styles.run_value(paragraph_style, _VANISH) not in _OFF
        self._is_struck = self._strikes(paragraph_style)

    def read(self, run: Any) -> tuple[bool, str, str]:
        """Whether it is hidden; `^`, `_` or nothing; the font that it names itself, by a style of characters too.

        Small type that was moved up or down by hand counts as raised or lowered.
        """
        properties = run.find(_RPR)
        if properties is None:
            return self._is_hidden, "", ""
        style = hidden = vertical = None
        shift = size = 0
        font = ""
        for child in properties:
            tag = child.tag
            if tag == _RSTYLE:
                style = value(child)
            elif tag == _VANISH:
                hidden = is_on(child)
            elif tag == _VERTICAL:
                vertical = value(child)
            elif tag == _POSITION:
                shift = number(value(child))
            elif tag == _SIZE:
                size = number(value(child))
            elif tag == _FONTS:
                font = latin_font(child)
        if style is not None:
            by_style = self._styles.run_value(style, _VANISH)
            hidden = by_style not in _OFF if hidden is None and by_style is not None else hidden
            vertical = vertical or self._styles.run_value(style, _VERTICAL)
            font = font or self._styles.font(style)
        script = _SCRIPTS.get(vertical or "", "")
        if not script and abs(shift) >= _LEAST_SHIFT and 0 < size < self._usual_size():
            script = "^" if shift > 0 else "_"
        return self._is_hidden if hidden is None else hidden, script, font

    def _usual_size(self) -> int:
        named = self._styles.run_value(self._style, _SIZE) or self._styles.usual_value(_SIZE)
        return number(named, _USUAL_SIZE) or _USUAL_SIZE

    def is_struck(self, run: Any) -> bool:
        properties = run.find(_RPR)
        if properties is None:
            return self._is_struck
        own = [child for child in properties if child.tag in _STRIKES]
        if own:
            return any(map(is_on, own))
        return self._is_struck or self._strikes(value(properties.find(_RSTYLE)))

    def _strikes(self, style: str | None) -> bool:
        return style is not None and any(self._styles.run_value(style, tag) not in _OFF for tag in _STRIKES)

    def is_monospaced(self, run: Any) -> bool:
        _, _, font = self.read(run)
        return is_monospaced(font or self._styles.font(self._style))

    def is_bold(self, run: Any) -> bool:
        properties = run.find(_RPR)
        own = None if properties is None else properties.find(_BOLD)
        if own is not None:
            return is_on(own)
        style = None if properties is None else value(properties.find(_RSTYLE))
        by_run = None if style is None else self._styles.run_value(style, _BOLD)
        return (self._styles.run_value(self._style, _BOLD) if by_run is None else by_run) not in _OFF
