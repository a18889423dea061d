"""What a comparison of the stores can find."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DifferenceKind(StrEnum):
    """In which way a store differs from what the registry says."""

    NOT_SETTLED = "NOT_SETTLED"
    BYTES_GONE = "BYTES_GONE"
    CHUNKS_MISSING = "CHUNKS_MISSING"
    VECTORS_MISSING = "VECTORS_MISSING"
    BACKUP_MISSING = "BACKUP_MISSING"
    STALE = "STALE"
    UNKNOWN = "UNKNOWN"
    DANGLING = "DANGLING"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference, said for people. `document_id` is empty for what belongs to no one document."""

    kind: DifferenceKind
    document_id: str
    detail: str
