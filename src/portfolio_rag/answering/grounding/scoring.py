"""How likely a source holds a claim: its best few consecutive sentences, scored. No model takes part in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from portfolio_rag.answering.grounding.claim import Claim
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.answering.grounding.features import Features, SpanFeatures, extract_features
from portfolio_rag.answering.grounding.subjects import about_subject
from portfolio_rag.text.language.quantities import Quantity

WEIGHTS: Mapping[str, float] = {
    "verbatim": 2.64,
    "uncovered": -18.41,
    "names_missing": -1.75,
    "names_changed": -1.90,
    "replaced": -0.61,
    "values_missing": -1.87,
    "values_changed": -2.34,
    "misattributed": -5.07,
    "exchanged": -1.30,
    "moved": -2.15,
    "denied": -3.93,
    "opposed": -1.92,
    "extended": -2.02,
    "invented": -1.99,
}
BIAS = 1.27
"""Of the logistic model; where they come from, and what they do on texts unseen: bench/calibrate_validation.py."""

MAX_SPAN_SENTENCES = 3
"""A claim may merge what a source says in this many consecutive sentences."""

_CANDIDATES = 3
"""Spans per claim and source that are read closely; they are the best by content words."""

_MIN_COVERED = 0.25
_MIN_COVERED_AROUND = 0.35
"""Shares of a claim's words and values that a span must have, and the passage in which it stands, to speak of it."""

_NEARLY_AS_NEAR = 0.05
"""A span that contradicts the claim outweighs any other that covers this much less of it."""


@dataclass(frozen=True, slots=True)
class Support:
    """What a source says to a claim: [start, end) of the best span in its text, `score` 0 to 1.

    `reason` says in words what speaks most against it, whether or not it is enough.
    """

    number: int
    start: int
    end: int
    score: float
    span: SpanFeatures

    @property
    def reason(self) -> str:
        return self.span.reason


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    covered: float


def likelihood(features: Features) -> float:
    """The chance that the claim holds, 0 to 1, by a logistic model of the features."""
    total = BIAS + sum(WEIGHTS[field.name] * getattr(features, field.name) for field in fields(Features))
    return 1 / (1 + math.exp(-total))


def rank_sources(claim: Claim, sources: Sequence[SourceText]) -> list[Support]:
    """`rank_evidence` of what the sources say about the subject of the claim."""
    return rank_evidence(claim, about_subject(claim, sources))


def rank_evidence(claim: Claim, sources: Sequence[SourceText]) -> list[Support]:
    """Each source's best span, best source first; a source that does not speak of the claim has none."""
    spoken = [support for source in sources if (support := _best(claim, source)) is not None]
    return sorted(spoken, key=lambda support: support.score, reverse=True)


def speaks_of_it(span: SpanFeatures) -> bool:
    """Whether a span and its passage have so much of the claim that the weights may judge it."""
    return not span.barred and span.covered >= _MIN_COVERED and span.covered_around >= _MIN_COVERED_AROUND


def score_span(claim: Claim, source: SourceText, start: int, end: int) -> Support:
    """What [start, end) of the source's text says to the claim."""
    span = extract_features(claim, source, start, end)
    score = likelihood(span.features) if speaks_of_it(span) else 0.0
    return Support(source.number, start, end, min(score, span.limit), span)


def _best(claim: Claim, source: SourceText) -> Support | None:
    """Of the spans that are about as near to the claim as the nearest, the one that holds it best."""
    spans = _nearest_spans(claim, source)
    near = [span for span in spans if span.covered >= spans[0].covered - _NEARLY_AS_NEAR]
    scored = (score_span(claim, source, span.start, span.end) for span in near)
    return max(scored, key=lambda support: support.score, default=None)


def _nearest_spans(claim: Claim, source: SourceText) -> list[_Span]:
    spans = []
    for first, opening in enumerate(source.sentences):
        if opening.is_question:
            continue
        held = source.context_terms
        quantities: tuple[Quantity, ...] = source.context_quantities
        before, end = 0.0, opening.start
        for sentence in source.sentences[first : first + MAX_SPAN_SENTENCES]:
            if sentence.is_question or source.text[end : sentence.start].strip():
                break  # A question says nothing, nor is what stands between them evidence.
            end = sentence.end
            held |= sentence.terms | sentence.context_terms
            quantities += sentence.quantities
            covered = claim.covered(held, quantities)
            # A longer span must add something, or the shorter one is the better quote.
            if covered > before:
                spans.append(_Span(opening.start, sentence.end, covered))
            before = max(before, covered)
    spans.sort(key=lambda span: (-span.covered, span.end - span.start, span.start))
    return spans[:_CANDIDATES]
