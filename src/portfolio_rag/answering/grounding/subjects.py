"""What evidence is about: whether it stands in the section, the row, the item that a claim or a question names.

A manual says the same of many things: of each plan its users, of each error its cause, of each version its changes.
Only the heading, the label of the row or that of the item tells which. So a sentence whose own place names one of such
siblings is no evidence for a claim that names another one.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from portfolio_rag.answering.grounding.evidence import LIST_ITEM, Claim, Sentence, SourceText
from portfolio_rag.domain.chunks import BlockKind
from portfolio_rag.text.language.content_words import coverage, terms, words_of
from portfolio_rag.text.language.identifiers import identifiers, is_same, is_strict, named_identifiers, shape
from portfolio_rag.text.language.quantities_and_names import Date, Quantity, extract_facts

Slot = tuple[str, ...]
"""Where siblings stand beside each other: under one heading, in one column of a table, in one list."""

_NEAR = 0.5
"""Share of a claim's words from which a sentence that was set aside says why the claim does not hold."""

_PARALLEL = 0.5
_MIN_SHARED = 2
"""Content words that two sentences share when they say the same of two things."""

_MAX_LABEL_WORDS = 6
_MAX_RIVALS = 20
"""Of the siblings that a sentence seems to name whole, so many are held against each of them."""
_ITEM_LABEL = re.compile(r"\s*([^:–—\n]{1,60}?)(?::|\s[–—-])\s")
_CELL = re.compile(r"^([^:]{1,80}):\s(.*)$", re.DOTALL)
_WHOLE_NUMBER = re.compile(r"\d{1,6}")


