"""Whether the passages speak of what is asked at all: the honest "I don't know".

A cosine alone does not tell: on a corpus of one subject every question is near something. The share of the
question's content words in the same window is the second signal; the third is a name in the question (a product, a
person, an identifier) that no passage mentions. Their sum moves far less between corpora than a cosine does.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from portfolio_rag.answering.grounding.range_rows import held_terms
from portfolio_rag.domain.answers import Passage
from portfolio_rag.text.language.abbreviations import spelled_out
from portfolio_rag.text.language.content_words import coverage, subject_terms, terms
from portfolio_rag.text.language.facts import extract_facts
from portfolio_rag.text.language.identifiers import identifiers, is_strict, named_identifiers
from portfolio_rag.text.language.language_detection import function_terms, language_of
from portfolio_rag.text.language.name_variants import missing_names

COVERAGE_WEIGHT = 0.5
"""How much full coverage of the question's words adds to the cosine."""

MISSING_NAME_PENALTY = 0.3
"""What a name of the question costs that no passage mentions."""

IDENTIFIER_BONUS = 0.3
"""What a code or version of the question is worth that a passage holds: alone it says little to a model of words."""

_MARKED_NAME = re.compile(r"\b(?=\w*[A-Z\d]\w*[A-Z\d])\w+")

THRESHOLD = 0.635
"""Below it the documents are taken not to answer, up to 1,000 windows. All numbers: bench/calibrate_abstention.py."""

THRESHOLD_GROWTH = 0.175
"""What each tenfold of windows adds: the more text, the nearer its best window comes to any question by chance."""

_SMALL_INDEX = 1000

_TABLE_ENDINGS = frozenset(("csv", "tsv", "xlsx"))


def threshold_for(windows: int, base: float = THRESHOLD) -> float:
    """The threshold for an index of so many windows; `base` is that of a small one."""
    return base + THRESHOLD_GROWTH * max(0.0, math.log10(max(1, windows) / _SMALL_INDEX))


def score(question: str, passages: Sequence[Passage]) -> float:
    """The best window's cosine plus weighted coverage, less the penalty: -0.3 to 1.5; 0 without passages."""
    if not passages:
        return 0.0
    wanted = frozenset(subject_terms(question)) - function_terms(language_of(question))
    best = 0.0
    for passage in passages:
        texts = passage.chunk.window_texts
        scores = passage.window_scores or (passage.score,) * len(passage.windows)
        for window, cosine in zip(passage.windows, scores, strict=True):
            held = frozenset(subject_terms(texts[window]))
            if not wanted <= held:
                held |= spelled_out(texts[window]) | held_terms(question, texts[window])
            if wanted & held:
                held |= _title_of_table(passage)
            best = max(best, window_score(cosine, coverage(wanted, held)))
    return best + bonus(question, passages) - penalty(question, passages)


def _title_of_table(passage: Passage) -> frozenset[str]:
    """The words of its file's name: a table has no other title."""
    name, _, ending = passage.document.filename.rpartition(".")
    return frozenset(terms(name)) if ending.casefold() in _TABLE_ENDINGS else frozenset()


def window_score(cosine: float, covered: float) -> float:
    """Of one window: its cosine with the question and the share of the question's words in it."""
    return cosine + COVERAGE_WEIGHT * covered


def bonus(question: str, passages: Sequence[Passage]) -> float:
    """Of a question that names a code or a version which a passage holds as it is written."""
    wanted = {name for name in named_identifiers(question) if is_strict(name) and "#" not in name}
    if not wanted:
        return 0.0
    for passage in passages:
        paths = "\n".join(" ".join(part.heading_path) for part in passage.chunk.parts)
        if wanted & identifiers(f"{passage.chunk.content}\n{paths}"):
            return IDENTIFIER_BONUS
    return 0.0


def penalty(question: str, passages: Sequence[Passage]) -> float:
    """Of a question that names what no passage, heading or file name mentions."""
    names = extract_facts(question).names
    if language_of(question) == "de":
        # All nouns have a capital there: names are what has more than one, or a digit.
        names = frozenset(terms(" ".join(_MARKED_NAME.findall(question))))
    if not names:
        return 0.0
    texts = [
        "\n".join((passage.document.filename, *passage.chunk.heading_path, passage.chunk.content))
        for passage in passages
    ]
    return MISSING_NAME_PENALTY if missing_names(names, question, texts) else 0.0
