"""What people who run the deployment look at: queues, dead letters, alarms, metrics, the size of the index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from portfolio_rag.adapters.aws.monitoring import CloudWatchMonitoring
from portfolio_rag.answering.retrieval.index_size import IndexMeasure
from portfolio_rag.composition.answering import AnsweringParts
from portfolio_rag.composition.redrive import RedriveParts
from portfolio_rag.pipeline.maintenance.dead_letters import DeadLetterQueue, DeadLetters
from portfolio_rag.pipeline.maintenance.metric_history import MetricHistory
from portfolio_rag.pipeline.maintenance.queues import PipelineQueues, QueueState
from portfolio_rag.ports.monitoring import Alarm


@dataclass(frozen=True, slots=True)
class Operations:
    queues: Callable[[], Sequence[QueueState]]
    dead_letters: DeadLetters
    alarms: Callable[[], Sequence[Alarm]]
    metrics: MetricHistory
    index: IndexMeasure


class OperationsParts(RedriveParts, AnsweringParts):
    @cached_property
    def monitoring(self) -> CloudWatchMonitoring:
        settings = self.settings
        return CloudWatchMonitoring(self._aws("cloudwatch"), settings.metrics_namespace, settings.alarm_prefix)

    @cached_property
    def dead_letters(self) -> DeadLetters:
        sources = (self.ingestion_queue, self.embedding_queue, None)
        queues = [
            DeadLetterQueue(queue, source) for queue, source in zip(self.dead_letter_queues, sources, strict=True)
        ]
        return DeadLetters(queues, self.registry, self.redrive, self.intake)

    @cached_property
    def operations(self) -> Operations:
        queues = PipelineQueues(self.ingestion_queue, self.embedding_queue, self.dead_letter_queues)
        return Operations(
            queues=queues.states,
            dead_letters=self.dead_letters,
            alarms=self.monitoring.alarms,
            metrics=MetricHistory(self.monitoring, self.clock),
            index=IndexMeasure(self.vectors, self.index_aliases, self.full_text_follower),
        )
