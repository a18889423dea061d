"""From the elements of a page to blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass

from selectolax.lexbor import LexborNode

from portfolio_rag.text.extraction.document import DocumentBuilder, ListNumbering
from portfolio_rag.text.extraction.formats.html.code import code_text, is_preformatted
from portfolio_rag.text.extraction.formats.html.lists import integer, numbering_of
from portfolio_rag.text.extraction.formats.html.nodes import BLOCKS, HEADINGS, Attributes, Event, classes, events
from portfolio_rag.text.extraction.formats.html.running_text import Reading, RunningText, heading_text, text_of
from portfolio_rag.text.extraction.formats.html.tables import add_table
from portfolio_rag.text.extraction.formats.html.tabs import holds_heading, is_disclosure, shows_all
from portfolio_rag.text.extraction.questions import split_question, without_answer_label
from portfolio_rag.text.extraction.scripts import note_mark

_LISTS = frozenset(["ul", "ol", "dir"])
_BEFORE_NOTE = " \xa0\n^↑"
_EMPTY_LABEL = re.compile(r"\A[\[(]\s*[\])][.:]?\s*")
"""What is left of `[1]` in front of a note when the link back is gone."""
_FURNITURE = frozenset(["header", "footer", "aside"])
_QUESTION_CLASS = re.compile(
    r"(?:^|[\s_-])(?:faqs?|accordions?)[_-]{1,2}(?:item[_-]{1,2})?(?:question|title|header|heading|button|trigger|toggle)"
    r"(?:$|\s)",
    re.IGNORECASE,
)
_MAX_ANCESTORS = 10
"""That may stand between the name of a question and the question, in the vocabulary of schema.org."""


@dataclass(slots=True)
class _Terms:
    """How many terms of a list are open, one in the other: those that share the definitions behind them."""

    open: int = 0
    are_defined: bool = False


class Walk:
    """Gathers running text until a block begins or ends, then gives it to the builder."""

    def __init__(self, builder: DocumentBuilder, reading: Reading) -> None:
        self._builder = builder
        self._reading = reading
        self._text = RunningText(reading)
        self._lists: list[ListNumbering] = []
        self._terms: list[_Terms] = []

    def run(self, root: LexborNode) -> None:
        walk = events(root, self._reading.revealed)
        skip: bool | None = None
        while True:
            try:
                event = walk.send(skip) if skip else next(walk)
            except StopIteration:
                break
            skip = self._handle(event)
            self._text.strike(event, is_read=skip)
            if self._reading.notes.waiting and not self._lists and self._text.is_empty:
                self._add_notes()
        self._flush()
        self._add_notes(rest=True)

    def _handle(self, event: Event) -> bool:
        """Whether the inside of the element was dealt with."""
        kind, node, attributes = event
        if kind == "text":
            return self._text.handle(event)
        tag = node.tag or ""
        if kind == "enter" and self._is_left_out(node):
            self._flush()
            return True
        if kind == "leave":
            if tag in BLOCKS or node.mem_id in self._reading.labels:
                self._flush()
                self._leave(node, tag)
                return False
            return self._text.handle(event)
        if self._add_heading(node, tag, attributes):
            return True
        if is_preformatted(node, tag, attributes):
            self._flush()
            self._builder.code(code_text(node, self._reading.revealed))
            return True
        if tag == "table":
            self._flush()
            return add_table(node, self._builder, self._reading)
        if tag in BLOCKS:
            self._flush()
            self._enter(node, tag, attributes)
            return False
        return self._text.handle(event)

    def _is_left_out(self, node: LexborNode) -> bool:
        """Whether it is no part of the page, or is a note, which is read where the text refers to it."""
        notes = self._reading.notes
        if node.mem_id in notes.elements:
            notes.met.append(node.mem_id)
            return True
        return node.mem_id in self._reading.banners or (node.mem_id in notes.left_out and node.tag in HEADINGS)

    def _add_notes(self, *, rest: bool = False) -> None:
        for label, note in self._reading.notes.take(rest=rest):
            text = _EMPTY_LABEL.sub("", text_of(note, self._reading).strip(_BEFORE_NOTE))
            if text:
                self._builder.paragraph(f"{note_mark(label)} {text}")

    def _enter(self, node: LexborNode, tag: str, attributes: Attributes) -> None:
        if tag in _LISTS:
            self._lists.append(numbering_of(node, attributes))
        elif tag == "li" and self._lists:
            self._lists[-1].open_item(integer(attributes.get("value")))
        elif tag in _FURNITURE:
            self._text.furniture_depth += 1
        elif tag in ("dl", "details"):
            self._terms.append(_Terms())
        elif tag == "dd" and self._terms:
            self._terms[-1].are_defined = True

    def _leave(self, node: LexborNode, tag: str) -> None:
        if tag in _LISTS:
            self._builder.close_item(self._lists.pop())
        elif tag == "li" and self._lists:
            self._builder.close_item(self._lists[-1])
        elif tag in _FURNITURE:
            self._text.furniture_depth -= 1
        elif tag in ("dl", "details"):
            self._close_terms()
            self._terms.pop()
        elif node.mem_id in self._reading.labels:
            self._builder.close_section()

    def _close_terms(self) -> None:
        for _ in range(self._terms[-1].open):
            self._builder.close_section()
        self._terms[-1] = _Terms()

    def _add_heading(self, node: LexborNode, tag: str, attributes: Attributes) -> bool:
        """Whether the element is a heading in some clothes, is added, and needs no further reading."""
        if node.mem_id in self._reading.labels:
            self._flush()
            self._builder.open_section(self._reading.labels[node.mem_id])
            return False
        if node.mem_id in self._reading.tabs:
            return True
        if tag in HEADINGS:
            self._heading(node, HEADINGS[tag])
        elif attributes.get("role") == "heading":
            self._heading(node, min(max(integer(attributes.get("aria-level")) or 2, 1), 6))
        elif tag in ("dt", "summary") and self._terms:
            self._flush()
            if self._terms[-1].are_defined:
                self._close_terms()
            self._builder.open_section(self._numbered(heading_text(node, self._reading)))
            self._terms[-1].open += 1
        elif tag == "button" or (attributes.get("role") == "button" and "aria-expanded" in attributes):
            if not is_disclosure(attributes, self._reading) or shows_all(node):
                return tag == "button"
            if holds_heading(node):
                return False
            self._flush()
            self._builder.question(heading_text(node, self._reading), self._lists)
        elif attributes and _names_question(node, attributes) and not holds_heading(node):
            self._flush()
            self._builder.question(heading_text(node, self._reading), self._lists)
        else:
            return False
        return True

    def _heading(self, node: LexborNode, level: int) -> None:
        self._flush()
        text = heading_text(node, self._reading)
        if text.strip():
            self._builder.heading(self._numbered(text), level)

    def _numbered(self, heading: str) -> str:
        """A heading at the start of an item has the item's number."""
        if not self._lists or not heading.strip():
            return heading
        return self._lists[-1].head_item() + heading.strip()

    def _flush(self) -> None:
        text, bold = self._text.take()
        if not text.strip():
            return
        question = split_question(text, bold)
        if question is not None:
            self._builder.question(question.text, self._lists)
            text = question.answer
        elif self._builder.is_after_question:
            text = without_answer_label(text.lstrip())
        if self._lists and not self._lists[-1].is_headed:
            self._builder.item(text, self._lists[-1].take_marker(), len(self._lists) - 1)
        else:
            self._builder.paragraph(text)


def _names_question(node: LexborNode, attributes: Attributes) -> bool:
    """Whether the element is what a question asks, by its microdata or by its class."""
    if attributes.get("itemprop") == "name":
        return _is_in_question(node)
    return "class" in attributes and bool(_QUESTION_CLASS.search(classes(attributes)))


def _is_in_question(node: LexborNode) -> bool:
    parent = node.parent
    for _ in range(_MAX_ANCESTORS):
        if parent is None:
            return False
        attributes = parent.attributes
        if "itemscope" in attributes:
            return (attributes.get("itemtype") or "").rstrip("/").endswith("schema.org/Question")
        parent = parent.parent
    return False
