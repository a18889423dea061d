"""Stems of words by Snowball. A stemmer keeps the word in itself while it works, so each thread has its own."""

from __future__ import annotations

import threading
import unicodedata
from functools import lru_cache
from typing import Literal

import snowballstemmer

Algorithm = Literal["english", "porter"]
"""`english` is the successor of `porter`, which cuts a little more off."""


class _Stemmers(threading.local):
    def __init__(self) -> None:
        self._made: dict[str, snowballstemmer.stemmer] = {}

    def of(self, algorithm: str) -> snowballstemmer.stemmer:
        if algorithm not in self._made:
            self._made[algorithm] = snowballstemmer.stemmer(algorithm)
        return self._made[algorithm]


_stemmers = _Stemmers()


@lru_cache(maxsize=65536)
def stem(word: str, algorithm: Algorithm = "english") -> str:
    """The stem of a word in lower case. Safe from several threads."""
    return str(_stemmers.of(algorithm).stemWord(word))


@lru_cache(maxsize=65536)
def alike_stem(word: str, algorithm: Algorithm = "english") -> str:
    """The stem of a word in lower case, without accents and in one of its spellings.

    `organisation` and `organization` are one, `tumours` and `tumor`, `centred` and `center`. The ending of the stem is
    looked at, and not that of the word: what has one stem stays together, as `hour` and `hours` do, or `call` and
    `called`.
    """
    if not word.isascii():
        word = "".join(sign for sign in unicodedata.normalize("NFKD", word) if not unicodedata.combining(sign))
    if len(word) >= _MIN_SPELLED and word.endswith(("ence", "ences")):
        # Before the stemmer, which would take `evidence` and `evident`, or `presence` and `present`, for one.
        word = word.replace("ence", "ense")
    stemmed = stem(word, algorithm)
    if len(stemmed) < _MIN_STEM:
        return stemmed
    if stemmed.endswith("is"):
        return stem(f"{stemmed[:-2]}ize", algorithm)
    if stemmed.endswith(("tr", "br")):
        return stem(f"{stemmed[:-1]}er", algorithm)
    for british, american in _ENDINGS:
        if len(stemmed) >= _MIN_SPELLED and stemmed.endswith(british):
            return stemmed.removesuffix(british) + american
    return stemmed


_ENDINGS = (("our", "or"), ("ogu", "og"), ("ys", "yz"), ("mm", "m"))
"""Of stems: `colour`, `catalogu`, `analys`, `programm`. What doubles an `l` (`travelled`) has one stem anyway."""
_MIN_SPELLED = 5
_MIN_STEM = 4
"""Letters from which a stem is looked at: `four` and `rogue` have one spelling, `metre` and `fibre` have two."""
