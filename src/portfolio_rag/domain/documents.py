"""Document versions and heads, and the legal changes of their states.

Attribute names are those of `document_registry`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from portfolio_rag.domain.access import AccessList
from portfolio_rag.domain.attributes import AttributeValue
from portfolio_rag.domain.document_warnings import DocumentWarning
from portfolio_rag.domain.errors import IllegalTransition
from portfolio_rag.domain.object_keys import logical_key_of
from portfolio_rag.domain.versions import Publications

ATTACHMENT_OF = "attachment_of"
"""The attribute of a document that came attached to a mail: the mail's logical key."""

MAIL_TYPE = "eml"
"""The file type whose documents have attachments."""


class DocumentStatus(StrEnum):
    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"

    @property
    def terminal(self) -> bool:
        return self in (DocumentStatus.COMPLETED, DocumentStatus.FAILED)


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


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """One version of one S3 object."""

    bucket: str
    key: str
    version_id: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What HEAD and LIST tell of an object. `size` in bytes.

    `correlation_id` and `traceparent` are those of the request which uploaded it, where it was sent with them and the
    object was read.
    """

    ref: ObjectRef
    size: int
    last_modified: datetime
    correlation_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a document has come that takes the document-processor more than one invocation.

    `steps` counts the invocations that have ended short of the end. `pages` are where the ranges of a PDF's pages end
    that have been read, counted from 0, and `read` says that the last of them is the document's. `place` is where
    cutting goes on (text/chunking/chunker.py), None while the text is not complete, and `chunks` how many come before.
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
    `metadata` holds the custom attributes of the sidecar and, once it is read, those of the document itself;
    `metadata_version_id` is the sidecar's S3 version. `access_list` holds the sidecar's entries and those that it
    inherits from the prefixes of its key, as they were when the version was registered.
    `source_version_id` is the S3 version of the upload itself: with `metadata_version_id` it tells a new upload from
    an event that came twice.
    `content_sha256` is that of the bytes, `attributes_sha256` that of the sidecar's attributes (`attributes_digest`),
    and `recipe` says which code and rules have made the text and the chunks: with `embedding_model`, they tell an
    upload that changes nothing (pipeline/ingestion/unchanged.py). The first and the last come with `chunk_count`.
    `attempt` counts the tries with the same bytes: a retry is a new version with one more. `drives` counts how often a
    stuck version was sent to the queue again.
    `progress` is set between the invocations of a document that takes several.
    `settled` is true once the version is finalized: what follows its end (moves, purge of what was replaced) is done.
    `retired` is true once a newer version or a deletion has replaced it: kept for the audit trail, listed no more.
    `job_id` is the batch job that made it, if one did.
    `correlation_id` is in every log line about it: of the request that uploaded it, of S3's event, or of the job.
    `restores` is the older version whose chunks it has, where it was made by a rollback, and `restored_by` who asked.
    `warnings` say what of it could not be read, or not for certain.
    `registered_at`, `extracted_at`, `chunked_at` and `embedded_at` are when it came to its row, to its text, to all of
    its chunks, and to the last vectors so far. None of them costs a write of its own.
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
    access_list: AccessList = ()
    attributes_sha256: str | None = None
    content_sha256: str | None = None
    recipe: str | None = None
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
    correlation_id: str | None = None
    restores: int | None = None
    restored_by: str | None = None
    warnings: tuple[DocumentWarning, ...] = ()
    registered_at: str | None = None
    extracted_at: str | None = None
    chunked_at: str | None = None
    embedded_at: str | None = None

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef(self.bucket, self.s3_key, self.s3_version_id)

    @property
    def logical_key(self) -> str:
        """The document's, wherever the bytes of this version lie: an archived key has the version's number in it."""
        return logical_key(self.s3_key, self.filename)

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
    access_list: AccessList = ()
    processing_completed_at: str | None = None
    """When it began to answer."""

    @property
    def logical_key(self) -> str:
        """As of DocumentVersion."""
        return logical_key(self.s3_key, self.filename)

    @classmethod
    def of(cls, version: DocumentVersion) -> LiveDocument:
        return cls(**{attribute.name: getattr(version, attribute.name) for attribute in fields(cls)})


@dataclass(frozen=True, slots=True)
class DocumentHead:
    """The row with `version` 0: which version is newest, which one answers (0: none), and whether it is deleted.

    `due` is the time of the last change after which nobody has looked the document over yet
    (pipeline/maintenance/reconciler.py).
    `job_id` is the last batch job that made a version of it: by it a job knows what it has driven already.
    `last_seen_at` is when an upload last changed nothing, and `unchanged_upload` the S3 version of that upload: it is
    never made a version of.
    `publications` say which version answered when, as far back as versions are kept; empty while nothing answers, so a
    deletion forgets them all. `forgotten` counts how often some were taken out.
    """

    document_id: str
    bucket: str
    logical_key: str
    latest_version: int
    live_version: int = 0
    deleted_at: str | None = None
    due: str | None = None
    job_id: str | None = None
    last_seen_at: str | None = None
    unchanged_upload: str | None = None
    publications: Publications = ()
    forgotten: int = 0

    def replaces(self, version: int) -> bool:
        """True if that version must not go on: the document was deleted, or uploaded anew."""
        return self.deleted_at is not None or self.latest_version > version


def logical_key(s3_key: str, filename: str) -> str:
    """Of the document whose version lies at `s3_key`, in whichever stage."""
    return posixpath.join(posixpath.dirname(logical_key_of(s3_key)), filename)
