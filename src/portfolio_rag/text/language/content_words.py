"""Content words: the small lexical lens that retrieval, abstention and validation share."""

from __future__ import annotations

import re
from dataclasses import dataclass

from portfolio_rag.text.language.compatibility import compatible
from portfolio_rag.text.language.function_words import FUNCTION_WORDS
from portfolio_rag.text.language.irregular_forms import base_form
from portfolio_rag.text.language.stemming import alike_stem

_WORD = re.compile(r"[^\W_]+")


def terms(text: str) -> list[str]:
    """Content words of `text` in order: NFKC, lower case, English stems, function words left out.

    `c5d.12xlarge` gives `c5d` and `12xlarge`; words of other languages pass through the stemmer nearly unchanged.
    Accents do not count, nor whether a word is spelled as in Britain or in America.
    """
    return [alike_stem(word) for word in content_words(text)]


def subject_terms(text: str) -> list[str]:
    """The same, with irregular forms of English verbs as their verbs: `given` gives what `give` does.

    For what a text speaks of. What it says is compared by `terms`: with these, one false claim in forty more passed as
    supported (wice).
    """
    return [alike_stem(base_form(word)) for word in content_words(text)]


def content_words(text: str) -> list[str]:
    """The same words as they stand, in lower case, not stemmed."""
    folded = compatible(text).lower().replace("’", "'").replace("n't", " not")
    return [word for word in _WORD.findall(folded) if word not in FUNCTION_WORDS]


@dataclass(frozen=True, slots=True)
class Word:
    """A word at [start, end) of a text: in lower case, its term (none for a function word), whether it has capitals."""

    text: str
    term: str
    start: int
    end: int
    capital: bool


def words_of(text: str) -> list[Word]:
    """All words in order, function words too."""
    found = []
    for match in _WORD.finditer(text):
        word = match.group()
        own = terms(word)
        found.append(Word(word.lower(), own[0] if own else "", match.start(), match.end(), word != word.lower()))
    return found


def coverage(wanted: frozenset[str], held: frozenset[str]) -> float:
    """Share of `wanted` that is in `held`, 0 to 1; 0 when nothing is wanted."""
    return len(wanted & held) / len(wanted) if wanted else 0.0
