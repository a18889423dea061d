"""Lines that begin with a label: `Present: Ada, Bo` above `Apologies: Cy`. Each says something of its own."""

from __future__ import annotations

import re

from portfolio_rag.text.language.function_words import FUNCTION_WORDS

_LABELLED = re.compile(
    r"[*_]{0,3}(?=[^\W\d_])(?P<label>[^\s:.!?,;|]{1,30}(?: [^\s:.!?,;|]{1,30}){0,2})[*_]{0,3}:[*_]{0,3}\s+\S"
)
_LEAST = 2


def labelled_lines(lines: list[str]) -> list[list[str]]:
    """The lines in groups, each of which begins with a labelled one; a single group where the text is none of them.

    A wrapped sentence has a colon now and then. So the first line must have a label, and another one, too.
    """
    starts = [
        number
        for number, line in enumerate(lines)
        if _is_labelled(line) and not (number and _goes_on(lines[number - 1]))
    ]
    if len(starts) < _LEAST or starts[0] != 0:
        return [lines]
    return [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]


def _goes_on(line: str) -> bool:
    """Whether a line ends in the middle of a sentence: behind a comma, or a word such as `and`."""
    return line.rstrip().endswith((",", ";")) or line.rpartition(" ")[2].strip().casefold() in FUNCTION_WORDS


def _is_labelled(line: str) -> bool:
    match = _LABELLED.match(line)
    return match is not None and match["label"][0].isupper()
