"""Documents: uploads, versions, chunks."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    Json,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from api.schemas.versions import PeriodOut
from portfolio_rag.domain.chunks import Chunk, ChunkStatus
from portfolio_rag.domain.document_warnings import DocumentWarning, WarningCode
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion
from portfolio_rag.pipeline.documents.catalog import DocumentDetail, PresignedUpload, UploadReceipt
from portfolio_rag.pipeline.ingestion.cited_chunks import ChunkInContext
from portfolio_rag.ports.document_registry import Page
from portfolio_rag.settings.ingestion_rules import FILE_TYPES_IN_WORDS

AttributeName = Annotated[str, Field(min_length=1, max_length=256)]
Attributes = dict[AttributeName, StrictStr | StrictBool | StrictInt | StrictFloat | list[StrictStr]]
# Described as plain text: the Swagger UI draws whatever has a media type as a file to choose. The example keeps it
# from filling the field with a sample, which would then be stored with the document.
AttributesText = Annotated[Json[Attributes] | None, WithJsonSchema({"type": "string", "examples": [""]})]
"""A form field can only be text: JSON of the attributes, empty for none."""

_PAIR = r"^[^:]+:."


def _is_pair(value: str) -> str:
    if not re.match(_PAIR, value):
        raise PydanticCustomError("attribute_pair", "Write key:value, as in service:sqs; a colon parts the two")
    return value


AttributePair = Annotated[str, Field(max_length=2400, json_schema_extra={"pattern": _PAIR}), AfterValidator(_is_pair)]

_DOCUMENT_ID = "5b0f8a52-6c8e-5a0f-9d5e-0f6a5b1f7c11"
_PREFIX = "Folder in the raw bucket, below `incoming/`; ingestion rules may differ by folder."
_METADATA = "Custom attributes: stored with the document, returned with passages, and usable in filters."

Filename = Annotated[str, Field(min_length=1, max_length=255, description="Name with extension.")]
Prefix = Annotated[str, Field(max_length=512, description=_PREFIX)]


class UploadAccepted(BaseModel):
    """The bytes are in S3; the pipeline takes it from here."""

    document_id: str = Field(
        description="Id of the document; the same path always has the same.", examples=[_DOCUMENT_ID]
    )
    bucket: str = Field(description="The raw bucket.", examples=["portfolio-raw"])
    s3_key: str = Field(description="Key of the upload.", examples=["incoming/guides/sqs-queues.md"])
    s3_version_id: str = Field(description="S3 version of the upload.", examples=["3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY"])
    size: int = Field(description="Bytes.", examples=[3120])

    @classmethod
    def of(cls, receipt: UploadReceipt) -> UploadAccepted:
        return cls(
            document_id=receipt.document_id,
            bucket=receipt.bucket,
            s3_key=receipt.s3_key,
            s3_version_id=receipt.s3_version_id,
            size=receipt.size,
        )


class PresignRequest(BaseModel):
    """What will be uploaded, past this API, straight to S3."""

    model_config = ConfigDict(extra="forbid")

    filename: Filename = Field(examples=["sqs-queues.md"])
    prefix: Prefix = Field(default="", examples=["guides/"])
    metadata: Attributes | None = Field(default=None, description=_METADATA, examples=[{"service": "sqs"}])


class PresignResponse(BaseModel):
    """A form for S3: POST all `fields` and then the file, as multipart/form-data, to `url`."""

    url: str = Field(description="Where to POST.", examples=["http://localhost:4566/portfolio-raw"])
    fields: dict[str, str] = Field(
        description="Form fields, to be sent before the field `file`.",
        examples=[{"key": "incoming/guides/sqs-queues.md", "policy": "eyJleHBpcmF0aW9uIjog…"}],
    )
    document_id: str = Field(description="The id that the document will have.", examples=[_DOCUMENT_ID])
    s3_key: str = Field(description="Key of the upload.", examples=["incoming/guides/sqs-queues.md"])
    expires_in_seconds: int = Field(description="How long the form is good for.", examples=[900])

    @classmethod
    def of(cls, upload: PresignedUpload) -> PresignResponse:
        return cls(
            url=upload.url,
            fields=dict(upload.fields),
            document_id=upload.document_id,
            s3_key=upload.s3_key,
            expires_in_seconds=upload.expires_in_seconds,
        )


class WarningOut(BaseModel):
    """What of a document could not be read, or not for certain."""

    code: WarningCode = Field(description="For programs.", examples=["PAGES_WITHOUT_TEXT"])
    message: str = Field(
        description="What it is, and what to do.", examples=["2 pages hold no text that can be read: …"]
    )
    pages: list[int] = Field(description="The pages it is about, from 1.", examples=[[2, 5]])
    parts: list[str] = Field(description="The sheets, slides or attachments it is about.", examples=[[]])

    @classmethod
    def of(cls, warning: DocumentWarning) -> WarningOut:
        return cls(code=warning.code, message=warning.message, pages=list(warning.pages), parts=list(warning.parts))


class VersionOut(BaseModel):
    """One upload of a document: a row of the document registry."""

    document_id: str = Field(description="The document.", examples=[_DOCUMENT_ID])
    version: int = Field(description="Counts the uploads of this path, from 1.", examples=[1])
    status: DocumentStatus = Field(description="PENDING, PROCESSING, COMPLETED or FAILED.", examples=["COMPLETED"])
    error_code: str | None = Field(description="Why it is FAILED, for programs.", examples=[None])
    error_message: str | None = Field(description="Why it is FAILED, and what to do.", examples=[None])
    warnings: list[WarningOut] = Field(description="What of it could not be read, or not for certain.", examples=[[]])
    filename: str = Field(description="Its name.", examples=["sqs-queues.md"])
    file_type: str = Field(description=f"{FILE_TYPES_IN_WORDS}.", examples=["md"])
    file_size: int = Field(description="Bytes.", examples=[3120])
    bucket: str = Field(description="Bucket of its bytes.", examples=["portfolio-raw"])
    s3_key: str = Field(description="Where its bytes are now.", examples=["processed/guides/sqs-queues.md"])
    s3_version_id: str = Field(description="S3 version of its bytes.", examples=["3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY"])
    source_version_id: str = Field(
        description="S3 version of the upload that it came from: `s3_version_id` of the reply to that upload.",
        examples=["3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY"],
    )
    content_sha256: str | None = Field(
        description="SHA-256 of its bytes, once it is cut.",
        examples=["2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"],
    )
    metadata: Attributes = Field(description="Custom attributes.", examples=[{"service": "sqs", "year": 2026}])
    embedding_model: str = Field(
        description="Model of its vectors.", examples=["sentence-transformers/all-MiniLM-L6-v2"]
    )
    chunk_count: int | None = Field(description="How many chunks it has, once it is cut.", examples=[2])
    embedded_count: int = Field(description="How many of them are embedded.", examples=[2])
    attempt: int = Field(description="How often the pipeline was started on it.", examples=[1])
    restores: int | None = Field(
        default=None,
        description="The older version that it lets answer again, if a rollback has made it.",
        examples=[None],
    )
    restored_by: str | None = Field(default=None, description="Whose key asked for that rollback.", examples=[None])
    correlation_id: str | None = Field(
        description="In every log line about it: `X-Request-ID` of its upload, or S3's request id, or the job's id.",
        examples=["4f1d2c7be0a14d0fb7f3f1b2a9c8d7e6"],
    )
    upload_timestamp: str = Field(
        description="When S3 had the upload, and made its event (UTC).", examples=["2026-01-05T10:12:00.000000Z"]
    )
    registered_at: str | None = Field(
        description="When the event was received, and the version registered (UTC).",
        examples=["2026-01-05T10:12:00.600000Z"],
    )
    processing_started_at: str | None = Field(
        description="When the document-processor began (UTC).", examples=["2026-01-05T10:12:01.000000Z"]
    )
    extracted_at: str | None = Field(
        description="When its text was read (UTC).", examples=["2026-01-05T10:12:01.500000Z"]
    )
    chunked_at: str | None = Field(
        description="When all of it was cut into chunks (UTC).", examples=["2026-01-05T10:12:01.700000Z"]
    )
    embedded_at: str | None = Field(
        description="When the last vectors were stored, so far (UTC).", examples=["2026-01-05T10:12:02.900000Z"]
    )
    processing_completed_at: str | None = Field(
        description="When it became COMPLETED or FAILED (UTC).", examples=["2026-01-05T10:12:03.000000Z"]
    )

    @classmethod
    def of(cls, version: DocumentVersion) -> VersionOut:
        return cls(
            document_id=version.document_id,
            version=version.version,
            status=version.status,
            error_code=version.error_code,
            error_message=version.error_message,
            warnings=[WarningOut.of(warning) for warning in version.warnings],
            filename=version.filename,
            file_type=version.file_type,
            file_size=version.file_size,
            bucket=version.bucket,
            s3_key=version.s3_key,
            s3_version_id=version.s3_version_id,
            source_version_id=version.source_version_id,
            content_sha256=version.content_sha256,
            metadata=dict(version.metadata),
            embedding_model=version.embedding_model,
            chunk_count=version.chunk_count,
            embedded_count=version.embedded_count,
            attempt=version.attempt,
            correlation_id=version.correlation_id,
            restores=version.restores,
            restored_by=version.restored_by,
            upload_timestamp=version.upload_timestamp,
            registered_at=version.registered_at,
            processing_started_at=version.processing_started_at,
            extracted_at=version.extracted_at,
            chunked_at=version.chunked_at,
            embedded_at=version.embedded_at,
            processing_completed_at=version.processing_completed_at,
        )


class DocumentList(BaseModel):
    """One page of document versions."""

    items: list[VersionOut]
    next_cursor: str | None = Field(description="For the next page; null on the last.", examples=[None])
    counts: dict[DocumentStatus, int] | None = Field(
        description="Versions by status in all; only on the first page.",
        examples=[{"PENDING": 0, "PROCESSING": 0, "COMPLETED": 12, "FAILED": 0}],
    )

    @classmethod
    def of(cls, page: Page, counts: dict[DocumentStatus, int] | None) -> DocumentList:
        return cls(items=[VersionOut.of(item) for item in page.items], next_cursor=page.cursor, counts=counts)


class WindowOut(BaseModel):
    """A part of the chunk with a vector of its own: [start, end) in characters of the chunk's text."""

    start: int = Field(description="First character.", examples=[0])
    end: int = Field(description="Behind the last character.", examples=[640])

    @classmethod
    def of(cls, window: tuple[int, int]) -> WindowOut:
        return cls(start=window[0], end=window[1])