@dataclass(frozen=True)
class Label:
    """What one of several siblings is called: `Silver`, `4.10 (2025-03-03)`, `How many guests may I bring?`."""

    text: str

    @cached_property
    def terms(self) -> frozenset[str]:
        return frozenset(terms(self.text))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All of them in order, function words too: a model may be told from another one by an `S`."""
        return tuple(word.text for word in words_of(self.text))

    @cached_property
    def identifiers(self) -> frozenset[str]:
        return identifiers(self.text) | frozenset(f"#{int(number)}" for number in _WHOLE_NUMBER.findall(self.text))


@dataclass(frozen=True)
class Mention:
    """The words and identifiers of a claim or a question, by which it names things."""

    text: str

    @cached_property
    def terms(self) -> frozenset[str]:
        return frozenset(terms(self.text))

    @cached_property
    def identifiers(self) -> frozenset[str]:
        return identifiers(self.text)

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


class SubjectIndex:
    """The labels of all sources of an answer, by the slot in which they are siblings."""

    def __init__(self, sources: Sequence[SourceText]) -> None:
        self._siblings: dict[Slot, dict[str, Label]] = defaultdict(dict)
        self._terms: dict[str, frozenset[str]] = defaultdict(frozenset)
        self._identifiers: dict[str, frozenset[str]] = defaultdict(frozenset)
        self._vocabulary: dict[tuple[str, tuple[str, ...]], set[str]] = defaultdict(set)
        for source in sources:
            self._terms[source.document] |= source.all_terms
            for sentence in source.sentences:
                for slot, text in labels_of(source, sentence):
                    self._siblings[slot].setdefault(text.casefold(), Label(text))
                if sentence.kind is not BlockKind.HEADING:
                    self._vocabulary[source.document, sentence.heading_path] |= sentence.terms
                self._identifiers[source.document] |= _place_identifiers(source, sentence)
        self._shapes: dict[str, Counter[str]] = {}
        self._distinguishing: dict[Slot, frozenset[str]] = {}
        self._named: dict[tuple[Slot, str], dict[str, Label]] = {}

    def objection(self, source: SourceText, sentence: Sentence, mentions: Sequence[Mention]) -> str:
        """Why the sentence is about something else than what is mentioned; empty when it may be about it."""
        if rival := self._named_elsewhere(source, sentence, mentions):
            return f"it stands under “{_place(sentence)}”, not under “{rival}”"
        for number, mention in enumerate(mentions):
            if name := self._absent(mention.required, source, sentence):
                said_by_claim = any(shape(own) == shape(name) for own in mentions[0].identifiers)
                if number == 0 or not said_by_claim:
                    return f"it is not about {name.replace('#', ' ')}"
        return ""

    def missing_name(self, claim: Claim, source: SourceText) -> str:
        """A name of the question that the document of the source lacks and another one has; empty when there is none.

        Those count that the claim repeats; when it repeats none, the document has to have one of them.
        """
        asked = claim.asked.names
        repeated = asked & claim.facts.names
        own = self._terms[source.document]
        missing = sorted(name for name in repeated or asked if name not in own)
        if not missing or (not repeated and len(missing) < len(asked)):
            return ""
        others = (terms for document, terms in self._terms.items() if document != source.document)
        held = frozenset().union(*others)
        return next((name for name in missing if name in held), "")

    def _absent(self, required: frozenset[str], source: SourceText, sentence: Sentence) -> str:
        """The identifier that is required and that the sentence is not about; empty when there is none.

        It is about those in its text and its place, and about those that its document names anywhere unless it names
        another one of the kind. Of several of one kind one is enough.
        """
        if not required:
            return ""
        own = _place_identifiers(source, sentence)
        own_shapes = {shape(name) for name in own}
        known = self._identifiers[source.document]
        for kind in sorted({shape(name) for name in required}):
            wanted = {name for name in required if shape(name) == kind}
            # `API 429` may be written as one, or be the 429 of an API.
            apart = {name for name in required if name.replace("#", "") in wanted}
            if any(is_same(name, its) for name in wanted | apart for its in own):
                continue
            is_known = any(is_same(name, its) for name in wanted for its in known)
            # A heading or a row that is numbered does not say what by: it is another step only where that one is known.
            is_another = kind in own_shapes or ("#" in kind and "#9" in own_shapes and is_known)
            # Where the document numbers several things so, one that it does not name is another one of them.
            if is_another or (
                not is_known and (all(map(is_strict, wanted)) or self._shapes_of(source.document)[kind] > 1)
            ):
                return min(wanted)
        return ""

    def _shapes_of(self, document: str) -> Counter[str]:
        """How many identifiers of each shape a document has."""
        if document not in self._shapes:
            self._shapes[document] = Counter(map(shape, self._identifiers[document]))
        return self._shapes[document]

    def _named_elsewhere(self, source: SourceText, sentence: Sentence, mentions: Sequence[Mention]) -> str:
        """The sibling that is named in place of the one that the sentence stands under; empty when there is none.

        Of the mentions the first counts that names any sibling: a claim says itself what it is about, or its question
        does.
        """
        for slot, text in labels_of(source, sentence):
            siblings = self._siblings[slot]
            if len(siblings) < 2:
                continue
            for mention in mentions:
                rival = self._rival(source, sentence, siblings[text.casefold()], slot, mention)
                if rival is None:
                    continue
                if rival:
                    return rival
                break
        return ""

    def _rival(
        self,
        source: SourceText,
        sentence: Sentence,
        own: Label,
        slot: Slot,
        mention: Mention,
    ) -> str | None:
        """The sibling that the mention names in place of `own`; empty when it names `own`; None when it names none."""
        telling, named_labels = self._telling(slot), self._named_labels(slot, mention)
        if own.text.casefold() in named_labels:
            return ""
        if not named_labels:
            return None
        named = list(named_labels.values())
        share = mention.share_named(own, telling)
        # A heading says it in a few words of its own; a row and an item are called what they are called.
        if slot[0] == "heading" and share > 0 and not any(mention.identifies(label, telling) for label in named):
            return None
        rival = max(named, key=lambda label: len(label.terms & mention.terms))
        said = sentence.terms | sentence.identifiers
        if slot[0] == "heading":
            said |= self._vocabulary[source.document, sentence.heading_path]
        is_longer = _is_short_for(rival, own) and not mention.quotes(own, beside=rival)
        if (
            not is_longer
            and (rival.terms | rival.identifiers) & telling & (mention.terms | mention.identifiers) <= said
        ):
            return None  # Its own section, row or item speaks of the sibling, too.
        return rival.text

    def _named_labels(self, slot: Slot, mention: Mention) -> dict[str, Label]:
        """The labels of the slot that the mention names whole, by their text in one case."""
        key = (slot, mention.text)
        if key not in self._named:
            telling = self._telling(slot)
            named = {
                text: label
                for text, label in self._siblings[slot].items()
                if mention.share_named(label, telling) == 1.0
            }
            rivals = list(named.values())[:_MAX_RIVALS]
            self._named[key] = {
                text: label
                for text, label in named.items()
                if not any(_is_named_better(rival, label, mention, telling) for rival in rivals)
            }
        return self._named[key]

    def _telling(self, slot: Slot) -> frozenset[str]:
        """The terms of a slot's labels that not all of them have."""
        if slot not in self._distinguishing:
            labels = list(self._siblings[slot].values())
            all_terms = [label.terms | label.identifiers for label in labels]
            self._distinguishing[slot] = frozenset().union(*all_terms) - frozenset.intersection(*all_terms)
        return self._distinguishing[slot]


