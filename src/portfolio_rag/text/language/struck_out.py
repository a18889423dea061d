"""Struck-out text in plain text: `The tour costs ~~30~~ 24 euros`, as Markdown has it. Every format writes it so.

A reader sees that it no longer holds. It stays in the text, because what held before may be asked for, and because a
citation shows the page as it is; but no answer rests on it (`struck_out_blanked`).
"""

from __future__ import annotations

import re

STRUCK_MARK = "~~"

_SEAM = re.compile(r"~~(\s*)~~")
_STRUCK = re.compile(r"(?<!~)~~(?=[^\s~])(?:[^~\n]|\n(?!\s*\n)|~(?!~))++(?<=[^\s~])~~(?!~)")
"""What is struck out within a paragraph."""
_SEEN = re.compile(r"\S")


def struck(text: str) -> str:
    """`text` between marks, inside the blanks around it."""
    core = text.strip()
    return text.replace(core, f"{STRUCK_MARK}{core}{STRUCK_MARK}") if core else text


def without_seams(text: str) -> str:
    """Pieces that were struck out one by one and follow one another as one piece."""
    return _SEAM.sub(r"\1", text)


def struck_out_blanked(text: str) -> str:
    """`text` with blanks in place of what is struck out, so that all else keeps its place."""
    if STRUCK_MARK not in text:
        return text
    return _STRUCK.sub(lambda match: _SEEN.sub(" ", match.group()), text)