class ChunkOut(BaseModel):
    """A piece of a version: the unit that is found and cited."""

    chunk_id: str = Field(description="Its id.", examples=["0d8f4c0e-52f1-5a9f-8a0e-3f5f6f0c9b1a"])
    chunk_index: int = Field(description="Place in the document, from 0.", examples=[0])
    status: ChunkStatus = Field(description="PENDING or EMBEDDED.", examples=["EMBEDDED"])
    content: str = Field(description="Its text.", examples=["Amazon SQS keeps a message for 4 days by default…"])
    content_hash: str = Field(description="SHA-256 of the text.", examples=["9f86d081884c7d65…"])
    token_count: int = Field(description="Word pieces of the embedding model.", examples=[412])
    start: int = Field(description="First character in the extracted text.", examples=[0])
    end: int = Field(description="Behind its last character.", examples=[1840])
    heading_path: list[str] = Field(description="Headings above it.", examples=[["Amazon SQS", "Limits"]])
    page_start: int | None = Field(description="First page, from 1.", examples=[None])
    page_end: int | None = Field(description="Last page.", examples=[None])
    windows: list[WindowOut] = Field(description="The parts of it that are found on their own, in order.")
    vector_ids: list[str] = Field(
        description="Its vectors in Chroma.", examples=[["0d8f4c0e-52f1-5a9f-8a0e-3f5f6f0c9b1a#0"]]
    )
    embedding_vector_s3: str | None = Field(
        description="Backup of its vectors in the embeddings bucket.", examples=["vectors/…"]
    )

    @classmethod
    def of(cls, chunk: Chunk) -> ChunkOut:
        return cls(
            chunk_id=chunk.chunk_id,
            chunk_index=chunk.chunk_index,
            status=chunk.status,
            content=chunk.content,
            content_hash=chunk.content_hash,
            token_count=chunk.token_count,
            start=chunk.span[0],
            end=chunk.span[1],
            heading_path=list(chunk.heading_path),
            page_start=chunk.page_start,
            page_end=chunk.page_end,
            windows=[WindowOut.of(window) for window in chunk.windows],
            vector_ids=chunk.window_ids,
            embedding_vector_s3=chunk.embedding_vector_s3,
        )


