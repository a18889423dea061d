"""A claim in another language than its source: only what every language shares can be compared.

Numbers with their units, dates and identifiers (`SQS`, `PutItem`, `c5d.12xlarge`) read the same in a translation;
words do not, and capitals tell no names where nouns have them. So such a claim is never certain, but what it invents
of these is found.
"""

from __future__ import annotations

import re

from portfolio_rag.answering.grounding.claim import Claim
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.text.language.facts import Facts
from portfolio_rag.text.language.quantities import Quantity

IN_ANOTHER_LANGUAGE = "in another language than its source: only its numbers and identifiers could be checked"

_IDENTIFIER = re.compile(r"\b(?:\w*[A-Z]\w*[A-Z]\w*|\w*[a-z][A-Z]\w*|(?=\w*[A-Za-z])\w*\d[\w.]*)\b")


def is_other_language(claim: Claim, source: SourceText) -> bool:
    """Whether both languages are known, and differ; what stands there word for word is in none."""
    differ = bool(claim.language and source.language) and claim.language != source.language
    return differ and not source.has_verbatim(claim.text)


def missing_value(claim: Claim, source: SourceText) -> str | None:
    """The number, date or identifier of the claim that the source lacks, in words; empty when it has all of them.

    None when the claim has nothing of the kind, and nothing is known.
    """
    stated, identifiers = _shared(claim)
    if not (stated.quantities or stated.dates or identifiers):
        return None
    for date in stated.dates:
        if not any(date.same(known) for known in source.facts.dates):
            return f"the date {date.text} is not there"
    for quantity in stated.quantities:
        if not _among(quantity, source.facts.quantities + source.context_quantities):
            return f"the number {quantity.text} is not there"
    known = f"{source.context}\n{source.body}".casefold()
    return next((f"the name {name} is not there" for name in identifiers if name.casefold() not in known), "")


def nearest_sentence(claim: Claim, source: SourceText) -> tuple[int, int]:
    """[start, end) in the source's text of the sentence that has most of the claim's numbers and identifiers."""
    stated, identifiers = _shared(claim)

    def shared(index: int) -> int:
        sentence = source.sentences[index]
        text = sentence.text.casefold()
        values = sum(_among(quantity, sentence.quantities) for quantity in stated.quantities)
        return 2 * values + sum(name.casefold() in text for name in identifiers)

    best = source.sentences[max(range(len(source.sentences)), key=shared)]
    return best.start, best.end


def _shared(claim: Claim) -> tuple[Facts, list[str]]:
    """The claim's values and identifiers."""
    return claim.facts, sorted(set(_IDENTIFIER.findall(claim.text)))


def _among(quantity: Quantity, others: tuple[Quantity, ...]) -> bool:
    return any(quantity.same(known) for known in others)
