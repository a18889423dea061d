"""The chunk: the unit that is stored, cited and shown to the language model.

Attribute names are those of `embedding_chunks`.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum

from portfolio_rag.domain.blocks import BlockKind as BlockKind
from portfolio_rag.domain.blocks import Recognition, joined_recognition
from portfolio_rag.domain.identifiers import sha256_hex, window_id
from portfolio_rag.domain.link_addresses import without_link_addresses

Span = tuple[int, int]
"""[start, end) in characters."""


class ChunkStatus(StrEnum):
    PENDING = "PENDING"
    EMBEDDED = "EMBEDDED"


@dataclass(frozen=True, slots=True)
class ChunkPart:
    """A run of a chunk's content that stands in one place of its document: from character `start` to the next part.

    `heading_path` is its own, with the document's title by the rule of the chunk's common path; a heading's ends with
    itself. `lead_in` is the sentence or caption that leads the list, table or code in; empty where there is none.
    `page` counts from 1; `recognition` says where on the page it was read by OCR.
    """

    start: int
    heading_path: tuple[str, ...] = ()
    lead_in: str = ""
    kind: BlockKind = BlockKind.PARAGRAPH
    page: int | None = None
    recognition: Recognition | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """One row of `embedding_chunks`: the unit that is stored, cited and shown to the language model.

    `span` is [start, end) in characters of the extracted text. `windows` are [start, end) in characters of
    `content`; each has its own vector in Chroma, `heading_path` in front of its text. `token_count` counts word
    pieces of the embedding model's own tokenizer. Pages count from 1; None where the format has none. `parts` cover
    the content in order; rows that were written before there were any have none.
    """

    chunk_id: str
    document_id: str
    version: int
    chunk_index: int
    content: str
    content_hash: str
    token_count: int
    span: tuple[int, int]
    windows: tuple[tuple[int, int], ...]
    heading_path: tuple[str, ...] = ()
    parts: tuple[ChunkPart, ...] = ()
    page_start: int | None = None
    page_end: int | None = None
    status: ChunkStatus = ChunkStatus.PENDING
    embedding_vector_s3: str | None = None
    created_at: str | None = None

    def part_at(self, position: int) -> ChunkPart:
        """The part that the character at `position` of the content belongs to; without parts, one as the chunk."""
        if not self.parts:
            return ChunkPart(0, self.heading_path)
        return self.parts[max(0, bisect_right(self.parts, position, key=lambda part: part.start) - 1)]

    def recognition_of(self, start: int, end: int) -> Recognition | None:
        """Where [start, end) of the content was read by OCR: on the page on which it begins."""
        first = self.part_at(start)
        touched = [first, *(part for part in self.parts if start < part.start < end)]
        return joined_recognition(
            [part.recognition for part in touched if part.recognition and part.page == first.page]
        )

    @property
    def window_ids(self) -> list[str]:
        return [window_id(self.chunk_id, n) for n in range(len(self.windows))]

    @property
    def window_texts(self) -> list[str]:
        """What is embedded: each window with the heading path in front (docs/decisions/0002-windows.md).

        The addresses behind links are left out.
        """
        head = " > ".join(self.heading_path)
        prefix = f"{head}\n" if head else ""
        return [prefix + without_link_addresses(self.content[start:end]) for start, end in self.windows]

    @property
    def embedding_hash(self) -> str:
        """SHA-256 over the texts that are embedded: equal hashes have equal vectors under one fingerprint."""
        return sha256_hex("\x00".join(self.window_texts))
