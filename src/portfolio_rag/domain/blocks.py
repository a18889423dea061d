"""The kinds of blocks of a document's text. Apart from the chunk, since every parser's process loads them."""

from __future__ import annotations

from enum import StrEnum


class BlockKind(StrEnum):
    """What a run of a document's text is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST = "list"
    TABLE = "table"
    CODE = "code"
