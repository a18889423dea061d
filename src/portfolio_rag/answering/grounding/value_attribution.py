"""Which value belongs to what: whether a number, date or name of a claim stands in the source where the claim puts it.

That a value is somewhere in the source says little: "4 days by default and 14 days at most" holds both. So each value
of the claim is looked up with the claim's other words around it, and compared with the other values of its kind.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from portfolio_rag.text.language.content_words import Word
from portfolio_rag.text.language.dates import Date
from portfolio_rag.text.language.facts import Facts
from portfolio_rag.text.language.quantities import Quantity

_NEAR_IN_SOURCE = 8.0
_NEAR_IN_CLAIM = 12.0
"""Words at which a neighbour counts 1/e as much as the next one: the claim's own words are closer together."""

_SENTENCE_APART = 6.0
"""A sentence between two words keeps them as far apart as so many words."""

_MAX_OCCURRENCES = 40
"""Occurrences of one value, and values of one kind, that are looked at: a table of a thousand numbers binds nothing."""

_RANGE = 3
"""Words from one end of a range to the other."""

_RANGE_WORDS = frozenset({"to", "through", "until", "or"})

_SURE_CONTEXT = 6
"""Equal words on both sides of a position from which it is surely the same one."""


class WordPositions:
    """The words of a source with their positions. `starts`: where its sentences begin, in characters, in order."""

    def __init__(self, words: Sequence[Word], starts: Sequence[int]) -> None:
        self._at = [word.start for word in words]
        self._texts = [word.text for word in words]
        self._terms = [word.term for word in words]
        self._sentence = [bisect_right(starts, start) for start in self._at]
        self._of: dict[str, list[int]] = {}
        for position, word in enumerate(words):
            if word.term:
                self._of.setdefault(word.term, []).append(position)

    def position_at(self, character: int) -> int:
        """Of the word that begins at that character, or before it."""
        return max(0, bisect_right(self._at, character) - 1)

    def are_range(self, one: int, other: int) -> bool:
        """Whether the values at two characters are the ends of a range: `from 1 minute to 14 days`."""
        first, last = sorted((self.position_at(one), self.position_at(other)))
        return last - first <= _RANGE and not _RANGE_WORDS.isdisjoint(self._texts[first:last])

    def beside(self, value: Quantity | Date) -> frozenset[str]:
        """The terms of the words right before and right behind the value."""
        first = bisect_left(self._at, value.start)
        last = bisect_left(self._at, value.start + len(value.text))
        return frozenset(filter(None, (*self._terms[max(0, first - 1) : first], *self._terms[last : last + 1])))

    def nearness(self, term: str, position: int) -> float:
        """1 where the word stands at that position, falling with the distance; 0 where it does not stand anywhere."""
        return max(
            (math.exp(-self._apart(occurrence, position) / _NEAR_IN_SOURCE) for occurrence in self._of.get(term, ())),
            default=0,
        )

    def _apart(self, one: int, other: int) -> float:
        return abs(one - other) + _SENTENCE_APART * abs(self._sentence[one] - self._sentence[other])


def misattributed_value(
    claim_words: Sequence[Word],
    claim: Facts,
    source: WordPositions,
    facts: Facts,
    near: tuple[int, int],
    settled: Collection[int] = (),
) -> tuple[float, str]:
    """How much better the claim's words fit another value of the source than the one that the claim states, 0 to 1.

    With it the value that is in doubt. The other one stands within `near`, [start, end) of the text of `facts`. Values
    that the source lacks are not judged here, nor those that begin in the claim at one of the `settled` places.
    """
    wanted: list[Quantity | Date] = [*claim.dates, *_loose(claim, facts)]
    stated: list[Quantity | Date] = [*facts.dates, *facts.quantities]
    worst, doubtful = 0.0, ""
    for value in wanted:
        if value.start in settled:
            continue
        occurrences = [known for known in stated if _same(value, known)][:_MAX_OCCURRENCES]
        rivals = [
            rival
            for rival in stated
            if near[0] <= rival.start < near[1]
            and _alike(value, rival)
            and not any(_same(claimed, rival) for claimed in wanted)
            and not any(source.are_range(occurrence.start, rival.start) for occurrence in occurrences)
        ][:_MAX_OCCURRENCES]
        if not occurrences or not rivals:
            continue
        beside = _beside(claim_words, value)
        is_beside = beside and any(source.beside(known) >= beside for known in occurrences)
        if is_beside and not any(beside & source.beside(rival) for rival in rivals):
            continue  # What it counts or dates stands right beside it, and beside none of the others.
        around = _around(claim_words, value, wanted)
        best_rival = max(_fit(around, source, rival) for rival in rivals)
        gap = best_rival - max(_fit(around, source, occurrence) for occurrence in occurrences)
        if gap > worst:
            worst, doubtful = gap, value.text
    return worst, doubtful


