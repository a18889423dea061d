"""What extraction yields, and the builder that every format module feeds.

The text is what citations quote: blocks of clean text with an empty line between them, no markup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from portfolio_rag.domain.attributes import AttributeValue
from portfolio_rag.domain.blocks import BlockKind as BlockKind
from portfolio_rag.domain.blocks import Recognition, joined_recognition
from portfolio_rag.domain.document_warnings import DocumentWarning, WarningCode
from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.domain.ocr import OcrRules
from portfolio_rag.text.extraction.sanitise import clean_code, clean_line, clean_prose
from portfolio_rag.text.extraction.tables import guess_header_rows, reads_as_pairs, table_lines
from portfolio_rag.text.extraction.titles import given_title
from portfolio_rag.text.language.sentences import sentences

MAX_HEADING_CHARACTERS = 200
"""A longer "heading" is running text in a heading's clothes."""

MAX_HEADING_DEPTH = 20
"""Of headings that sections inside sections may have; deeper ones are paragraphs."""


MAX_WARNED_PARTS = 100
"""Named in one warning; it is stored with the version, in an item of bounded size."""

MAX_LEAD_IN_CHARACTERS = 200
"""A sentence that leads a list in is cut short at its start beyond this: its end says what the items are."""

_MAX_TITLE_CHARACTERS = 120
"""A line of its own that is not closed, right before a list, is its title up to this length: `To log in for the first
time` in bold before the steps."""


