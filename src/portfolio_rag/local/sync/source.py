"""What is kept in step with: documents somewhere else, each with the logical key that it has here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from portfolio_rag.domain.documents import DocumentVersion


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A document of the source. `place` is where it lies there, for people; `size` in bytes.

    `attributes_sha256` is the digest of its sidecar's attributes, None without any.
    """

    logical_key: str
    place: str
    size: int
    modified: datetime
    attributes_sha256: str | None


class Source(Protocol):
    def keys(self) -> Iterable[str]:
        """The logical keys of all that is there, whether or not it can be ingested."""

    def documents(self) -> Sequence[SourceDocument]:
        """What is there; looked at anew by each call. Raises InvalidRequest for a sidecar that cannot be used."""

    def has_bytes_of(self, document: SourceDocument, version: DocumentVersion) -> bool:
        """Whether the document has the bytes of that version, whose size it has."""

    def why_unusable(self, document: SourceDocument) -> str | None:
        """Why it cannot be ingested, or None; told by its first bytes, so only what is to be sent is asked about."""

    def send(
        self, document: SourceDocument, *, content: bool, sidecar: bool, progress: Callable[[int], object]
    ) -> None:
        """Put it into `incoming/`, its attributes before it.

        Without `content` only its attributes; with `sidecar` also where it has none, so that those that it had go.
        Calls `progress` with bytes that were sent. Raises StorageUnavailable, and NotFound when it is gone.
        """
