"""How well a source text holds a claim: the best few consecutive sentences, and what speaks against them.

Two soft signals, the share of the claim's content words that the sentences hold and the cosine between their
vectors, and hard ones that no wording can make up for: a number, date, name or address that is not there, a
negation on one side only, an opposite.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from portfolio_rag.ports import Embedder, Vectors
from portfolio_rag.services.facts import Facts, Quantity, facts, opposed
from portfolio_rag.services.words import coverage, terms
from portfolio_rag.text.sentences import sentences

MAX_SPAN_SENTENCES = 3
"""A claim may merge what a source says in this many consecutive sentences."""

HOLDS = 0.6
"""Soft score (words and meaning together) from which a span holds a claim."""

MIN_COVERED = 0.5
"""Share of a claim's weighted words and values that its evidence must hold, however close the vectors are."""

_CONTRADICTION_MARGIN = 0.05
"""A sentence that contradicts the claim outweighs any other that is not at least this near to it."""

DENIES = "one denies what the other says"
OPPOSES = "it says the opposite"

_CANDIDATES = 3
"""Spans per claim and source whose vectors are compared; they are the best by content words."""

_NEAR_SENTENCES = 2
"""A value may stand this far from the sentences that hold the rest of the claim; further off it is another value."""

_FACT_WEIGHT = 2.0
"""A name or number weighs as much as this many plain content words."""

# Text in a document that speaks to a language model is no evidence, nor is the rest of its line or paragraph.
_SPEAKS_TO_MODEL = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,60}\b(?:instruction|prompt|rule|guideline|direction)s?\b"
    r"|\b(?:ignore|disregard|forget)\b[^.\n]{0,20}\b(?:everything|anything|all)\b[^.\n]{0,20}\b(?:above|before|previous)"
    r"|\b(?:system|developer) (?:prompt|message|override)\b|\bnew instructions?\s*:"
    r"|\b(?:you are|act as|as) (?:now )?an? (?:ai|llm|language model|assistant|chatbot)\b"
    r"|\b(?:ai|llms?|language models?|chatbots?)\b[^.\n]{0,30}\b(?:must|should|shall|please)\b"
    r"[^.\n]{0,20}\b(?:say|answer|reply|respond|output|tell|print)\b"
    r"|<\|?/?(?:im_start|im_end|system|assistant|user|inst)\|?>|\[/?INST\]",
    re.IGNORECASE,
)
_PARAGRAPH_END = re.compile(r"\n\s*\n")
_LINE = re.compile(r"[^\n]+")
_LONG_SENTENCE = 350
"""Characters beyond which a `sentence` is a table or a list: its lines are its sentences."""


@dataclass(frozen=True)
class Sentence:
    """[start, end) in the source's text."""

    start: int
    end: int
    text: str

    @cached_property
    def terms(self) -> frozenset[str]:
        return frozenset(terms(self.text))

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        return facts(self.text).quantities


def split_sentences(text: str) -> list[Sentence]:
    """The sentences of a source that may serve as evidence, in order."""
    barred = _barred(text)
    found = []
    for start, end in _pieces(text):
        if any(start < stop and begin < end for begin, stop in barred):
            continue
        found.append(Sentence(start, end, text[start:end]))
    return found


def _pieces(text: str) -> list[tuple[int, int]]:
    pieces: list[tuple[int, int]] = []
    for start, end in sentences(text):
        body = text[start:end]
        if "\n" in body and (end - start > _LONG_SENTENCE or "|" in body):
            pieces += [
                (start + line.start(), start + line.end()) for line in _LINE.finditer(body) if line.group().strip()
            ]
        else:
            pieces.append((start, end))
    return pieces


def _barred(text: str) -> list[tuple[int, int]]:
    spans = []
    for match in _SPEAKS_TO_MODEL.finditer(text):
        end = _PARAGRAPH_END.search(text, match.end())
        spans.append((match.start(), end.start() if end else len(text)))
    return spans


@dataclass(frozen=True)
class SourceText:
    """One source as evidence. `context` are headings and file name: they may hold a claim's words, not its numbers."""

    number: int
    text: str
    context: str
    sentences: tuple[Sentence, ...]

    @classmethod
    def build(cls, number: int, text: str, context: str) -> SourceText:
        return cls(number, text, context, tuple(split_sentences(text)))

    @cached_property
    def context_terms(self) -> frozenset[str]:
        return frozenset(terms(self.context))

    @cached_property
    def all_terms(self) -> frozenset[str]:
        return self.context_terms.union(*(sentence.terms for sentence in self.sentences))

    @cached_property
    def facts(self) -> Facts:
        """Of the whole text and the headings."""
        return facts("\n".join([self.context, *(sentence.text for sentence in self.sentences)]))

    @cached_property
    def context_quantities(self) -> tuple[Quantity, ...]:
        return facts(self.context).quantities

    def around(self, start: int, end: int) -> str:
        """The text of [start, end) with the sentences near it."""
        touched = [n for n, one in enumerate(self.sentences) if one.start < end and start < one.end]
        if not touched:
            return self.text[start:end]
        near = self.sentences[max(0, touched[0] - _NEAR_SENTENCES) : touched[-1] + 1 + _NEAR_SENTENCES]
        return "\n".join(sentence.text for sentence in near)


