"""Which documents answer: listed, and found by their names and attributes, without reading all of the registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from portfolio_rag.domain.document_query import DocumentQuery


@dataclass(frozen=True, slots=True)
class DocumentPlace:
    """A version, with its place in a list that is newest first."""

    upload_timestamp: str
    document_id: str
    version: int = 0

    @property
    def order(self) -> tuple[str, str]:
        return self.upload_timestamp, self.document_id


class DocumentIndex(Protocol):
    """A cache that knows what it does not have yet. What it finds is checked against the heads."""

    def count(self) -> int | None:
        """How many documents answer; None while not all are known."""

    def documents(
        self, query: DocumentQuery, *, limit: int, after: DocumentPlace | None = None
    ) -> list[DocumentPlace] | None:
        """Live versions that pass, newest first, those behind `after`; None while too many documents are not known.

        Raises StorageUnavailable.
        """
