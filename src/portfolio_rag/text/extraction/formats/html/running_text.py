"""Running text: what stands between two blocks, with addresses, raised and lowered text, formulas, descriptions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urljoin

from selectolax.lexbor import LexborNode

from portfolio_rag.text.extraction.formats.html.banners import skips_menu
from portfolio_rag.text.extraction.formats.html.formulas import formula_of
from portfolio_rag.text.extraction.formats.html.nodes import (
    BLOCKS,
    Attributes,
    Event,
    classes,
    events,
    is_permalink,
    is_struck,
    says_state,
    script_of,
)
from portfolio_rag.text.extraction.formats.html.notes import Notes, is_note_mark, label_of
from portfolio_rag.text.extraction.links import with_address
from portfolio_rag.text.extraction.scripts import note_mark, subscript, superscript
from portfolio_rag.text.language.struck_out import struck, without_seams

_BLANKS = re.compile(r"\s+")
_BOLD = frozenset(["b", "strong"])
_FRAMED = frozenset(["a", "sup", "sub", "q", "rt"]) | _BOLD
_CONTACTS = ("mailto:", "tel:")
_NOTE_CLASS = re.compile(r"(?:^|[\s_-])(?:footnote|noteref|fn-?ref|endnote)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the page as a whole says: the address that others are relative to, and what shows only when asked for.

    `revealed` are the ids of elements that a control shows, `menus` those of what is no content. `labels` are the names
    of tab panels by the panels' `mem_id`, and `tabs` the elements that hold these names. `banners` are no content, too.
    """

    base: str = ""
    revealed: frozenset[str] = frozenset()
    menus: frozenset[str] = frozenset()
    labels: dict[int, str] = field(default_factory=dict)
    tabs: frozenset[int] = frozenset()
    banners: frozenset[int] = frozenset()
    notes: Notes = field(default_factory=Notes)

    def address(self, href: str | None) -> str | None:
        if not href or href.lstrip().startswith("#"):
            return None
        try:
            return urljoin(self.base, href.strip()) if self.base else href
        except ValueError:
            return None


@dataclass(slots=True)
class _Frame:
    """An element whose text is changed when it ends."""

    attributes: Attributes
    parts: list[str] = field(default_factory=list)