class ChunkContextOut(BaseModel):
    """A chunk as it was cited, and what stands around it."""

    document_id: str = Field(description="The document.", examples=[_DOCUMENT_ID])
    version: int = Field(description="The version that holds the chunk.", examples=[1])
    live: bool = Field(description="Whether answers are made from that version now.", examples=[True])
    restored: bool = Field(
        description="Whether the chunk was made again from the archived bytes of a replaced version.", examples=[False]
    )
    filename: str = Field(description="The document's name.", examples=["sqs-queues.md"])
    file_type: str = Field(description=f"{FILE_TYPES_IN_WORDS}.", examples=["md"])
    s3_key: str = Field(description="Where the version's bytes are.", examples=["processed/guides/sqs-queues.md"])
    upload_timestamp: str = Field(description="When it was uploaded (UTC).", examples=["2026-01-05T10:12:00.000000Z"])
    chunk: ChunkOut
    windows: list[WindowOut] = Field(description="The parts of the chunk that are found on their own, in order.")
    previous: str | None = Field(description="Text of the chunk before it; null for the first.", examples=[None])
    next: str | None = Field(description="Text of the chunk after it; null for the last.", examples=[None])

    @classmethod
    def of(cls, found: ChunkInContext) -> ChunkContextOut:
        return cls(
            document_id=found.document.document_id,
            version=found.document.version,
            live=found.live,
            restored=found.restored,
            filename=found.document.filename,
            file_type=found.document.file_type,
            s3_key=found.document.s3_key,
            upload_timestamp=found.document.upload_timestamp,
            chunk=ChunkOut.of(found.chunk),
            windows=[WindowOut.of(window) for window in found.chunk.windows],
            previous=found.previous.content if found.previous else None,
            next=found.following.content if found.following else None,
        )


