"""Lines that begin with a label: `Present: Ada, Bo` above `Apologies: Cy`. Each says something of its own."""

from __future__ import annotations

import re

_LABELLED = re.compile(
    r"[*_]{0,3}(?=[^\W\d_])(?P<label>[^\s:.!?,;|]{1,30}(?: [^\s:.!?,;|]{1,30}){0,2})[*_]{0,3}:[*_]{0,3}\s+\S"
)
_LEAST = 2


def labelled_lines(lines: list[str]) -> list[list[str]]:
    """The lines in groups, each of which begins with a labelled one; a single group where the text is none of them.

    A wrapped sentence has a colon now and then. So the first line must have a label, and another one, too.
    """
    starts = [number for number, line in enumerate(lines) if _is_labelled(line)]
    if len(starts) < _LEAST or starts[0] != 0:
        return [lines]
    return [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]


def _is_labelled(line: str) -> bool:
    match = _LABELLED.match(line)
    return match is not None and match["label"][0].isupper()
