"""A source text as evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from portfolio_rag.answering.grounding.source_sentences import Sentence, split_sentences
from portfolio_rag.answering.grounding.value_attribution import WordPositions
from portfolio_rag.domain.chunks import ChunkPart
from portfolio_rag.text.language.abbreviations import spelled_out
from portfolio_rag.text.language.content_words import terms, words_of
from portfolio_rag.text.language.facts import Facts, extract_facts
from portfolio_rag.text.language.identifiers import identifiers
from portfolio_rag.text.language.language_detection import language_of
from portfolio_rag.text.language.name_variants import NameForms
from portfolio_rag.text.language.negations import NEGATION
from portfolio_rag.text.language.quantities import Quantity
from portfolio_rag.text.language.struck_out import struck_out_blanked

_NEAR_SENTENCES = 2
"""A value may stand this far from the sentences that hold the rest of the claim; further off it is another value."""

_PASSAGE_SENTENCES = 6
"""What a text says of a matter stands this near to the sentence that says most of it."""
_BLANKS = re.compile(r"\s+")
_CLAUSE_START = re.compile(r"[.!?;:,|]\s")
_CLAUSE_CHARACTERS = 60
"""Before what stands there word for word in which a negation may stand that turns it."""


def folded(text: str) -> str:
    """`text` as it is compared word for word: case and blanks do not count."""
    return _BLANKS.sub(" ", text).strip(" .").casefold()


@dataclass(frozen=True)
class SourceText:
    """One source as evidence. `context` are headings and file name: they may hold a claim's words, not its numbers.

    `document` tells which sources are of one document. `left_out` are sentences about something else than the claim,
    and `set_aside` says why those near to it are.
    """

    number: int
    text: str
    context: str
    sentences: tuple[Sentence, ...]
    document: str = ""
    left_out: tuple[Sentence, ...] = ()
    set_aside: str = ""

    @classmethod
    def build(
        cls, number: int, text: str, context: str, parts: Sequence[ChunkPart] = (), document: str = ""
    ) -> SourceText:
        text = struck_out_blanked(text)  # what is struck out holds no more
        return cls(number, text, context, tuple(split_sentences(text, parts)), document)

    def without(self, sentences: Sequence[Sentence], reason: str) -> SourceText:
        """The source as if those sentences did not stand in it."""
        kept = tuple(own for own in self.sentences if own not in sentences)
        return replace(self, sentences=kept, left_out=tuple(sentences), set_aside=reason)

    @cached_property
    def left_out_terms(self) -> frozenset[str]:
        """Content words that stand in what was left out, and nowhere else."""
        return frozenset().union(*(sentence.wording for sentence in self.left_out)) - self.all_terms

    def touched(self, start: int, end: int) -> list[Sentence]:
        """The sentences that [start, end) of the text touches."""
        return [sentence for sentence in self.sentences if sentence.start < end and start < sentence.end]

    @cached_property
    def context_terms(self) -> frozenset[str]:
        return frozenset(terms(self.context))

    @cached_property
    def context_identifiers(self) -> frozenset[str]:
        return identifiers(self.context)

    @cached_property
    def all_terms(self) -> frozenset[str]:
        return self.context_terms.union(*(own.terms | own.context_terms for own in self.sentences))

    @cached_property
    def body(self) -> str:
        """What may serve as evidence, without the headings."""
        return "\n".join(sentence.text for sentence in self.sentences)

    @cached_property
    def facts(self) -> Facts:
        """Of the body."""
        return extract_facts(self.body)

    @cached_property
    def word_positions(self) -> WordPositions:
        """Of the words in the body."""
        return WordPositions(words_of(self.body), self._starts)

    @cached_property
    def _starts(self) -> list[int]:
        """Where the sentences begin in the body, and where it ends."""
        starts = [0]
        for sentence in self.sentences:
            starts.append(starts[-1] + len(sentence.text) + 1)
        return starts

    @cached_property
    def lower_terms(self) -> frozenset[str]:
        """Of words that the source writes in lower case somewhere."""
        return frozenset(word.term for word in words_of(f"{self.context}\n{self.body}") if not word.capital)

    @cached_property
    def folded(self) -> str:
        """The body as it is compared word for word."""
        return folded(self.body)

    @cached_property
    def _folded_items(self) -> frozenset[str]:
        """Each item of a list behind what leads it in, as they are compared word for word."""
        return frozenset(folded(sentence.said) for sentence in self.sentences if sentence.lead)

    def has_verbatim(self, text: str) -> bool:
        """Whether the text stands there word for word, and nothing before it in its clause denies it.

        So does an item of a list behind what leads it in, whatever stands between the two.
        """
        wanted = folded(text)
        if wanted in self._folded_items:
            return True
        place = self.folded.find(wanted)
        while place >= 0:
            clause = _CLAUSE_START.split(self.folded[max(0, place - _CLAUSE_CHARACTERS) : place])[-1]
            if not NEGATION.search(clause):
                return True
            place = self.folded.find(wanted, place + 1)
        return False

    @cached_property
    def name_forms(self) -> NameForms:
        return NameForms([f"{self.context}\n{self.body}"])

    @cached_property
    def language(self) -> str:
        """Of the body; empty when it does not tell."""
        return language_of(self.body)

    @cached_property
    def context_quantities(self) -> tuple[Quantity, ...]:
        return extract_facts(self.context).quantities

    def held_terms(self, start: int, end: int) -> frozenset[str]:
        """The content words of [start, end) of the text and of the places in which it stands."""
        contexts = (sentence.context_terms for sentence in self.touched(start, end))
        text = self.text[start:end]
        return frozenset(terms(text)).union(spelled_out(text), self.context_terms, *contexts)

    def passage(self, start: int, end: int) -> tuple[frozenset[str], tuple[Quantity, ...]]:
        """The content words and the values of what stands around [start, end) of the text, that included."""
        first, last = self._reach(start, end, _PASSAGE_SENTENCES)
        near = self.sentences[first:last]
        held = self.context_terms.union(*(own.terms | own.context_terms for own in near))
        return held, tuple(quantity for own in near for quantity in own.quantities)

    def around(self, start: int, end: int) -> tuple[int, int]:
        """[start, end) in the body of the sentences that [start, end) of the text touches and those near them."""
        first, last = self._reach(start, end, _NEAR_SENTENCES)
        return self._starts[first], self._starts[last]

    def _reach(self, start: int, end: int, further: int) -> tuple[int, int]:
        """The sentences that [start, end) of the text touches and so many on both sides, as [first, last)."""
        touched = [n for n, one in enumerate(self.sentences) if one.start < end and start < one.end] or [0]
        return max(0, touched[0] - further), min(len(self.sentences), touched[-1] + 1 + further)