class DocumentOut(BaseModel):
    """A document: its state, its versions, and the chunks that answer."""

    document_id: str = Field(description="Its id.", examples=[_DOCUMENT_ID])
    bucket: str = Field(description="The raw bucket.", examples=["portfolio-raw"])
    logical_key: str = Field(description="Its path, without the stage folder.", examples=["guides/sqs-queues.md"])
    status: DocumentStatus | None = Field(description="Of the newest version.", examples=["COMPLETED"])
    error_code: str | None = Field(description="Why the newest version is FAILED, for programs.", examples=[None])
    error_message: str | None = Field(description="Why it is FAILED, and what to do.", examples=[None])
    warnings: list[WarningOut] = Field(description="Of the newest version.", examples=[[]])
    latest_version: int = Field(description="The newest version.", examples=[1])
    live_version: int | None = Field(description="The version that answers; null: none does.", examples=[1])
    deleted_at: str | None = Field(description="When it was deleted (UTC).", examples=[None])
    last_seen_at: str | None = Field(
        description="When an upload last changed nothing, and so made no version (UTC).",
        examples=["2026-01-06T08:00:00.000000Z"],
    )
    unchanged_version_id: str | None = Field(
        description="S3 version of that upload, as in the reply to it; null where only its attributes came.",
        examples=["3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY"],
    )
    versions: list[VersionOut] = Field(description="Newest first.")
    history: list[PeriodOut] = Field(
        default=[], description="Which version answered when, newest first, as far as versions are kept."
    )
    chunks_version: int | None = Field(description="The version whose chunks are shown.", examples=[1])
    chunks_restored: bool = Field(
        description="Whether they were made again from the archived bytes of a replaced version.", examples=[False]
    )
    chunk_count: int = Field(description="Chunks of that version in all.", examples=[2])
    chunks: list[ChunkOut] = Field(description="Those asked for by `chunk_offset` and `chunk_limit`, in order.")

    @classmethod
    def of(
        cls,
        detail: DocumentDetail,
        *,
        chunk_offset: int,
        chunk_limit: int,
        version: int | None = None,
        restored: bool = False,
    ) -> DocumentOut:
        """`version` is the one whose chunks `detail` has; None: the live one."""
        head = detail.head
        newest = next((version for version in detail.versions if version.version == head.latest_version), None)
        return cls(
            document_id=head.document_id,
            bucket=head.bucket,
            logical_key=head.logical_key,
            status=newest.status if newest else None,
            error_code=newest.error_code if newest else None,
            error_message=newest.error_message if newest else None,
            warnings=[WarningOut.of(warning) for warning in newest.warnings] if newest else [],
            latest_version=head.latest_version,
            live_version=head.live_version or None,
            deleted_at=head.deleted_at,
            last_seen_at=head.last_seen_at,
            unchanged_version_id=head.unchanged_upload,
            versions=[VersionOut.of(version) for version in detail.versions],
            chunks_version=version or head.live_version or None,
            chunks_restored=restored,
            history=PeriodOut.all_of(head.publications),
            chunk_count=len(detail.chunks),
            chunks=[ChunkOut.of(chunk) for chunk in detail.chunks[chunk_offset : chunk_offset + chunk_limit]],
        )


class DeletionAccepted(BaseModel):
    """No answer uses the document any more."""

    document_id: str = Field(description="The document.", examples=[_DOCUMENT_ID])
