"""The sentences that may answer a question, each with what its words and its window promise."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from portfolio_rag.answering.generation.context_window import ContextSource
from portfolio_rag.answering.generation.labelled_values import by_whom
from portfolio_rag.answering.grounding.claim import Claim
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.answering.grounding.labels import cells_of
from portfolio_rag.answering.grounding.source_sentences import LIST_ITEM, Sentence
from portfolio_rag.answering.grounding.subjects import about_subject
from portfolio_rag.domain.chunks import BlockKind
from portfolio_rag.text.language.content_words import coverage

MAX_CANDIDATES = 20
"""Sentences among which an answer is chosen: the best by words and by the window they stand in."""

ASKED_BY_PLACE = 0.5
"""Share of the question's words in its place from which a sentence of a word or two is an answer."""

# Beside the cosine of the sentence, which weighs 1; chosen on 300 questions of squad2.
_LEXICAL_WEIGHT = 0.5
_WINDOW_WEIGHT = 0.5
_PLACE_WEIGHT = 0.8
"""A word of the question that the place of a sentence holds counts nearly as one in the sentence."""
_MAX_ROW_CHARACTERS = 600
_MAX_SENTENCE_CHARACTERS = 1000
"""Of a sentence that ends as one: people who list all members of a faculty need as many."""
_HEADING_WORDS = 8
_MIN_WORDS = 3
_CLOSING = (".", "!", ")", '"', "”")
_INCOMPLETE = ("?", ":", "following.", "follows.")


@dataclass(frozen=True, slots=True)
class CandidateSentence:
    """`prior` is what the search makes of its window, `covered` how much of the question it or its place has."""

    source: ContextSource
    text: SourceText
    sentence: Sentence
    prior: float
    covered: float

    @property
    def promise(self) -> float:
        """Of its words and its window together, before anything has read it."""
        return _LEXICAL_WEIGHT * self.covered + _WINDOW_WEIGHT * self.prior


def rank_candidate_sentences(
    claim: Claim, sources: Sequence[ContextSource], texts: Sequence[SourceText]
) -> list[CandidateSentence]:
    """All candidates for the claim's question, most promising first.

    `texts` are the passages as evidence, of which `sources` are the numbered excerpts.
    """
    about = {text.number: text for text in about_subject(claim, texts)}
    candidates = (
        candidate
        for source in sources
        for candidate in find_candidate_sentences(source, about[source.number], claim.asked_terms)
    )
    return sorted(candidates, key=lambda candidate: -candidate.promise)


def find_candidate_sentences(
    source: ContextSource, text: SourceText, asked: frozenset[str]
) -> Iterator[CandidateSentence]:
    titles = {sentence.lead_in.partition("\n")[0] for sentence in text.sentences}
    for sentence in text.sentences:
        inside = any(start < sentence.end and sentence.start < end for start, end in source.spans)
        if inside and is_statement(sentence, asked) and not _is_title(sentence.text.strip(), titles):
            place = sentence.context_terms or text.context_terms
            covered = coverage(asked, sentence.terms) + _PLACE_WEIGHT * coverage(asked, place - sentence.terms)
            yield CandidateSentence(source, text, sentence, _prior(source, sentence), min(1.0, covered))


def is_statement(sentence: Sentence, asked: frozenset[str]) -> bool:
    """A statement, not a heading, a label, a question or a wall of text."""
    text = sentence.text.strip()
    words = text.split()
    if (
        sentence.kind is BlockKind.HEADING
        or (text.isupper() and len(words) > 1)
        or _is_wall(sentence.kind, text)
        or text.endswith(_INCOMPLETE)
        or text.partition(": ")[2] in sentence.heading_path  # The subject of a mail is its title.
    ):
        return False
    if coverage(asked, sentence.context_terms) >= ASKED_BY_PLACE:
        return True
    if not sentence.terms:
        return False
    if len(words) < _MIN_WORDS:
        return any(column and value for column, value in cells_of(sentence))
    # Short, not closed and without a value: a heading. A row, an item of a list or a command says more.
    closed = text.endswith(_CLOSING) or "|" in text or any(sign.isdigit() for sign in text)
    is_whole = sentence.kind is BlockKind.CODE or bool(LIST_ITEM.match(sentence.text)) or _is_led_in(sentence)
    is_whole = is_whole or by_whom(text) is not None
    return closed or is_whole or len(words) > _HEADING_WORDS


def _is_wall(kind: BlockKind | None, text: str) -> bool:
    """Whether it is too long to be an answer: cells full of text, or what lacks its full stops."""
    if kind is BlockKind.TABLE or not text.endswith(_CLOSING):
        return len(text) > _MAX_ROW_CHARACTERS
    return len(text) > _MAX_SENTENCE_CHARACTERS


def _is_led_in(sentence: Sentence) -> bool:
    return sentence.kind is BlockKind.LIST and bool(sentence.lead_in)


def _is_title(text: str, titles: Collection[str]) -> bool:
    """Whether it is the title of a list or table, and has no value of its own: what it announces stands below."""
    own = LIST_ITEM.sub("", text)
    return text in titles and text[-1].isalnum() and not any(sign.isdigit() for sign in own)


def _prior(source: ContextSource, sentence: Sentence) -> float:
    """What the search makes of the window that the sentence stands in, when it was hit."""
    passage = source.passage
    scores = passage.window_ranks or passage.window_scores or (passage.score,) * len(passage.windows)
    inside = [
        score
        for window, score in zip(passage.windows, scores, strict=True)
        if passage.chunk.windows[window][0] < sentence.end and sentence.start < passage.chunk.windows[window][1]
    ]
    return max(inside, default=0.0)
