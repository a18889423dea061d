"""check-health: look after the pipeline every five minutes, mend what can be mended, publish what alarms watch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.domain.errors import FailureReason
from portfolio_rag.domain.identifiers import iso
from portfolio_rag.pipeline.maintenance.dependency_health import DependencyHealth, HealthChecks
from portfolio_rag.pipeline.maintenance.queues import PipelineQueues
from portfolio_rag.pipeline.maintenance.repairs import Repair, RepairResult, StuckDocuments, in_time
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.runtime import Clock, Metric, Metrics

PERIOD = timedelta(minutes=5)
"""The rate of the rule `process-monitoring`, and the window of FailureRate."""

LOOK_BACK = timedelta(days=1)
"""How long before the period an upload may have come whose end counts: none is under way for longer."""

ROUND = timedelta(seconds=40)
"""Of the function's 60 s. What is left over is for the next round."""

_NOT_A_FAILURE = {FailureReason.SUPERSEDED, FailureReason.DELETED}


@dataclass(frozen=True, slots=True)
class PipelineReport:
    """What check-health saw and did. Depths in messages, rates in percent of the versions that ended in the period."""

    dependencies: Sequence[DependencyHealth]
    queue_depth: int
    dead_letters: int
    stuck: int
    failure_rate: float
    driven_again: int = 0
    retried: int = 0
    mended: int = 0
    abandoned: int = 0
    swept: int = 0
    expired: int = 0

    @property
    def healthy(self) -> bool:
        return all(dependency.healthy for dependency in self.dependencies) and not self.dead_letters

    def as_dict(self) -> dict[str, Any]:
        return {"healthy": self.healthy, **asdict(self)}


class HealthMonitor:
    """`repairs` run in this order, each for its share of the round."""

    def __init__(
        self,
        checks: HealthChecks,
        registry: DocumentRegistry,
        queues: PipelineQueues,
        repairs: Sequence[Repair],
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._checks = checks
        self._registry = registry
        self._queues = queues
        self._repairs = repairs
        self._metrics = metrics
        self._clock = clock

    def run(self) -> PipelineReport:
        """One round. A repair that fails, or that there is no time for, is left for the next round."""
        until = self._clock.now() + ROUND
        dependencies = self._checks.run()
        queue_depth = max(depth.visible for depth in self._queues.depths())
        dead_letters = self._queues.count_dead_letters()
        failure_rate = self._failure_rate(until)
        results = self._repair(until, is_healthy=all(dependency.healthy for dependency in dependencies))
        report = PipelineReport(
            dependencies=dependencies,
            queue_depth=queue_depth,
            dead_letters=dead_letters,
            stuck=results[StuckDocuments.name].found,
            failure_rate=failure_rate,
            **{name: result.repaired for name, result in results.items()},
        )
        self._publish(report)
        return report

    def _repair(self, until: datetime, *, is_healthy: bool) -> dict[str, RepairResult]:
        return {
            repair.name: repair.run(until)
            for repair in self._repairs
            if is_healthy or not repair.needs_healthy_dependencies
        }

    def _publish(self, report: PipelineReport) -> None:
        metrics = [
            Metric("QueueDepth", report.queue_depth, "Count"),
            Metric("DeadLetters", report.dead_letters, "Count"),
            Metric("StuckDocuments", report.stuck, "Count"),
            Metric("FailureRate", report.failure_rate, "Percent"),
        ]
        metrics += [
            Metric("ChromaDBErrors", 0 if dependency.healthy else 1, "Count")
            for dependency in report.dependencies
            if dependency.name == "chromadb"
        ]
        self._metrics.put_all(metrics)

    def _failure_rate(self, until: datetime) -> float:
        now = self._clock.now()
        uploaded_after, since = iso(now - LOOK_BACK), iso(now - PERIOD)
        ended = {
            status: sum(
                (version.processing_completed_at or "") >= since and version.error_code not in _NOT_A_FAILURE
                for version in in_time(
                    self._registry.iter_by_status(status, uploaded_after=uploaded_after), self._clock, until
                )
            )
            for status in (DocumentStatus.COMPLETED, DocumentStatus.FAILED)
        }
        total = sum(ended.values())
        return 100.0 * ended[DocumentStatus.FAILED] / total if total else 0.0
