"""From lines with positions to paragraphs, lists, code and headings; hyphenation undone."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from portfolio_rag.text.extraction.document import DocumentBuilder
from portfolio_rag.text.extraction.formats.pdf_lines import Line, usual_pitch, without_furniture

SOFT_HYPHEN = "\ufffe"
"""What PDFium puts where a word was divided at the end of a line."""

HEADING_RATIO = 1.15
"""A short paragraph in type this much larger than the body's is a heading."""
BOLD_RATIO = 1.04
"""The same for bold type."""
MAX_HEADING_LEVELS = 4
MAX_HEADING_CHARACTERS = 150

_HEADING_MIN_LETTERS = 3
_GAP_RATIO = 1.3

_BULLET = re.compile(r"^(?:[•◦▪‣●○■□–—*\uf0b7\uf0a7\uf0d8]|-|\(?(?:\d{1,3}|[a-zA-Z])[.)])\s+(?=\S)")
_BULLET_SIGN = re.compile(r"^[•◦▪‣●○■□–—*\uf0b7\uf0a7\uf0d8-]\s+")
_SENTENCE_END = re.compile("[.!?。！？…][\"'”’»」)\\]]*$")
_NUMBERED = re.compile(r"^(?:\d{1,2}(?:\.\d{1,2}){0,3}\.?|[A-Z]\.|[IVX]{1,5}\.)\s+[^\W\d]")
_LEADERS = re.compile(r"(?:[.·…_]\s?){5,}")
_DIVIDED = re.compile(rf"\b(\w+){SOFT_HYPHEN}(\w+)")
_HYPHENATED = re.compile(r"\b\w+-\w+")
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """A bookmark: `level` and `page` count from 1."""

    title: str
    level: int
    page: int


@dataclass(slots=True)
class _Paragraph:
    lines: list[Line]
    level: int | None = None

    @property
    def text(self) -> str:
        """The lines as running text; East Asian lines are joined without a blank."""
        text = self.lines[0].text
        for line in self.lines[1:]:
            text += line.text if _is_wide(text[-1]) and _is_wide(line.text[0]) else f" {line.text}"
        return text

    @property
    def code(self) -> str:
        """The lines as they stand, indented by their distance from the leftmost."""
        left = min(line.left for line in self.lines)
        return "\n".join(
            " " * (round((line.left - left) / line.advance) if line.advance > 0 else 0) + line.text
            for line in self.lines
        )

    @property
    def is_code(self) -> bool:
        return self.lines[0].is_code

    @property
    def is_bold(self) -> bool:
        return all(line.is_bold for line in self.lines)

    @property
    def size(self) -> float:
        return self.lines[0].size


def add_blocks(pages: Sequence[Sequence[Line]], outline: Sequence[OutlineEntry], builder: DocumentBuilder) -> None:
    """Add the text of all pages to the builder."""
    pitch = usual_pitch(pages)
    kept = without_furniture(pages, pitch)
    if _is_typewritten(kept):
        kept = [[replace(line, is_code=False) for line in lines] for lines in kept]
    titles: dict[int, set[str]] = defaultdict(set)
    for entry in outline:
        titles[entry.page].add(_key(entry.title))
    paragraphs = [paragraph for lines in kept for paragraph in _paragraphs(lines, pitch, titles)]
    if not _level_by_outline(paragraphs, outline):
        _level_by_size(paragraphs)
    hyphenated = {word.lower() for lines in kept for line in lines for word in _HYPHENATED.findall(line.text)}
    for paragraph in paragraphs:
        _add(paragraph, hyphenated, builder)


def _add(paragraph: _Paragraph, hyphenated: set[str], builder: DocumentBuilder) -> None:
    page = paragraph.lines[0].page
    text = _LEADERS.sub(" ", _undivide(paragraph.text, hyphenated))
    if paragraph.is_code and len(paragraph.lines) > 1:
        builder.code(_undivide(paragraph.code, hyphenated), page)
    elif paragraph.level is not None:
        builder.heading(text, paragraph.level, page)
    elif _BULLET.match(text):
        builder.item(_BULLET_SIGN.sub("- ", text), "", 0, page)
    else:
        builder.paragraph(text, page)


def _undivide(text: str, hyphenated: set[str]) -> str:
    """Join words divided at line ends; the hyphen stays where the document also writes it within a line."""

    def join(match: re.Match[str]) -> str:
        with_hyphen = f"{match[1]}-{match[2]}"
        return with_hyphen if with_hyphen.lower() in hyphenated else match[1] + match[2]

    return _DIVIDED.sub(join, text)


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


