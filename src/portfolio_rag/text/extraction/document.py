"""What extraction yields, and the builder that every format module feeds.

The text is what citations quote: blocks of clean text with an empty line between them, no markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from portfolio_rag.domain.chunks import BlockKind as BlockKind
from portfolio_rag.domain.documents import AttributeValue, DocumentWarning, WarningCode
from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.domain.ocr import OcrRules
from portfolio_rag.text.extraction.sanitise import clean_code, clean_line, clean_prose
from portfolio_rag.text.extraction.tables import guess_header_rows, table_lines
from portfolio_rag.text.extraction.titles import given_title
from portfolio_rag.text.language.sentences import sentences

MAX_HEADING_CHARACTERS = 200
"""A longer "heading" is running text in a heading's clothes."""


MAX_WARNED_PARTS = 100
"""Named in one warning; it is stored with the version, in an item of bounded size."""

MAX_LEAD_IN_CHARACTERS = 200
"""A sentence that leads a list in is cut short at its start beyond this: its end says what the items are."""


@dataclass(frozen=True, slots=True)
class Block:
    """[start, end) in characters of the document's text, never empty, never overlapping another, in order.

    `heading_path` runs from the outermost heading to the nearest; a heading's own path ends with itself.
    `page` counts from 1; None where the format has no pages. `lead_in` is the sentence with a colon at its end, or the
    caption, right before a list, table or code block; of other blocks it is empty.
    """

    start: int
    end: int
    kind: BlockKind
    heading_path: tuple[str, ...] = ()
    page: int | None = None
    lead_in: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside a document that is to be a document of its own; its name is fit for a key."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ExtractedDocument:
    """The clean text of a document with its structure. Between blocks there is nothing but an empty line."""

    text: str
    file_type: str
    blocks: tuple[Block, ...]
    title: str | None = None
    page_count: int | None = None
    warnings: tuple[DocumentWarning, ...] = ()
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    """What the document says of itself that searches can filter by."""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class ExtractionLimits:
    """What a document may be and cost; beyond, it is rejected. Sizes in characters of extracted text, and MiB."""

    allowed_types: frozenset[str]
    max_pages: int
    max_characters: int
    timeout_seconds: float
    memory_mb: int
    ocr: OcrRules = field(default_factory=OcrRules)
    workers: int = 1
    """Pictures that are read side by side."""


@dataclass(slots=True)
class ListNumbering:
    """`number` is that of the next item, None for bullets; `marker` that of the item being read, once."""

    number: int | None
    marker: str = ""
    width: int = 2

    def open_item(self) -> None:
        self.marker = "- " if self.number is None else f"{self.number}. "
        self.width = len(self.marker)
        if self.number is not None:
            self.number += 1

    def take_marker(self) -> str:
        """The item's marker, then blanks of its width for the item's further paragraphs."""
        marker, self.marker = self.marker or " " * self.width, ""
        return marker