def _is_short_for(label: Label, longer: Label) -> bool:
    """Whether the other one is called by the same words and one or two more: `Pump 20` and `Pump 20 S`, or as long."""
    words = label.words
    is_begun = longer.words[: len(words)] == words and len(longer.words) <= len(words) + 2
    return label.terms == longer.terms or (bool(label.terms) and is_begun)


def _is_named_better(rival: Label, label: Label, mention: Mention, telling: frozenset[str]) -> bool:
    """Whether what seems to name the label names the rival: `Pump 20 S` is no `Pump 20`, nor `POST /a` `GET /a`."""
    if rival is label:
        return False
    if rival.terms == label.terms:
        return mention.quotes(rival, beside=label) and not mention.quotes(label, beside=rival)
    said = mention.terms | mention.identifiers
    own, its = (one.terms & telling & said for one in (label, rival))
    return own < its and not label.terms & telling <= said and rival.terms & telling <= said


def about_subject(
    claim: Claim, sources: Sequence[SourceText], index: SubjectIndex | None = None, *, joint: bool = False
) -> list[SourceText]:
    """The sources without the sentences that are about something else than the claim, or the question that it answers.

    `index` is that of all sources of the answer, made here when it is not given. Of a `joint` claim, which puts several
    sources together, no single one has to name all that it names.
    """
    index = index or SubjectIndex(sources)
    mentions = Mention(claim.text), Mention(claim.question)
    about = []
    for source in sources:
        if not joint and (name := index.missing_name(claim, source)):
            about.append(source.without(source.sentences, f"it does not speak of {name}"))
        else:
            about.append(_about_subject(claim, mentions, source, index))
    return about


def _about_subject(
    claim: Claim, mentions: tuple[Mention, Mention], source: SourceText, index: SubjectIndex
) -> SourceText:
    # What stands there word for word is about whatever it says itself, and only the question may ask for another thing.
    is_verbatim = source.has_verbatim(claim.text)
    mentions = (Mention(""), mentions[1]) if is_verbatim else mentions
    set_aside = {
        sentence: reason for sentence in source.sentences if (reason := index.objection(source, sentence, mentions))
    }
    kept = [sentence for sentence in source.sentences if sentence not in set_aside]
    for sentence in () if is_verbatim else kept:
        if reason := misplaced_value(claim, sentence, kept):
            set_aside[sentence] = reason
    if not set_aside:
        return source
    nearest = max(set_aside, key=lambda sentence: coverage(claim.terms, sentence.terms))
    is_near = coverage(claim.terms, nearest.terms) >= _NEAR
    return source.without(tuple(set_aside), set_aside[nearest] if is_near else "")


def misplaced_value(claim: Claim, sentence: Sentence, others: Sequence[Sentence]) -> str:
    """Why a value of the claim that stands in the sentence is that of something else there; empty when it is not.

    In a row: it stands in another column than the one that the claim names. In prose: a sentence that says the same in
    nearly the same words, with another value, has all of the claim's words that this one has, and more.
    """
    values = [
        value for value in claim.facts.quantities if not any(value.same(asked) for asked in claim.asked.quantities)
    ]
    for date in claim.facts.dates:
        if any(date.same(own) for own in sentence.facts.dates) and (
            rival := _better_dated(claim, date, sentence, others)
        ):
            return f"{date.text} is the date of something else there: “{rival.text}”"
    for value in values:
        if not any(value.same(own) for own in sentence.quantities):
            continue
        if column := _other_column(claim, value, sentence):
            return f"{value.text} is “{column}” there"
        if value_noun_differs(value, sentence):
            return f"{value.text} counts something else there"
        if rival := _better_sentence(claim, value, sentence, others):
            return f"{value.text} belongs to something else there: “{rival.text}”"
    return ""


def value_noun_differs(value: Quantity, sentence: Sentence) -> bool:
    """Whether the sentence counts something else by that number, and what the claim counts by another one."""
    same = [own for own in sentence.quantities if value.same(own)]
    if not value.noun or any(not own.dimension and own.noun in ("", value.noun) for own in same):
        return False
    return any(own.noun == value.noun and not value.same(own) for own in sentence.quantities)


