"""The answer without a language model: the sentences of the sources that answer best, verbatim and cited."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from portfolio_rag.answering.generation.context_window import ContextSource
from portfolio_rag.answering.grounding.drafted_answer import DraftSentence, source_line
from portfolio_rag.answering.grounding.evidence import Sentence, split_sentences
from portfolio_rag.ports.embedder import Embedder
from portfolio_rag.text.language.content_words import coverage, terms
from portfolio_rag.text.language.quantities_and_names import extract_facts

MAX_SENTENCES = 3
_EMBEDDED = 32
"""Sentences embedded per question: the best by words and by the window they stand in."""

_LIST_ITEM = re.compile(r"^\s*(?:[-*+•]|(?:\d{1,2}|[a-zA-Z])[.)])\s+")
_LEANS_ON_PREVIOUS = re.compile(
    r"(?:it|its|they|their|this|these|those|such|he|she|that|however|therefore|also|in addition|for example|"
    r"otherwise)\b",
    re.IGNORECASE,
)
_ASKS_NUMBER = re.compile(
    r"\bhow (?:many|much|long|old|large|big|often|far|fast|high|deep)\b"
    r"|\bwhat (?:year|percentage|percent|size|number)\b"
    r"|\b(?:maximum|minimum|limit|quota|default (?:number|size|value))\b",
    re.IGNORECASE,
)
_ASKS_TIME = re.compile(r"\bwhen\b|\bwhat (?:year|date|day)\b", re.IGNORECASE)

# Beside the cosine of the sentence, which weighs 1; chosen on 300 questions of squad2 (the answer stands in the first
# sentence for 77 % of them, in one of the three for 88 %).
_LEXICAL_WEIGHT = 0.5
_WINDOW_WEIGHT = 0.5
_TYPE_BONUS = 0.12
_FOLLOW_SHARE = 0.85
"""A further sentence is added when it scores at least this share of the best one."""
_REDUNDANT = 0.9
"""Cosine from which two sentences say the same."""
_MAX_SENTENCE_CHARACTERS = 600
_HEADING_WORDS = 8
_INCOMPLETE = ("?", ":", "following.", "follows.")


@dataclass(frozen=True, slots=True)
class _Candidate:
    source: ContextSource
    sentence: Sentence
    previous: Sentence | None
    prior: float
    covered: float


def extract_answer(question: str, sources: Sequence[ContextSource], embedder: Embedder) -> list[DraftSentence]:
    """Up to three sentences, best first, each citing its source; empty when no sentence shares the subject."""
    asked = frozenset(terms(question))
    candidates = [candidate for source in sources for candidate in _candidates(source, asked)]
    candidates.sort(key=_by_words, reverse=True)
    candidates = candidates[:_EMBEDDED]
    if not candidates:
        return []
    vectors = embedder.embed([question, *(candidate.sentence.text for candidate in candidates)])
    by_words = [_by_words(candidate) + _type_bonus(question, candidate.sentence.text) for candidate in candidates]
    scores = vectors[1:] @ vectors[0] + np.array(by_words)
    chosen: list[int] = []
    for index in np.argsort(-scores, kind="stable"):
        if len(chosen) == MAX_SENTENCES or (chosen and scores[index] < _FOLLOW_SHARE * scores[chosen[0]]):
            break
        if all(float(vectors[1 + index] @ vectors[1 + earlier]) < _REDUNDANT for earlier in chosen):
            chosen.append(int(index))
    return [sentence for line, index in enumerate(chosen) for sentence in _draft(candidates[index], line)]


def _candidates(source: ContextSource, asked: frozenset[str]) -> list[_Candidate]:
    chunk = source.passage.chunk
    headings = frozenset(terms(" ".join(chunk.heading_path)))
    candidates: list[_Candidate] = []
    previous: Sentence | None = None
    for sentence in split_sentences(chunk.content):
        if any(start < sentence.end and sentence.start < end for start, end in source.spans) and _readable(sentence):
            # A word of the question that the heading holds is half answered by any sentence under it.
            covered = coverage(asked, sentence.terms) + 0.5 * coverage(asked, headings - sentence.terms)
            candidates.append(_Candidate(source, sentence, previous, _prior(source, sentence), min(1.0, covered)))
        previous = sentence
    return candidates


def _by_words(candidate: _Candidate) -> float:
    """What speaks for it before it is embedded."""
    return _LEXICAL_WEIGHT * candidate.covered + _WINDOW_WEIGHT * candidate.prior


def _readable(sentence: Sentence) -> bool:
    """A statement, not a heading, a label, a question or a wall of text."""
    text = sentence.text.strip()
    words = text.split()
    if len(words) < 3 or len(text) > _MAX_SENTENCE_CHARACTERS or text.endswith(_INCOMPLETE) or not sentence.terms:
        return False
    # Short, not closed and without a value: a heading. A row of a table or an item of a list says more.
    closed = text.endswith((".", "!", ")", '"', "”")) or "|" in text or any(character.isdigit() for character in text)
    return closed or len(words) > _HEADING_WORDS or bool(_LIST_ITEM.match(sentence.text))


def _prior(source: ContextSource, sentence: Sentence) -> float:
    """The score of the window that the sentence stands in, when it was hit."""
    passage = source.passage
    scores = passage.window_scores or (passage.score,) * len(passage.windows)
    inside = [
        score
        for window, score in zip(passage.windows, scores, strict=True)
        if passage.chunk.windows[window][0] < sentence.end and sentence.start < passage.chunk.windows[window][1]
    ]
    return max(inside, default=0.0)


def _type_bonus(question: str, sentence: str) -> float:
    """A question for a number or a time is answered by a sentence that has one."""
    if _ASKS_TIME.search(question):
        stated = extract_facts(sentence)
        return _TYPE_BONUS if stated.dates or any(quantity.is_year for quantity in stated.quantities) else 0.0
    if _ASKS_NUMBER.search(question):
        return _TYPE_BONUS if extract_facts(sentence).quantities else 0.0
    return 0.0


def _draft(candidate: _Candidate, line: int) -> list[DraftSentence]:
    """The sentence, after the one before it where it leans on that."""
    cited = (candidate.source.number,)
    drafted = [DraftSentence(_shown(candidate.sentence.text), cited, line)]
    previous, content = candidate.previous, candidate.source.passage.chunk.content
    if (
        previous
        and _LEANS_ON_PREVIOUS.match(drafted[0].text)
        and "\n" not in content[previous.end : candidate.sentence.start]
        and _readable(previous)
    ):
        drafted.insert(0, DraftSentence(_shown(previous.text), cited, line))
    return drafted


def _shown(text: str) -> str:
    return source_line(_LIST_ITEM.sub("", text))
