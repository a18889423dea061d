"""What evidence is about: whether it stands in the section, the row, the item that a claim or a question names.

A manual says the same of many things: of each plan its users, of each error its cause, of each version its changes.
Only the heading, the label of the row or that of the item tells which. So a sentence whose own place names one of such
siblings is no evidence for a claim that names another one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from portfolio_rag.answering.grounding.claim import Claim
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.answering.grounding.labels import Label, Mention, Slot, cells_of, labels_of, place_identifiers
from portfolio_rag.answering.grounding.misplaced_values import misplaced_value
from portfolio_rag.answering.grounding.range_reading import is_other_value, ranges_of, values_of
from portfolio_rag.answering.grounding.range_rows import holds_numbered, in_place_of, row_name, slot_of
from portfolio_rag.answering.grounding.source_sentences import Sentence
from portfolio_rag.domain.chunks import BlockKind
from portfolio_rag.text.language.content_words import coverage
from portfolio_rag.text.language.identifiers import is_same, is_strict, shape
from portfolio_rag.text.language.name_variants import NameForms

_NEAR = 0.5
"""Share of a claim's words from which a sentence that was set aside says why the claim does not hold."""

_MAX_RIVALS = 20
"""Of the siblings that a sentence seems to name whole, so many are held against each of them."""


class SubjectIndex:
    """The labels of all sources of an answer, by the slot in which they are siblings."""

    def __init__(self, sources: Sequence[SourceText]) -> None:
        self._siblings: dict[Slot, dict[str, Label]] = defaultdict(dict)
        self._terms: dict[str, frozenset[str]] = defaultdict(frozenset)
        self._identifiers: dict[str, frozenset[str]] = defaultdict(frozenset)
        self._vocabulary: dict[tuple[str, tuple[str, ...]], set[str]] = defaultdict(set)
        self._sources: dict[str, list[SourceText]] = defaultdict(list)
        self._forms: dict[str, NameForms] = {}
        for source in sources:
            self._sources[source.document].append(source)
            self._terms[source.document] |= source.all_terms
            for sentence in source.sentences:
                for slot, text in labels_of(source, sentence):
                    self._siblings[slot].setdefault(text.casefold(), Label(text))
                if sentence.kind is not BlockKind.HEADING:
                    self._vocabulary[source.document, sentence.heading_path] |= sentence.terms
                self._identifiers[source.document] |= place_identifiers(source, sentence)
        self._shapes: dict[str, Counter[str]] = {}
        self._distinguishing: dict[Slot, frozenset[str]] = {}
        self._bare: dict[Slot, Counter[frozenset[str]]] = {}
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
        missing = sorted(self._missing(repeated or asked, claim, source.document))
        if not missing or (not repeated and len(missing) < len(asked)):
            return ""
        others = (terms for document, terms in self._terms.items() if document != source.document)
        held = frozenset().union(*others)
        return next((name for name in missing if name in held), "")

    def _missing(self, names: frozenset[str], claim: Claim, document: str) -> frozenset[str]:
        """Those that the document has in no form: neither `AAA` nor the words that it stands for."""
        missing = names - self._terms[document]
        if missing and document not in self._forms:
            self._forms[document] = NameForms([f"{own.context}\n{own.body}" for own in self._sources[document]])
        return self._forms[document].missing(missing, f"{claim.text}\n{claim.question}") if missing else missing

    def _absent(self, required: frozenset[str], source: SourceText, sentence: Sentence) -> str:
        """The identifier that is required and that the sentence is not about; empty when there is none.

        It is about those in its text and its place, and about those that its document names anywhere unless it names
        another one of the kind. Of several of one kind one is enough.
        """
        if not required:
            return ""
        own = place_identifiers(source, sentence)
        own_shapes = {shape(name) for name in own}
        known = self._identifiers[source.document]
        for kind in sorted({shape(name) for name in required}):
            wanted = {name for name in required if shape(name) == kind}
            # `API 429` may be written as one, or be the 429 of an API.
            apart = {name for name in required if name.replace("#", "") in wanted}
            if any(is_same(name, its) for name in wanted | apart for its in own):
                continue
            if any(holds_numbered(name, sentence) for name in wanted):
                continue
            is_known = any(is_same(name, its) for name in wanted for its in known)
            # A heading or a row that is numbered does not say what by: it is another step only where that one is known.
            is_another = kind in own_shapes or ("#" in kind and f"#{kind[-1]}" in own_shapes and is_known)
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
        is_identified = any(mention.identifies(label, telling) or _asks_alike(own, label, mention) for label in named)
        if slot[0] == "heading" and share > 0 and not is_identified:
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
            telling, column = self._telling(slot), slot[-1] if slot[0] == "column" else ""
            named = {
                text: label
                for text, label in self._siblings[slot].items()
                if any(mention.share_named(name, telling) == 1.0 for name in self._names(slot, label))
                and not is_other_value(mention.text, label.text, column)
            }
            rivals = list(named.values())[:_MAX_RIVALS]
            self._named[key] = {
                text: label
                for text, label in named.items()
                if not any(_is_named_better(rival, label, mention, telling) for rival in rivals)
            }
        return self._named[key]

    def _names(self, slot: Slot, label: Label) -> Iterator[Label]:
        """By what it may be called: itself, and what stands before its brackets where no sibling is called so."""
        yield label
        if slot not in self._bare:
            self._bare[slot] = Counter(own.bare.terms for own in self._siblings[slot].values())
        if label.bare is not label and self._bare[slot][label.bare.terms] == 1:
            yield label.bare

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


