"""Text that was set in pages for a printer: running heads, feet and page numbers out, paragraphs whole again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

_EDGE_LINES = 3
"""How many lines at the top and at the bottom of a page can be furniture."""
_MIN_SHARE = 0.3
"""Of the pages: lines at an edge that so many share, and at least two, are furniture."""
_MAX_PAGE_LINES = 400
"""A text without page breaks has no longer pages than these, or its "pages" are something else."""

_MIN_PAGE_LINES = 15
"""Nor shorter ones, where only a number on a line tells of pages."""

_NUMBER_WORD = r"(?:page|seite|página|pagina|pág\.|pag\.|pg\.|p\.|стр\.|sida|side|strona)"
_PAGE_NUMBER = re.compile(
    rf"[\[(]?\b{_NUMBER_WORD}\s*(\d{{1,5}})(?:\s*(?:/|of|von|de|di|av|af|z)\s*\d{{1,5}})?[\])]?", re.IGNORECASE
)
_BARE_NUMBER = re.compile(r"[-–—\[(|~\s]*(\d{1,5})[-–—\])|~\s]*")
_DASHED_NUMBER = re.compile(r"\s*[-–—]+\s?(\d{1,5})\s?[-–—]+\s*")
_NUMBER_APART = re.compile(r"^(\d{1,5})\s{3,}\S|\S\s{3,}(\d{1,5})$")
_ENDS_SENTENCE = re.compile(r"[.!?:;…。！？][\"'”’»)\]]*$")
_ITEM = re.compile(r"\s*(?:[-*•o+]\s|\(?\w{1,3}[.)]\s)")
_DIVIDED = re.compile(r"([^\W\d_]+)[-\u2010\xad]$")
_LINE_ENDS = re.compile(r"\r\n?|[\v\x85\u2028\u2029]")


def without_page_breaks(text: str) -> str:
    """The text as one piece. As it is where nothing tells of pages."""
    text = _LINE_ENDS.sub("\n", text)
    pages = [page.split("\n") for page in text.split("\f")] if "\f" in text else _pages_by_numbers(text)
    if len(pages) < 2:
        return text
    stripped = [_stripped(page) for page in _without_furniture(pages)]
    words = frozenset(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)+", text.lower()))
    lines: list[str] = []
    for page in filter(None, stripped):
        if not lines:
            lines = list(page)
        elif _goes_on(lines, page):
            lines[-1:], rest = _joined(lines[-1], page[0], words), page[1:]
            lines += rest
        else:
            lines += ["", *page]
    return "\n".join(lines)


def _pages_by_numbers(text: str) -> list[list[str]]:
    """Pages that end, or begin, with lines that count them: by a word, or else by a number alone or apart."""
    lines = text.split("\n")
    numbered = [(place, number) for place, line in enumerate(lines) if (number := _page_number(line)) is not None]
    if not _counts_pages(numbered, 2, 1):
        numbered = [
            (place, number) for place in range(len(lines)) if (number := _bare_number(lines, place)) is not None
        ]
        if not _counts_pages(numbered, 3, _MIN_PAGE_LINES):
            return []
    first = numbered[0][0]
    is_head = sum(bool(line.strip()) for line in lines[:first]) < _EDGE_LINES
    cuts = [0, *(place if is_head else place + 1 for place, _ in numbered), len(lines)]
    return [lines[start:end] for start, end in pairwise(cuts) if start < end]


def _counts_pages(numbered: Sequence[tuple[int, int]], least: int, distance: int) -> bool:
    return len(numbered) >= least and all(
        after[1] - before[1] == 1 and distance <= after[0] - before[0] <= _MAX_PAGE_LINES
        for before, after in pairwise(numbered)
    )


def _bare_number(lines: Sequence[str], place: int) -> int | None:
    """The number of a line with empty lines around it that is a number, or has one far from the rest."""
    line = lines[place].strip()
    if not line or any(other.strip() for other in (*lines[max(place - 1, 0) : place], *lines[place + 1 : place + 2])):
        return None
    if re.fullmatch(r"\d{1,5}", line):
        return int(line)
    match = _NUMBER_APART.search(line)
    return int(next(filter(None, match.groups()))) if match else None


def _page_number(line: str) -> int | None:
    """The number of a line that says nothing but it, or sets it apart from a running head."""
    stripped = line.strip()
    if not stripped or len(stripped) > 200:
        return None
    if dashed := _DASHED_NUMBER.fullmatch(stripped):
        return int(dashed[1])
    for match in _PAGE_NUMBER.finditer(stripped):
        before, after = stripped[: match.start()], stripped[match.end() :]
        if (not before or before.endswith("   ")) and (not after or after.startswith("   ")):
            return int(match[1])
    return None


def _key(line: str) -> str:
    """What the lines of several pages have in common: the text, and of a page number that it is one."""
    stripped = line.strip()
    if _BARE_NUMBER.fullmatch(stripped):
        return "#"
    if _page_number(stripped) is not None:
        return re.sub(r"\d+", "#", " ".join(stripped.split()))
    if _NUMBER_APART.search(stripped):
        return re.sub(r"^\d+|\d+$", "#", " ".join(stripped.split()))
    return " ".join(stripped.split())


def _without_furniture(pages: Sequence[Sequence[str]]) -> list[list[str]]:
    edges = [(_edge_keys(page), _edge_keys(page[::-1])) for page in pages]
    least = max(2, _MIN_SHARE * len(pages))
    heads, feet = (
        {key for key, count in Counter(key for sides in edges for key in set(sides[side])).items() if count >= least}
        for side in (0, 1)
    )
    said: set[str] = set()
    return [_without(_without(list(page), heads, said)[::-1], feet, feet)[::-1] for page in pages]


def _edge_keys(lines: Sequence[str]) -> list[str]:
    filled = (line for line in lines if line.strip())
    return [_key(line) for line, _ in zip(filled, range(_EDGE_LINES), strict=False)]


def _without(lines: list[str], furniture: set[str], said: set[str]) -> list[str]:
    """Without those of the first lines that are furniture; the first that is none ends the edge.

    A head stays where it stands first, for it may be all that names the text: `said` are those that have.
    """
    place = count = 0
    kept: list[str] = []
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        key = _key(line)
        if count == _EDGE_LINES or key not in furniture:
            break
        count += 1
        place = number + 1
        if key not in said and "#" not in key:
            kept += [line, ""]
        said.add(key)
    return kept + lines[place:]


def _stripped(lines: Sequence[str]) -> list[str]:
    filled = [number for number, line in enumerate(lines) if line.strip()]
    return list(lines[filled[0] : filled[-1] + 1]) if filled else []


def _goes_on(lines: Sequence[str], page: Sequence[str]) -> bool:
    """Whether the paragraph at the end of a page goes on at the top of the next."""
    last, first = lines[-1], page[0]
    start = first.lstrip()
    if _ENDS_SENTENCE.search(last.rstrip()) or _ITEM.match(first):
        return False
    if start[:1].islower():
        return True
    is_line = len(page) == 1 or bool(page[1].strip())
    filled = [len(line.rstrip()) for line in (*lines[-40:], *page[:40]) if line.strip()]
    is_full = len(last.rstrip()) >= 0.8 * max(median(filled), 40)
    return is_line and is_full and _indent(last) == _indent(first)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _joined(last: str, first: str, hyphenated: frozenset[str]) -> list[str]:
    """The two lines at a page break; a word that was divided there is one word again."""
    divided = _DIVIDED.search(last.rstrip())
    rest = re.match(r"\s*([^\W\d_]+)", first)
    if divided is None or rest is None or not rest[1].islower():
        return [last, first]
    is_hyphen = f"{divided[1]}-{rest[1]}".lower() in hyphenated
    return [last.rstrip()[: None if is_hyphen else -1] + first.lstrip()]
