"""What a question asks for and the document names, but leaves empty: a cell of a row, a field of a form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.answering.grounding.labels import cells_of
from portfolio_rag.answering.grounding.source_sentences import Sentence
from portfolio_rag.text.language.content_words import terms

_FIELD = re.compile(r"[^:\n]{1,60}:(?:\s|$)")


def is_left_empty(asked: frozenset[str], best: Sentence, text: SourceText) -> bool:
    """Whether the best sentence of a passage says nothing of what is asked, because that is left empty beside it.

    `asked` are the content words of the question.
    """
    sentences = sorted((*text.sentences, *text.left_out), key=lambda sentence: sentence.start)
    return _lacks_column(asked, best, sentences) or _has_empty_field(asked, best, sentences)


def _lacks_column(asked: frozenset[str], row: Sentence, sentences: Sequence[Sentence]) -> bool:
    """Whether the question names the row and one column more, in which other rows have a value and this one has none.

    Where it names a column in which the row has a value, the row answers that at least.
    """
    cells = cells_of(row)
    naming = {column for column, text in cells if _is_all_of(text, asked)}
    if len(cells) < 2 or not naming or any(_is_all_of(column, asked) for column, _ in cells if column not in naming):
        return False
    columns = {
        column
        for other in sentences
        if other.heading_path == row.heading_path and (its := cells_of(other)) and its[0][0] == cells[0][0]
        for column, text in its
        if text
    }
    return any(_is_asked_alone(asked, column, row) for column in columns.difference(column for column, _ in cells))


def _has_empty_field(asked: frozenset[str], best: Sentence, sentences: Sequence[Sentence]) -> bool:
    """Whether a label is asked for behind which the next label comes, while the best one is another field before it.

    What stands behind it may be what it leads in.
    """
    if not _FIELD.match(best.text):
        return False
    return any(
        best.end <= label.start
        and label.text.rstrip().endswith(":")
        and _FIELD.match(following.text)
        and _is_asked_alone(asked, label.text, best)
        for label, following in pairwise(sentences)
    )


def _is_all_of(text: str, asked: frozenset[str]) -> bool:
    words = frozenset(terms(text))
    return bool(words) and words <= asked


def _is_asked_alone(asked: frozenset[str], label: str, best: Sentence) -> bool:
    """Whether the question has all words of the label, and the best sentence none."""
    return _is_all_of(label, asked) and best.terms.isdisjoint(terms(label))
