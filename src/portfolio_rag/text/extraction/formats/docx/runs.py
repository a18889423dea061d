"""How a run of text is set: hidden, raised or lowered, in which font; by its own properties and by styles."""

from __future__ import annotations

from typing import Any

from portfolio_rag.text.extraction.formats.docx.names import is_on, qn, value
from portfolio_rag.text.extraction.formats.docx.styles import Styles, font_of, is_monospaced

_RPR = qn("w:rPr")
_RSTYLE = qn("w:rStyle")
_VANISH = qn("w:vanish")
_VERTICAL = qn("w:vertAlign")
_BOLD = qn("w:b")
_SCRIPTS = {"superscript": "^", "subscript": "_"}


class RunProperties:
    """Of the runs of one paragraph."""

    def __init__(self, styles: Styles, paragraph_style: str | None) -> None:
        self._styles = styles
        self._style = paragraph_style

    def is_hidden(self, run: Any) -> bool:
        properties = run.find(_RPR)
        own = None if properties is None else properties.find(_VANISH)
        if own is not None:
            return is_on(own)
        return self._inherited(properties, _VANISH) not in (None, "0", "false", "off")

    def script(self, run: Any) -> str:
        """`^`, `_` or nothing."""
        properties = run.find(_RPR)
        if properties is None:
            return ""
        own = value(properties.find(_VERTICAL))
        if own is None:
            style = value(properties.find(_RSTYLE))
            own = None if style is None else self._styles.run_value(style, _VERTICAL)
        return _SCRIPTS.get(own or "", "")

    def own_font(self, run: Any) -> str:
        """The font that the run names, or the style of characters that it names."""
        properties = run.find(_RPR)
        if properties is None:
            return ""
        return font_of(properties) or self._styles.font(value(properties.find(_RSTYLE)))

    def is_monospaced(self, run: Any) -> bool:
        return is_monospaced(self.own_font(run) or self._styles.font(self._style))

    def is_bold(self, run: Any) -> bool:
        properties = run.find(_RPR)
        own = None if properties is None else properties.find(_BOLD)
        return is_on(own) if own is not None else self._inherited(properties, _BOLD) not in (None, "0", "false", "off")

    def _inherited(self, properties: Any | None, tag: str) -> str | None:
        style = None if properties is None else value(properties.find(_RSTYLE))
        by_run = None if style is None else self._styles.run_value(style, tag)
        return self._styles.run_value(self._style, tag) if by_run is None else by_run
