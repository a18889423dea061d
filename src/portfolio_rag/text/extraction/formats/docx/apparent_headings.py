"""Paragraphs that their author has made look like headings, by bold, underlined or large type, without the style."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portfolio_rag.text.extraction.formats.docx.names import number, qn, value
from portfolio_rag.text.extraction.formats.docx.paragraphs import Shapes, is_empty, plain_text
from portfolio_rag.text.extraction.formats.docx.runs import RunProperties
from portfolio_rag.text.extraction.formats.docx.styles import Styles

_MAX_CHARACTERS = 100
_NO_HEADING_ENDS = (".", ":", ";", ",", "…", "!", "。", "：")
_LARGE = 1.2
"""In sizes of the document's usual type."""
_USUAL_HALF_POINTS = 20
"""The size of type where the file says nothing."""
_PARAGRAPH = qn("w:p")
_TABLE = qn("w:tbl")
_RUN = qn("w:r")
_TEXT = qn("w:t")
_SIZE = qn("w:sz")
_UNDERLINE = qn("w:u")
_NUMBERING = f"{qn('w:pPr')}/{qn('w:numPr')}"


class ApparentHeadings:
    """Tells them by what follows: text that does not look so."""

    def __init__(self, styles: Styles, shapes: Shapes) -> None:
        self._styles = styles
        self._shapes = shapes

    def holds(self, elements: Sequence[Any], at: int) -> bool:
        """Whether the paragraph at this place is one."""
        paragraph = elements[at]
        if not self._stands_out(paragraph):
            return False
        text = plain_text(paragraph)
        if not any(char.isalpha() for char in text) or len(text) > _MAX_CHARACTERS or text.endswith(_NO_HEADING_ENDS):
            return False
        if self._shapes.is_heading(paragraph) or self._shapes.is_caption(paragraph):
            return False
        others = (elements[place] for place in range(at + 1, len(elements)))
        following = next((block for block in others if block.tag != _PARAGRAPH or not is_empty(block)), None)
        if following is None or following.tag not in (_PARAGRAPH, _TABLE):
            return False
        return following.tag == _TABLE or not (self._shapes.is_heading(following) or self._stands_out(following))

    def _stands_out(self, paragraph: Any) -> bool:
        """Whether all its text is bold, underlined, or larger than usual; numbered items are told by their numbers."""
        if paragraph.tag != _PARAGRAPH or paragraph.find(_NUMBERING) is not None:
            return False
        style = self._shapes.style(paragraph)
        properties = RunProperties(self._styles, style)
        is_seen = False
        for run in paragraph.iter(_RUN):
            if not any((text.text or "").strip() for text in run.iterchildren(_TEXT)):
                continue
            if not (properties.is_bold(run) or self._is_underlined(run) or self._is_large(run, style)):
                return False
            is_seen = True
        return is_seen

    def _is_underlined(self, run: Any) -> bool:
        line = run.find(f"{qn('w:rPr')}/{_UNDERLINE}")
        return line is not None and value(line) not in (None, "none")

    def _is_large(self, run: Any, style: str | None) -> bool:
        own = value(run.find(f"{qn('w:rPr')}/{_SIZE}")) or self._styles.run_value(style, _SIZE)
        return number(own) >= _LARGE * self._usual_size()

    def _usual_size(self) -> int:
        return number(self._styles.usual_value(_SIZE), _USUAL_HALF_POINTS)
