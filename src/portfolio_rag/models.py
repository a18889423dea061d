"""The domain: document versions, heads, chunks and jobs, and the legal changes of their states.

Attribute names are those of the DynamoDB tables (`document_registry`, `embedding_chunks`, `ingestion_jobs`).
Timestamps are ISO 8601 strings in UTC with microseconds, so that they sort as text.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from portfolio_rag.errors import IllegalTransition

# Fixed for ever: every id in every deployment derives from it.
NAMESPACE = uuid.UUID("5b0f8a52-6c8e-5a0f-9d5e-0f6a5b1f7c11")

AttributeValue = str | int | float | bool | list[str]
"""What a custom attribute may hold: the types of Bedrock Knowledge Bases' metadata."""


class DocumentStatus(StrEnum):
    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"

    @property
    def terminal(self) -> bool:
        return self in (DocumentStatus.COMPLETED, DocumentStatus.FAILED)


class ChunkStatus(StrEnum):
    PENDING = "PENDING"
    EMBEDDED = "EMBEDDED"


class JobStatus(StrEnum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def ended(self) -> bool:
        return self in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)


class JobType(StrEnum):
    BATCH = "BATCH"
    INCREMENTAL = "INCREMENTAL"
    REINDEX = "REINDEX"


class Trigger(StrEnum):
    USER = "USER"
    SCHEDULED = "SCHEDULED"
    EVENT = "EVENT"


LEGAL_TRANSITIONS: Mapping[DocumentStatus, frozenset[DocumentStatus]] = {
    DocumentStatus.PENDING: frozenset({DocumentStatus.PROCESSING, DocumentStatus.FAILED}),
    DocumentStatus.PROCESSING: frozenset({DocumentStatus.COMPLETED, DocumentStatus.FAILED}),
    # An end is for ever: a retry is a new version of the same bytes, so that nothing of the failed one can touch it.
    DocumentStatus.FAILED: frozenset(),
    DocumentStatus.COMPLETED: frozenset(),
}


def check_transition(current: DocumentStatus, target: DocumentStatus) -> None:
    """Raise IllegalTransition unless a document version may go from `current` to `target`."""
    if target not in LEGAL_TRANSITIONS[current]:
        raise IllegalTransition(f"A document cannot go from {current} to {target}.")


