"""Headings in the markup of AsciiDoc, MediaWiki, LaTeX and Org, which are read as plain text otherwise.

They are taken for headings only where the text has several, or says what it is written in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_EQUALS = re.compile(r"(={1,6}) (?!RUN\b)(\S(?:(?!   ).)*?)(?: =+)?")
_FENCE = re.compile(r"(-{4,}|\.{4,}|\+{4,}|/{4,}|```.*)")
_STARS = re.compile(r"(\*{1,8}) (?:(?:TODO|DONE) )?(\S.*?)(?:\s+:[\w:@]+:)?")
_ORG = re.compile(r"^#\+(?:title|author|date|options|begin_src|startup|setupfile)\b", re.IGNORECASE | re.MULTILINE)
_ORG_BLOCK = re.compile(r"#\+(begin|end)_\w+.*", re.IGNORECASE)
_LATEX = re.compile(
    r"\s*\\(title|part|chapter|section|subsection|subsubsection|paragraph)\*?"
    r"(?:\[[^\[\]]*\])?\{((?:[^{}]|\{[^{}]*\})+)\}\s*(?:\\label\{[^{}]*\}\s*)?"
)
_LATEX_BLOCK = re.compile(r"\s*\\(begin|end)\{(?:verbatim|lstlisting|minted|comment)\*?\}.*")
_LATEX_LEVELS = {
    "title": 1,
    "part": 1,
    "chapter": 1,
    "section": 2,
    "subsection": 3,
    "subsubsection": 4,
    "paragraph": 5,
}
_COMMAND = re.compile(r"\\[a-zA-Z]+\s?|[{}]")
_LEAST = 2
_MAX_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class MarkedSection:
    """`level` 0 is what stands before the first heading, which has no title."""

    level: int
    title: str
    body: str


def marked_sections(text: str) -> list[MarkedSection]:
    """The sections of a text in such a markup; one without a title for any other text."""
    lines = text.split("\n")
    for headings in (_by_equals(lines), _by_commands(lines, text), _by_stars(lines, text)):
        if len(headings) >= _LEAST:
            return _cut(lines, headings)
    return [MarkedSection(0, "", text)]


def _cut(lines: list[str], headings: dict[int, tuple[int, str]]) -> list[MarkedSection]:
    starts = sorted(headings)
    sections = [MarkedSection(0, "", "\n".join(lines[: starts[0]]))]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        sections.append(MarkedSection(*headings[start], "\n".join(lines[start + 1 : end])))
    return sections


def _by_equals(lines: list[str]) -> dict[int, tuple[int, str]]:
    """`== Title` of AsciiDoc and `== Title ==` of MediaWiki, outside of listings."""
    found: dict[int, tuple[int, str]] = {}
    fence = ""
    for number, line in enumerate(lines):
        if fence or _FENCE.fullmatch(line.rstrip()):
            mark = line.rstrip()[:4]
            fence = "" if fence and mark.startswith(fence[:3]) else fence or mark
        elif line.startswith("=") and len(line) <= _MAX_CHARACTERS and (match := _EQUALS.fullmatch(line.rstrip())):
            found[number] = (len(match[1]), match[2])
    return found


def _by_commands(lines: list[str], text: str) -> dict[int, tuple[int, str]]:
    if "\\section" not in text and "\\chapter" not in text and "\\documentclass" not in text:
        return {}
    found: dict[int, tuple[int, str]] = {}
    is_listing = False
    for number, line in enumerate(lines):
        if block := _LATEX_BLOCK.fullmatch(line):
            is_listing = block[1] == "begin"
        elif not is_listing and len(line) <= _MAX_CHARACTERS and (match := _LATEX.fullmatch(line)):
            found[number] = (_LATEX_LEVELS[match[1]], _COMMAND.sub("", match[2]))
    return found


def _by_stars(lines: list[str], text: str) -> dict[int, tuple[int, str]]:
    """Stars are bullets elsewhere, so that an Org file has to show by its settings that it is one."""
    if not _ORG.search(text):
        return {}
    found: dict[int, tuple[int, str]] = {}
    is_block = False
    for number, line in enumerate(lines):
        if block := _ORG_BLOCK.fullmatch(line.strip()):
            is_block = block[1].lower() == "begin"
        elif not is_block and len(line) <= _MAX_CHARACTERS and (match := _STARS.fullmatch(line.rstrip())):
            found[number] = (len(match[1]), match[2])
    return found