class RunningText:
    """Takes the events inside a block; `take` gives the text so far. Line breaks of the source are blanks."""

    def __init__(self, reading: Reading, *, in_heading: bool = False) -> None:
        self._reading = reading
        self._in_heading = in_heading
        self._frames = [_Frame({})]
        self._bold_depth = 0
        self._bold: str | None = None
        self._struck_depth = 0
        self._holds_struck = False
        self.furniture_depth = 0
        """Above 0 inside the head, the foot or the margin of the page: links there lead all over the site."""

    @property
    def is_empty(self) -> bool:
        return not any(frame.parts for frame in self._frames)

    def add(self, text: str) -> None:
        if self._bold is None and not self._bold_depth and text and not text.isspace():
            self._bold = self._so_far()
        if self._struck_depth and text.strip():
            text, self._holds_struck = struck(text), True
        self._frames[-1].parts.append(text)

    def strike(self, event: Event, *, is_read: bool = False) -> None:
        """To be told of each element once it was handled; `is_read`: what is inside was dealt with."""
        kind, node, attributes = event
        if kind != "text" and not is_read and is_struck(node, attributes):
            self._struck_depth += 1 if kind == "enter" else -1

    def handle(self, event: Event) -> bool:
        """Whether what is inside the element was dealt with."""
        kind, node, attributes = event
        tag = script_of(node.tag or "", attributes)
        if kind == "text":
            self.add(_BLANKS.sub(" ", node.text_content or ""))
        elif kind == "leave":
            if tag in _FRAMED:
                self._close(tag)
        elif tag == "br":
            self._frames[-1].parts.append("\n")
        elif tag == "img":
            self.add(attributes.get("alt") or "")
        elif tag == "input":
            if attributes.get("type") == "checkbox":
                self.add("[x] " if "checked" in attributes else "[ ] ")
        elif tag in _FRAMED:
            if tag == "a" and self._link(node, attributes):
                return True
            self._bold_depth += tag in _BOLD
            self._frames.append(_Frame(attributes))
        elif tag in ("math", "script", "mjx-container") or "class" in attributes:
            formula = formula_of(node, attributes)
            if formula is not None:
                self.add(formula)
                return True
        return False

    def _link(self, node: LexborNode, attributes: Attributes) -> bool:
        """Whether a link is no part of the text, or was dealt with: it is the mark of a note."""
        notes = self._reading.notes
        if node.mem_id in notes.marks:
            label = notes.refer(node.mem_id)
            if not self._in_heading:
                self.add(note_mark(label))
            return True
        return (
            node.mem_id in notes.left_out
            or is_permalink(node, attributes, in_heading=self._in_heading)
            or skips_menu(attributes, node.text())
        )

    def take(self) -> tuple[str, str]:
        """The text since the last call, and what of it is in bold type at its start.

        A block that begins inside a link or the like makes two of it; neither part is changed by it then.
        """
        text = self._so_far()
        bold = text if self._bold is None else self._bold
        if self._holds_struck:
            text, bold = without_seams(text), without_seams(bold)
        for frame in self._frames:
            frame.parts.clear()
            frame.attributes = {}
        self._bold, self._holds_struck = None, False
        return text, bold

    def _so_far(self) -> str:
        return "".join(part for frame in self._frames for part in frame.parts)

    def _close(self, tag: str) -> None:
        if len(self._frames) == 1:
            return
        frame = self._frames.pop()
        text = "".join(frame.parts)
        self._bold_depth -= tag in _BOLD
        self._frames[-1].parts.append(self._changed(tag, frame.attributes, text) if text.strip() else text)

    def _changed(self, tag: str, attributes: Attributes, text: str) -> str:
        match tag:
            case "a" if is_note_mark(attributes):
                return note_mark(label_of(text))
            case "a" if not self._in_heading:
                href = attributes.get("href") or ""
                is_shown = not self.furniture_depth or href.lower().startswith(_CONTACTS)
                return with_address(text, self._reading.address(href)) if is_shown else text
            case "sup" if _NOTE_CLASS.search(classes(attributes)) and text.strip().isalnum():
                return note_mark(text.strip())
            case "sup":
                return superscript(text, self._so_far())
            case "sub":
                return subscript(text)
            case "q":
                return f"“{text}”"
            case "rt":
                return f"({text.strip()})"
        return text


def text_of(
    root: LexborNode,
    reading: Reading,
    *,
    in_heading: bool = False,
    with_buttons: bool = False,
    without: frozenset[int] = frozenset(),
) -> str:
    """The text of an element on which blocks and breaks become blanks, items of a list set apart by semicolons.

    `without` are the `mem_id` of elements that are left out.
    """
    running = RunningText(reading, in_heading=in_heading)
    walk = events(root, reading.revealed)
    skip: bool | None = None
    after_item = False
    while True:
        try:
            event = walk.send(skip) if skip else next(walk)
        except StopIteration:
            break
        kind, node, attributes = event
        tag = node.tag or ""
        skip = False
        is_out = (
            (tag == "button" and not with_buttons)
            or node.mem_id in without
            or (in_heading and says_state(node, attributes))
            or (node.mem_id in reading.notes.elements and node.mem_id != root.mem_id)
        )
        if kind == "enter" and is_out:
            skip = True
            if tag in BLOCKS:
                running.add(" ")
        elif kind != "text" and tag in BLOCKS:
            is_item_end = tag == "li" and kind == "leave"
            if not is_item_end:
                running.add("; " if tag == "li" and after_item else " ")
            after_item = is_item_end
        else:
            after_item = after_item and kind == "text" and not (node.text_content or "").strip()
            skip = running.handle(event)
        running.strike(event, is_read=skip)
    return running.take()[0]


def heading_text(root: LexborNode, reading: Reading) -> str:
    """The text of a heading, a term or a summary; a button in it counts where there is nothing else."""
    text = text_of(root, reading, in_heading=True)
    return text if text.strip() else text_of(root, reading, in_heading=True, with_buttons=True)
