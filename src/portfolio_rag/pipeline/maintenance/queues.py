"""The pipeline's queues, as check-health looks at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portfolio_rag.ports.message_queue import MessageQueue, QueueDepth


@dataclass(frozen=True, slots=True)
class PipelineQueues:
    ingestion: MessageQueue
    embedding: MessageQueue
    dead_letters: Sequence[MessageQueue]

    def depths(self) -> tuple[QueueDepth, QueueDepth]:
        """Of the ingestion queue and of the embedding queue."""
        return self.ingestion.depth(), self.embedding.depth()

    def count_dead_letters(self) -> int:
        return sum(queue.depth().visible for queue in self.dead_letters)
