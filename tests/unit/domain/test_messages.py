"""Message bodies: groups that fit, and an exact round trip."""

from __future__ import annotations

import pytest

from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion
from portfolio_rag.domain.errors import InvalidRequest
from portfolio_rag.domain.identifiers import chunk_id_for, sha256_hex
from portfolio_rag.domain.messages import MAX_BYTES, MAX_TOKENS, EmbeddingMessage, IngestionMessage, embedding_messages

VERSION = DocumentVersion(
    document_id="d1",
    version=3,
    bucket="portfolio-raw",
    s3_key="incoming/a.md",
    s3_version_id="v1",
    source_version_id="v1",
    filename="a.md",
    upload_timestamp="2026-01-01T00:00:00.000000Z",
    file_size=1,
    file_type="md",
    status=DocumentStatus.PROCESSING,
    embedding_model="m",
    attempt=2,
)


def chunk(index: int, content: str = "Some text.", tokens: int = 3) -> Chunk:
    digest = sha256_hex(content)
    return Chunk(
        chunk_id=chunk_id_for("d1", 3, index, digest),
        document_id="d1",
        version=3,
        chunk_index=index,
        content=content,
        content_hash=digest,
        token_count=tokens,
        span=(0, len(content)),
        windows=((0, len(content)),),
        heading_path=("A", "B"),
        page_start=1,
        page_end=2,
        created_at="now",
    )


def test_chunks_make_an_exact_round_trip() -> None:
    (message,) = embedding_messages(VERSION, [chunk(0, "Ünï \u65e5\u672c"), chunk(1)])
    assert EmbeddingMessage.from_json(message.to_json()) == message
    assert (message.document_id, message.version, message.attempt) == ("d1", 3, 2)


def test_a_message_holds_a_batch_that_embeds_well() -> None:
    """By tokens: large chunks and small ones make messages of the same work."""
    large = list(embedding_messages(VERSION, [chunk(n, tokens=MAX_TOKENS // 4) for n in range(9)]))
    assert [len(message.chunks) for message in large] == [4, 4, 1]
    small = list(embedding_messages(VERSION, [chunk(n, tokens=MAX_TOKENS // 100) for n in range(101)]))
    assert [len(message.chunks) for message in small] == [100, 1]
    (oversized,) = embedding_messages(VERSION, [chunk(0, tokens=MAX_TOKENS + 1)])
    assert len(oversized.chunks) == 1


@pytest.mark.failure(13, 14)
def test_no_message_exceeds_the_limit_even_with_the_largest_chunks() -> None:
    messages = list(embedding_messages(VERSION, [chunk(n, "\U0001f600" * 16_000) for n in range(9)]))
    assert sum(len(message.chunks) for message in messages) == 9
    assert all(len(message.to_json().encode()) <= MAX_BYTES + 1000 for message in messages)


def test_an_ingestion_message_round_trip() -> None:
    message = IngestionMessage.of(VERSION)
    assert IngestionMessage.from_json(message.to_json()) == message


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"document_id": 1}', "null"])
def test_what_is_no_message_is_refused(body: str) -> None:
    with pytest.raises(InvalidRequest):
        IngestionMessage.from_json(body)
    with pytest.raises(InvalidRequest):
        EmbeddingMessage.from_json(body)
