"""Raised and lowered text in plain text: `10^7`, `m^2`, `e^(−t)`, `CO_2`, `x_(i+1)`. Every format writes it so.

A number that lost its place is another number: 10 to the power of 7 must not become 107. But not all that is raised is
a power: ordinals (`1st`) and signs (`*`, `™`) stay as they are, and marks of notes are written as such.
"""

from __future__ import annotations

import re

NOTE_NAMES = {"footnote": "note", "endnote": "endnote"}
"""What a note is called in its mark and before its text."""

_PLAIN = re.compile(
    r"st|nd|rd|th|[eè]|er|re|ère|nde?|i?[eè]me|[oa]s?|os|[ºª]"  # 1st, 2e, 1er, 3ème, 1o
    r"|tm|sm|[®™©℠°′″'\"*†‡§¶#]+"
    r"|\[[^\]]*\]|\(\d+\)|\(?(?:tm|sm|[rc])\)",
    re.IGNORECASE,
)
"""What is raised for its looks: it reads the same on the line."""
_SIMPLE = re.compile(r"[+\-−–]?\d+(?:[.,]\d+)?|[^\W\d_]+\d*′*|\d*[+\-−–]|\([^()]*\)|[^\w\s]")
"""What needs no parentheses of its own after `^` or `_`."""
_NUMBERS = re.compile(r"\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*")
_ORDINAL = frozenset(["e", "è", "o", "a", "os", "as", "er", "re", "nd", "nde", "ème", "eme", "ième", "ieme", "ère"])
"""Raised letters that make an ordinal of a number before them, and are an exponent or an index elsewhere."""
_WORD_BEFORE = re.compile(r"[^\W\d_]{4,}$")
_SENTENCE_SIGN_BEFORE = re.compile(r"[^\W\d_)\]»”’\"'][.,;:!?]$|[^\W\d_][.,;:!?]?[»”’\"]$")
_MEASURES = re.compile(
    r"\b(?:kilo|centi|milli|micro|nano|deci|mega|giga)?(?:metre|meter|mètre|metro|litre|liter|newton|pascal|joule)s?$"
    r"|\b(?:foot|feet|inch(?:es)?|yard|mile|fuß|zoll|second|minute|hour|tonne|mole|kelvin|watt|volt|radian|mbar|torr)s?$"
    r"|\b(?:arc)?(?:sin|cos|tan|cot)h?$|\b(?:alpha|beta|gamma|delta|theta|lambda|sigma|omega|epsilon)$",
    re.IGNORECASE,
)
"""Long words that are raised to powers all the same."""


def superscript(text: str, before: str = "") -> str:
    """`text` as a power, with the blanks around it; `before` is what stands before it on the line.

    Numbers behind a word or the end of a sentence are taken for marks of notes (`note_mark`).
    """
    core = text.strip()
    if not core:
        return text
    before = before[-40:].rstrip()
    if _is_plain(core, before):
        return text
    if _NUMBERS.fullmatch(core) and _is_note_place(before):
        return text.replace(core, note_mark(core))
    return text.replace(core, power(core))


def power(exponent: str) -> str:
    """An exponent of a formula, where nothing raised is a mark of something else."""
    return "^" + _grouped(exponent) if exponent else ""


def subscript(text: str) -> str:
    """`text` as an index, with the blanks around it."""
    core = text.strip()
    return text.replace(core, "_" + _grouped(core)) if core else text


def note_mark(label: str, kind: str = "footnote") -> str:
    """The mark of a footnote or endnote. Not `[1]`, which an answer could take for one of its own citations."""
    return f"[{NOTE_NAMES[kind]} {label}]"


def _is_plain(core: str, before: str) -> bool:
    if re.search(r"\w\s+\w", core):
        return True  # running text in small print
    if not _PLAIN.fullmatch(core):
        return False
    return core.lower() not in _ORDINAL or before[-1:].isdigit() or before[-1:] in ("n", "N")


def _is_note_place(before: str) -> bool:
    if _SENTENCE_SIGN_BEFORE.search(before):
        return True
    return bool(_WORD_BEFORE.search(before)) and not _MEASURES.search(before)


def _grouped(core: str) -> str:
    return core if _SIMPLE.fullmatch(core) else f"({core})"
