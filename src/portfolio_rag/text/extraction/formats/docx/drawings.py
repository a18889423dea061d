"""What pictures, shapes and diagrams say: descriptions, text boxes, SmartArt, charts, embedded objects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from portfolio_rag.text.extraction.formats.docx.names import chosen, qn


@dataclass(frozen=True, slots=True)
class Description:
    """What a picture shows, in words; the relationship leads to what a click on it opens."""

    text: str
    relationship: str = ""


@dataclass(frozen=True, slots=True)
class TextBox:
    """The `w:txbxContent` of a shape, whose children are blocks."""

    content: Any


@dataclass(frozen=True, slots=True)
class Diagram:
    """SmartArt; the relationship leads to its data."""

    relationship: str


@dataclass(frozen=True, slots=True)
class Chart:
    relationship: str


@dataclass(frozen=True, slots=True)
class EmbeddedObject:
    """A document of another program, of which the file shows a picture."""

    program: str


Drawn = Description | TextBox | Diagram | Chart | EmbeddedObject

_GENERATED = re.compile(
    r"\s*(?:\.\s*)?(?:description (?:automatically )?generated\b.*|automatically generated description\.?"
    r"|ai-generated content may be incorrect\.?)\s*$",
    re.IGNORECASE | re.DOTALL,
)
_NO_DESCRIPTION = re.compile(
    r"(?:picture|image|graphic|grafik|bild|imagen?|figure|shape|text ?box|textfeld|diagram|chart|logo|photo)?\s*\d*"
    r"|\S+\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|svg|webp|heic)",
    re.IGNORECASE,
)
_NAMED = frozenset(qn(name) for name in ("wp:docPr", "pic:cNvPr", "wps:cNvPr", "wpg:cNvPr"))
_VML = qn("v:")
_TEXT_BOX = qn("w:txbxContent")
_ALTERNATE = qn("mc:AlternateContent")


def drawn(element: Any) -> Iterator[Drawn]:
    """What `w:drawing`, `w:pict` or `w:object` shows, in the order of the file, the same description once."""
    described: set[str] = set()
    for child in _walk(element):
        tag = child.tag
        if tag == _TEXT_BOX:
            yield TextBox(child)
        elif tag == qn("dgm:relIds"):
            yield Diagram(child.get(qn("r:dm")) or "")
        elif tag == qn("c:chart"):
            yield Chart(child.get(qn("r:id")) or "")
        elif tag == qn("o:OLEObject"):
            yield EmbeddedObject(child.get("ProgID") or "an unknown program")
        else:
            text = _description(child)
            if text and text not in described:
                described.add(text)
                click = child.find(qn("a:hlinkClick"))
                yield Description(text, "" if click is None else click.get(qn("r:id")) or "")


def _walk(element: Any) -> Iterator[Any]:
    """All that is inside in order, but not in text boxes, which are read as blocks."""
    stack = [element]
    while stack:
        child = stack.pop()
        if not isinstance(child.tag, str):
            continue
        yield child
        if child.tag == _ALTERNATE:
            branch = chosen(child)
            stack.extend([] if branch is None else [branch])
        elif child.tag not in (_TEXT_BOX, qn("a:p")):
            stack.extend(list(child)[::-1])


def _description(element: Any) -> str:
    tag = element.tag
    if tag in _NAMED:
        decorative = element.find(f".//{qn('adec:decorative')}")
        if decorative is not None and decorative.get("val") in ("1", "true"):
            return ""
        title, description = element.get("title") or "", element.get("descr") or ""
        return _said(title, description)
    if tag == qn("a:p"):
        return "".join(text.text or "" for text in element.iter(qn("a:t"))).strip()
    if tag.startswith(_VML):
        return (element.get("string") or "").strip() if tag == qn("v:textpath") else _said(element.get("alt") or "")
    return ""


def _said(*texts: str) -> str:
    """The texts that say something, as one."""
    said = [_GENERATED.sub("", " ".join(text.split())) for text in texts]
    said = [text for text in said if not _NO_DESCRIPTION.fullmatch(text)]
    if len(said) == 2 and said[0] in said[1]:
        said = said[1:]
    return ": ".join(said)
