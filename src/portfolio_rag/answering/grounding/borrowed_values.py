"""Values that a claim borrows from a sentence with which it has nothing else in common.

`The board grants a delay of 17 euros` beside `The fee is 17 euros. The board grants a delay of four months.`: all the
words of the claim stand in one sentence, and its value in another. Values of one kind are told apart by
value_attribution.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from portfolio_rag.answering.grounding.claim import Claim
from portfolio_rag.answering.grounding.labels import cells_of
from portfolio_rag.answering.grounding.source_sentences import LIST_ITEM, Sentence
from portfolio_rag.text.language.content_words import terms
from portfolio_rag.text.language.facts import extract_facts

_LEAST_WORDS = 2
"""Of a claim, from which they tell what it is about."""
_GOES_ON = re.compile(
    r"(?:and|or|but|from|in|on|for|with|it|its|they|their|this|these|those|such|he|she|that|however|therefore|also"
    r"|otherwise)\b",
    re.IGNORECASE,
)


def owner_of_words(claim: Claim, sentence: Sentence, others: Sequence[Sentence]) -> Sentence | None:
    """The sentence that says all of the claim but its value, with values of other kinds, when `sentence` has that only.

    None for a row, whose columns say what its values are; for a line that is hardly more than a value, which may be
    that of the whole text; and where the sentence goes on with that one.
    """
    # What a number counts comes with it: the nights of `two nights`.
    words = claim.wording - frozenset(terms(" ".join(value.noun for value in claim.facts.quantities)))
    if len(words) < _LEAST_WORDS or cells_of(sentence) or not words.isdisjoint(sentence.terms):
        return None
    if words <= sentence.context_terms or not (len(sentence.wording) >= _LEAST_WORDS or _goes_on_with_any(sentence)):
        return None
    owners = (other for other in others if words <= other.terms and _has_values_of_other_kinds(claim, other))
    return next((owner for owner in owners if not _goes_on(owner, sentence, others)), None)


def _has_values_of_other_kinds(claim: Claim, other: Sentence) -> bool:
    own = extract_facts(_without_mark(other))  # The number of an item is no value of it.
    if cells_of(other) or not (own.quantities or own.dates) or (claim.facts.dates and own.dates):
        return False
    kinds = {value.dimension for value in claim.facts.quantities}
    return kinds.isdisjoint(value.dimension for value in own.quantities)


def _without_mark(sentence: Sentence) -> str:
    return LIST_ITEM.sub("", sentence.text, count=1)


def _goes_on_with_any(sentence: Sentence) -> bool:
    return bool(_GOES_ON.match(_without_mark(sentence)))


def _goes_on(first: Sentence, second: Sentence, sentences: Sequence[Sentence]) -> bool:
    """Whether the second stands right behind the first and adds to it: `In May it is 9 euros.`"""
    if first.end > second.start:
        return False
    is_next = not any(first.end <= between.start and between.end <= second.start for between in sentences)
    return is_next and (len(second.wording) < _LEAST_WORDS or _goes_on_with_any(second))
