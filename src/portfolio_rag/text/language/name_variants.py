"""Names in the forms in which texts have them: with hyphens or none, in the plural, spelled out or by first letters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property

from portfolio_rag.text.language.content_words import terms, words_of

_COMPOUND = re.compile(r"[^\W_]+(?:[-‐‑/'’][^\W_]+)+")
_ACRONYM = re.compile(r"\b[A-Z][A-Z0-9&]{1,7}s?\b")
_SMALL_WORD_LIST = "of the and for in on de la le du des der die das und et y"
_SMALL_WORDS = frozenset(_SMALL_WORD_LIST.split())
_MIN_INITIALS = 2
_ENDINGS = ("s", "n", "en", "er", "es", "e", "ian", "an")
_FROM_THERE = ("ese", "ian", "ean", "ish")
_VOWELS = "aeoy"
_MIN_STEM = 5
"""Letters from which a word and the same word with a letter or two more are one: `Norwegian` and `Norway` are not."""


class NameForms:
    """The words of some texts in all the forms in which another text may have them."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    @cached_property
    def _held(self) -> frozenset[str]:
        return frozenset(term for text in self._texts for term in terms(text))

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(word.text for text in self._texts for word in words_of(text))

    @cached_property
    def _forms(self) -> frozenset[str]:
        """Compounds as one word, and the first letters of names."""
        return frozenset(form for text in self._texts for form in (*_joined(text), *_initials(text)))

    @cached_property
    def _acronyms(self) -> frozenset[str]:
        found = (acronym for text in self._texts for acronym in _ACRONYM.findall(text))
        return frozenset(acronym.removesuffix("s").casefold() for acronym in found)

    def missing(self, names: frozenset[str], text: str) -> frozenset[str]:
        """The names (terms of a text) that none of the texts has in any form."""
        missing = names - self._held
        if not missing:
            return frozenset()
        parts = (own for whole, own in _joined(text).items() if whole in self._held)
        known = _spelled_out(text, self._acronyms).union(*parts) | self._forms
        written = {word.term: word.text for word in words_of(text) if word.term in missing}
        return frozenset(
            name
            for name in missing
            if name not in known
            and not _has_inflected(name, self._held)
            and not _has_inflected(written.get(name, ""), self._words)
        )


def missing_names(names: frozenset[str], text: str, others: Sequence[str]) -> frozenset[str]:
    """The names (terms of a text) that none of the other texts has in any form."""
    return NameForms(others).missing(names, text)


def _joined(text: str) -> dict[str, frozenset[str]]:
    """Each compound with a hyphen as one word, with the terms of its parts."""
    found: dict[str, frozenset[str]] = {}
    for match in _COMPOUND.finditer(text):
        whole = terms(re.sub(r"[^\w]", "", match.group()))
        if whole:
            found[whole[0]] = frozenset(terms(match.group()))
    return found


def _runs(text: str) -> Iterable[list[str]]:
    """Capitalised words in a row, small words between them left out."""
    run: list[str] = []
    end = 0
    for word in words_of(text):
        follows = not text[end : word.start].strip(" -‐‑")
        if not follows or not (word.capital or word.text in _SMALL_WORDS):
            yield run
            run = []
        if word.capital:
            run.append(word.text)
        end = word.end
    yield run


def _initials(text: str) -> set[str]:
    """The first letters of names of several words: `sqs` for `Simple Queue Service`, also inside a longer run."""
    return {
        "".join(word[0] for word in run[start:end])
        for run in _runs(text)
        for start in range(len(run))
        for end in range(start + _MIN_INITIALS, min(len(run), start + 7) + 1)
    }


def _spelled_out(text: str, acronyms: frozenset[str]) -> set[str]:
    """The terms of the text's names whose first letters are one of the acronyms."""
    return {
        term
        for run in _runs(text)
        for start in range(len(run))
        for end in range(start + _MIN_INITIALS, min(len(run), start + 7) + 1)
        if "".join(word[0] for word in run[start:end]) in acronyms
        for term in terms(" ".join(run[start:end]))
    }


def _has_inflected(name: str, held: frozenset[str]) -> bool:
    """Whether a text has the name with another ending: `Haldorans`, or what is from there: `China` and `Chinese`."""
    if len(name) < _MIN_STEM or not name.isalpha():
        return False
    if any(f"{name}{ending}" in held or name.removesuffix(ending) in held for ending in _ENDINGS):
        return True
    if any(f"{name.rstrip(_VOWELS)}{ending}" in held for ending in _FROM_THERE):
        return True
    places = (name.removesuffix(ending) for ending in _FROM_THERE if name.endswith(ending))
    return any(f"{place}{vowel}" in held for place in places if len(place) > 3 for vowel in ("", *_VOWELS))
