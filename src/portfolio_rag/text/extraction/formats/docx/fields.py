"""Fields of Word: what their instructions tell beside the result that the document shows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from portfolio_rag.text.extraction.formats.docx.names import is_on, number, qn, value
from portfolio_rag.text.extraction.formats.docx.symbols import symbol

PAGE_NUMBER = "\x00"
"""Stands for the number of a page in the text of page headers and footers."""

_HYPERLINK = re.compile(r'\s*HYPERLINK\s+(?:\\[a-km-z]\s+)*(?:"([^"]*)"|([^\s"\\]\S*))', re.IGNORECASE)
_SYMBOL = re.compile(r'\s*SYMBOL\s+(0x[0-9a-f]+|\d+)(?:.*?\\f\s+"?([^"\\]+))?', re.IGNORECASE)
_PAGE_FIELDS = frozenset(["PAGE", "NUMPAGES", "SECTIONPAGES"])


@dataclass(slots=True)
class Field:
    """A field that is being read: `shows` once its result begins, at place `start` of the paragraph's pieces."""

    form: Any | None = None
    instruction: list[str] = field(default_factory=list)
    shows: bool = False
    start: int = 0

    @property
    def text(self) -> str:
        return "".join(self.instruction)


def name_of(instruction: str) -> str:
    words = instruction.split(None, 1)
    return words[0].upper() if words else ""


def is_page_number(instruction: str) -> bool:
    return name_of(instruction) in _PAGE_FIELDS


def address_of(instruction: str) -> str | None:
    """The address of a HYPERLINK; none for a place in the document."""
    match = _HYPERLINK.match(instruction)
    return None if match is None else match[1] or match[2]


def result_of(instruction: str, form: Any | None) -> str:
    """What a field shows that keeps no result: symbols, boxes and lists of forms."""
    match = _SYMBOL.match(instruction)
    if match is not None:
        return symbol((match[2] or "Symbol").strip(), int(match[1], 0)) or ""
    box = None if form is None else form.find(qn("w:checkBox"))
    if box is not None:
        checked = box.find(qn("w:checked"))
        return box_sign(is_on(box.find(qn("w:default")) if checked is None else checked))
    choices = None if form is None else form.find(qn("w:ddList"))
    if choices is not None:
        entries = [value(entry) or "" for entry in choices.iterchildren(qn("w:listEntry"))]
        at = choices.find(qn("w:result"))
        at = number(value(choices.find(qn("w:default")) if at is None else at))
        return entries[at] if 0 <= at < len(entries) else ""
    return ""


def box_sign(is_checked: bool) -> str:
    return "☒" if is_checked else "☐"


_PAGE_PHRASE = re.compile(
    r"(?:\b[^\W\d_]{1,6}+\.?+[^\S\n]*+)?\x00(?:[^\S\n]*+(?:of|von|de|sur|di|van|av|af|z|из|/|-)?+[^\S\n]*+\x00)*+",
    re.IGNORECASE,
)


def without_page_numbers(text: str) -> str:
    """The text of a header or footer without "Page 3 of 12", which is true of one page alone."""
    text = _PAGE_PHRASE.sub("", text)
    return text if any(character.isalnum() for character in text) else ""
