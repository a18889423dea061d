"""What speaks for and against a claim in a few consecutive sentences of a source, as numbers and in words."""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass, replace
from itertools import chain

from portfolio_rag.answering.grounding.claim import Claim
from portfolio_rag.answering.grounding.doubts import (
    NOT_SAID,
    SAME_SENTENCE,
    doubt_of,
    is_period_within,
    is_put_otherwise,
    negated_in,
)
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.answering.grounding.range_rows import values_held
from portfolio_rag.answering.grounding.series import values_in_series
from portfolio_rag.answering.grounding.value_attribution import Alignment, misattributed_value
from portfolio_rag.text.language.content_words import coverage, terms, words_of
from portfolio_rag.text.language.dates import Date
from portfolio_rag.text.language.facts import Facts, extract_facts
from portfolio_rag.text.language.negations import has_antonym
from portfolio_rag.text.language.quantities import Quantity

DOUBTED = 0.25
"""Score of what is shown with a question mark at best: between the bounds of check.py."""

_MAX_MISSING = 3
"""Missing names or values beyond so many make no difference."""

_SOME_LENGTH = 3
"""Content words from which a clause states something of its own."""

_ENOUGH_COVERED = 0.5
"""Share of a claim's words and values in its evidence beyond which more says nothing: people rephrase."""

_CLAUSE = re.compile(r"[.!?,;:()–—]|\b(?:and|but|or|which|while|whereas|because|so that|unless)\b", re.IGNORECASE)

_DENYING = frozenset(terms("ban banned forbid forbidden prohibit prohibited prohibition refuse refusal lack absence"))
"""By which a sentence says without a negation that something is not so, or not allowed."""

_DOUBTED_MISATTRIBUTED = 0.05
_DOUBTED_REPLACED = 0.3
_MOSTLY_INVENTED = 0.8
"""Share of a clause's words that are nowhere in the source from which the sentence is never certain."""
_SURELY_EXCHANGED = 0.8
"""From where a sentence is copied but for a number, whatever the weights make of it."""
_DOUBTED_CLAUSE = 0.66
"""From where a feature is named as the reason, when a claim is doubted at all."""


@dataclass(frozen=True, slots=True)
class Features:
    """Each 0 to 1, or a small count. All but `verbatim` speak against the claim.

    Those times `aligned` (the share of the claim's words that stand in the same order in the span) weigh more the
    nearer the claim is to the wording: in a copied sentence one other value is an error, in a summary less surely.
    """

    verbatim: float
    """1 when the source holds it word for word."""
    uncovered: float
    """How much of its words and values is missing from the span beyond what a rephrasing takes."""
    names_missing: float
    """Count of its own names that are nowhere in the source; names of the question are not its own.

    What of a name of several words is missing in a row counts once.
    """
    names_changed: float
    """1 when there is one, or another name stands in its place, times `aligned`."""
    replaced: float
    """How surely a name of the span has been replaced by one that the source does not have."""
    values_missing: float
    """Count of its own numbers and dates that are nowhere in the source; those of the question are not its own."""
    values_changed: float
    """1 when there is one, times `aligned`."""
    misattributed: float
    """How much better its words fit another value there than the one that it states."""
    exchanged: float
    """How surely a number of the span has been replaced by another one, which stands elsewhere if anywhere."""
    moved: float
    """1 when they clearly do, times `aligned`."""
    denied: float
    """1 when one of the two denies what the other says, times `aligned`."""
    opposed: float
    """1 when one has the opposite of a word of the other."""
    extended: float
    """Of its clauses the one that the span knows least: the share that it does not know, times `aligned`."""
    invented: float
    """The same of clauses of some length and of the whole source, from the half of a clause on."""

    def vector(self) -> tuple[float, ...]:
        """In the order of the fields."""
        return astuple(self)


@dataclass(frozen=True, slots=True)
class SpanFeatures:
    """Of one span, of which `covered` is the share of the claim's words and values that it holds.

    `covered_around` is the same share of the span and of the sentences around it.
    `reason` says in words what speaks most against the claim; `barred`, that nothing makes up for it.
    `limit` is the score that it cannot pass.
    """

    features: Features
    covered: float
    covered_around: float
    reason: str
    barred: bool
    limit: float = 1.0


