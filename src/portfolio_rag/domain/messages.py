"""The bodies of the two queues. A body that does not parse raises InvalidRequest: no retry will help it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentVersion, Progress, progress_of
from portfolio_rag.domain.errors import InvalidRequest

MAX_TOKENS = 16_000
"""Word pieces a message, overlaps counted: some 125 windows, a second of one vCPU. So a note is one message and a book
one for each sixteen chunks, whatever the rules make of a chunk, and several workers share one large document."""

MAX_BYTES = 200_000
"""Below the 256 KiB that every SQS takes (AWS takes 1 MiB since 2025, emulators keep the old limit), so that no body
ever needs a claim check. A chunk holds 64,000 bytes at most (MAX_CHARACTERS in text/chunking/units.py)."""


_OF_THE_MESSAGE = {"document_id", "version"}
_LEFT_OUT = {"status", "embedding_vector_s3", "parts"}
"""What a chunk is made of matters to whoever reads it, not to whoever embeds it."""
_SENT = tuple(field.name for field in fields(Chunk) if field.name not in _OF_THE_MESSAGE | _LEFT_OUT)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery of a queue's message. `receive_count` says how often this message was delivered, this time included;
    `earlier_tries` those of the messages before it that it was sent anew for. `correlation_id` and `traceparent` are
    the sender's."""

    message_id: str
    receipt: str
    body: str
    receive_count: int = 1
    earlier_tries: int = 0
    correlation_id: str | None = None
    traceparent: str | None = None

    @property
    def tries(self) -> int:
        return self.earlier_tries + self.receive_count


@dataclass(frozen=True, slots=True)
class IngestionMessage:
    """One try of one document version: "document metadata + S3 path".

    `progress` says where to go on when a document takes more than one invocation.
    """

    document_id: str
    version: int
    attempt: int
    bucket: str
    s3_key: str
    s3_version_id: str
    progress: Progress | None = None

    @classmethod
    def of(cls, version: DocumentVersion) -> IngestionMessage:
        return cls(
            version.document_id,
            version.version,
            version.attempt,
            version.bucket,
            version.s3_key,
            version.s3_version_id,
            version.progress,
        )

    def to_json(self) -> str:
        body = asdict(self)
        if self.progress is None:
            del body["progress"]
        return json.dumps(body)

    @classmethod
    def from_json(cls, body: str) -> IngestionMessage:
        try:
            content = json.loads(body)
            if "progress" in content:
                content["progress"] = progress_of(content["progress"])
            return cls(**content)
        except (ValueError, TypeError, KeyError) as error:
            raise InvalidRequest(f"Not an ingestion message: {error}") from error


@dataclass(frozen=True, slots=True)
class EmbeddingMessage:
    """Consecutive chunks of one document version, their text included."""

    document_id: str
    version: int
    attempt: int
    chunks: tuple[Chunk, ...]

    def to_json(self) -> str:
        return json.dumps(
            {
                "document_id": self.document_id,
                "version": self.version,
                "attempt": self.attempt,
                "chunks": [_chunk_body(chunk) for chunk in self.chunks],
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, body: str) -> EmbeddingMessage:
        try:
            content = json.loads(body)
            chunks = tuple(_chunk(chunk, content["document_id"], content["version"]) for chunk in content["chunks"])
            return cls(content["document_id"], content["version"], content["attempt"], chunks)
        except (ValueError, TypeError, KeyError) as error:
            raise InvalidRequest(f"Not an embedding message: {error}") from error


def embedding_messages(version: DocumentVersion, chunks: Sequence[Chunk]) -> Iterator[EmbeddingMessage]:
    """Group chunks into messages by tokens and by bytes, in order."""
    group: list[Chunk] = []
    size = tokens = 0
    for chunk in chunks:
        chunk_bytes = len(json.dumps(_chunk_body(chunk), ensure_ascii=False).encode())
        if group and (tokens + chunk.token_count > MAX_TOKENS or size + chunk_bytes > MAX_BYTES):
            yield EmbeddingMessage(version.document_id, version.version, version.attempt, tuple(group))
            group, size, tokens = [], 0, 0
        group.append(chunk)
        size += chunk_bytes
        tokens += chunk.token_count
    if group:
        yield EmbeddingMessage(version.document_id, version.version, version.attempt, tuple(group))


def _chunk_body(chunk: Chunk) -> dict[str, Any]:
    return {name: getattr(chunk, name) for name in _SENT}


def _chunk(body: dict[str, Any], document_id: str, version: int) -> Chunk:
    return Chunk(
        **{
            **body,
            "document_id": document_id,
            "version": version,
            "span": tuple(body["span"]),
            "windows": tuple((start, end) for start, end in body["windows"]),
            "heading_path": tuple(body["heading_path"]),
        }
    )
