"""Identifiers that derive from what they name, and the form of a time stamp.

Time stamps are ISO 8601 strings in UTC with microseconds, so that they sort as text.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime

NAMESPACE = uuid.UUID("5b0f8a52-6c8e-5a0f-9d5e-0f6a5b1f7c11")
"""Fixed for ever: every id in every deployment derives from it."""


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
