"""Search: queries in, passages out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from api.schemas.documents import Attributes
from api.schemas.filters import FilterField
from api.schemas.versions import AS_OF, DOCUMENT, AsOfField
from portfolio_rag.domain.answers import Copy, Passage
from portfolio_rag.settings.ingestion_rules import FILE_TYPES_IN_WORDS

Question = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


def _whole(value: Any) -> Any:
    """5.0 is an integer in JSON Schema, and some languages write it so."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


TopK = Annotated[int, Field(strict=True, ge=1, le=20, examples=[5]), BeforeValidator(_whole)]
TOP_K = "How many passages to work with; the default is that of the model configuration."
Score = Annotated[float, Field(description="Cosine similarity to the question, -1 to 1.", examples=[0.83])]


class Span(BaseModel):
    """[start, end) in characters."""

    start: int = Field(description="First character.", examples=[412])
    end: int = Field(description="Behind the last character.", examples=[498])

    @classmethod
    def of(cls, span: tuple[int, int]) -> Span:
        return cls(start=span[0], end=span[1])


class SearchRequest(BaseModel):
    """A query to the index."""

    model_config = ConfigDict(extra="forbid")

    query: Question = Field(description="1 to 4,000 characters.", examples=["visibility timeout of a queue"])
    top_k: TopK | None = Field(default=None, description=TOP_K)
    filter: FilterField | None = Field(default=None, description="Only documents that pass are searched.")
    as_of: AsOfField | None = Field(default=None, description=AS_OF, examples=["2026-01-05T12:00:00Z"])
    document_id: UUID | None = Field(
        default=None, description=DOCUMENT, examples=["5b0f8a52-6c8e-5a0f-9d5e-0f6a5b1f7c11"]
    )


class CopyOut(BaseModel):
    """A chunk with the same text as a passage, left out for it."""

    document_id: str = Field(description="The document.", examples=["7c1d2f90-11aa-5a0f-9d5e-0f6a5b1f7c11"])
    version: int = Field(description="Its live version.", examples=[1])
    filename: str = Field(description="Its name.", examples=["sqs-queues-copy.md"])
    s3_key: str = Field(description="Where its bytes are in the raw bucket.", examples=["processed/sqs-queues-copy.md"])
    chunk_id: str = Field(description="The chunk.", examples=["4b9d1d52-8a3e-5f17-9c55-9f0f7f1c2d3e"])

    @classmethod
    def of(cls, copy: Copy) -> CopyOut:
        return cls(
            document_id=copy.document_id,
            version=copy.version,
            filename=copy.filename,
            s3_key=copy.s3_key,
            chunk_id=copy.chunk_id,
        )


class PassageOut(BaseModel):
    """A chunk that the query found, or neighbouring chunks as one; best first."""

    score: Score
    document_id: str = Field(description="The document.", examples=["5b0f8a52-6c8e-5a0f-9d5e-0f6a5b1f7c11"])
    version: int = Field(description="Its live version, or the one that was as of the time asked.", examples=[1])
    live_since: str | None = Field(
        default=None, description="When that version began to answer (UTC).", examples=["2026-01-05T10:12:03.000000Z"]
    )
    filename: str = Field(description="Its name.", examples=["sqs-queues.md"])
    s3_key: str = Field(description="Where its bytes are in the raw bucket.", examples=["processed/sqs-queues.md"])
    file_type: str = Field(description=f"{FILE_TYPES_IN_WORDS}.", examples=["md"])
    upload_timestamp: str = Field(description="When it was uploaded (UTC).", examples=["2026-01-05T10:12:00.000000Z"])
    metadata: Attributes = Field(description="Its custom attributes.", examples=[{"service": "sqs", "year": 2026}])
    chunk_id: str = Field(
        description="The chunk; of several, the first.", examples=["0d8f4c0e-52f1-5a9f-8a0e-3f5f6f0c9b1a"]
    )
    chunk_index: int = Field(description="Place of the chunk in the document, from 0.", examples=[0])
    chunk_ids: list[str] = Field(
        description="All chunks of the passage: several when neighbours were found, which share one text then.",
        examples=[["0d8f4c0e-52f1-5a9f-8a0e-3f5f6f0c9b1a"]],
    )
    heading_path: list[str] = Field(description="Headings above it.", examples=[["Amazon SQS", "Limits"]])
    page_start: int | None = Field(description="First page, from 1.", examples=[None])
    page_end: int | None = Field(description="Last page.", examples=[None])
    span: Span = Field(description="Place of the chunk in the document's extracted text.")
    text: str = Field(
        description="The chunk.",
        examples=["Amazon SQS keeps a message for 4 days by default, and for 14 days at most."],
    )
    matches: list[Span] = Field(description="The parts of `text` that matched, best first.")
    copies: list[CopyOut] = Field(description="The same text in other places, which takes no place of its own.")

    @classmethod
    def of(cls, passage: Passage) -> PassageOut:
        chunk, document = passage.chunk, passage.document
        return cls(
            score=passage.score,
            document_id=document.document_id,
            version=document.version,
            live_since=document.processing_completed_at,
            filename=document.filename,
            s3_key=document.s3_key,
            file_type=document.file_type,
            upload_timestamp=document.upload_timestamp,
            metadata=dict(document.metadata),
            chunk_id=chunk.chunk_id,
            chunk_index=chunk.chunk_index,
            chunk_ids=[part.chunk_id for part in passage.chunks],
            heading_path=list(chunk.heading_path),
            page_start=chunk.page_start,
            page_end=chunk.page_end,
            span=Span.of(chunk.span),
            text=chunk.content,
            matches=[Span.of(chunk.windows[n]) for n in passage.windows],
            copies=[CopyOut.of(copy) for copy in passage.copies],
        )


class RetrievalOut(BaseModel):
    """Data of the event `retrieval`: what the answer is made from."""

    passages: list[PassageOut] = Field(description="Best first; the numbers in brackets count from the first.")

    @classmethod
    def of(cls, passages: Sequence[Passage]) -> RetrievalOut:
        return cls(passages=[PassageOut.of(passage) for passage in passages])


class SearchResponse(BaseModel):
    """Passages of live documents."""

    passages: list[PassageOut] = Field(description="Best first; empty when nothing passes the filter.")
    as_of: str | None = Field(
        default=None, description="The time asked for (UTC); null: what answers now.", examples=[None]
    )

    @classmethod
    def of(cls, passages: list[Passage], as_of: str | None = None) -> SearchResponse:
        return cls(passages=[PassageOut.of(passage) for passage in passages], as_of=as_of)