def extract_features(claim: Claim, source: SourceText, start: int, end: int) -> SpanFeatures:
    """The features of [start, end) of the source's text.

    Names and values may stand anywhere in the source, as a text names its subject once; values are then held against
    others of their kind near the span.
    """
    text = source.text[start:end]
    touched = source.touched(start, end)
    unknown = claim.wording - source.all_terms
    variants = unknown - source.name_forms.missing(unknown, claim.text) if unknown else unknown
    held = source.held_terms(start, end) | variants
    stated = extract_facts(text)
    denied_there = [negated_in(sentence, claim) for sentence in touched]
    stated = replace(stated, negated=tuple(dict.fromkeys((*stated.negated, *chain.from_iterable(denied_there)))))
    nearby = source.around(start, end)
    in_range, is_anothers = values_held(claim.text, claim.terms, touched, (*source.sentences, *source.left_out))
    ranged = tuple(value for value in claim.facts.quantities if value.start in in_range)
    absent = _absent_values(claim, source, in_range)
    missing = claim.facts.names - source.all_terms - claim.asked_terms - variants
    missing = frozenset(name for name in missing if not is_period_within(name, source.all_terms))
    settled = values_in_series(claim, touched)
    own_facts = replace(claim.facts, quantities=_written_values(claim, source, in_range))
    gap, doubtful = misattributed_value(claim.words, own_facts, source.word_positions, source.facts, nearby, settled)
    alignment = Alignment.of(claim.words, words_of(text))
    aligned = alignment.aligned
    known = stated.quantities + ranged
    lost = [value for value in claim.facts.quantities if not any(value.same(own) for own in known)]
    exchanged, number = alignment.replaced_value(lost)
    swap, put = alignment.replaced_name(claim.terms - source.all_terms - variants, source.lower_terms)
    denied = _negation_differs(claim, stated, held) and not is_put_otherwise(claim, text, stated)
    opposite = has_antonym(claim.terms, held)
    loose, clause = _least_known_clause(claim, held, 2)
    invented, _ = _least_known_clause(claim, source.all_terms | variants, _SOME_LENGTH)
    verbatim = source.has_verbatim(claim.text)
    covered = covered_around = 1.0
    if not verbatim:
        covered = claim.covered(held, known + source.context_quantities)
        around, quantities = source.passage(start, end)
        covered_around = claim.covered(around | variants, quantities + ranged + source.context_quantities)
    doubt = "" if verbatim else doubt_of(claim, source, start, end, variants)
    address = next((named for named in sorted(claim.facts.addresses) if named not in source.text), "")
    features = Features(
        verbatim=float(verbatim),
        uncovered=max(0.0, _ENOUGH_COVERED - covered),
        names_missing=float(min(_MAX_MISSING, _runs(claim, missing))),
        names_changed=float(bool(missing) or swap >= _DOUBTED_REPLACED) * aligned,
        replaced=swap,
        values_missing=float(min(_MAX_MISSING, len(absent))),
        values_changed=float(bool(absent)) * aligned,
        misattributed=gap,
        exchanged=exchanged,
        moved=float(gap >= _DOUBTED_MISATTRIBUTED) * aligned,
        denied=float(denied) * aligned,
        opposed=float(opposite),
        extended=loose * aligned,
        invented=max(0.0, 2 * invented - 1),
    )
    reasons = (
        (bool(address), f"the address {address} is not there"),
        (bool(source.set_aside), source.set_aside),
        (bool(doubt), doubt),
        (bool(absent), f"{absent[0] if absent else ''} is not there"),
        (gap >= _DOUBTED_MISATTRIBUTED, f"{doubtful} belongs to something else there"),
        (exchanged >= _DOUBTED_REPLACED, f"{number} is not there, another number is in its place"),
        (bool(missing), f"the name {' '.join(sorted(missing))} is not there"),
        (swap >= _DOUBTED_REPLACED, f"the name {put} is not there, another one is in its place"),
        (denied, "one denies what the other says"),
        (opposite, "it says the opposite"),
        (loose >= _DOUBTED_CLAUSE, f"the source does not say “{clause}”"),
    )
    rival = _rival_of_absent(claim, source, stated, in_range)
    reason = next((words for applies, words in reasons if applies), NOT_SAID)
    borrowed = claim.wording & source.left_out_terms
    taken_back = denied and not verbatim and not claim.facts.negated and covered >= SAME_SENTENCE
    is_anothers = is_anothers and not verbatim
    limit = DOUBTED if doubt or rival or is_anothers or taken_back or invented >= _MOSTLY_INVENTED else 1.0
    if exchanged >= _SURELY_EXCHANGED and not verbatim:
        limit = 0.0
    if borrowed and not verbatim:
        limit = DOUBTED if len(borrowed) == 1 else 0.0
    return SpanFeatures(features, covered, covered_around, reason, barred=bool(address), limit=limit)


