"""What siblings are called, beside which a sentence stands: headings, the cells of rows, items; and what names them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.answering.grounding.source_sentences import LIST_ITEM, Sentence
from portfolio_rag.domain.chunks import BlockKind
from portfolio_rag.text.language.content_words import terms, words_of
from portfolio_rag.text.language.identifiers import identifiers, is_same, lettered, named_identifiers
from portfolio_rag.text.language.settings_lines import setting

Slot = tuple[str, ...]
"""Where siblings stand beside each other: under one heading, in one column of a table, in one list."""

_PARALLEL = 0.5
_MIN_SHARED = 2
"""Content words that two sentences share when they say the same of two things."""

_MAX_LABEL_WORDS = 6
_ITEM_LABEL = re.compile(r"\s*([^:–—\n]{1,60}?)(?::|\s[–—-])\s")
_CELL = re.compile(r"^([^:]{1,80}):\s(.*)$", re.DOTALL)
_HOW = re.compile(
    r"\bhow\s+(?:often|long|far|fast|soon|big|large|old|many|much|(?!to\b)[^\W\d_]+(?=\s+(?:am|are|can|could|did|do|does"
    r"|had|has|have|is|may|might|must|shall|should|was|were|will|would)\b))",
    re.IGNORECASE,
)
"""How a question asks is no part of what it asks about: `how warm is` names no `Warm pool`."""
_WHOLE_NUMBER = re.compile(r"\d{1,6}")
_IN_BRACKETS = re.compile(r"\s*\([^()]*\)\s*$")
_CAPITAL = re.compile(r"[A-Z]")


@dataclass(frozen=True)
class Label:
    """What one of several siblings is called: `Silver`, `4.10 (2025-03-03)`, `How many guests may I bring?`."""

    text: str

    @cached_property
    def terms(self) -> frozenset[str]:
        return frozenset(terms(_HOW.sub(" ", self.text)))

    @cached_property
    def bare(self) -> Label:
        """Without what it adds in brackets: `Rare` of `Rare (1 in 1,000)`."""
        text = _IN_BRACKETS.sub("", self.text)
        return self if text == self.text else Label(text)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All of them in order, function words too: a model may be told from another one by an `S`."""
        return tuple(word.text for word in words_of(self.text))

    @cached_property
    def identifiers(self) -> frozenset[str]:
        numbers = frozenset(f"#{int(number)}" for number in _WHOLE_NUMBER.findall(self.text))
        return identifiers(self.text) | lettered(self.text) | numbers


@dataclass(frozen=True)
class Mention:
    """The words and identifiers of a claim or a question, by which it names things."""

    text: str

    @cached_property
    def terms(self) -> frozenset[str]:
        return frozenset(terms(_HOW.sub(" ", self.text)))

    @cached_property
    def identifiers(self) -> frozenset[str]:
        return identifiers(self.text) | lettered(self.text)

    @cached_property
    def required(self) -> frozenset[str]:
        """The identifiers that evidence must have in its place: those that surely name something."""
        return named_identifiers(self.text)

    def quotes(self, label: Label, *, beside: Label) -> bool:
        """Whether the label stands in the text as it is written, and not only as a part of the one `beside` it."""
        words = self._words
        if len(beside.words) > len(label.words):
            words = " ".join(words.replace(f" {' '.join(beside.words)} ", " | ").split())
        return f" {' '.join(label.words)} " in f" {words} "

    @cached_property
    def _words(self) -> str:
        return f" {' '.join(word.text for word in words_of(self.text))} "

    def identifies(self, label: Label, distinguishing: frozenset[str]) -> bool:
        names = label.identifiers & distinguishing
        return any(is_same(name, own) for name in names for own in self.identifiers)

    def share_named(self, label: Label, distinguishing: frozenset[str]) -> float:
        """How much of what tells a label from its siblings is mentioned, 0 to 1."""
        if self.identifies(label, distinguishing):
            return 1.0
        words = label.terms & distinguishing
        return len(words & self.terms) / len(words) if words else 0.0


def labels_of(source: SourceText, sentence: Sentence) -> Iterator[tuple[Slot, str]]:
    """What the sentence stands under, each with the slot in which it has siblings."""
    path = sentence.heading_path
    for depth, heading in enumerate(path):
        yield ("heading", source.document, *path[:depth]), heading
    for depth, outer in enumerate(sentence.above):
        if len(outer.split()) <= _MAX_LABEL_WORDS:
            yield ("above", source.document, *path, *sentence.above[:depth]), _label_of_outer(outer)
    place = (source.document, *path, sentence.lead_in)
    if cells := cells_of(sentence):
        for position, (column, text) in enumerate(cells):
            if text:
                yield ("column", *place, column or str(position)), text
    elif sentence.kind in (BlockKind.LIST, BlockKind.PARAGRAPH, None):
        item = LIST_ITEM.sub("", sentence.text, count=1)
        match = _ITEM_LABEL.match(item)
        if match and len(match[1].split()) <= _MAX_LABEL_WORDS:
            yield ("item", *place), match[1]


def _label_of_outer(outer: str) -> str:
    """What is called so has more below it: the value of `- name: billing`, the name of `listen:`."""
    name, value = setting(outer) or ("", "")
    return value.strip("{[") or name or LIST_ITEM.sub("", outer, count=1)


def cells_of(sentence: Sentence) -> list[tuple[str, str]]:
    """The cells of a row of a table as (column, text); the column is empty where the row does not say it."""
    if sentence.kind is not BlockKind.TABLE and "|" not in sentence.text:
        return []
    if " | " not in sentence.text and (entry := setting(sentence.text)):
        return [entry]
    cells = []
    for cell in sentence.text.split(" | "):
        match = _CELL.match(cell.strip())
        cells.append((match[1], match[2]) if match else ("", cell.strip()))
    return cells


def label_of_row(cells: Sequence[tuple[str, str]]) -> str:
    """What a row is called by: its first cell, or the name of its only value."""
    return cells[0][1] if len(cells) > 1 else cells[0][0]


def are_parallel(sentence: Sentence, other: Sentence) -> bool:
    """Whether two sentences say the same of two things."""
    shared, longer = sentence.wording & other.wording, max(len(sentence.wording), len(other.wording))
    return len(shared) >= _MIN_SHARED and len(shared) >= _PARALLEL * longer


def place_identifiers(source: SourceText, sentence: Sentence) -> frozenset[str]:
    return sentence.identifiers | sentence.context_identifiers | source.context_identifiers | _row_numbers(sentence)


def _row_numbers(sentence: Sentence) -> frozenset[str]:
    """Whole numbers and capital letters that fill a cell, and the number of an item, as identifiers."""
    cells = [text for _, text in cells_of(sentence)]
    found = {f"#{int(text)}" for text in cells if _WHOLE_NUMBER.fullmatch(text)}
    found |= {f"#{text.casefold()}" for text in cells if _CAPITAL.fullmatch(text)}
    if sentence.kind is BlockKind.LIST and (match := re.match(r"\s*(\d{1,6})[.)]", sentence.text)):
        found.add(f"#{int(match[1])}")
    return frozenset(found)
