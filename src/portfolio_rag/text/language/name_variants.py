"""Names in the forms in which texts have them: with hyphens or none, in the plural, spelled out or by first letters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from portfolio_rag.text.language.content_words import terms, words_of

_COMPOUND = re.compile(r"[^\W_]+(?:[-‐‑/'’][^\W_]+)+")
_ACRONYM = re.compile(r"\b[A-Z][A-Z0-9&]{1,7}s?\b")
_SMALL_WORD_LIST = "of the and for in on de la le du des der die das und et y"
_SMALL_WORDS = frozenset(_SMALL_WORD_LIST.split())
_MIN_INITIALS = 2
_MIN_STEM = 5
"""Letters from which a word and the same word with a letter or two more are one: `Norwegian` and `Norway` are not."""


def missing_names(names: frozenset[str], text: str, others: Sequence[str]) -> frozenset[str]:
    """The names (terms of a text) that none of the other texts has in any form."""
    held: set[str] = set()
    for other in others:
        held.update(terms(other))
    missing = names - held
    if not missing:
        return frozenset()
    joined = {form for other in others for form in _joined(other)}
    own_joined = _joined(text)
    initials = {form for other in others for form in _initials(other)}
    acronyms = {acronym.casefold().removesuffix("s") for other in others for acronym in _ACRONYM.findall(other)}
    known = _spelled_out(text, acronyms) | {
        part for whole, parts in own_joined.items() if whole in held for part in parts
    }
    return frozenset(
        name
        for name in missing
        if name not in joined and name not in initials and name not in known and not _has_inflected(name, held)
    )


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


def _spelled_out(text: str, acronyms: set[str]) -> set[str]:
    """The terms of the text's names whose first letters are one of the acronyms."""
    return {
        term
        for run in _runs(text)
        for start in range(len(run))
        for end in range(start + _MIN_INITIALS, min(len(run), start + 7) + 1)
        if "".join(word[0] for word in run[start:end]) in acronyms
        for term in terms(" ".join(run[start:end]))
    }


def _has_inflected(name: str, held: set[str]) -> bool:
    """Whether a text has the name with another ending: `Haldorans`, `Penhalliner`."""
    if len(name) < _MIN_STEM or not name.isalpha():
        return False
    return any(
        f"{name}{ending}" in held or name.removesuffix(ending) in held
        for ending in ("s", "n", "en", "er", "es", "e", "ian", "an")
    )
