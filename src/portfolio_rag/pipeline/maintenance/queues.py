"""The pipeline's queues, as check-health and the operators look at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from portfolio_rag.ports.message_queue import MessageQueue, QueueDepth


class QueueRole(StrEnum):
    """What waits in it: documents to be processed, chunks to be embedded, or what failed for good."""

    INGESTION = "ingestion"
    EMBEDDING = "embedding"
    DEAD_LETTERS = "dead_letters"


@dataclass(frozen=True, slots=True)
class QueueState:
    name: str
    role: QueueRole
    depth: QueueDepth


@dataclass(frozen=True, slots=True)
class PipelineQueues:
    ingestion: MessageQueue
    embedding: MessageQueue
    dead_letters: Sequence[MessageQueue]

    def depths(self) -> tuple[QueueDepth, QueueDepth]:
        """Of the ingestion queue and of the embedding queue."""
        return self.ingestion.depth(), self.embedding.depth()

    def states(self) -> list[QueueState]:
        """All of them, with what waits in each. Raises StorageUnavailable."""
        queues = [
            (self.ingestion, QueueRole.INGESTION),
            (self.embedding, QueueRole.EMBEDDING),
            *((queue, QueueRole.DEAD_LETTERS) for queue in self.dead_letters),
        ]
        return [QueueState(queue.name, role, queue.depth()) for queue, role in queues]

    def count_dead_letters(self) -> int:
        return sum(queue.depth().visible for queue in self.dead_letters)
