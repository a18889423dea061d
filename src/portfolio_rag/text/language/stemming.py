"""Stems of words by Snowball. A stemmer keeps the word in itself while it works, so each thread has its own."""

from __future__ import annotations

import threading
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
