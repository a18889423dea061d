"""A claim: a sentence to be checked, with the question that it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from portfolio_rag.text.language.content_words import Word, terms, words_of
from portfolio_rag.text.language.facts import Facts, extract_facts
from portfolio_rag.text.language.language_detection import function_terms, language_of
from portfolio_rag.text.language.quantities import Quantity

_FACT_WEIGHT = 2.0
"""A name or number weighs as much as this many plain content words."""


@dataclass(frozen=True)
class Claim:
    """A sentence to be checked. `question` is what it answers: what that names, the source need not name again."""

    text: str
    question: str = ""

    @cached_property
    def terms(self) -> frozenset[str]:
        return frozenset(terms(self.text)) - self._function_terms

    @cached_property
    def words(self) -> list[Word]:
        return words_of(self.text)

    @cached_property
    def facts(self) -> Facts:
        return extract_facts(self.text)

    @cached_property
    def language(self) -> str:
        """Empty when its words do not tell."""
        return language_of(self.text)

    @cached_property
    def asked(self) -> Facts:
        return extract_facts(self.question)

    @cached_property
    def asked_terms(self) -> frozenset[str]:
        return frozenset(terms(self.question)) - function_terms(language_of(self.question))

    @cached_property
    def _function_terms(self) -> frozenset[str]:
        return function_terms(language_of(f"{self.question}\n{self.text}"))

    @cached_property
    def wording(self) -> frozenset[str]:
        """The content words without numbers and dates, which are compared by value."""
        return frozenset(terms(self.facts.wording)) - self._function_terms

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