def iso(moment: datetime) -> str:
    """`moment` as a sortable ISO 8601 string in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def document_id_for(bucket: str, logical_key: str) -> str:
    """UUIDv5 of bucket and logical key: the same path is the same document for ever."""
    return str(uuid.uuid5(NAMESPACE, f"document\x00{bucket}\x00{logical_key}"))


def chunk_id_for(document_id: str, version: int, chunk_index: int, content_hash: str) -> str:
    """UUIDv5 of what makes a chunk: a retry writes the same id."""
    return str(uuid.uuid5(NAMESPACE, f"chunk\x00{document_id}\x00{version}\x00{chunk_index}\x00{content_hash}"))


def sha256_hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def window_id(chunk_id: str, n: int) -> str:
    """The id in Chroma of window `n` of a chunk."""
    return f"{chunk_id}#{n}"


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """One version of one S3 object."""

    bucket: str
    key: str
    version_id: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What HEAD and LIST tell of an object. `size` in bytes."""

    ref: ObjectRef
    size: int
    last_modified: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a document has come that takes the document-processor more than one invocation.

    `steps` counts the invocations that have ended short of the end. `pages` are where the ranges of a PDF's pages end
    that have been read, counted from 0, and `read` says that the last of them is the document's. `place` is where
    cutting goes on (text/chunk.py), None while the text is not complete, and `chunks` how many come before.
    """

    steps: int = 0
    pages: tuple[int, ...] = ()
    read: bool = False
    place: tuple[int, int] | None = None
    chunks: int = 0

    def is_beyond(self, other: Progress) -> bool:
        """Whether this is nearer to the end; `steps` are no progress."""
        return self._reached() > other._reached()

    def _reached(self) -> tuple[tuple[int, int], bool, int]:
        return self.place or (-1, -1), self.read, self.pages[-1] if self.pages else 0


def progress_of(stored: Mapping[str, Any]) -> Progress:
    """From the attribute or the message: `asdict` of a Progress, its tuples made lists."""
    place = stored.get("place")
    return Progress(**{**stored, "pages": tuple(stored["pages"]), "place": tuple(place) if place else None})


@dataclass(frozen=True, slots=True)
class DocumentVersion:
    """One row of `document_registry` with `version` ≥ 1: one upload of one document.

    `s3_key` and `s3_version_id` say where the bytes are now; they change when the pipeline moves the object.
    `metadata` holds the custom attributes of the sidecar; `metadata_version_id` is the sidecar's S3 version.
    `source_version_id` is the S3 version of the upload itself: with `metadata_version_id` it tells a new upload from
    an event that came twice.
    `attempt` counts the tries with the same bytes: a retry is a new version with one more. `drives` counts how often a
    stuck version was driven again.
    `progress` is set between the invocations of a document that takes several.
    `settled` is true once the work after the end (moves, purge of what was replaced) is done.
    `retired` is true once a newer version or a deletion has replaced it: kept for the audit trail, listed no more.
    `job_id` is the batch job that made it, if one did.
    """

    document_id: str
    version: int
    bucket: str
    s3_key: str
    s3_version_id: str
    source_version_id: str
    filename: str
    upload_timestamp: str
    file_size: int
    file_type: str
    status: DocumentStatus
    embedding_model: str
    metadata: Mapping[str, AttributeValue] = field(default_factory=dict)
    metadata_version_id: str | None = None
    attempt: int = 1
    drives: int = 0
    chunk_count: int | None = None
    embedded_count: int = 0
    progress: Progress | None = None
    processing_started_at: str | None = None
    processing_completed_at: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    updated_at: str | None = None
    settled: bool = False
    retired: bool = False
    job_id: str | None = None

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef(self.bucket, self.s3_key, self.s3_version_id)

    @property
    def steps(self) -> int:
        return self.progress.steps if self.progress else 0


@dataclass(frozen=True, slots=True)
class LiveDocument:
    """What a search tells of the version of a document that answers: attributes of its DocumentVersion."""

    document_id: str
    version: int
    filename: str
    s3_key: str
    upload_timestamp: str
    file_type: str
    metadata: Mapping[str, AttributeValue] = field(default_factory=dict)

    @classmethod
    def of(cls, version: DocumentVersion) -> LiveDocument:
        return cls(**{one.name: getattr(version, one.name) for one in fields(cls)})


@dataclass(frozen=True, slots=True)
class DocumentHead:
    """The row with `version` 0: which version is newest, which one answers (0: none), and whether it is deleted.

    `due` is the time of the last change after which nobody has looked the document over yet (services/reconcile.py).
    `job_id` is the last batch job that made a version of it: by it a job knows what it has driven already.
    """

    document_id: str
    bucket: str
    logical_key: str
    latest_version: int
    live_version: int = 0
    deleted_at: str | None = None
    due: str | None = None
    job_id: str | None = None

    def replaces(self, version: int) -> bool:
        """True if that version must not go on: the document was deleted, or uploaded anew."""
        return self.deleted_at is not None or self.latest_version > version


@dataclass(frozen=True, slots=True)
class Chunk:
    """One row of `embedding_chunks`: the unit that is stored, cited and shown to the language model.

    `span` is [start, end) in characters of the extracted text. `windows` are [start, end) in characters of
    `content`; each has its own vector in Chroma, `heading_path` in front of its text. `token_count` counts word
    pieces of the embedding model's own tokenizer. Pages count from 1; None where the format has none.
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
    page_start: int | None = None
    page_end: int | None = None
    status: ChunkStatus = ChunkStatus.PENDING
    embedding_vector_s3: str | None = None
    created_at: str | None = None

    @property
    def window_ids(self) -> list[str]:
        return [window_id(self.chunk_id, n) for n in range(len(self.windows))]

    @property
    def window_texts(self) -> list[str]:
        """What is embedded and indexed: each window with the heading path in front (design: +.08 hit@5)."""
        head = " > ".join(self.heading_path)
        prefix = f"{head}\n" if head else ""
        return [prefix + self.content[start:end] for start, end in self.windows]

    @property
    def embedding_hash(self) -> str:
        """SHA-256 over the texts that are embedded: equal hashes have equal vectors under one fingerprint."""
        return sha256_hex("\x00".join(self.window_texts))


@dataclass(frozen=True, slots=True)
class Job:
    """One row of `ingestion_jobs`.

    A job goes on over as many invocations as it takes. `step` counts how often it was handed over to the next one and
    `run_until` is the time after which the invocation that works on it now is certainly over (None: nobody does):
    together they let one invocation at a time go on. `checkpoint` says where (services/ingest_job.py and rebuild.py);
    it does not grow with the number of documents. `switched` is true once the new index of a REINDEX answers.
    `relaunches` counts how often check-health has started it again since it last got on, and `last_error` is what
    stopped it then.
    """

    job_id: str
    job_type: JobType
    status: JobStatus
    source_s3_prefix: str
    triggered_by: Trigger
    started_at: str
    completed_at: str | None = None
    documents_total: int = 0
    documents_processed: int = 0
    documents_failed: int = 0
    error_details: Mapping[str, str] = field(default_factory=dict)
    statistics: Mapping[str, int] = field(default_factory=dict)
    updated_at: str | None = None
    step: int = 0
    run_until: str | None = None
    checkpoint: Mapping[str, Any] = field(default_factory=dict)
    switched: bool = False
    relaunches: int = 0
    last_error: str | None = None
    cancel_requested_at: str | None = None