def _loose(claim: Facts, facts: Facts) -> list[Quantity]:
    """The claim's numbers without the years of such dates as the source has, perhaps without a year."""
    dated = {date.start for date in claim.dates if any(date.same(known) for known in facts.dates)}
    return [quantity for quantity in claim.quantities if quantity.start not in dated]


def _beside(words: Sequence[Word], value: Quantity | Date) -> frozenset[str]:
    """The terms of the words right before and right behind the value."""
    end = value.start + len(value.text)
    before = [word.term for word in words if word.end <= value.start][-1:]
    behind = [word.term for word in words if word.start >= end][:1]
    return frozenset(filter(None, (*before, *behind)))


def _around(
    words: Sequence[Word], value: Quantity | Date, values: Sequence[Quantity | Date]
) -> list[tuple[str, float]]:
    """The content words around a value of the claim, with their weights; values are no context."""
    at = next((position for position, word in enumerate(words) if word.end > value.start), 0)
    return [
        (word.term, math.exp(-abs(position - at) / _NEAR_IN_CLAIM))
        for position, word in enumerate(words)
        if word.term and not any(known.start <= word.start < known.start + len(known.text) for known in values)
    ]


def _fit(around: Sequence[tuple[str, float]], source: WordPositions, value: Quantity | Date) -> float:
    """How near the words stand to that value of the source, 0 to 1."""
    total = sum(weight for _, weight in around)
    position = source.position_at(value.start)
    return sum(weight * source.nearness(term, position) for term, weight in around) / total if total else 0.0


def _same(one: Quantity | Date, other: Quantity | Date) -> bool:
    if isinstance(one, Date) or isinstance(other, Date):
        return isinstance(one, Date) and isinstance(other, Date) and one.same(other)
    return one.same(other)


def _alike(one: Quantity | Date, other: Quantity | Date) -> bool:
    """Whether one could be put for the other: two years, two sizes, two plain numbers."""
    if isinstance(one, Date) or isinstance(other, Date):
        return isinstance(one, Date) and isinstance(other, Date)
    return one.is_year == other.is_year and one.dimension == other.dimension


@dataclass(frozen=True, slots=True)
class Alignment:
    """The words of a claim beside those of a span, in order.

    `aligned`: share of the claim's words that stand in the same order there, 0 to 1: 1 is word for word.
    """

    steps: Sequence[tuple[str, int, int, int, int]]
    claim: Sequence[Word]
    span: Sequence[Word]
    aligned: float

    @classmethod
    def of(cls, claim: Sequence[Word], span: Sequence[Word]) -> Alignment:
        matcher = SequenceMatcher(None, [word.text for word in claim], [word.text for word in span], autojunk=False)
        steps = matcher.get_opcodes()
        equal = sum(end - first for step, first, end, _, _ in steps if step == "equal")
        return cls(steps, claim, span, equal / len(claim) if claim else 0.0)

    def replaced_name(self, unknown: frozenset[str], lower: frozenset[str]) -> tuple[float, str]:
        """How surely a name of the span has been replaced by one of `unknown` (terms that the source does not have).

        0 to 1, with the name that the claim puts there. `lower`: terms that the source writes in lower case, too, and
        that are no names for that reason.
        """
        stated = {word.text for word in self.claim}
        worst, name = 0.0, ""
        for put, gone, sure in self._replaced():
            added = [word for word in put if word.capital and word.term in unknown]
            named = [word for word in gone if word.capital and word.term and word.text not in stated]
            if added and any(word.term not in lower for word in named) and sure > worst:
                worst, name = sure, added[0].text
        return worst, name

    def replaced_value(self, lost: Sequence[Quantity]) -> tuple[float, str]:
        """How surely a number of the span has been replaced by one of `lost`: those of the claim that the span lacks.

        0 to 1, with that number.
        """
        stated = {word.text for word in self.claim}
        worst, value = 0.0, ""
        for put, gone, sure in self._replaced():
            numbers = [
                quantity.text
                for quantity in lost
                if any(quantity.start <= word.start < quantity.start + len(quantity.text) for word in put)
            ]
            if numbers and any(word.text[0].isdigit() and word.text not in stated for word in gone) and sure > worst:
                worst, value = sure, numbers[0]
        return worst, value

    def _replaced(self) -> Iterator[tuple[Sequence[Word], Sequence[Word], float]]:
        """What stands in the claim in place of what in the span, and how surely it is the same place, 0 to 1."""
        for number, (step, first, end, start, stop) in enumerate(self.steps):
            if step == "replace":
                around = self.steps[max(0, number - 1) : number + 2]
                equal = sum(neighbour[2] - neighbour[1] for neighbour in around if neighbour[0] == "equal")
                sure = min(1.0, equal / _SURE_CONTEXT) * self.aligned
                yield self.claim[first:end], self.span[start:stop], sure
