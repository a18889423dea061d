"""Paragraphs of plain text, and what is certain of their structure: titles, tables, questions, lines that count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from portfolio_rag.text.extraction.document import DocumentBuilder
from portfolio_rag.text.extraction.drawn_tables import read_table
from portfolio_rag.text.extraction.formats.plain.titles import names_whole, plain_titles
from portfolio_rag.text.extraction.questions import (
    is_numbered_question,
    split_at_questions,
    split_numbered_question,
    split_question,
    without_answer_label,
)

_MAX_TITLE_CHARACTERS = 80
_MAX_TITLE_WORDS = 10
_LEVEL = 2
"""Of the outermost titles: the first of them is not the title of the text."""

_EMPTY_LINES = re.compile(r"\n[^\S\n]*\n(?:[^\S\n]*\n)*")
_UNDERLINE = re.compile(r"([=\-~^*#\"])\1{2,}")
_NUMBERED_TITLE = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,4})\.?[ \t]+([^\W\d_].*)")
_ENDS_AS_TEXT = re.compile(r"[.,;:!?…]$")
_TABLE_SIGN = re.compile(r"^\s*(?:[+|].*[+|]\s*$|[-=─━═+ ]{5,}$)", re.MULTILINE)
_CODE_LINE = re.compile(
    r"\s*(?:.*[{}]\s*$|.*[)\w\]\"'];\s*$|[$#>]\s+\S|>>>|#!|//|/\*|\}|</?\w+|@\w+|\[[\w .:-]+\]\s*$"
    r"|(?:import|from|def|class|return|if|elif|else|for|while|try|except|with|case|end|fi|done)\b.*[:(){}]?\s*$"
    r"|-\s+[\w.-]+\s*:|[\w.\"'-]+\s*[:=](?:\s|$)|[\w.]+\(.*\)\s*$|\w[\w.\[\]]*\s*[-+*/]?=\s*\S)"
)
_CODE_SIGN = re.compile(r"[{}()=;<>$\[\]\"]|:\s*$", re.MULTILINE)
_RECORD = re.compile(
    r"\[?(?:\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{1,2}:\d\d|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? "
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d|(?:TRACE|DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL)\b)"
    r"|[\w.-]{1,40}\s*=\s*\S|[A-Za-z][\w ./-]{0,30}:\s+\S"
)
_LEAST_RECORDS = 3


def add_paragraphs(text: str, builder: DocumentBuilder) -> None:
    paragraphs = [lines for part in _EMPTY_LINES.split(text) if (lines := _trimmed(part))]
    titles = _titles(paragraphs)
    for number, lines in enumerate(paragraphs):
        if number in titles:
            builder.heading(lines[0], titles[number], names_document=titles[number] == 1)
            lines = lines[1:]
        following = paragraphs[number + 1] if number + 1 < len(paragraphs) else []
        if lines:
            _add(lines, following, builder)


def _trimmed(part: str) -> list[str]:
    return [line.rstrip() for line in part.split("\n") if line.strip()]


def _add(lines: list[str], following: Sequence[str], builder: DocumentBuilder) -> None:
    while (underlined := _underlined(lines)) is not None:
        title, sign, lines = underlined
        is_first = sign == "=" and builder.is_empty
        level = 1 if is_first else _LEVEL if sign == "=" else _LEVEL + 1
        builder.heading(title, level, names_document=is_first)
    if not lines:
        return
    if _TABLE_SIGN.search("\n".join(lines)):
        _add_with_tables(lines, builder)
    elif is_numbered_question(lines[0]) and len(lines) == 1:
        if following and not is_numbered_question(following[0]):
            builder.subheading(lines[0])
        else:
            builder.paragraph(lines[0])
    else:
        _add_text(lines, builder)


def _add_text(lines: Sequence[str], builder: DocumentBuilder) -> None:
    text = "\n".join(lines)
    for part in split_at_questions(text):
        question = split_question(part) or split_numbered_question(part)
        if question is not None:
            builder.subheading(question.text)
            builder.paragraph(question.answer)
        elif _counts_lines(lines):
            builder.code(_dedented(lines))
        else:
            builder.paragraph(without_answer_label(part) if builder.is_after_question else part)


def _add_with_tables(lines: list[str], builder: DocumentBuilder) -> None:
    start = number = 0
    while number < len(lines):
        table = read_table(lines, number)
        if table is None:
            number += 1
            continue
        if start < number:
            _add_text(lines[start:number], builder)
        builder.table(table.rows, header_rows=table.header_rows)
        start = number = table.end
    if start < len(lines):
        _add_text(lines[start:], builder)


def _underlined(lines: list[str]) -> tuple[str, str, list[str]] | None:
    """A title with a line of one sign below it, as long as it is; perhaps with one above it, too."""
    if len(lines) > 2 and _UNDERLINE.fullmatch(lines[0].strip()) and lines[2].strip() == lines[0].strip():
        lines = lines[1:]
    if len(lines) < 2:
        return None
    title, mark = lines[0].strip(), _UNDERLINE.fullmatch(lines[1].strip())
    if mark is None or not re.search(r"\w", title) or len(title) > _MAX_TITLE_CHARACTERS or "   " in title:
        return None
    return (title, mark[1], lines[2:]) if abs(len(mark[0]) - len(title)) <= 2 else None


def _titles(paragraphs: Sequence[Sequence[str]]) -> dict[int, int]:
    """The levels of titles by the numbers of the paragraphs that they are: numbered ones, and such in capitals."""
    plain = plain_titles(paragraphs)
    whole = {0: 1} if names_whole(paragraphs, plain) else {}
    titles = whole | dict.fromkeys(plain, _LEVEL) | _numbered_titles(paragraphs)
    capitals = [number for number, lines in enumerate(paragraphs) if _is_in_capitals(paragraphs, number, lines)]
    if len(capitals) > 1:
        titles.update(dict.fromkeys(capitals, _LEVEL))
    return titles


def _numbered_titles(paragraphs: Sequence[Sequence[str]]) -> dict[int, int]:
    """Numbered lines on their own that have text below them, and either count on or stand out to its left."""
    found: list[tuple[int, tuple[int, ...]]] = []
    for number, lines in enumerate(paragraphs):
        match = _NUMBERED_TITLE.fullmatch(lines[0]) if len(lines) == 1 else None
        if match and _reads_as_title(match[2]):
            found.append((number, tuple(map(int, match[1].split(".")))))
    places = {number for number, _ in found}
    has_text = [number + 1 < len(paragraphs) and number + 1 not in places for number, _ in found]
    counts_on = len(found) > 1 and all(_follows(before[1], after[1]) for before, after in pairwise(found))
    is_certain = counts_on and sum(has_text) * 2 > len(found)
    return {
        number: _LEVEL + len(place) - 1
        for (number, place), has in zip(found, has_text, strict=True)
        if is_certain or (has and _indent(paragraphs[number + 1][0]) >= 2)
    }


def _follows(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """2 or 1.1 after 1, 1.2 or 2 after 1.1."""
    if after[:-1] == before:
        return after[-1] in (0, 1)
    return len(after) <= len(before) and after == (*before[: len(after) - 1], before[len(after) - 1] + 1)


def _is_in_capitals(paragraphs: Sequence[Sequence[str]], number: int, lines: Sequence[str]) -> bool:
    title = lines[0]
    if title[:1].isspace() or not title.isupper() or not _reads_as_title(title):
        return False
    if sum(char.isalpha() for char in title) < 4 or not re.fullmatch(r"[\w &/,()'’–-]+", title):
        return False
    if len(lines) > 1:
        return all(line[:1].isspace() for line in lines[1:])
    return number + 1 < len(paragraphs) and not paragraphs[number + 1][0].isupper()


def _reads_as_title(text: str) -> bool:
    text = text.strip()
    is_short = len(text) <= _MAX_TITLE_CHARACTERS and len(text.split()) <= _MAX_TITLE_WORDS
    return is_short and not _ENDS_AS_TEXT.search(text) and "   " not in text and "...." not in text


def _counts_lines(lines: Sequence[str]) -> bool:
    """Whether these are records or code: each line stands for itself, and so do the blanks in front of it."""
    if len(lines) >= _LEAST_RECORDS and sum(bool(_RECORD.match(line)) for line in lines) >= 0.8 * len(lines):
        return True
    if len({_indent(line) for line in lines}) < 2 or not _CODE_SIGN.search("\n".join(lines)):
        return False
    return sum(bool(_CODE_LINE.match(line)) for line in lines) >= 0.6 * len(lines)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _dedented(lines: Sequence[str]) -> str:
    indent = min(_indent(line) for line in lines)
    return "\n".join(line[indent:] for line in lines)