def _key(text: str) -> str:
    """Letters and digits alone, to compare titles."""
    return _NOT_ALPHANUMERIC.sub("", text.lower())


def _is_typewritten(pages: Iterable[Sequence[Line]]) -> bool:
    """Whether most of the document is set in a monospaced font, which then does not mean code."""
    characters = Counter[bool]()
    for lines in pages:
        for line in lines:
            characters[line.is_code] += len(line.text)
    return characters[True] > characters[False]


def _paragraphs(lines: Sequence[Line], pitch: float, titles: Mapping[int, set[str]]) -> list[_Paragraph]:
    """Group the lines of a page; `titles` are the keys of the bookmarks to each page."""
    paragraphs: list[_Paragraph] = []
    right_edge = max((line.right for line in lines), default=0.0)
    previous: Line | None = None
    previous_is_title = False
    for line in lines:
        is_title = line.page in titles and _key(line.text) in titles[line.page]
        if previous is None or is_title or previous_is_title or _breaks(previous, line, pitch, right_edge):
            paragraphs.append(_Paragraph([line]))
        else:
            paragraphs[-1].lines.append(line)
        previous, previous_is_title = line, is_title
    return paragraphs


def _breaks(above: Line, below: Line, pitch: float, right_edge: float) -> bool:
    """Whether a new paragraph begins at `below`."""
    size = max(above.size, 1.0)
    distance = (above.last_baseline - below.baseline) / size
    if above.is_code or below.is_code:
        return above.is_code != below.is_code
    if _BULLET.match(below.text) or (above.is_bold and not below.is_bold and abs(distance) > 0.35):
        return True
    if abs(distance) < 0.35:
        return False
    if abs(above.size - below.size) > 0.08 * size:
        return True
    ended = bool(_SENTENCE_END.search(above.text))
    if distance < 0:
        # The next column: the same sentence goes on unless it has ended.
        return ended or not below.text[:1].islower()
    if distance > _GAP_RATIO * pitch:
        return True
    indented = below.left > above.left + 0.8 * size and not _BULLET.match(above.text)
    short = above.right < 0.75 * right_edge
    return ended and (indented or short)


def _level_by_outline(paragraphs: Sequence[_Paragraph], outline: Sequence[OutlineEntry]) -> bool:
    """Make headings of the paragraphs that bookmarks name; False, and nothing done, when too few are found."""
    if len(outline) < 3:
        return False
    levels = {(entry.page, _key(entry.title)): entry.level for entry in outline}
    found: dict[tuple[int, str], _Paragraph] = {}
    for paragraph in paragraphs:
        key = (paragraph.lines[0].page, _key(paragraph.text))
        # Of a running header and the title itself, the title is the larger.
        if key in levels and (key not in found or paragraph.size > found[key].size):
            found[key] = paragraph
    if 2 * len(found) < len(levels):
        return False
    for key, paragraph in found.items():
        paragraph.level = levels[key]
    return True


def _level_by_size(paragraphs: Sequence[_Paragraph]) -> None:
    """Make headings of short paragraphs that stand out by their type; the largest is level 1."""
    characters: Counter[float] = Counter()
    for paragraph in paragraphs:
        characters[round(paragraph.size * 2) / 2] += len(paragraph.text)
    if not characters:
        return
    body = characters.most_common(1)[0][0]
    headings = [
        paragraph
        for paragraph in paragraphs
        if _stands_out(paragraph, body)
        and len(paragraph.text) <= MAX_HEADING_CHARACTERS
        and sum(char.isalpha() for char in paragraph.text) >= _HEADING_MIN_LETTERS
    ]
    if sum(len(paragraph.text) for paragraph in headings) > 0.25 * sum(characters.values()):
        return
    sizes = sorted({round(paragraph.size) for paragraph in headings}, reverse=True)
    for paragraph in headings:
        paragraph.level = min(MAX_HEADING_LEVELS, 1 + sizes.index(round(paragraph.size)))


def _stands_out(paragraph: _Paragraph, body: float) -> bool:
    """Larger than the body's type `body`; if bold, a little larger, or as large and numbered or in capitals."""
    if paragraph.is_code or body <= 0:
        return False
    ratio = paragraph.size / body
    if paragraph.is_bold and ratio > 0.97:
        return ratio >= BOLD_RATIO or paragraph.text.isupper() or bool(_NUMBERED.match(paragraph.text))
    return ratio >= HEADING_RATIO
