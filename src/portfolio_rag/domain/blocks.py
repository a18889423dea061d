"""What the blocks of a document's text are. Apart from the chunk, since every parser's process loads this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class BlockKind(StrEnum):
    """What a run of a document's text is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST = "list"
    TABLE = "table"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Recognition:
    """Where on the picture of a page a text was read by OCR, and how certainly.

    `score` is the mean probability of its characters, from 0 to 1. `box` has the left, top, right and bottom edge as
    shares of the page as it is seen, from its upper left corner.
    """

    score: float
    box: tuple[float, float, float, float]


def joined_recognition(recognitions: Sequence[Recognition]) -> Recognition | None:
    """Of a text that was read in these places; None where there is none."""
    if not recognitions:
        return None
    lefts, tops, rights, bottoms = zip(*(recognition.box for recognition in recognitions), strict=True)
    score = sum(recognition.score for recognition in recognitions) / len(recognitions)
    return Recognition(round(score, 3), (min(lefts), min(tops), max(rights), max(bottoms)))
