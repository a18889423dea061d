"""Footnotes of a page: they stand at its end, and are read behind the block that refers to them, as a reader does.

A note is what a mark in the text leads to and what leads back to that mark, or what the page calls a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser, LexborNode

from portfolio_rag.text.extraction.formats.html.nodes import Attributes, classes
from portfolio_rag.text.extraction.scripts import NOTE_NAMES

MAX_NOTE_CHARACTERS = 3000
"""A longer "note" is a part of the page."""

MAX_MARKS = 3000
"""Of a page: with more, its notes are read where they stand."""

NOTE_SIGNS = " \xa0\n\t[]()^"
"""What may stand around the label of a note, when it is raised and when it is not."""

_MAX_MARK_CHARACTERS = 40
_LABEL = re.compile(r"\w{1,6}|[*†‡§¶]{1,6}")
_NOTE_CLASS = re.compile(r"(?:^|[\s_-])(?:footnote|noteref|fn-?ref|endnote)", re.IGNORECASE)
_LIST_CLASS = re.compile(r"(?:^|[\s_-])(?:footnotes|endnotes)(?:$|[\s_-])", re.IGNORECASE)
_NOTE_ROLES = frozenset(["doc-footnote", "doc-endnote"])
_NOTE_TYPES = frozenset(["footnote", "endnote", "rearnote"])
_INLINE = frozenset(["a", "b", "span", "strong", "sup"])
_LINKS = 'a[href^="#"]'
_LISTS = '[role=doc-endnotes], [data-footnotes], [class*="footnotes"], [class*="endnotes"], [style*="footnote-list"]'
_BLOCKS = frozenset(["aside", "dd", "div", "li", "p", "section"])
_COUNTING = "-:_0123456789"
"""By which the names of several marks of one note differ."""
_MAX_DEPTH = 300
_MAX_LINKS = 200
_NEAR = 3
"""How many elements up from a mark or a place its own names are looked for."""


@dataclass(slots=True)
class Notes:
    """By `mem_id`: the notes with their labels, the marks with the notes that they lead to, and what is left out.

    `waiting` are the notes whose marks have been read, in order; `met` those that stand in what is read.
    """

    elements: dict[int, LexborNode] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)
    marks: dict[int, int] = field(default_factory=dict)
    left_out: set[int] = field(default_factory=set)
    waiting: list[int] = field(default_factory=list)
    met: list[int] = field(default_factory=list)
    said: set[int] = field(default_factory=set)

    def refer(self, mark: int) -> str:
        """The label of the note that a mark leads to, which is to be read soon."""
        note = self.marks[mark]
        self.waiting.append(note)
        return self.labels[note]

    def take(self, *, rest: bool = False) -> Iterator[tuple[str, LexborNode]]:
        """The notes that wait, each once, also those that are referred to meanwhile; the `rest`: all that were met."""
        while self.waiting or (rest and self.met):
            note = self.waiting.pop(0) if self.waiting else self.met.pop(0)
            if note not in self.said:
                self.said.add(note)
                yield self.labels[note], self.elements[note]


def is_note_mark(attributes: Attributes) -> bool:
    """Whether a link is the mark of a note by what the page says of it."""
    return (
        attributes.get("role") == "doc-noteref"
        or attributes.get("epub:type") == "noteref"
        or "data-footnote-ref" in attributes
    )


def label_of(text: str) -> str:
    return text.strip(NOTE_SIGNS).removeprefix(f"{NOTE_NAMES['footnote']} ")


def notes_of(tree: LexborHTMLParser) -> Notes:
    """Those of the page; none where it has more than MAX_MARKS of what may be marks."""
    notes = Notes()
    marks = [link for link in tree.css(_LINKS) if _may_be_mark(link)]
    if not 0 < len(marks) <= MAX_MARKS:
        return notes
    places: dict[str, LexborNode] = {}
    for node in tree.css("[id], a[name]"):
        for name in _names(node):
            places.setdefault(name, node)
    finder = _Finder()
    for mark in marks:
        if mark.mem_id in notes.left_out or _is_called_note(mark):
            continue  # it leads from a note back to the text, which comes first
        note = finder.note_at(places.get(_fragment(mark)), mark)
        back = [] if note is None else finder.ways_back(note, mark)
        if note is None or not (back or _is_called_note(note)):
            continue
        notes.elements.setdefault(note.mem_id, note)
        notes.labels.setdefault(note.mem_id, label_of(mark.text()))
        notes.marks[mark.mem_id] = note.mem_id
        notes.left_out.update(link.mem_id for link in back)
    for group in tree.css(_LISTS) if notes.elements else ():
        notes.left_out.update(heading.mem_id for heading in group.css("h1, h2, h3, h4, h5, h6"))
    return notes


def _may_be_mark(link: LexborNode) -> bool:
    """A short label that is raised, in brackets, or that the page calls a mark."""
    text = link.text()
    if len(text) > _MAX_MARK_CHARACTERS or not _LABEL.fullmatch(label_of(text)):
        return False
    attributes = link.attributes
    if is_note_mark(attributes) or _NOTE_CLASS.search(classes(attributes)):
        return True
    if text.strip().startswith("[") and text.strip().endswith("]"):
        return True
    return link.css_first("sup") is not None or any(parent.tag == "sup" for parent in _upwards(link))


def _upwards(node: LexborNode) -> Iterator[LexborNode]:
    parent = node.parent
    for _ in range(_NEAR):
        if parent is None:
            return
        yield parent
        parent = parent.parent


def _names(node: LexborNode) -> list[str]:
    attributes = node.attributes
    return [name for key in ("id", "name") if (name := attributes.get(key))]


def _fragment(link: LexborNode) -> str:
    return unquote((link.attributes.get("href") or "")[1:])


class _Finder:
    """Finds notes, and looks at each element once however many marks lead to it."""

    def __init__(self) -> None:
        self._can_be_note: dict[int, bool] = {}
        self._links: dict[int, list[LexborNode]] = {}

    def note_at(self, place: LexborNode | None, mark: LexborNode) -> LexborNode | None:
        """The block that a mark leads to; None for one that holds the mark or a heading, or is no block of text."""
        if place is not None and place.tag in _INLINE:
            place = next((parent for parent in _upwards(place) if parent.tag not in _INLINE), None)
        if place is not None and place.tag == "p" and self._is_alone(place):
            place = place.parent
        if place is None or not self._is_block_of_text(place):
            return None
        parent = mark.parent
        for _ in range(_MAX_DEPTH):
            if parent is None:
                return place
            if parent.mem_id == place.mem_id:
                return None
            parent = parent.parent
        return None

    def ways_back(self, note: LexborNode, mark: LexborNode) -> list[LexborNode]:
        """The links from a note to the mark, and those to other marks of the same note beside them."""
        own = {name for node in (mark, *_upwards(mark), *mark.css("[id]")) for name in _names(node)}
        links = self._links_of(note)
        if not any(_fragment(link) in own for link in links):
            return []
        stems = {name.rstrip(_COUNTING) for name in own}
        return [link for link in links if _fragment(link).rstrip(_COUNTING) in stems]

    def _is_block_of_text(self, place: LexborNode) -> bool:
        verdict = self._can_be_note.get(place.mem_id)
        if verdict is None:
            verdict = (
                place.tag in _BLOCKS
                and len(place.text()) <= MAX_NOTE_CHARACTERS
                and place.css_first("h1, h2, h3, h4, h5, h6, table") is None
            )
            self._can_be_note[place.mem_id] = verdict
        return verdict

    def _is_alone(self, paragraph: LexborNode) -> bool:
        """Whether it is all that leads anywhere in its `div`, which then holds the whole of one note."""
        parent = paragraph.parent
        if parent is None or parent.tag != "div":
            return False
        return len(self._links_of(parent)) == len(self._links_of(paragraph)) == 1

    def _links_of(self, element: LexborNode) -> list[LexborNode]:
        """The first links within the page that stand in an element, those with a short text."""
        if element.mem_id not in self._links:
            links = element.css(_LINKS)[:_MAX_LINKS]
            self._links[element.mem_id] = [link for link in links if len(link.text()) <= _MAX_MARK_CHARACTERS]
        return self._links[element.mem_id]


def _is_called_note(note: LexborNode) -> bool:
    for node in (note, *_upwards(note)):
        attributes = node.attributes
        if attributes.get("role") in _NOTE_ROLES or attributes.get("role") == "doc-endnotes":
            return True
        if attributes.get("epub:type") in _NOTE_TYPES or "data-footnotes" in attributes:
            return True
        if _LIST_CLASS.search(classes(attributes)):
            return True
    return False