def _written_values(claim: Claim, source: SourceText, in_range: frozenset[int]) -> tuple[Quantity, ...]:
    """Those of the claim without what only a range of the evidence holds: 9 m are none of the 9 euros elsewhere."""
    there = [(own.dimension, own.value * own.factor) for own in source.facts.quantities]
    return tuple(
        value
        for value in claim.facts.quantities
        if value.start not in in_range or (value.dimension, value.value * value.factor) in there
    )


def _runs(claim: Claim, missing: frozenset[str]) -> int:
    """How many names the missing words make up: those that stand in a row are one."""
    names, in_name = 0, False
    for word in claim.words:
        if word.term:
            names += word.term in missing and not in_name
            in_name = word.term in missing
    return names


def _absent_values(claim: Claim, source: SourceText, in_range: frozenset[int]) -> list[str]:
    """The claim's own values that are nowhere in the source, in words; those of the question are not its own.

    At `in_range` stand those that a range of the evidence holds.
    """
    dates = [
        date
        for date in claim.facts.dates
        if date.start not in in_range and not any(date.same(other) for other in _known_dates(claim, source, date))
    ]
    counted = {date.start for date in dates}  # Its year is a number of the claim, too.
    numbers = [quantity for quantity in _absent_quantities(claim, source, in_range) if quantity.start not in counted]
    return [f"the date {date.text}" for date in dates] + [f"the number {number.text}" for number in numbers]


def _known_dates(claim: Claim, source: SourceText, date: Date) -> list[Date]:
    """Those of the source and of the question. A question about a month vouches for no day of it."""
    asked = (own for own in claim.asked.dates if own.day is not None or date.day is None)
    return [*source.facts.dates, *asked]


def _absent_quantities(claim: Claim, source: SourceText, in_range: frozenset[int]) -> list[Quantity]:
    known = source.facts.quantities + source.context_quantities + claim.asked.quantities
    return [
        quantity
        for quantity in claim.facts.quantities
        if quantity.start not in in_range and not any(quantity.same(other) for other in known)
    ]


def _rival_of_absent(claim: Claim, source: SourceText, stated: Facts, in_range: frozenset[int]) -> bool:
    """Whether the span has another value of the kind in place of one of the claim's that the source lacks."""
    others = [own for own in stated.quantities if not any(own.same(value) for value in claim.facts.quantities)]
    return any(
        not value.is_year
        and value.dimension == other.dimension
        and (bool(value.dimension) or value.noun == other.noun or "" in (value.noun, other.noun))
        for value in _absent_quantities(claim, source, in_range)
        for other in others
    )


def _least_known_clause(claim: Claim, held: frozenset[str], length: int) -> tuple[float, str]:
    """The share of its words that is not held, and the clause; fewer content words than `length` are none."""
    loose, clause = 0.0, ""
    for part in _CLAUSE.split(claim.facts.wording):
        wanted = terms(part)
        unknown = 1 - coverage(frozenset(wanted), held)
        if len(wanted) >= length and unknown > loose:
            loose, clause = unknown, " ".join(part.split())
    return loose, clause


def _negation_differs(claim: Claim, stated: Facts, held: frozenset[str]) -> bool:
    own, its = claim.facts.negated, stated.negated
    denying = _DENYING & (claim.terms ^ held)  # "The prohibition of smoking" says that it is not allowed.
    if any(coverage(scope, held) > 0.5 and not any(scope & other for other in its) for scope in own):
        return denying.isdisjoint(held)
    if any(coverage(scope, claim.terms) > 0.5 and not any(scope & other for other in own) for scope in its):
        return denying.isdisjoint(claim.terms)
    return False
