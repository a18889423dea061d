"""The sentences of a source that may serve as evidence, each with the place in which it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from portfolio_rag.answering.grounding.prompt_injection import injected_spans
from portfolio_rag.domain.chunks import BlockKind, ChunkPart, Span
from portfolio_rag.text.language.abbreviations import spelled_out
from portfolio_rag.text.language.content_words import terms
from portfolio_rag.text.language.facts import Facts, extract_facts
from portfolio_rag.text.language.identifiers import identifiers
from portfolio_rag.text.language.inline_lists import inline_list
from portfolio_rag.text.language.labelled_lines import labelled_lines
from portfolio_rag.text.language.negations import denies
from portfolio_rag.text.language.quantities import Quantity
from portfolio_rag.text.language.sentences import sentences
from portfolio_rag.text.language.settings_lines import indent_of, is_settings, opens_section, setting

_LINE = re.compile(r"[^\n]+")
_CONDITION = re.compile(
    r"\b(?:if|when|whenever|unless|who|whoever|that|which|while|until|wenn|falls|sofern|solange|si|quand|cuando)\b",
    re.IGNORECASE,
)
"""In a lead-in: what it denies is when the rest holds, and not the rest."""
LIST_ITEM = re.compile(
    r"^[ \t]*((?:[-*+•–]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{2,5})[.)]"
    r"|(?:§[ \t]?\d{1,4}|\d{1,2}(?:\.\d{1,2}){1,4}\.?)(?=[ \t]+[^\W\d_a-zß-öø-ÿ]))[ \t]+)",
    re.MULTILINE,
)
"""A number such as 2.2 is that of a clause before a capital only: `2.5 kg` may begin a line as well."""
_LONG_ITEM = 200
"""Characters beyond which an item of a list is read by its sentences."""
_LONG_SENTENCE = 350
"""Characters beyond which a `sentence` is a table or a list: its lines are its sentences."""
_ITEM_WORDS = 8
"""A paragraph of so few is an item of what its heading names: `Glass bottles on the pitch.`"""
_MAY_HOLD_LISTS = (BlockKind.PARAGRAPH, BlockKind.LIST, None)


@dataclass(frozen=True)
class Sentence:
    """[start, end) in the source's text: a sentence, an item of a list, a row of a table or a heading.

    `heading_path` is the one that it stands under; `lead_in` what leads its list or table in, and what stands `above`
    it in a list of lists or in settings, the outermost first. `kind` is None where the source does not say.
    """

    start: int
    end: int
    text: str
    heading_path: tuple[str, ...] = ()
    lead_in: str = ""
    kind: BlockKind | None = None
    above: tuple[str, ...] = ()

    @property
    def context(self) -> str:
        return "\n".join((*self.heading_path, self.lead_in)) if self.lead_in else "\n".join(self.heading_path)

    @property
    def is_question(self) -> bool:
        """A question states nothing, whatever it is that it asks."""
        return self.text.rstrip().endswith("?")

    @cached_property
    def terms(self) -> frozenset[str]:
        """Those of its words and of the words that its abbreviations stand for."""
        return frozenset(terms(self.text)) | spelled_out(self.text)

    @cached_property
    def context_terms(self) -> frozenset[str]:
        return frozenset(terms(self.context))

    @cached_property
    def identifiers(self) -> frozenset[str]:
        """Those of its text."""
        return identifiers(self.text)

    @cached_property
    def context_identifiers(self) -> frozenset[str]:
        return identifiers(self.context).union(*(heading_number(heading) for heading in self.heading_path))

    @cached_property
    def facts(self) -> Facts:
        return extract_facts(self.text)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        return self.facts.quantities

    @cached_property
    def led_in_negated(self) -> tuple[frozenset[str], ...]:
        """What its lead-in denies of it: `The following is not covered:`. A table may have its key above it instead."""
        lines = self.lead_in.splitlines() or [self.lead]
        leading = (
            line
            for line in lines
            if (self.kind is not BlockKind.TABLE or line.rstrip().endswith(":")) and not _CONDITION.search(line)
        )
        return tuple(chain.from_iterable(extract_facts(line).negated for line in leading))

    @cached_property
    def lead(self) -> str:
        """What a reader sees above an item and takes for a part of it; empty where nothing is.

        So is a heading that denies, `Not covered`, of its items and of what is as short as one.
        """
        if self.kind is BlockKind.LIST and self.lead_in:
            return " ".join(LIST_ITEM.sub("", line).strip() for line in self.lead_in.splitlines())
        heading = self.heading_path[-1].strip() if self.heading_path else ""
        is_item = self.kind is BlockKind.LIST or (
            self.kind in _MAY_HOLD_LISTS and len(self.text.split()) <= _ITEM_WORDS and not denies(self.text)
        )
        return f"{heading}:" if is_item and denies(heading) and not heading.endswith("?") else ""

    @cached_property
    def said(self) -> str:
        """An item without its mark, behind its `lead`; any other sentence as it stands."""
        return f"{self.lead} {LIST_ITEM.sub('', self.text, count=1)}" if self.lead else self.text

    def negated_beside(self, claimed: Sequence[frozenset[str]]) -> tuple[frozenset[str], ...]:
        """What it denies, or its lead-in does, of what a claim may deny (`claimed`, empty where it denies nothing)."""
        leading = (scope for scope in self.led_in_negated if not claimed or any(scope & own for own in claimed))
        return (*self.facts.negated, *leading)

    @cached_property
    def wording(self) -> frozenset[str]:
        """Its content words without numbers and dates."""
        return frozenset(terms(self.facts.wording))


_NUMBER_FIRST = re.compile(r"\s*(?:v|version\s|§\s*)?(\d+(?:\.\d+)*)[.)]?(?=\s|$)", re.IGNORECASE)


def heading_number(heading: str) -> frozenset[str]:
    """The number that a heading begins with, as an identifier: `3. Payment` gives `#3`, `2.1 Rent` gives `2.1`."""
    match = _NUMBER_FIRST.match(heading)
    if match is None:
        return frozenset()
    return frozenset([match[1] if "." in match[1] else f"#{int(match[1])}"])


def split_sentences(text: str, parts: Sequence[ChunkPart] = ()) -> list[Sentence]:
    """The sentences of a source that may serve as evidence, in order, each with the place that its part has."""
    barred = injected_spans(text)
    return [
        sentence
        for sentence in _in_parts(text, parts or [ChunkPart(0)], is_known=bool(parts))
        if not any(sentence.start < stop and begin < sentence.end for begin, stop in barred)
    ]


def _in_parts(text: str, parts: Sequence[ChunkPart], *, is_known: bool) -> Iterator[Sentence]:
    for part, following in zip(parts, [*(part.start for part in parts[1:]), len(text)], strict=True):
        body = text[part.start : following]
        kind = part.kind if is_known else None
        settings = _may_be_settings(kind) and is_settings(body, is_code=kind is BlockKind.CODE)
        outer: list[tuple[int, str]] = []
        for start, end in _lines(body, 0, len(body)) if settings else _pieces(body, kind):
            piece = body[start:end]
            own = _kind_of_line(piece, kind) if settings else kind
            indent = indent_of(body[body.rfind("\n", 0, start) + 1 : end])
            outer = [item for item in outer if item[0] < indent]
            above = tuple(item for _, item in outer)
            lead_in = "\n".join(filter(None, (part.lead_in, *above)))
            whole = Sentence(part.start + start, part.start + end, piece, part.heading_path, lead_in, own, above)
            yield from _by_items(whole)
            if kind is BlockKind.LIST or (settings and own is not kind):
                outer.append((indent, piece))


def _by_items(sentence: Sentence) -> Iterator[Sentence]:
    """The sentence; what leads in and each item of one that is a long list in itself."""
    found = inline_list(sentence.text) if sentence.kind in _MAY_HOLD_LISTS else None
    if found is None:
        yield sentence
        return
    lead = _part_of(sentence, found.lead)
    yield lead
    led_in = "\n".join(filter(None, (sentence.lead_in, lead.text)))
    for item in found.items:
        yield replace(_part_of(sentence, item), kind=BlockKind.LIST, lead_in=led_in)


def _part_of(sentence: Sentence, span: Span) -> Sentence:
    start, end = span
    return replace(sentence, start=sentence.start + start, end=sentence.start + end, text=sentence.text[start:end])


def _kind_of_line(line: str, kind: BlockKind | None) -> BlockKind | None:
    """A setting is a row of one cell, what opens a section its heading; a comment is what the text around it is."""
    if opens_section(line):
        return BlockKind.HEADING
    return BlockKind.TABLE if setting(line) else kind


def _may_be_settings(kind: BlockKind | None) -> bool:
    return kind in (BlockKind.CODE, BlockKind.PARAGRAPH, None)


def _pieces(text: str, kind: BlockKind | None) -> list[tuple[int, int]]:
    match kind:
        case BlockKind.TABLE:
            return _lines(text, 0, len(text))
        case BlockKind.HEADING:
            return [(0, len(text.rstrip()))] if text.strip() else []
        case BlockKind.LIST:
            bounds = [match.start(1) for match in LIST_ITEM.finditer(text)] or [0]
            if text[: bounds[0]].strip():
                bounds.insert(0, 0)
            return [
                piece
                for start, end in zip(bounds, [*bounds[1:], len(text)], strict=True)
                for piece in _item_pieces(text, start, end)
            ]
    pieces: list[tuple[int, int]] = []
    for start, end in sentences(text):
        body = text[start:end]
        if "\n" not in body:
            pieces.append((start, end))
        elif end - start > _LONG_SENTENCE or "|" in body:
            pieces += _lines(text, start, end)
        elif len(groups := labelled_lines(body.split("\n"))) > 1:
            for lines in groups:
                length = len("\n".join(lines))
                pieces.append((start, start + len(text[start : start + length].rstrip())))
                start += length + 1
        else:
            pieces.append((start, end))
    return pieces


def _lines(text: str, start: int, end: int) -> list[tuple[int, int]]:
    lines = (line for line in _LINE.finditer(text, start, end) if line.group().strip())
    return [(line.start(), line.end()) for line in lines]


def _item_pieces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """An item whole; a long one by its sentences."""
    item = text[start:end].rstrip()
    if not item:
        return []
    if len(item) <= _LONG_ITEM:
        return [(start, start + len(item))]
    return [(start + first, start + last) for first, last in sentences(item)]
