"""Lines in reading order put together to paragraphs, list items and code."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from portfolio_rag.text.extraction.formats.pdf.line import Line

_GAP_RATIO = 1.3
_NARROW_COLUMN = 20
"""In sizes of the type: in narrower columns justified text has gaps as wide as those of a table."""
BULLET = re.compile(r"^(?:[•◦▪‣●○■□☐☑☒–—*\uf0b7\uf0a7\uf0d8]|-|\(?(?:\d{1,3}|[a-zA-Z])[.)])\s+(?=\S)")
_BOXES = frozenset("☐☑☒")
_INITIAL = re.compile(r"^[A-Z]\.\s+[^\W\d_a-z]")
"""A line may begin like this with an item, or in the middle of a sentence with a name."""
_FULL = 0.9
"""Of the width of the text: where a sentence goes on, its line reaches so far."""
NOTE = re.compile(r"^Note \d{1,3}: ")
SENTENCE_END = re.compile("[.!?。！？…][\"'”’»」)\\]]*$")


@dataclass(slots=True)
class Paragraph:
    lines: list[Line]
    level: int | None = None

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

    @property
    def characters(self) -> int:
        return sum(len(line.text) for line in self.lines) + len(self.lines) - 1


def paragraphs_of(
    lines: Sequence[Line], pitch: float, right_edge: float, is_title: Callable[[Line], bool]
) -> list[Paragraph]:
    """Group the lines of a page, or of it up to a table; `right_edge` is where its text ends."""
    paragraphs: list[Paragraph] = []
    previous_is_title = False
    for line in lines:
        stands_alone = is_title(line)
        if not paragraphs or stands_alone or previous_is_title or _breaks(paragraphs[-1], line, pitch, right_edge):
            paragraphs.append(Paragraph([line]))
        else:
            paragraphs[-1].lines.append(line)
        previous_is_title = stands_alone
    return paragraphs


def _breaks(paragraph: Paragraph, below: Line, pitch: float, right_edge: float) -> bool:
    """Whether a new paragraph begins at `below`."""
    opening, above = paragraph.lines[0], paragraph.lines[-1]
    size = max(above.size, 1.0)
    distance = (above.baseline - below.baseline) / size
    if above.is_field != below.is_field or above.turn != below.turn:
        return True
    if above.is_code or below.is_code:
        return above.is_code != below.is_code
    if (above.is_row or below.is_row) and not _is_justified(above, below):
        return True
    if (
        (BULLET.match(below.text) and not _goes_on_with_name(opening, above, below, right_edge))
        or NOTE.match(below.text)
        or (above.is_bold and not below.is_bold and abs(distance) > 0.35)
    ):
        return True
    if abs(distance) < 0.35:
        return False
    if abs(above.size - below.size) > 0.08 * size:
        return True
    ended = bool(SENTENCE_END.search(above.text))
    if distance < 0:
        # The next column: the same sentence goes on unless it has ended.
        return ended or not below.text[:1].islower()
    if distance > _GAP_RATIO * pitch:
        return True
    indented = below.left > above.left + 0.8 * size and not BULLET.match(above.text)
    short = above.right < 0.75 * right_edge
    if short and opening.text[:1] in _BOXES:
        # What is ticked has no dot.
        ended = ended or below.text[:1].isupper()
    return ended and (indented or short)


def _goes_on_with_name(opening: Line, above: Line, below: Line, right_edge: float) -> bool:
    """Whether a line begins with an initial: the one above is full, and belongs to no item itself."""
    return bool(
        _INITIAL.match(below.text)
        and above.right > _FULL * right_edge
        and (above.text[-1:].islower() or above.text.endswith(","))
        and not BULLET.match(opening.text)
    )


def _is_justified(above: Line, below: Line) -> bool:
    """Whether a sentence goes on between lines of a narrow column, in which justified text has wide gaps."""
    is_column = abs(above.left - below.left) < 0.2 * above.size and above.right >= below.right - 0.2 * above.size
    is_narrow = above.right - above.left < _NARROW_COLUMN * above.size
    return (
        is_column and is_narrow and (above.text[-1:].islower() or above.text[-1:] in "-‐,") and below.text[:1].islower()
    )
