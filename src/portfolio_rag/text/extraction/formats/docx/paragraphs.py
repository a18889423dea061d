"""What a paragraph is: a heading, an item, code, a caption, the initial of the next one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from portfolio_rag.text.extraction.formats.docx.names import is_on, number, qn
from portfolio_rag.text.extraction.formats.docx.numbering import Label, Numbering
from portfolio_rag.text.extraction.formats.docx.runs import RunProperties
from portfolio_rag.text.extraction.formats.docx.styles import BODY_LEVEL, Styles, is_drop_cap, outline_level

MAX_CODE_LINE_CHARACTERS = 300
"""A longer line in a monospaced font that ends as a sentence is prose."""
_PPR = qn("w:pPr")
_PSTYLE = qn("w:pStyle")
_RPR = qn("w:rPr")
_OUTLINE = qn("w:outlineLvl")
_NUMBERING = qn("w:numPr")
_FRAME = qn("w:framePr")
_VANISH = qn("w:vanish")
_VANISH_OF_END = qn("w:specVanish")
_DELETED = qn("w:del")
_STYLE_PATH = f"{_PPR}/{_PSTYLE}"
_OUTLINE_PATH = f"{_PPR}/{_OUTLINE}"
_SENTENCE_WORDS = 8
_CODE_SIGN = re.compile(r"[{}()\[\]=;<>_/\\$#|&@*`\"]|\s{2}")
TWIPS_PER_CHARACTER = 120
"""The width of a monospaced character of 10 points, by which an indented paragraph of code is set in."""

_TABLE_CAPTION = re.compile(
    r"\s*(?i:table|tab\.|tabelle|tableau|tabla|tabella|tabela|tabel|tabell|taulukko|таблица|表)\s*"
    r"(?:\d|[IVXLC]+\b|[A-Z][.\-–]?\d)"
)
_LIST_STYLE = re.compile(r"list (?:bullet|number)(?: ([2-5]))?")
"""Word's own styles of lists: those with a number stand inside the others."""
_MAX_CAPTION_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Shape:
    """`level` is that of a heading from 1, `depth` that of an item in a list from 0.

    `is_initial`: its text is the begin of the next paragraph's.
    """

    style: str | None
    level: int | None
    label: Label | None
    is_initial: bool
    is_list_style: bool
    depth: int


class Shapes:
    """Tells shapes; to be asked once for each paragraph, in order, because numbers are counted."""

    def __init__(self, styles: Styles, numbering: Numbering) -> None:
        self._styles = styles
        self._numbering = numbering
        self._monospaced_tells = not styles.base_is_monospaced()

    def shape(self, paragraph: Any) -> Shape:
        properties = paragraph.find(_PPR)
        own: dict[str, Any] = {} if properties is None else {child.tag: child for child in properties}
        style = self._styles.paragraph_style(own.get(_PSTYLE))
        mark = own.get(_RPR)
        label = None if _is_hidden(mark) or _is_end_deleted(mark) else self._numbering.label(own.get(_NUMBERING), style)
        list_style = _LIST_STYLE.match(self._styles.name(style))
        by_style = int(list_style[1] or 1) - 1 if list_style else 0
        return Shape(
            style,
            self._level(own.get(_OUTLINE), style),
            label,
            _is_initial(own.get(_FRAME), mark) or self._styles.is_drop_cap(style),
            list_style is not None,
            max(by_style, 0 if label is None else label.level),
        )

    def style(self, paragraph: Any) -> str | None:
        return self._styles.paragraph_style(paragraph.find(_STYLE_PATH))

    def is_caption(self, paragraph: Any) -> bool:
        return self._styles.is_caption(self.style(paragraph))

    def is_heading(self, paragraph: Any) -> bool:
        return self._level(paragraph.find(_OUTLINE_PATH), self.style(paragraph)) is not None

    def is_title(self, paragraph: Any) -> bool:
        """Whether it has the style of the title of a document."""
        return self._styles.is_title(self.style(paragraph))

    def _level(self, outline: Any | None, style: str | None) -> int | None:
        own = outline_level(outline)
        if own is not None:
            return None if own == BODY_LEVEL else own + 1
        return self._styles.outline_level(style)

    def is_code_by_style(self, style: str | None) -> bool:
        return self._styles.is_code(style)

    def is_code(self, paragraph: Any, style: str | None) -> bool:
        """Whether all its text is monospaced, by style or by font."""
        if self._styles.is_code(style):
            return True
        if not self._monospaced_tells:
            return False
        properties = RunProperties(self._styles, style)
        has_text = False
        for run in paragraph.iter(qn("w:r")):
            if any((text.text or "").strip() for text in run.iterchildren(qn("w:t"))):
                if not properties.is_monospaced(run):
                    return False
                has_text = True
        return has_text


def labelled(label: Label | None, text: str) -> str:
    """`text` behind its number; bullets are no part of a heading or a cell."""
    return text if label is None or label.is_bullet or not text.strip() else label.marker(text) + text.lstrip()


def is_prose(line: str) -> bool:
    """Whether text in a monospaced font is a typewritten paragraph all the same: a sentence without signs of code."""
    if "\n" in line or not line.rstrip().endswith((".", "!", "?")):
        return False
    is_sentence = line[:1].isupper() and len(line.split()) >= _SENTENCE_WORDS and not _CODE_SIGN.search(line)
    return is_sentence or len(line) > MAX_CODE_LINE_CHARACTERS


def indentation(paragraph: Any) -> int:
    """By how many characters of code a paragraph is set in."""
    properties = paragraph.find(qn("w:pPr"))
    indent = None if properties is None else properties.find(qn("w:ind"))
    if indent is None:
        return 0
    left = number(indent.get(qn("w:left")) or indent.get(qn("w:start")))
    return max(round((left + number(indent.get(qn("w:firstLine")))) / TWIPS_PER_CHARACTER), 0)


def plain_text(paragraph: Any) -> str:
    """The letters of a paragraph, for a look ahead that counts nothing."""
    return "".join(text.text or "" for text in paragraph.iter(qn("w:t"), qn("m:t"))).strip()


def is_empty(paragraph: Any) -> bool:
    """Whether there is nothing to see in it."""
    return not plain_text(paragraph) and next(paragraph.iter(*_VISIBLE), None) is None


_VISIBLE = tuple(
    qn(name)
    for name in ("w:drawing", "w:pict", "w:object", "w:sym", "w:footnoteReference", "w:endnoteReference", "w:altChunk")
)


def is_table_caption(text: str) -> bool:
    """Whether it begins as captions of tables do, such as "Table 3"."""
    return len(text) <= _MAX_CAPTION_CHARACTERS and bool(_TABLE_CAPTION.match(text))


def _is_hidden(mark: Any | None) -> bool:
    """Whether a paragraph is hidden to its end: Word does not count it. `w:specVanish` hides the end alone."""
    return mark is not None and is_on(mark.find(_VANISH)) and not is_on(mark.find(_VANISH_OF_END))


def _is_initial(frame: Any | None, mark: Any | None) -> bool:
    """Whether the text goes on in the next paragraph: a drop cap, or a paragraph whose end was deleted."""
    if is_drop_cap(frame):
        return True
    return _is_end_deleted(mark)


def _is_end_deleted(mark: Any | None) -> bool:
    """Whether the end of a paragraph was deleted: what is left of it belongs to the next, which alone is counted."""
    return mark is not None and mark.find(_DELETED) is not None