@dataclass(frozen=True)
class Claim:
    """A sentence to be checked."""

    text: str

    @cached_property
    def terms(self) -> frozenset[str]:
        return frozenset(terms(self.text))

    @cached_property
    def facts(self) -> Facts:
        return facts(self.text)

    @cached_property
    def wording(self) -> frozenset[str]:
        """The content words without numbers and dates, which are compared by value."""
        return frozenset(terms(self.facts.wording))

    def covered(self, held: frozenset[str], quantities: Sequence[Quantity]) -> float:
        """Weighted share, 0 to 1, of the claim's words and values that a text with these ones holds."""
        total = got = 0.0
        for term in self.wording:
            weight = _FACT_WEIGHT if term in self.facts.names else 1.0
            total += weight
            got += weight if term in held else 0.0
        for wanted in self.facts.quantities:
            total += _FACT_WEIGHT
            got += _FACT_WEIGHT if any(wanted.same(other) for other in quantities) else 0.0
        return got / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Support:
    """What a source says to a claim: [start, end) of the best span in its text, `score` 0 to 1.

    `cosine` is 0 where too few words are covered for it to matter.
    `conflict` says in words which hard fact the span does not hold; empty when none.
    """

    number: int
    start: int
    end: int
    score: float
    covered: float
    cosine: float
    conflict: str = ""


@dataclass(frozen=True, slots=True)
class _Span:
    source: SourceText
    first: int
    last: int
    covered: float

    @property
    def near(self) -> bool:
        return self.covered >= MIN_COVERED

    @property
    def start(self) -> int:
        return self.source.sentences[self.first].start

    @property
    def end(self) -> int:
        return self.source.sentences[self.last].end

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]


def weigh(covered: float, cosine: float) -> float:
    """One score of the two soft signals."""
    return max(0.0, min(1.0, 0.7 * covered + 0.3 * cosine))


def support(claims: Sequence[Claim], sources: Sequence[SourceText], embedder: Embedder) -> list[list[Support]]:
    """For each claim, each source's best span, best source first. One call of the embedder for all."""
    spans = [[span for source in sources for span in _best_spans(claim, source)] for claim in claims]
    pairs = [(claim, span) for claim, found in zip(claims, spans, strict=True) for span in found]
    texts = list(dict.fromkeys(text for claim, span in pairs if span.near for text in (claim.text, span.text)))
    vectors = dict(zip(texts, embedder.embed(texts), strict=True)) if texts else {}
    return [_rank(claim, found, vectors) for claim, found in zip(claims, spans, strict=True)]


def _best_spans(claim: Claim, source: SourceText) -> list[_Span]:
    spans = []
    for first in range(len(source.sentences)):
        held = source.context_terms
        quantities: tuple[Quantity, ...] = ()
        before = -1.0
        for last in range(first, min(first + MAX_SPAN_SENTENCES, len(source.sentences))):
            held |= source.sentences[last].terms
            quantities += source.sentences[last].quantities
            covered = claim.covered(held, quantities)
            # A longer span must add something, or the shorter one is the better quote.
            if covered > before:
                spans.append(_Span(source, first, last, covered))
                before = covered
    spans.sort(key=lambda span: (-span.covered, span.last - span.first, span.first))
    return spans[:_CANDIDATES]


def _rank(claim: Claim, spans: Sequence[_Span], vectors: dict[str, Vectors]) -> list[Support]:
    by_source: dict[int, list[Support]] = {}
    for span in spans:
        cosine = float(np.dot(vectors[claim.text], vectors[span.text])) if span.near else 0.0
        found = Support(
            span.source.number,
            span.start,
            span.end,
            weigh(span.covered, cosine),
            span.covered,
            cosine,
            conflict(claim, span.source, span.start, span.end),
        )
        by_source.setdefault(found.number, []).append(found)
    best = [_best(found) for found in by_source.values()]
    return sorted(best, key=lambda found: (not found.conflict, found.score), reverse=True)


def _best(found: Sequence[Support]) -> Support:
    """The span that holds the claim, if one does and no nearer one contradicts it; else the nearest."""
    nearest = max(found, key=lambda one: one.score)
    floor = nearest.score - _CONTRADICTION_MARGIN if nearest.conflict in (DENIES, OPPOSES) else HOLDS
    holding = [one for one in found if not one.conflict and one.score >= max(HOLDS, floor)]
    return max(holding, key=lambda one: one.score, default=nearest)


def conflict(claim: Claim, source: SourceText, start: int, end: int) -> str:
    """Why [start, end) of the source cannot hold the claim, in words; empty when nothing hard speaks against it.

    Names and years may stand anywhere in the source, as a text names its subject once; other values near the span.
    """
    text = source.text[start:end]
    held = frozenset(terms(text))
    wanted, there, near = claim.facts, facts(text), facts(source.around(start, end))
    for date in wanted.dates:
        if not any(date.same(other) for other in near.dates):
            return f"the date {date.text} is not there"
    for quantity in wanted.quantities:
        allowed = source.facts.quantities if quantity.is_year else near.quantities + source.context_quantities
        if not any(quantity.same(other) for other in allowed):
            return f"the number {quantity.text} is not there"
    if missing := wanted.names - source.all_terms:
        return f"the name {' '.join(sorted(missing))} is not there"
    for address in wanted.addresses:
        if address not in source.text:
            return f"the address {address} is not there"
    if _negation_differs(claim, there, held):
        return DENIES
    if opposed(claim.terms, held):
        return OPPOSES
    return ""


def _negation_differs(claim: Claim, there: Facts, held: frozenset[str]) -> bool:
    denied = claim.facts.denied
    for scope in denied:
        if coverage(scope, held) > 0.5 and not any(scope & other for other in there.denied):
            return True
    return any(coverage(scope, claim.terms) > 0.5 and not any(scope & own for own in denied) for scope in there.denied)
