"""Names and values of WordprocessingML (ECMA-376), as lxml spells them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

NAMESPACES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "dgm": "http://schemas.openxmlformats.org/drawingml/2006/diagram",
    "adec": "http://schemas.microsoft.com/office/drawing/2017/decorative",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "w14": "http://schemas.microsoft.com/office/word/2010/wordml",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
    "wpg": "http://schemas.microsoft.com/office/word/2010/wordprocessingGroup",
    "v": "urn:schemas-microsoft-com:vml",
    "o": "urn:schemas-microsoft-com:office:office",
    "dc": "http://purl.org/dc/elements/1.1/",
}


@cache
def qn(name: str) -> str:
    """`w:p` as `{namespace}p`."""
    prefix, local = name.split(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


_VAL = qn("w:val")


def value(element: Any) -> str | None:
    """The attribute `w:val` of an element that may be missing."""
    return None if element is None else element.get(_VAL)


def number(text: str | None, default: int = 0) -> int:
    """The whole number that an attribute holds; Word itself reads `12.0` and ignores what is none."""
    try:
        return int(float(text)) if text else default
    except (ValueError, OverflowError):
        return default


def is_on(element: Any) -> bool:
    """Whether a toggle is there and not switched off."""
    return element is not None and element.get(_VAL) not in ("0", "false", "off")


def chosen(alternate: Any) -> Any | None:
    """What is to be read of `mc:AlternateContent`; the other branches show the same in other ways."""
    branch = alternate.find(qn("mc:Choice"))
    return branch if branch is not None else alternate.find(qn("mc:Fallback"))


_UNSEEN = frozenset(
    qn(f"w:{name}")
    for name in (
        "del",
        "moveFrom",
        "pPr",
        "rPr",
        "tblPr",
        "tblGrid",
        "trPr",
        "tcPr",
        "sectPr",
        "sdtPr",
        "bookmarkStart",
    )
)
"""What a reader of the final document does not see."""


def nearest(parent: Any, wanted: frozenset[str]) -> Iterator[Any]:
    """The nearest descendants with these tags in reading order, through content controls, insertions and the like.

    Placeholders of content controls ("Click here to enter text") are left out: nobody filled them in.
    """
    stack = list(parent)[::-1]
    while stack:
        element = stack.pop()
        tag = element.tag
        if tag in wanted:
            yield element
        elif tag == _ALTERNATE:
            branch = chosen(element)
            stack.extend([] if branch is None else list(branch)[::-1])
        elif isinstance(tag, str) and tag not in _UNSEEN and not is_placeholder(element):
            stack.extend(list(element)[::-1])


_ALTERNATE = qn("mc:AlternateContent")
_SDT = qn("w:sdt")
_SHOWING_PLACEHOLDER = f"{qn('w:sdtPr')}/{qn('w:showingPlcHdr')}"


def is_placeholder(element: Any) -> bool:
    """Whether the element is a content control that shows its prompt."""
    return element.tag == _SDT and is_on(element.find(_SHOWING_PLACEHOLDER))
