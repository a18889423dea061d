"""What changed between two versions of a document, by section and sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

HeadingPath = tuple[str, ...]


class SectionChange(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class TextChange:
    """Sentences, or lines of tables and code, in place of others; either may be empty."""

    removed: tuple[str, ...]
    added: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SectionDifference:
    """A section that one of the versions has, or that both have with different texts."""

    heading_path: HeadingPath
    change: SectionChange
    changes: tuple[TextChange, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`sections` in the order of the newer text, with what was removed where it stood; `unchanged` counts the others.

    `truncated`: there is more than is told.
    """

    document_id: str
    from_version: int
    to_version: int
    sections: tuple[SectionDifference, ...]
    unchanged: int
    truncated: bool
