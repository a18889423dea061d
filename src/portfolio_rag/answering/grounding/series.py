"""Values that one sentence gives several things side by side, the verb said once: `Adults pay 12 euros, children 5`.

By distance alone the first value fits best whatever a claim speaks of, as the words of the sentence stand around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from portfolio_rag.answering.grounding.claim import Claim
from portfolio_rag.answering.grounding.source_sentences import Sentence
from portfolio_rag.text.language.content_words import terms
from portfolio_rag.text.language.quantities import Quantity

_PARTS = re.compile(r"\s*[,;]\s*(?:(?:and|or|but|und|oder|aber)\s+)?|\s+(?:and|or|but|und|oder|aber)\s+", re.IGNORECASE)
_CLAUSE = re.compile(r"[,;:.!?]")
_FEWEST = 2
_MOST_WORDS = 3
"""Content words of what has its value beside it: with more it is a clause with a verb of its own."""


@dataclass(frozen=True, slots=True)
class _Member:
    """A value and the words by which it is told from the others; of the first, all words of its clause before it."""

    value: Quantity
    own: frozenset[str]
    text: str


@dataclass(frozen=True, slots=True)
class _Run:
    """Values that follow one another, with what stands before and behind each up to the next comma or `and`."""

    values: list[Quantity]
    before: list[str]
    behind: list[str]

    def members(self) -> list[_Member]:
        """One for each value; none where they are no series."""
        texts = self.before if any(terms(text) for text in self.before[1:]) else self.behind
        words = [frozenset(terms(text)) for text in texts]
        if len(words) < _FEWEST or not all(0 < len(own) <= _MOST_WORDS for own in words[1:]):
            return []
        first = words[0].difference(*words[1:])
        others = [own.difference(*(other for other in words[1:] if other is not own)) for own in words[1:]]
        if not all((first, *others)):
            return []
        return [_Member(*member) for member in zip(self.values, (first, *others), map(str.strip, texts), strict=True)]


def misplaced_in_series(claim: Claim, value: Quantity, sentence: Sentence) -> str:
    """The member of the sentence that the claim speaks of, where the value is that of another; else empty."""
    members = _series(sentence, value)
    holding = [member for member in members if value.same(member.value)]
    if len(holding) != 1:
        return ""
    # What the question names is meant where the claim names nothing itself.
    is_named = any(member.own <= claim.terms for member in members[1:])
    is_named = is_named or not holding[0].own.isdisjoint(claim.terms - claim.asked_terms)
    spoken_of = claim.terms if is_named else claim.terms | claim.asked_terms
    if holding[0].own <= spoken_of:
        return ""
    for member in members[1:]:
        is_stated = any(member.value.same(stated) for stated in claim.facts.quantities)
        if member is not holding[0] and not is_stated and member.own <= spoken_of:
            return member.text
    return ""


def values_in_series(claim: Claim, sentences: Iterable[Sentence]) -> frozenset[int]:
    """Where in the claim the values begin that are those of the only member behind the first which it names."""
    return frozenset(
        value.start
        for sentence in sentences
        for value in claim.facts.quantities
        if (named := [member for member in _series(sentence, value)[1:] if member.own <= claim.terms])
        and len(named) == 1
        and value.same(named[0].value)
    )


def _series(sentence: Sentence, value: Quantity) -> list[_Member]:
    """The members whose values are like this one; none where the sentence is no such series."""
    if "|" in sentence.text:
        return []  # a row, whose columns tell
    values = [own for own in sentence.quantities if _is_alike(value, own)]
    values = sorted({own.start: own for own in values}.values(), key=lambda own: own.start)
    if len(values) < _FEWEST:
        return []
    runs = [_Run([values[0]], [_last_clause(sentence.text[: values[0].start])], [])]
    for own, following in pairwise(values):
        between = sentence.text[own.start + len(own.text) : following.start]
        parts = list(_PARTS.finditer(between))
        runs[-1].behind.append(between[: parts[0].start()] if parts else between)
        if len(parts) == 1:
            runs[-1].values.append(following)
            runs[-1].before.append(between[parts[0].end() :])
        else:
            runs.append(_Run([following], [_last_clause(between)], []))
    runs[-1].behind.append(_CLAUSE.split(sentence.text[values[-1].start + len(values[-1].text) :])[0])
    return [member for run in runs for member in run.members() if any(value.same(own) for own in run.values)]


def _is_alike(value: Quantity, own: Quantity) -> bool:
    return own.dimension == value.dimension and own.is_year == value.is_year and bool(own.dimension)


def _last_clause(text: str) -> str:
    return _CLAUSE.split(text)[-1]
