"""What agents send to the tools of `/mcp` and get back: leaner than the routes, as a model reads every word of it.

Arguments refuse names that they do not know: a model that misspells `filter` must not get an answer without one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from api.schemas.documents import AttributePair, Attributes, Filename, Prefix
from api.schemas.passages import Question
from portfolio_rag.domain.answers import Answer, AnswerMode, CheckedSentence, Citation, FinishReason, Passage, Verdict
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion
from portfolio_rag.pipeline.documents.catalog import UploadReceipt
from portfolio_rag.pipeline.ingestion.cited_chunks import ChunkInContext
from portfolio_rag.ports.document_registry import Page
from portfolio_rag.settings.ingestion_rules import FILE_TYPES_IN_WORDS


def _number_or_nothing(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


Number = Annotated[float | None, BeforeValidator(_number_or_nothing)]
"""JSON has no NaN: clients refuse a whole result for one, so a score that is no number is null."""

_FILTER = (
    "Only documents that pass: an object with exactly one operator (equals, notEquals, in, notIn, greaterThan, "
    "greaterThanOrEquals, lessThan, lessThanOrEquals, listContains; andAll and orAll combine several), for example "
    '{"equals": {"key": "service", "value": "sqs"}}. Keys are file_type, filename, s3_key, document_id, '
    "upload_timestamp, and the metadata that list_documents shows."
)
Filter = Annotated[dict[str, Any] | None, Field(description=_FILTER)]
TopK = Annotated[int | None, Field(ge=1, le=20, description="How many passages to work with, 1 to 20.")]


AsOf = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=40,
        description="What the documents said at a time in the past: 2026-11-01T09:30:00Z, or 2026-11-01 for its end.",
    ),
]


class Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SearchArguments(Arguments):
    query: Question = Field(description="What to look for: a question or words, 1 to 4,000 characters.")
    top_k: TopK = None
    filter: Filter = None
    as_of: AsOf = None


class AskArguments(Arguments):
    question: Question = Field(description="A question that stands alone, 1 to 4,000 characters.")
    top_k: TopK = None
    filter: Filter = None
    as_of: AsOf = None


class GetPassageArguments(Arguments):
    document_id: UUID = Field(description="`document_id` of a passage or citation.")
    chunk_id: UUID = Field(description="`chunk_id` of a passage or citation.")
    version: int | None = Field(default=None, ge=1, le=10**9, description="Its `version`: finds replaced text faster.")


class ListDocumentsArguments(Arguments):
    status: DocumentStatus | None = Field(default=None, description="Only documents in this status.")
    name: str = Field(default="", max_length=1024, description="Only documents with this in their path.")
    attributes: list[AttributePair] = Field(
        default=[],
        max_length=10,
        description="Only documents with each of these attributes, custom ones or file_type, as key:value.",
        examples=[["service:sqs", "file_type:pdf"]],
    )
    limit: int = Field(default=20, ge=1, le=100, description="Documents per page, 1 to 100.")
    cursor: str | None = Field(
        default=None, min_length=1, max_length=4096, description="`next_cursor` of the page before."
    )


class UploadDocumentArguments(Arguments):
    filename: Filename
    content: str = Field(min_length=1, description="The document: its text, or its bytes as base64.")
    encoding: Literal["text", "base64"] = Field(
        default="text", description="How `content` is written: `base64` for formats that are no text, such as pdf."
    )
    prefix: Prefix = ""
    metadata: Attributes | None = Field(
        default=None, description='Attributes to filter by, for example {"service": "sqs", "year": 2026}.'
    )


class FoundPassage(BaseModel):
    """A piece of a document that the query found."""

    document_id: str
    chunk_id: str = Field(description="For get_passage, which shows what stands around it.")
    version: int
    filename: str
    heading_path: list[str] = Field(description="Headings above it.")
    page: int | None = Field(description="Page it begins on, from 1, where the format has pages.")
    score: Number = Field(description="Cosine similarity to the query, -1 to 1.")
    text: str
    metadata: Attributes

    @classmethod
    def of(cls, passage: Passage) -> FoundPassage:
        chunk, document = passage.chunk, passage.document
        return cls(
            document_id=document.document_id,
            chunk_id=chunk.chunk_id,
            version=document.version,
            filename=document.filename,
            heading_path=list(chunk.heading_path),
            page=chunk.page_start,
            score=passage.score,
            text=chunk.content,
            metadata=dict(document.metadata),
        )


class SearchResult(BaseModel):
    """Passages of live documents."""

    passages: list[FoundPassage] = Field(description="Best first; empty when no document passes the filter.")

    @classmethod
    def of(cls, passages: Sequence[Passage]) -> SearchResult:
        return cls(passages=[FoundPassage.of(passage) for passage in passages])


class VerifiedCitation(BaseModel):
    """A source of the answer, with the words that hold it."""

    number: int = Field(description="The number in the answer's brackets.")
    document_id: str
    chunk_id: str
    version: int
    filename: str
    heading_path: list[str] = Field(description="Headings above the quote.")
    page: int | None = Field(description="Page, from 1, where the format has pages.")
    quote: str = Field(description="The words of the document.")
    score: Number = Field(description="Cosine similarity to the question, -1 to 1.")

    @classmethod
    def of(cls, citation: Citation) -> VerifiedCitation:
        return cls(
            number=citation.number,
            document_id=citation.document_id,
            chunk_id=citation.chunk_id,
            version=citation.version,
            filename=citation.filename,
            heading_path=list(citation.heading_path),
            page=citation.page,
            quote=citation.quote,
            score=citation.score,
        )


class SentenceCheck(BaseModel):
    """A sentence of the answer, and how well the sources that it cites hold it."""

    text: str
    citations: list[int] = Field(description="Numbers of its sources.")
    verdict: Verdict = Field(
        description="`supported` and `repaired`: a source holds it. `flagged`: the source speaks of it, but may not "
        "say quite that: tell the user so."
    )
    score: Number = Field(description="How well, 0 to 1.")
    reason: str = Field(description="What is missing, or what was repaired.")

    @classmethod
    def of(cls, sentence: CheckedSentence) -> SentenceCheck:
        return cls(
            text=sentence.text,
            citations=list(sentence.citations),
            verdict=sentence.verdict,
            score=sentence.score,
            reason=sentence.reason,
        )


class AskResult(BaseModel):
    """An answer that its sources hold, or a plain statement that the documents do not answer."""

    answer: str = Field(description="The answer, with source numbers in brackets.")
    answer_id: str | None = Field(description="By which people can rate the answer, where answers are kept.")
    answered: bool = Field(description="False when the documents do not hold an answer.")
    question: str = Field(description="The question that was answered.")
    mode: AnswerMode = Field(description="Who wrote it: `gpt`, or `extractive` for sentences of the documents.")
    finish_reason: FinishReason = Field(description="`stop` unless the language model was cut short.")
    citations: list[VerifiedCitation]
    sentences: list[SentenceCheck] = Field(description="Every sentence of the answer with its verdict.")
    dropped: int = Field(description="Sentences that were drafted and left out, as no source holds them.")
    validation_score: Number = Field(description="Share of the drafted sentences that hold, 0 to 1.")

    @classmethod
    def of(cls, answer: Answer) -> AskResult:
        return cls(
            answer=answer.text,
            answer_id=answer.answer_id or None,
            answered=answer.answered,
            question=answer.question,
            mode=answer.mode,
            finish_reason=answer.finish_reason,
            citations=[VerifiedCitation.of(citation) for citation in answer.citations],
            # What no source holds is not told: a model would read what a document may have made another one say.
            sentences=[SentenceCheck.of(sentence) for sentence in answer.validation if sentence.verdict.shown],
            dropped=sum(not sentence.verdict.shown for sentence in answer.validation),
            validation_score=answer.validation_score,
        )


class Neighbour(BaseModel):
    """The chunk before or after a passage."""

    chunk_id: str
    text: str

    @classmethod
    def of(cls, chunk: Chunk | None) -> Neighbour | None:
        return cls(chunk_id=chunk.chunk_id, text=chunk.content) if chunk else None


class PassageInContext(BaseModel):
    """A passage, and what stands around it."""

    document_id: str
    chunk_id: str
    version: int
    filename: str
    live: bool = Field(description="False when the document has a newer version, which may say something else.")
    heading_path: list[str] = Field(description="Headings above it.")
    page: int | None = Field(description="Page it begins on, from 1, where the format has pages.")
    text: str
    previous: Neighbour | None = Field(description="What stands before it; null for the first.")
    next: Neighbour | None = Field(description="What stands after it; null for the last.")

    @classmethod
    def of(cls, found: ChunkInContext) -> PassageInContext:
        return cls(
            document_id=found.document.document_id,
            chunk_id=found.chunk.chunk_id,
            version=found.document.version,
            filename=found.document.filename,
            live=found.live,
            heading_path=list(found.chunk.heading_path),
            page=found.chunk.page_start,
            text=found.chunk.content,
            previous=Neighbour.of(found.previous),
            next=Neighbour.of(found.following),
        )


class ListedDocument(BaseModel):
    """A version of a document."""

    document_id: str
    version: int
    filename: str
    file_type: str = Field(description=f"{FILE_TYPES_IN_WORDS}.")
    status: DocumentStatus = Field(description="Only COMPLETED documents answer.")
    error_message: str | None = Field(description="Why it is FAILED, and what to do.")
    warnings: list[str] = Field(description="What of it could not be read, or not for certain.")
    metadata: Attributes
    upload_timestamp: str = Field(description="UTC.")

    @classmethod
    def of(cls, version: DocumentVersion) -> ListedDocument:
        return cls(
            document_id=version.document_id,
            version=version.version,
            filename=version.filename,
            file_type=version.file_type,
            status=version.status,
            error_message=version.error_message,
            warnings=[warning.message for warning in version.warnings],
            metadata=dict(version.metadata),
            upload_timestamp=version.upload_timestamp,
        )


class DocumentPage(BaseModel):
    """One page of documents."""

    documents: list[ListedDocument]
    next_cursor: str | None = Field(description="`cursor` for the next page; null on the last.")
    counts: dict[DocumentStatus, int] | None = Field(description="How many there are by status; on the first page.")

    @classmethod
    def of(cls, page: Page, counts: Mapping[DocumentStatus, int] | None) -> DocumentPage:
        return cls(
            documents=[ListedDocument.of(version) for version in page.items],
            next_cursor=page.cursor,
            counts=dict(counts) if counts is not None else None,
        )


class UploadResult(BaseModel):
    """The document lies in S3; it answers once list_documents shows it as COMPLETED, in a few seconds."""

    document_id: str
    s3_key: str
    size: int = Field(description="Bytes.")

    @classmethod
    def of(cls, receipt: UploadReceipt) -> UploadResult:
        return cls(document_id=receipt.document_id, s3_key=receipt.s3_key, size=receipt.size)
