"""What a batch job costs on AWS: its own invocations, and what follows from what it sends through the pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from portfolio_rag.domain.aws_prices import PRICES
from portfolio_rag.domain.cost_lines import LARGE_FUNCTION_GB, WINDOWS_PER_CHUNK, Activity, cost_lines

WINDOWS_OF_A_DOCUMENT: Final = 15.5
"""Of a document that nobody has cut yet: the mean of AWS's own guides (docs/quality.md)."""

_WINDOWS_A_BACKUP: Final = 50
"""Vectors of a group of chunks are one object of the backup and one of metadata."""


@dataclass(frozen=True, slots=True)
class JobWork:
    """`seconds` of batch-reindex itself, `documents` driven through the pipeline, `windows` put into a new index."""

    seconds: float = 0.0
    documents: float = 0.0
    windows: float = 0.0

    @property
    def usd(self) -> float:
        copies = 2 * self.windows / _WINDOWS_A_BACKUP
        return (
            self.seconds * LARGE_FUNCTION_GB * PRICES["Lambda GB-second"]
            + document_usd(self.documents, self.documents * WINDOWS_OF_A_DOCUMENT)
            + copies * (PRICES["S3 read"] + PRICES["S3 write"])
        )


def document_usd(documents: float, windows: float) -> float:
    """What so many documents with so many windows cost on their way through the pipeline; nothing for keeping them."""
    through = Activity(
        hours=0.0,
        documents=0,
        held_bytes=0,
        chunks=0,
        windows=0,
        new_documents=documents,
        new_chunks=windows / WINDOWS_PER_CHUNK,
        new_windows=windows,
        questions=0,
    )
    return sum(line.usd for line in cost_lines(through))
