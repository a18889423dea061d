"""Where the vectors of a text lie in the backup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class VectorLocation:
    """Rows [row, row + count) of one `.npy` in the embeddings bucket."""

    s3_key: str
    row: int
    count: int


class EmbeddingLocations(Protocol):
    """`embedding_vectors`: the content address of every backed-up chunk (pipeline/documents/vector_backup.py)."""

    def find(self, vector_ids: Iterable[str]) -> dict[str, VectorLocation]: ...

    def add(self, locations: Mapping[str, VectorLocation]) -> None: ...

    def all(self) -> Iterator[tuple[str, VectorLocation]]:
        """Reads the whole table (for `rag verify` only)."""

    def remove(self, vector_ids: Iterable[str], s3_key_prefix: str) -> None:
        """Remove those that point under the prefix; others now belong to another document's backup."""