class DocumentBuilder:
    """Collects blocks in reading order, cleans their text, and keeps the heading path.

    Every method that adds text raises DocumentRejected(LIMIT_EXCEEDED) beyond `max_characters`.
    """

    def __init__(self, max_characters: int) -> None:
        self._max_characters = max_characters
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._headings: list[tuple[int, str]] = []
        self._first_headings: dict[int, str] = {}
        self._warnings: dict[tuple[WarningCode, str], tuple[set[int], dict[str, None]]] = {}

    @property
    def is_empty(self) -> bool:
        return not self._blocks

    @property
    def room(self) -> int:
        """Characters that may still be added."""
        return self._max_characters - self._length

    def heading(self, text: str, level: int, page: int | None = None) -> None:
        """Start a section; `level` 1 is the outermost."""
        text = clean_line(text)
        if len(text) > MAX_HEADING_CHARACTERS:
            self.paragraph(text, page)
        elif text:
            while self._headings and self._headings[-1][0] >= level:
                self._headings.pop()
            self._headings.append((level, text))
            self._first_headings.setdefault(level, text)
            self._append(BlockKind.HEADING, text, page)

    @contextmanager
    def apart(self) -> Iterator[None]:
        """What is added inside has headings of its own (a text box); behind it, those before it hold again."""
        headings = self._headings.copy()
        try:
            yield
        finally:
            self._headings = headings

    def paragraph(self, text: str, page: int | None = None) -> None:
        self._append(BlockKind.PARAGRAPH, clean_prose(text), page)

    def code(self, text: str, page: int | None = None) -> None:
        self._append(BlockKind.CODE, clean_code(text), page)

    def table(
        self,
        rows: Iterable[Iterable[str]],
        *,
        header_rows: int | None = None,
        caption: str = "",
        page: int | None = None,
    ) -> None:
        """A line for each row, which says what its cells are (`table_lines`); rows without any text are left out.

        `rows` are a grid, merged cells repeated (`tables.expand`). `header_rows` name the columns; None where the
        format does not say how many there are. The caption is a paragraph before the rows.
        """
        grid = [[clean_line(cell) for cell in row] for row in rows]
        width = max(map(len, grid), default=0)
        grid = [row + [""] * (width - len(row)) for row in grid if any(row)]
        self.paragraph(caption, page)
        lines = table_lines(grid, guess_header_rows(grid) if header_rows is None else header_rows)
        self._append(BlockKind.TABLE, "\n".join(lines), page, lead_in=clean_line(caption)[:MAX_LEAD_IN_CHARACTERS])

    def item(self, text: str, marker: str = "- ", depth: int = 0, page: int | None = None) -> None:
        """A list item (or, with blanks for a marker, a further paragraph of one), joined to the list before it."""
        text = clean_prose(text)
        if not text:
            return
        indent = "  " * depth
        text = indent + marker + text.replace("\n", "\n" + indent + " " * len(marker))
        last = self._blocks[-1] if self._blocks else None
        if last and last.kind is BlockKind.LIST and last.page == page:
            self._write("\n" + text)
            self._blocks[-1] = replace(last, end=self._length)
        else:
            self._append(BlockKind.LIST, text, page)

    def warn(self, code: WarningCode, message: str, *, page: int | None = None, part: str = "") -> None:
        """Note what is missing or doubtful; the same words for several pages or parts make one warning."""
        pages, parts = self._warnings.setdefault((code, message), (set(), {}))
        if page is not None:
            pages.add(page)
        if part and len(parts) < MAX_WARNED_PARTS:
            parts[clean_line(part)[:MAX_HEADING_CHARACTERS]] = None

    def build(
        self,
        file_type: str,
        title: str | None = None,
        page_count: int | None = None,
        attributes: Mapping[str, AttributeValue] | None = None,
        *,
        attachments: tuple[Attachment, ...] = (),
    ) -> ExtractedDocument:
        """The document; without a `title` that somebody gave it, the first of its outermost headings is its title.

        Raises DocumentRejected(NO_TEXT) when nothing was added.
        """
        if self.is_empty:
            raise DocumentRejected(FailureReason.NO_TEXT, "The document holds no text.")
        title = given_title(clean_line(title or "")[:MAX_HEADING_CHARACTERS])
        if not title and self._first_headings:
            title = self._first_headings[min(self._first_headings)]
        warnings = tuple(
            DocumentWarning(code, message, tuple(sorted(pages)), tuple(parts))
            for (code, message), (pages, parts) in self._warnings.items()
        )
        return ExtractedDocument(
            "".join(self._parts),
            file_type,
            tuple(self._blocks),
            title or None,
            page_count,
            warnings,
            dict(attributes or {}),
            attachments,
        )

    def _append(self, kind: BlockKind, text: str, page: int | None, *, lead_in: str = "") -> None:
        if not text:
            return
        lead_in = lead_in or self._leading_sentence(kind)
        if self._blocks:
            self._write("\n\n")
        start = self._length
        self._write(text)
        path = tuple(heading for _, heading in self._headings)
        self._blocks.append(Block(start, self._length, kind, path, page, lead_in))

    def _leading_sentence(self, kind: BlockKind) -> str:
        """The last sentence of the paragraph before, when it ends with a colon and what follows is no running text."""
        last = self._blocks[-1] if self._blocks else None
        if last is None or last.kind is not BlockKind.PARAGRAPH or kind in (BlockKind.HEADING, BlockKind.PARAGRAPH):
            return ""
        text = self._parts[-1]
        if not text.endswith((":", "：")):
            return ""
        start, end = sentences(text[-MAX_LEAD_IN_CHARACTERS:])[-1]
        return clean_line(text[-MAX_LEAD_IN_CHARACTERS:][start:end])

    def _write(self, text: str) -> None:
        self._length += len(text)
        if self._length > self._max_characters:
            raise DocumentRejected(
                FailureReason.LIMIT_EXCEEDED,
                f"The document holds more than {self._max_characters:,} characters of text. Split it into parts.",
            )
        self._parts.append(text)
