"""Which window of a chunk has the words of the question: BM25 over its own windows, pairs of neighbours included.

The full-text index ranks whole chunks, as a chunk tells best what a text is about; a window is what is found, quoted
and shown. Costs the search of each word in the texts of the chunks found, and nothing of the size of the corpus.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from portfolio_rag.adapters.sqlite.indexed_chunks import SearchedText
from portfolio_rag.adapters.tantivy.analysis import term
from portfolio_rag.domain.chunks import Span

PAIR_WEIGHT = 0.5
"""What two words of the question count that stand beside each other in a window, too, of one word's weight."""

# As is usual for short passages; nothing gained by others (bench/compare_fusion.py).
_SATURATION = 0.9
_LENGTH = 0.4
_USUAL_CHARACTERS = 600
"""A window with its headings, about."""


def window_scores(words: Sequence[tuple[str, float]], searched: SearchedText) -> list[tuple[int, float]]:
    """(index, score) of the windows with at least one of the words, best first.

    `words` are terms in the order of the question with their weights; the headings count for each window.
    """
    text, windows, shared = searched.text, searched.windows, searched.heading_length
    found = {word: _occurrences(text, word) for word, _ in words}
    starts = [start for start, _ in windows]
    norms = [_norm(end - start + shared) for start, end in windows]
    scores = [0.0] * len(windows)

    def count(places: Sequence[int], weight: float) -> None:
        counts = [0] * len(windows)
        everywhere = 0
        for place in places:
            if place < shared:
                everywhere += 1
            elif (window := bisect_right(starts, place) - 1) >= 0:
                counts[window] += 1
        for window, own in enumerate(counts):
            if times := own + everywhere:
                scores[window] += weight * times * (_SATURATION + 1) / (times + norms[window])

    for word, weight in words:
        count([start for start, _ in found[word]], weight)
    for (one, weight), (other, next_weight) in pairwise(words):
        following = {start for start, _ in found[other]}
        beside = [start for start, end in found[one] if _next_word(text, end) in following]
        count(beside, PAIR_WEIGHT * (weight + next_weight) / 2)
    return sorted(((n, score) for n, score in enumerate(scores) if score > 0), key=lambda one: -one[1])


def _norm(characters: int) -> float:
    return _SATURATION * (1 - _LENGTH + _LENGTH * characters / _USUAL_CHARACTERS)


def _occurrences(text: str, wanted: str) -> list[Span]:
    """[start, end) of the words of that stem."""
    # Stems differ from their words in the last two letters at most: "filing" is "file", "centre" is "center".
    prefix = wanted[:-2] if len(wanted) > 4 else wanted[:3]
    spans = []
    start = text.find(prefix)
    while start >= 0:
        end = start + len(prefix)
        while end < len(text) and text[end].isalnum():
            end += 1
        if (start == 0 or not text[start - 1].isalnum()) and term(text[start:end]) == wanted:
            spans.append((start, end))
        start = text.find(prefix, end)
    return spans


def _next_word(text: str, place: int) -> int:
    """Where the word behind `place` begins."""
    while place < len(text) and not text[place].isalnum():
        place += 1
    return place
