"""Which window of a chunk has the words of the question: BM25 over its own windows, pairs of neighbours included.

The full-text index ranks whole chunks, as a chunk tells best what a text is about; a window is what is found, quoted
and shown. Costs the search of each word in the texts of the chunks found, and nothing of the size of the corpus.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from portfolio_rag.adapters.sqlite.indexed_chunks import SearchedText
from portfolio_rag.adapters.tantivy.analysis import term
from portfolio_rag.domain.chunks import Span

PAIR_WEIGHT = 0.5
"""What two words of the question count that stand beside each other in a window, too, of one word's weight."""

_WORD_START = re.compile(r"[^\W_]")
_REST = re.compile(r"[^\W_]*")

# As is usual for short passages; nothing gained by others (bench/compare_fusion.py).
_SATURATION = 0.9
_LENGTH = 0.4
_USUAL_CHARACTERS = 600
"""A window with its headings, about."""


def window_scores(words: Sequence[tuple[str, float]], searched: SearchedText) -> list[tuple[int, float]]:
    """(index, score) of the windows with at least one of the words, best first.

    `words` are terms in the order of the question with their weights, none of them empty; the headings count for each
    window.
    """
    text = searched.text
    found = {word: _occurrences(text, word) for word, _ in words}
    counted = [(found[word], weight) for word, weight in words]
    for (one, weight), (other, next_weight) in pairwise(words):
        if found[one] and found[other]:
            following = {start for start, _ in found[other]}
            beside = [(start, end) for start, end in found[one] if _next_word(text, end) in following]
            counted.append((beside, PAIR_WEIGHT * (weight + next_weight) / 2))
    scores = _scores(searched, [(places, weight) for places, weight in counted if places])
    return sorted(((n, score) for n, score in enumerate(scores) if score > 0), key=lambda one: -one[1])


def _scores(searched: SearchedText, counted: Sequence[tuple[Sequence[Span], float]]) -> list[float]:
    """BM25 of each window over places in the text that weigh the same."""
    windows, shared = searched.windows, searched.heading_length
    starts = [start for start, _ in windows]
    norms = [_norm(end - start + shared) for start, end in windows]
    scores = [0.0] * len(windows)
    for places, weight in counted:
        everywhere = sum(start < shared for start, _ in places)
        times = dict.fromkeys(range(len(windows)), everywhere) if everywhere else {}
        for start, _ in places:
            if start >= shared and (window := bisect_right(starts, start) - 1) >= 0:
                times[window] = times.get(window, 0) + 1
        for window, own in times.items():
            scores[window] += weight * own * (_SATURATION + 1) / (own + norms[window])
    return scores


def _norm(characters: int) -> float:
    return _SATURATION * (1 - _LENGTH + _LENGTH * characters / _USUAL_CHARACTERS)


def _occurrences(text: str, wanted: str) -> list[Span]:
    """[start, end) of the words of that stem."""
    # Stems differ from their words in the last letter at most, "filing" is "file", or in two: "centre" is "center".
    prefix = wanted[:3] if len(wanted) < 5 else wanted[:-2] if wanted.endswith("er") else wanted[:-1]
    spans = []
    start = text.find(prefix)
    while start >= 0:
        end = _REST.match(text, start + len(prefix)).end()  # type: ignore[union-attr]  # it matches nothing, too
        if (start == 0 or not text[start - 1].isalnum()) and term(text[start:end]) == wanted:
            spans.append((start, end))
        start = text.find(prefix, end)
    return spans


def _next_word(text: str, place: int) -> int:
    """Where the word behind `place` begins; -1 where there is none."""
    following = _WORD_START.search(text, place)
    return following.start() if following else -1
