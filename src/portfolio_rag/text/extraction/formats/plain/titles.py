"""Titles of plain text that nothing marks but their place: a few words above the text that they name.

Such a line may be anything. It is taken for a title only where the text has several, and hardly a line like it that has
no text below.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_MAX_CHARACTERS = 60
_MAX_WORDS = 7
_LEAST = 2
_MIN_SHARE = 0.75
"""Of the lines that look like titles: those that have text below them."""

_TITLE = re.compile(r"[^\W\d_][^|:;{}=<>\t]*[^\W_)\]\"'”’]?")
_LABELLED = re.compile(r"([^\W\d_]{3,}|§)\s?(\d{1,3}(?:\.\d{1,3})*|[IVX]{1,5}|[A-Z])(?:[.:)]?\s+[–—-]?\s*\S.*|[.:]?)")
_ENDS_SENTENCE = re.compile(r"[.!?:…][\"'”’»)\]]*$")
_ENDS_TITLE = re.compile(r"[.,;:!?…]$")

_CAPTIONS = frozenset(("figure", "fig", "table", "box", "chart", "abbildung", "tabelle", "tableau", "tabla", "figura"))

Paragraphs = Sequence[Sequence[str]]


def plain_titles(paragraphs: Paragraphs) -> set[int]:
    """The numbers of the paragraphs whose first line is a title of what stands below it.

    Where a word counts some of them, what reads as a title behind the first is one, too: it ends what that names.
    Figures name nothing that would have to end.
    """
    labelled = _labelled(paragraphs)
    if labelled:
        if any(paragraphs[number][0].split()[0].casefold() in _CAPTIONS for number in labelled):
            return labelled
        behind = range(min(labelled) + 1, len(paragraphs))
        return labelled | {number for number in behind if _is_alone(paragraphs, number)}
    return _several(paragraphs, _is_alone) | _several(paragraphs, _is_above)


def names_whole(paragraphs: Paragraphs, titles: set[int]) -> bool:
    """Whether the text begins with a line that names all of it, where there are such titles of its parts."""
    return bool(titles) and 0 not in titles and len(paragraphs[0]) == 1 and _reads_as_title(paragraphs[0][0])


def _labelled(paragraphs: Paragraphs) -> set[int]:
    """`Article 3. Board`, `§ 4 Notice`: a word that counts the parts of the text."""
    found: dict[str, dict[int, str]] = {}
    for number, lines in enumerate(paragraphs):
        match = _LABELLED.fullmatch(lines[0].strip()) if _is_short(lines[0]) else None
        if match and not _ENDS_TITLE.search(match.group()) and _has_text(paragraphs, number):
            found.setdefault(match[1].casefold(), {})[number] = match[2]
    series = [places for places in found.values() if len(set(places.values())) >= _LEAST]
    return set().union(*series) if series else set()


def _several(paragraphs: Paragraphs, is_title: Callable[[Paragraphs, int], bool | None]) -> set[int]:
    judged = {
        number: verdict for number in range(len(paragraphs)) if (verdict := is_title(paragraphs, number)) is not None
    }
    titles = {number for number, verdict in judged.items() if verdict}
    return titles if len(titles) >= _LEAST and len(titles) >= _MIN_SHARE * len(judged) else set()


def _is_alone(paragraphs: Paragraphs, number: int) -> bool | None:
    """Whether it is one short line that has text below it; None where it is none, or names the whole text."""
    lines = paragraphs[number]
    if len(lines) > 1 or not _reads_as_title(lines[0]):
        return None
    is_first = number == 0 and len(paragraphs) > 1 and len(paragraphs[1]) == 1 and _reads_as_title(paragraphs[1][0])
    return None if is_first else _has_text(paragraphs, number)


def _is_above(paragraphs: Paragraphs, number: int) -> bool | None:
    """Whether the first of its lines is short, and sentences stand below it; None for a paragraph of one line."""
    lines = paragraphs[number]
    if len(lines) == 1:
        return None
    second = lines[1].strip()
    is_title = _reads_as_title(lines[0]) and not second[:1].islower()
    return is_title and bool(_ENDS_SENTENCE.search(lines[-1].strip()))


def _has_text(paragraphs: Paragraphs, number: int) -> bool:
    below = paragraphs[number][1:] or (paragraphs[number + 1] if number + 1 < len(paragraphs) else [])
    return bool(below) and bool(_ENDS_SENTENCE.search(below[-1].strip()))


def _reads_as_title(line: str) -> bool:
    title = line.strip()
    return _is_short(title) and bool(_TITLE.fullmatch(title)) and not _ENDS_TITLE.search(title)


def _is_short(line: str) -> bool:
    title = line.strip()
    return len(title) <= _MAX_CHARACTERS and len(title.split()) <= _MAX_WORDS
