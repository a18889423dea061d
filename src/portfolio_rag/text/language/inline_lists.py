"""A long sentence that is a list in itself: `Politics: A; B; C.`, `The tenant shall (a) pay; (b) insure; (c) mend.`"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from portfolio_rag.domain.chunks import Span

_SHORTEST = 600
"""Characters from which a sentence is too long to be read, quoted and shown as a whole."""
_FEWEST = 3
_LONGEST_LEAD = 300

_BREAK = re.compile(r"[()\[\]]|;\s+")
_LEAD = re.compile(
    rf"(?:[^:;]{{1,{_LONGEST_LEAD}}}:(?=\s)|[^;]{{1,{_LONGEST_LEAD}}}?(?=\s\(?(?:a|A|i|I|1)[.)]\s))",
    re.DOTALL,
)
"""What ends in a colon, or stands before the first of the marks."""
_START = re.compile(r"\s*(?:(?:and|or|und|oder|et|ou|y|o|e)\s+)?", re.IGNORECASE)
"""What stands before an item and is nothing of it."""


@dataclass(frozen=True, slots=True)
class InlineList:
    """[start, end) of what leads the items in, and of each item, without the semicolon behind it."""

    lead: Span
    items: tuple[Span, ...]


def inline_list(sentence: str) -> InlineList | None:
    """The list that the sentence is; None for one that is short, or whose clauses nothing leads in.

    Clauses without a lead are sentences side by side: the first one says nothing of what the others are about.
    """
    lead = _LEAD.match(sentence) if len(sentence) >= _SHORTEST else None
    if lead is None:
        return None
    items = tuple(_clauses(sentence, lead.end()))
    return InlineList((0, lead.end()), items) if len(items) >= _FEWEST else None


def _clauses(sentence: str, start: int) -> Iterator[Span]:
    """What lies between semicolons that stand in no brackets."""
    depth = 0
    for found in _BREAK.finditer(sentence, start):
        if found.group() in "([":
            depth += 1
        elif found.group() in ")]":
            depth = max(0, depth - 1)
        elif depth == 0:
            yield _begun(sentence, start), found.start()
            start = found.end()
    if start < len(sentence):
        yield _begun(sentence, start), len(sentence)


def _begun(sentence: str, start: int) -> int:
    return _START.match(sentence, start).end()  # type: ignore[union-attr]  # it matches nothing, too
