"""Footnotes, endnotes and comments: their labels and their texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portfolio_rag.text.extraction.formats.docx.names import number, qn, value
from portfolio_rag.text.extraction.formats.docx.number_formats import formatted


@dataclass(frozen=True, slots=True)
class NoteReference:
    """A mark in the text. `kind` is `footnote` or `endnote`."""

    kind: str
    note_id: str
    label: str


@dataclass(frozen=True, slots=True)
class CommentReference:
    """`quote` is what the comment is about, where that is a piece of one paragraph."""

    comment_id: str
    quote: str


@dataclass(frozen=True, slots=True)
class Note:
    """The element that holds the blocks of a note, and the part that its relationships belong to."""

    element: Any
    part: str


_DEFAULT_FORMATS = {"footnote": "decimal", "endnote": "lowerRoman"}


class Notes:
    """The notes of a document, read when the first is asked for."""

    def __init__(
        self, story: Callable[[str], tuple[str, Any] | None], settings: Any | None, section: Any | None
    ) -> None:
        """`story` finds a part by the kind of its relationship, with its root."""
        self._story = story
        self._stories: dict[str, dict[str, Note]] = {}
        self._properties = [element for element in (section, settings) if element is not None]
        self._counts: Counter[str] = Counter()
        self._labels: dict[tuple[str, str], str] = {}

    def label(self, kind: str, note_id: str) -> str:
        """The number of a note, counted by the order of the marks."""
        if (kind, note_id) not in self._labels:
            start = number(self._property(kind, "w:numStart"), 1)
            count = start + self._counts[kind]
            self._counts[kind] += 1
            self._labels[kind, note_id] = formatted(count, self._property(kind, "w:numFmt") or _DEFAULT_FORMATS[kind])
        return self._labels[kind, note_id]

    def find(self, kind: str, note_id: str) -> Note | None:
        """`kind` is `footnote`, `endnote` or `comment`."""
        if kind not in self._stories:
            self._stories[kind] = self._read(kind)
        return self._stories[kind].get(note_id)

    def _property(self, kind: str, name: str) -> str | None:
        for element in self._properties:
            found = value(element.find(f"{qn(f'w:{kind}Pr')}/{qn(name)}"))
            if found is not None:
                return found
        return None

    def _read(self, kind: str) -> dict[str, Note]:
        found = self._story(f"{kind}s")
        if found is None:
            return {}
        part, root = found
        return {
            element.get(qn("w:id")): Note(element, part)
            for element in root.iterchildren(qn(f"w:{kind}"))
            if element.get(qn("w:type"), "normal") == "normal"
        }