@dataclass(frozen=True, slots=True)
class Block:
    """[start, end) in characters of the document's text, never empty, never overlapping another, in order.

    `heading_path` runs from the outermost heading to the nearest; a heading's own path ends with itself.
    `page` counts from 1; None where the format has no pages. `lead_in` is the sentence with a colon at its end, the
    title or the caption right before a list, table or code block; of other blocks it is empty.
    """

    start: int
    end: int
    kind: BlockKind
    heading_path: tuple[str, ...] = ()
    page: int | None = None
    lead_in: str = ""
    recognition: Recognition | None = None
    """Where it was read by OCR; None for what the file holds as text."""


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
    """`number` is that of the next item, None for bullets; `marker` that of the item being read, once.

    `spell` writes a number as the list shows it, and `step` is -1 for a list that counts down. `is_headed` tells that
    the item being read has begun with a heading: what follows in it is no item of a list any more. `sections` counts
    the builder's sections that end with the item.
    """

    number: int | None
    spell: Callable[[int], str] = str
    step: int = 1
    marker: str = ""
    width: int = 2
    is_headed: bool = False
    sections: int = 0

    def open_item(self, number: int | None = None) -> None:
        """Begin the next item, or the one with this number."""
        if self.number is not None and number is not None:
            self.number = number
        self.marker = "- " if self.number is None else f"{self.spell(self.number)}. "
        self.width = len(self.marker)
        self.is_headed = False
        if self.number is not None:
            self.number += self.step

    def take_marker(self) -> str:
        """The item's marker, then blanks of its width for the item's further paragraphs."""
        marker, self.marker = self.marker or " " * self.width, ""
        return marker

    def head_item(self) -> str:
        """What stands in front of a heading that an item begins with: its number, or nothing."""
        number = "" if self.number is None or self.is_headed else self.marker
        self.marker, self.is_headed = "", True
        return number


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
        self._sections: list[tuple[int, int]] = []
        self._subheading: int | None = None
        self._first_headings: dict[int, str] = {}
        self._recognition: Recognition | None = None
        self._warnings: dict[tuple[WarningCode, str], tuple[set[int], dict[str, None]]] = {}

    @property
    def is_empty(self) -> bool:
        return not self._blocks

    @property
    def room(self) -> int:
        """Characters that may still be added."""
        return self._max_characters - self._length

    @property
    def is_after_question(self) -> bool:
        """Whether what comes next is the beginning of an answer."""
        return self._subheading is not None and self._blocks[-1].kind is BlockKind.HEADING

    def heading(self, text: str, level: int, page: int | None = None, *, names_document: bool = True) -> None:
        """Start a section; `level` 1 is the outermost. `names_document`: the title, where no other is found."""
        text = clean_line(text)
        if len(text) > MAX_HEADING_CHARACTERS:
            self.paragraph(text, page)
        elif text:
            self._end_subheading()
            while len(self._headings) > self._floor and self._headings[-1][0] >= level:
                self._headings.pop()
            if names_document:
                self._first_headings.setdefault(level, text)
            self._push(text, level, page)

    def subheading(self, text: str, page: int | None = None) -> None:
        """A heading one level below the current one, until the next of any level: the question of an answer."""
        self._end_subheading()
        depth = len(self._headings)
        self._push_below(text, page)
        self._subheading = depth if len(self._headings) > depth else None

    def open_section(self, text: str, page: int | None = None) -> None:
        """A heading one level below the current one, for all that comes until `close_section`."""
        before = len(self._headings)
        self._push_below(text, page)
        self._sections.append((before, len(self._headings)))

    def question(self, text: str, lists: Sequence[ListNumbering] = ()) -> None:
        """A question as the heading of its answer: for the rest of the item in a list, else until the next heading."""
        if not lists:
            self.subheading(text)
        elif text.strip():
            self._end_subheading()
            self.open_section(lists[-1].head_item() + text.strip())
            lists[-1].sections += 1

    def close_item(self, numbering: ListNumbering) -> None:
        """End what the item being read has begun."""
        for _ in range(numbering.sections):
            self.close_section()
        numbering.sections = 0

    def close_section(self) -> None:
        """End the section that was opened last and is still open: what follows stands where it had stood before."""
        before, _ = self._sections.pop()
        del self._headings[before:]
        if self._subheading is not None and self._subheading >= before:
            self._subheading = None

    @contextmanager
    def apart(self) -> Iterator[None]:
        """What is added inside has headings of its own (a text box); behind it, those before it hold again."""
        headings, subheading = self._headings.copy(), self._subheading
        try:
            yield
        finally:
            self._headings, self._subheading = headings, subheading

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
        lines = table_lines(grid, _guessed(grid) if header_rows is None else header_rows)
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
            places = [place for place in (last.recognition, self._recognition) if place]
            self._blocks[-1] = replace(last, end=self._length, recognition=joined_recognition(places))
        else:
            self._append(BlockKind.LIST, text, page)

    @contextmanager
    def recognised(self, recognition: Recognition | None) -> Iterator[None]:
        """What is added meanwhile was read by OCR, there."""
        self._recognition = recognition
        try:
            yield
        finally:
            self._recognition = None

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

    @property
    def _floor(self) -> int:
        """How many headings no other can end now: those of the open sections, and what these stand in."""
        return self._sections[-1][1] if self._sections else 0

    def _end_subheading(self) -> None:
        if self._subheading is not None and self._subheading >= self._floor:
            del self._headings[self._subheading :]
            self._subheading = None

    def _push_below(self, text: str, page: int | None) -> None:
        text = clean_line(text)
        if len(text) > MAX_HEADING_CHARACTERS or len(self._headings) >= MAX_HEADING_DEPTH:
            self.paragraph(text, page)
        elif text:
            self._push(text, self._headings[-1][0] + 1 if self._headings else 1, page)

    def _push(self, text: str, level: int, page: int | None) -> None:
        self._headings.append((level, text))
        self._append(BlockKind.HEADING, text, page)

    def _append(self, kind: BlockKind, text: str, page: int | None, *, lead_in: str = "") -> None:
        if not text:
            return
        lead_in = lead_in or self._leading_sentence(kind)
        if self._blocks:
            self._write("\n\n")
        start = self._length
        self._write(text)
        path = tuple(heading for _, heading in self._headings)
        self._blocks.append(Block(start, self._length, kind, path, page, lead_in, self._recognition))

    def _leading_sentence(self, kind: BlockKind) -> str:
        """The last sentence of the paragraph before, when it ends with a colon and what follows is no running text.

        Or all of that paragraph, when it is a title.
        """
        last = self._blocks[-1] if self._blocks else None
        if last is None or last.kind is not BlockKind.PARAGRAPH or kind in (BlockKind.HEADING, BlockKind.PARAGRAPH):
            return ""
        text = self._parts[-1]
        if _is_title(text):
            return clean_line(text)
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


def _is_title(text: str) -> bool:
    """Whether a paragraph is a line that ends as no sentence does."""
    return len(text) <= _MAX_TITLE_CHARACTERS and "\n" not in text and text[-1].isalnum()


def _guessed(grid: Sequence[Sequence[str]]) -> int:
    """How many rows of a table name its columns, where the format does not say."""
    return 0 if reads_as_pairs(grid) else guess_header_rows(grid)
