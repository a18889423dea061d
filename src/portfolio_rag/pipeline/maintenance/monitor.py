"""check-health: look after the pipeline every five minutes, mend what can be mended, publish what alarms watch."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus, DocumentVersion
from portfolio_rag.domain.errors import ConditionFailed, FailureReason, PortfolioRagError
from portfolio_rag.domain.identifiers import iso
from portfolio_rag.domain.messages import IngestionMessage
from portfolio_rag.pipeline.documents.lifecycle import Lifecycle
from portfolio_rag.pipeline.ingestion.intake import Intake
from portfolio_rag.pipeline.ingestion.redrive import Redrive
from portfolio_rag.pipeline.maintenance.abandoned_jobs import Leftovers
from portfolio_rag.pipeline.maintenance.dependency_health import DependencyHealth, HealthChecks
from portfolio_rag.pipeline.maintenance.reconciler import MAX_ATTEMPTS, Reconciler
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.message_queue import MessageQueue, QueueDepth
from portfolio_rag.ports.object_store import ObjectStore
from portfolio_rag.ports.runtime import Clock, Metrics

_log = logging.getLogger(__name__)

_Item = TypeVar("_Item")

_PERIOD = timedelta(minutes=5)  # The rate of the rule `process-monitoring`, and the window of FailureRate.
_LOOK_BACK = timedelta(days=1)
_RECOVERABLE = timedelta(days=14)  # The rule that starts this function may be off for a while, as may be a dependency.
_MISSED_AFTER = timedelta(minutes=10)  # S3 delivers "typically in seconds but can sometimes take a minute or longer".
_MAX_DRIVES = 3
_ROUND = timedelta(seconds=40)  # Of the function's 60 s; what is left over is for the next round.
_SHARE = timedelta(seconds=10)  # Of it for one kind of work, so that a flood of one leaves time for the others.
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_NOT_A_FAILURE = {FailureReason.SUPERSEDED, FailureReason.DELETED}


@dataclass(frozen=True, slots=True)
class PipelineReport:
    """What check-health saw and did. Depths in messages, rates in percent of the versions that ended in the period."""

    dependencies: Sequence[DependencyHealth]
    queue_depth: int
    dead_letters: int
    stuck: int
    driven_again: int
    retried: int
    mended: int
    abandoned: int
    swept: int
    failure_rate: float

    @property
    def healthy(self) -> bool:
        return all(dependency.healthy for dependency in self.dependencies) and not self.dead_letters

    def as_dict(self) -> dict[str, Any]:
        return {"healthy": self.healthy, **asdict(self)}


class PipelineMonitor:
    def __init__(
        self,
        checks: HealthChecks,
        store: ObjectStore,
        registry: DocumentRegistry,
        ingestion_queue: MessageQueue,
        queues: Sequence[MessageQueue],
        dead_letter_queues: Sequence[MessageQueue],
        intake: Intake,
        lifecycle: Lifecycle,
        reconciler: Reconciler,
        redrive: Redrive,
        leftovers: Leftovers,
        metrics: Metrics,
        clock: Clock,
        bucket: str,
        stuck_after_seconds: int,
    ) -> None:
        self._checks = checks
        self._store = store
        self._registry = registry
        self._ingestion_queue = ingestion_queue
        self._queues = queues
        self._dead_letter_queues = dead_letter_queues
        self._intake = intake
        self._lifecycle = lifecycle
        self._reconciler = reconciler
        self._redrive = redrive
        self._leftovers = leftovers
        self._metrics = metrics
        self._clock = clock
        self._bucket = bucket
        self._stuck_after = timedelta(seconds=stuck_after_seconds)

    def run(self) -> PipelineReport:
        """One round. A repair that fails, or that there is no time for, is left for the next round."""
        self._until = self._clock.now() + _ROUND
        dependencies = self._checks.run()
        depths = [queue.depth() for queue in self._queues]
        stuck = list(self._in_time(self._stuck(depths)))
        report = PipelineReport(
            dependencies=dependencies,
            queue_depth=max((depth.visible for depth in depths), default=0),
            dead_letters=sum(queue.depth().visible for queue in self._dead_letter_queues),
            stuck=len(stuck),
            failure_rate=self._failure_rate(),
            driven_again=_count(self._in_time(stuck), self._drive_again),
            # Retrying against a dependency that is still down would only use the attempts up.
            retried=(
                _count(self._in_time(self._recoverable()), self._retry) if all(d.healthy for d in dependencies) else 0
            ),
            abandoned=_count([self._leftovers], Leftovers.clear),
            mended=_count(self._in_time(self._registry.due()), self._look_over),
            swept=_count(self._in_time(self._missed()), self._sweep),
        )
        self._publish(report)
        return report

    def _in_time(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """Those that one kind of work gets to."""
        until = min(self._clock.now() + _SHARE, self._until)
        for one in items:
            if self._clock.now() > until:
                return
            yield one

    def _publish(self, report: PipelineReport) -> None:
        self._metrics.put("QueueDepth", report.queue_depth, "Count")
        self._metrics.put("DeadLetters", report.dead_letters, "Count")
        self._metrics.put("StuckDocuments", report.stuck, "Count")
        self._metrics.put("FailureRate", report.failure_rate, "Percent")
        for dependency in report.dependencies:
            if dependency.name == "chromadb":
                self._metrics.put("ChromaDBErrors", 0 if dependency.healthy else 1, "Count")

    def _stuck(self, depths: Sequence[QueueDepth]) -> Iterator[DocumentVersion]:
        """Versions under way that nobody will touch again: untouched for long, and not because they wait their turn.

        While messages wait, a version's own may be among them, however long the queue is. It is not when the version
        was due long before others that have had their turn since: queues are served about in order.
        """
        waiting = [bool(depth.visible or depth.in_flight or depth.delayed) for depth in depths]
        ingestion_waits, any_waits = waiting[0], any(waiting)
        completed = self._newest(DocumentStatus.COMPLETED)
        started = max(completed, self._newest(DocumentStatus.PROCESSING))
        for status, served in (
            (DocumentStatus.PENDING, started if ingestion_waits else self._clock.now()),
            (DocumentStatus.PROCESSING, completed if any_waits else self._clock.now()),
        ):
            due_before = iso(served - self._stuck_after)
            for version in self._registry.in_status(status, uploaded_before=due_before):
                if (version.updated_at or "") < due_before:
                    yield version

    def _newest(self, status: DocumentStatus) -> datetime:
        """When the newest version in `status` was uploaded; long ago when there is none."""
        for version in self._registry.in_status(status):
            return datetime.fromisoformat(version.upload_timestamp)
        return _LONG_AGO

    def _drive_again(self, version: DocumentVersion) -> bool:
        if version.drives >= _MAX_DRIVES:
            self._lifecycle.fail(
                version,
                FailureReason.INTERNAL,
                f"Ingestion stopped without a word {_MAX_DRIVES + 1} times, most likely for lack of memory or time. "
                "Look into the function's log, then upload the document again.",
            )
            return True
        try:
            self._registry.drive_again(version, self._clock.now_iso())
        except ConditionFailed:
            return False  # It moved on by itself.
        self._ingestion_queue.send([IngestionMessage.of(version).to_json()])
        return True

    def _recoverable(self) -> Iterable[DocumentVersion]:
        for version in self._recent(DocumentStatus.FAILED, _RECOVERABLE):
            if (
                version.error_code == FailureReason.DEPENDENCY_UNAVAILABLE
                and not version.retired
                and version.attempt < MAX_ATTEMPTS
            ):
                yield version

    def _retry(self, version: DocumentVersion) -> bool:
        return self._redrive.version(version) is not None

    def _look_over(self, head: DocumentHead) -> bool:
        differences = self._reconciler.look_over(head)
        for difference in differences:
            _log.warning(
                "Mended: %s", difference.detail, extra={"document_id": head.document_id, "kind": str(difference.kind)}
            )
        return bool(differences)

    def _missed(self) -> Iterable[Any]:
        before = self._clock.now() - _MISSED_AFTER
        for info in self._store.list(self._bucket, keys.INCOMING):
            if info.last_modified < before:
                yield info.ref

    def _sweep(self, ref: Any) -> bool:
        return self._intake.sweep(ref) is not None

    def _recent(self, status: DocumentStatus, period: timedelta = _LOOK_BACK) -> Iterable[DocumentVersion]:
        return self._registry.in_status(status, uploaded_after=iso(self._clock.now() - period))

    def _failure_rate(self) -> float:
        since = iso(self._clock.now() - _PERIOD)
        ended = {
            status: sum(
                1
                for version in self._in_time(self._recent(status))
                if (version.processing_completed_at or "") >= since and version.error_code not in _NOT_A_FAILURE
            )
            for status in (DocumentStatus.COMPLETED, DocumentStatus.FAILED)
        }
        total = sum(ended.values())
        return 100.0 * ended[DocumentStatus.FAILED] / total if total else 0.0


def _count(items: Iterable[Any], repair: Callable[[Any], int]) -> int:
    """How many items the repair helped; one that fails does not keep it from the others."""
    helped = 0
    for entry in items:
        try:
            helped += repair(entry)
        except PortfolioRagError:
            _log.exception("A repair failed; the next round tries again.")
    return helped