def _other_column(claim: Claim, value: Quantity, row: Sentence) -> str:
    """The column in which the value stands, when the claim names another one of the row and not that."""
    cells = [(column, f"{column}: {text}") for column, text in cells_of(row) if column]
    named = claim.terms | claim.asked_terms
    holding = [column for column, text in cells if any(value.same(own) for own in extract_facts(text).quantities)]
    words = {column: frozenset(terms(column)) for column, _ in cells}
    labels, label = cells_of(row)[0] if cells else ("", "")
    if not extract_facts(label).quantities:
        words.pop(labels, None)  # What the rows are called by has no value of its own.
    others = [own for column, own in words.items() if own and column not in holding and own <= named]
    if not holding or not others:
        return ""
    # What both columns are called by does not tell them apart: `Low season` and `High season`.
    is_named = any(all(words.get(column, frozenset()) & named - other for other in others) for column in holding)
    return "" if is_named else holding[0]


def _better_sentence(claim: Claim, value: Quantity, sentence: Sentence, others: Sequence[Sentence]) -> Sentence | None:
    own = claim.wording & (sentence.terms | sentence.context_terms)
    for other in others:
        if other is sentence or not any(_is_rival(value, rival) for rival in other.quantities):
            continue
        if _quotes_row(claim, sentence, other):
            continue
        held = claim.wording & (other.terms | other.context_terms)
        if own < held and are_parallel(sentence, other) and not any(value.same(its) for its in other.quantities):
            return other
    return None


def _quotes_row(claim: Claim, row: Sentence, other: Sentence) -> bool:
    """Whether the claim names the row by its first cell, and not only as a part of what the other row is called."""
    own, its = cells_of(row), cells_of(other)
    return bool(own and its) and Mention(claim.text).quotes(Label(own[0][1]), beside=Label(its[0][1]))


def _better_dated(claim: Claim, date: Date, sentence: Sentence, others: Sequence[Sentence]) -> Sentence | None:
    """The sentence that says the same with another date, and has more of the claim's words, and all that this has."""
    own = claim.wording & (sentence.wording | sentence.context_terms)
    for other in others:
        dates = other.facts.dates
        if other is sentence or not dates or any(date.same(its) for its in dates):
            continue
        if own < claim.wording & (other.wording | other.context_terms) and are_parallel(sentence, other):
            return other
    return None


def _is_rival(value: Quantity, other: Quantity) -> bool:
    return value.dimension == other.dimension and value.noun in ("", other.noun) and not value.same(other)


def are_parallel(sentence: Sentence, other: Sentence) -> bool:
    """Whether two sentences say the same of two things."""
    shared, longer = sentence.wording & other.wording, max(len(sentence.wording), len(other.wording))
    return len(shared) >= _MIN_SHARED and len(shared) >= _PARALLEL * longer


def cells_of(sentence: Sentence) -> list[tuple[str, str]]:
    """The cells of a row of a table as (column, text); the column is empty where the row does not say it."""
    if sentence.kind is not BlockKind.TABLE and "|" not in sentence.text:
        return []
    cells = []
    for cell in sentence.text.split(" | "):
        match = _CELL.match(cell.strip())
        cells.append((match[1], match[2]) if match else ("", cell.strip()))
    return cells


def _place(sentence: Sentence) -> str:
    cells = cells_of(sentence)
    if cells:
        return cells[0][1]
    return sentence.heading_path[-1] if sentence.heading_path else sentence.text


def _place_identifiers(source: SourceText, sentence: Sentence) -> frozenset[str]:
    return sentence.identifiers | sentence.context_identifiers | source.context_identifiers | _row_numbers(sentence)


def _row_numbers(sentence: Sentence) -> frozenset[str]:
    """Whole numbers that fill a cell, and the number of an item, as identifiers."""
    found = {f"#{int(text)}" for _, text in cells_of(sentence) if _WHOLE_NUMBER.fullmatch(text)}
    if sentence.kind is BlockKind.LIST and (match := re.match(r"\s*(\d{1,6})[.)]", sentence.text)):
        found.add(f"#{int(match[1])}")
    return frozenset(found)


def labels_of(source: SourceText, sentence: Sentence) -> Iterator[tuple[Slot, str]]:
    """What the sentence stands under, each with the slot in which it has siblings."""
    path = sentence.heading_path
    for depth, heading in enumerate(path):
        yield ("heading", source.document, *path[:depth]), heading
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