def _asks_alike(own: Label, rival: Label, mention: Mention) -> bool:
    """Whether two headings ask the same of two things, and only that of the rival is mentioned."""
    if not (own.text.rstrip().endswith("?") and rival.text.rstrip().endswith("?")):
        return False
    alone = own.terms - rival.terms
    return bool(own.terms & rival.terms and alone and rival.terms - own.terms) and alone.isdisjoint(mention.terms)


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
    out_of_range = _out_of_range(claim, sources)
    about = []
    for source in sources:
        if not joint and (name := index.missing_name(claim, source)):
            about.append(source.without(source.sentences, f"it does not speak of {name}"))
        else:
            about.append(_about_subject(claim, mentions, source, index, out_of_range))
    return about


def _out_of_range(claim: Claim, sources: Sequence[SourceText]) -> Mapping[Sentence, str]:
    """What stands in a row, an item or a section beside another one whose range has a value of the claim, and why not.

    What stands there word for word, and what says no value, is held to those of the question. A question alone is
    answered by what an answer is chosen from.
    """
    if not (values_of(claim.text) or values_of(claim.question)):
        return {}
    own = "" if any(source.has_verbatim(claim.text) for source in sources) else claim.text
    beside = _beside_other_range(own, claim, sources) if claim.text else {}
    return {**_under_other_range(own, claim, sources), **beside}


def _beside_other_range(own: str, claim: Claim, sources: Sequence[SourceText]) -> Mapping[Sentence, str]:
    """The rows and items beside which another one has the range, and why they are not.

    `own` is what of the claim's text is held to it.
    """
    siblings = [(slot_of(source.document, sentence), sentence) for source in sources for sentence in source.sentences]
    gone = in_place_of(own, claim.terms, siblings) or in_place_of(claim.question, claim.asked_terms, siblings)
    called = {number: row_name(siblings[number][1]) for row, better in gone.items() for number in (row, better[0])}
    return {
        siblings[number][1]: f"it stands under “{called[number]}”, not under “{called[better[0]]}”"
        for number, better in gone.items()
    }


def _under_other_range(own: str, claim: Claim, sources: Sequence[SourceText]) -> Mapping[Sentence, str]:
    """What stands under a heading beside which another one has the range that a value of the claim is in, and why not.

    `Level 2 (from 20 m/s)` holds 22 m/s, and neither the level before it nor the one after. `own` is what of the
    claim's text is held to it.
    """
    if not (values_of(own) or values_of(claim.question)):
        return {}
    headings: dict[tuple[str, ...], Sentence] = {}
    for source in sources:
        for path in dict.fromkeys(sentence.heading_path for sentence in source.sentences):
            for depth, text in enumerate(path, start=1):
                if ranges_of(text):
                    headings[source.document, *path[:depth]] = Sentence(0, len(text), text, kind=BlockKind.LIST)
    places = list(headings)
    siblings = [(place[:-1], headings[place]) for place in places]
    gone = in_place_of(own, claim.terms, siblings) or in_place_of(claim.question, claim.asked_terms, siblings)
    reasons = {
        places[number]: f"it stands under “{places[number][-1]}”, not under “{places[better[0]][-1]}”"
        for number, better in gone.items()
    }
    return {
        sentence: reason
        for source in sources
        for sentence in (source.sentences if reasons else ())
        for depth in range(len(sentence.heading_path))
        if (reason := reasons.get((source.document, *sentence.heading_path[: depth + 1])))
    }


def _about_subject(
    claim: Claim,
    mentions: tuple[Mention, Mention],
    source: SourceText,
    index: SubjectIndex,
    out_of_range: Mapping[Sentence, str],
) -> SourceText:
    # What stands there word for word is about whatever it says itself, and only the question may ask for another thing.
    is_verbatim = source.has_verbatim(claim.text)
    mentions = (Mention(""), mentions[1]) if is_verbatim else mentions
    set_aside = {
        sentence: reason
        for sentence in source.sentences
        if (reason := out_of_range.get(sentence) or index.objection(source, sentence, mentions))
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


def _place(sentence: Sentence) -> str:
    cells = cells_of(sentence)
    if cells:
        return cells[0][1]
    return sentence.heading_path[-1] if sentence.heading_path else sentence.text
