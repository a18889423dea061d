"""What an RTF file shows of itself: without the words that tracked changes have deleted, and without hidden ones.

striprtf keeps both as words of the text, unmarked: "900" replaced by "700" reads as "900700"
(findings/striprtf-deleted-text.sh).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?|\\'[0-9a-fA-F]{2}|\\[^a-zA-Z]|(?P<brace>[{}])|[^\\{}]+|\\",
    re.DOTALL,
)
_MARKS = ("deleted", "v")
"""\\deleted and \\v of the specification (RTF 1.9.1): on by themselves, off with a 0 behind, and within their group."""
_RESET = "plain"
_CHARACTER = "u"
_BINARY = "bin"


def shown(source: str) -> str:
    """The RTF without the characters that are marked as deleted or hidden; its groups and control words stay."""
    return "".join(_shown(source))


def _shown(source: str) -> Iterator[str]:
    marks: frozenset[str] = frozenset()
    outer: list[frozenset[str]] = []
    place = 0
    while match := _TOKEN.match(source, place):
        place = match.end()
        word = match["word"]
        if match["brace"] == "{":
            outer.append(marks)
        elif match["brace"]:
            marks = outer.pop() if outer else marks
        elif word in _MARKS:
            marks = marks - {word} if match["number"] == "0" else marks | {word}
        elif word == _RESET:
            marks = frozenset()
        elif word == _BINARY:
            # So many bytes follow as they are, braces among them.
            place = min(len(source), place + max(0, int(match["number"] or 0)))
        elif marks and (word is None or word == _CHARACTER):
            continue
        yield source[match.start() : place]
