"""What a reader of a COMPLETED document should know. Apart from the document, since every parser's process loads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class WarningCode(StrEnum):
    """What a reader of a COMPLETED document should know: part of it may be missing, or misread."""

    PAGES_WITHOUT_TEXT = "PAGES_WITHOUT_TEXT"
    UNREADABLE_TEXT = "UNREADABLE_TEXT"
    PARTS_LEFT_OUT = "PARTS_LEFT_OUT"
    READ_BY_OCR = "READ_BY_OCR"
    UNCERTAIN_OCR = "UNCERTAIN_OCR"


@dataclass(frozen=True, slots=True)
class DocumentWarning:
    """`message` is for people and says what to do. `parts` names sheets, slides or attachments; pages count from 1."""

    code: WarningCode
    message: str
    pages: tuple[int, ...] = ()
    parts: tuple[str, ...] = ()


def warnings_of(stored: Iterable[Mapping[str, Any]]) -> tuple[DocumentWarning, ...]:
    """From JSON or an attribute: `asdict` of each, its tuples made lists."""
    return tuple(
        DocumentWarning(
            WarningCode(warning["code"]), warning["message"], tuple(warning["pages"]), tuple(warning["parts"])
        )
        for warning in stored
    )
