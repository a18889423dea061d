"""What the reader learns from: a question, the text that answers it, and texts that do not."""

from __future__ import annotations

from dataclasses import dataclass

from portfolio_rag.domain.chunks import Span


@dataclass(frozen=True, slots=True)
class Text:
    """What is read at once, under its heading."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Example:
    """A question with the text that answers it: the `sentence` and in it the `answer` are [start, end) of that.

    `others` come as near to the question and do not answer it.
    """

    question: str
    right: Text
    sentence: Span
    answer: Span
    others: tuple[Text, ...]
