"""S3: the bytes of documents, and what is kept about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from portfolio_rag.domain.documents import ObjectInfo, ObjectRef


@dataclass(frozen=True, slots=True)
class PresignedPost:
    """POST the `fields` and then the file (as `file`) to `url` as multipart/form-data."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class KeyVersions:
    """What S3 holds under one key: `refs`, newest first, without delete markers; `deleted` when one lies on top."""

    refs: tuple[ObjectRef, ...]
    deleted: bool

    @property
    def exists(self) -> bool:
        """Whether the key has an object now."""
        return bool(self.refs) and not self.deleted

    def older_than(self, ref: ObjectRef) -> list[ObjectRef]:
        """Oldest first; none where that version is gone itself."""
        if ref not in self.refs:
            return []
        return list(reversed(self.refs[self.refs.index(ref) + 1 :]))


class ObjectStore(Protocol):
    """S3. Raises NotFound for a missing object or version, StorageUnavailable when S3 keeps failing."""

    def get(self, ref: ObjectRef, *, max_bytes: int | None = None) -> bytes:
        """The bytes; raises PayloadTooLarge beyond `max_bytes` without reading them."""

    def stream(self, ref: ObjectRef, part: tuple[int, int] | None = None) -> Iterator[bytes]:
        """The bytes in pieces, as they come; of `part` alone where it is given: its first and its last byte, from 0.

        A missing object is told at the call. What fails later is raised by the iterator.
        """

    def peek(self, ref: ObjectRef, size: int) -> tuple[ObjectInfo, bytes] | None:
        """What `head` tells and the first `size` bytes at most, in one call; None as for `head`."""

    def head(self, ref: ObjectRef) -> ObjectInfo | None:
        """The object as it stands (its version id filled in), or None: missing, or a delete marker on top."""

    def sha256(self, ref: ObjectRef) -> str:
        """Of the bytes, in hexadecimal; read as a stream, so any size takes little memory."""

    def put(self, bucket: str, key: str, body: bytes, *, content_type: str = "application/octet-stream") -> str:
        """Write and return the new version id."""

    def upload(self, bucket: str, key: str, stream: BinaryIO, *, content_type: str, max_bytes: int) -> ObjectInfo:
        """Write a stream of unknown length in parts. Raises PayloadTooLarge beyond `max_bytes`: nothing is kept."""

    def presign_post(self, bucket: str, key: str, *, max_bytes: int, expires_in_seconds: int) -> PresignedPost:
        """A form with which anybody may upload that one object, up to that size, for that time."""

    def copy(self, source: ObjectRef, bucket: str, key: str, *, metadata: Mapping[str, str] | None = None) -> str:
        """Copy server-side and return the new version id; `metadata` replaces the user metadata."""

    def delete(self, ref: ObjectRef) -> None:
        """Delete that version for good, or set a delete marker when the ref names none. Missing is fine."""

    def versions(self, bucket: str, key: str) -> KeyVersions:
        """Every version of that key, in one call unless they are very many."""

    def deleted(self, bucket: str, key: str) -> ObjectInfo | None:
        """The version that a delete marker covers; None if nothing is there, or what is there is not deleted."""

    def delete_prefix(self, bucket: str, prefix: str) -> int:
        """Delete every version under the prefix, for good; returns how many."""

    def list(self, bucket: str, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        """Current objects under the prefix, by key and without version ids; only keys after `after`."""
