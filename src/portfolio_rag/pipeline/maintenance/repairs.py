"""What check-health mends, one class a repair. A repair that fails for one thing goes on with the next.

What a repair does not get to, and what it fails for, is left for the next round, five minutes later.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus, DocumentVersion, ObjectRef
from portfolio_rag.domain.errors import ConditionFailed, FailureReason, PortfolioRagError
from portfolio_rag.domain.identifiers import iso
from portfolio_rag.domain.messages import IngestionMessage
from portfolio_rag.pipeline.documents.lifecycle import Lifecycle
from portfolio_rag.pipeline.ingestion.intake import DocumentIntake
from portfolio_rag.pipeline.ingestion.redrive import Redrive
from portfolio_rag.pipeline.maintenance.abandoned_jobs import AbandonedWork
from portfolio_rag.pipeline.maintenance.queues import PipelineQueues
from portfolio_rag.pipeline.maintenance.reconciler import Reconciler, is_retried_after_outage
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.object_store import ObjectStore
from portfolio_rag.ports.runtime import Clock

_log = logging.getLogger(__name__)

_Item = TypeVar("_Item")

SHARE = timedelta(seconds=10)
"""Of a round for one kind of work, so that a flood of one leaves time for the others."""

MAX_DRIVES = 3
"""Tries with one attempt of a version before it is given up."""

RECOVERABLE = timedelta(days=14)
"""The rule that starts check-health may be off for a while, as may be a dependency."""

MISSED_AFTER = timedelta(minutes=10)
"""S3 delivers its events "typically in seconds but can sometimes take a minute or longer"."""

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RepairResult:
    """How many things a repair has `found` in the time that it had, and how many it has `repaired`."""

    found: int
    repaired: int


class Repair(Protocol):
    """`name` is that of its count in the report.

    One that `needs_healthy_dependencies` is left out while one is down: it would only use its attempts up.
    """

    name: str
    needs_healthy_dependencies: bool

    def run(self, until: datetime) -> RepairResult:
        """Work until SHARE is used up, or to the end of the round. Raises what looking for work raises."""


class StuckDocuments:
    """Versions under way that nobody will touch again get a new message; after a few, they are given up."""

    name = "driven_again"
    needs_healthy_dependencies = False

    def __init__(
        self,
        registry: DocumentRegistry,
        lifecycle: Lifecycle,
        queues: PipelineQueues,
        clock: Clock,
        stuck_after_seconds: int,
    ) -> None:
        self._registry = registry
        self._lifecycle = lifecycle
        self._queues = queues
        self._clock = clock
        self._stuck_after = timedelta(seconds=stuck_after_seconds)

    def run(self, until: datetime) -> RepairResult:
        # All of them first, with a share of its own: the alarm counts them, however long sending takes.
        stuck = list(in_time(self._find(), self._clock, until))
        result = _repair_each(in_time(stuck, self._clock, until), self._requeue)
        return RepairResult(len(stuck), result.repaired)

    def _find(self) -> Iterator[DocumentVersion]:
        """Untouched for long, and not because they wait their turn.

        While messages wait, a version's own may be among them, however long the queue is. It is not when the version
        was due long before others that have had their turn since: queues are served about in order.
        """
        waiting = [bool(depth.visible or depth.in_flight or depth.delayed) for depth in self._queues.depths()]
        ingestion_waits, any_waits = waiting[0], any(waiting)
        completed = self._newest(DocumentStatus.COMPLETED)
        started = max(completed, self._newest(DocumentStatus.PROCESSING))
        for status, served in (
            (DocumentStatus.PENDING, started if ingestion_waits else self._clock.now()),
            (DocumentStatus.PROCESSING, completed if any_waits else self._clock.now()),
        ):
            due_before = iso(served - self._stuck_after)
            for version in self._registry.iter_by_status(status, uploaded_before=due_before):
                if (version.updated_at or "") < due_before:
                    yield version

    def _newest(self, status: DocumentStatus) -> datetime:
        """When the newest version in `status` was uploaded; long ago when there is none."""
        for version in self._registry.iter_by_status(status):
            return datetime.fromisoformat(version.upload_timestamp)
        return _LONG_AGO

    def _requeue(self, version: DocumentVersion) -> bool:
        if version.drives >= MAX_DRIVES:
            self._lifecycle.fail(
                version,
                FailureReason.INTERNAL,
                f"Ingestion stopped without a word {MAX_DRIVES + 1} times, most likely for lack of memory or time. "
                "Look into the function's log, then upload the document again.",
            )
            return True
        try:
            self._registry.record_redelivery(version, self._clock.now_iso())
        except ConditionFailed:
            return False  # It moved on by itself.
        self._queues.ingestion.send([IngestionMessage.of(version).to_json()])
        return True


class RetryAfterOutage:
    """Documents that a dependency has failed are tried again once it is back."""

    name = "retried"
    needs_healthy_dependencies = True

    def __init__(self, registry: DocumentRegistry, redrive: Redrive, clock: Clock) -> None:
        self._registry = registry
        self._redrive = redrive
        self._clock = clock

    def run(self, until: datetime) -> RepairResult:
        return _repair_each(in_time(self._find(), self._clock, until), self._retry)

    def _find(self) -> Iterator[DocumentVersion]:
        since = iso(self._clock.now() - RECOVERABLE)
        for version in self._registry.iter_by_status(DocumentStatus.FAILED, uploaded_after=since):
            if is_retried_after_outage(version):
                yield version

    def _retry(self, version: DocumentVersion) -> bool:
        return self._redrive.version(version) is not None


class PendingReconciliation:
    """Documents that have changed are compared with what the stores hold of them, once they are quiet."""

    name = "mended"
    needs_healthy_dependencies = False

    def __init__(self, registry: DocumentRegistry, reconciler: Reconciler, clock: Clock) -> None:
        self._registry = registry
        self._reconciler = reconciler
        self._clock = clock

    def run(self, until: datetime) -> RepairResult:
        return _repair_each(in_time(self._registry.pending_reconciliation(), self._clock, until), self._reconcile)

    def _reconcile(self, head: DocumentHead) -> bool:
        differences = self._reconciler.reconcile(head)
        for difference in differences:
            _log.warning(
                "Found, and mended where it can be: %s",
                difference.detail,
                extra={"document_id": head.document_id, "kind": str(difference.kind)},
            )
        return bool(differences)


class ExpiredVersions:
    """Versions that were replaced are forgotten and removed once they have been kept for as long as the rule says."""

    name = "expired"
    needs_healthy_dependencies = True

    def __init__(self, registry: DocumentRegistry, reconciler: Reconciler, clock: Clock) -> None:
        self._registry = registry
        self._reconciler = reconciler
        self._clock = clock

    def run(self, until: datetime) -> RepairResult:
        expiring = self._registry.expiring(before=self._clock.now_iso())
        return _repair_each(in_time(expiring, self._clock, until), self._expire)

    def _expire(self, head: DocumentHead) -> bool:
        # From an index that lags: what is forgotten is decided on the head as it is.
        current = self._registry.head(head.document_id)
        # One that is due has changed: a rollback to what expires may be on its way. It is reconciled once it is quiet.
        return current is not None and current.due is None and self._reconciler.expire(current)


class MissedUploads:
    """Uploads whose event never came are registered."""

    name = "swept"
    needs_healthy_dependencies = False

    def __init__(self, store: ObjectStore, intake: DocumentIntake, clock: Clock, bucket: str) -> None:
        self._store = store
        self._intake = intake
        self._clock = clock
        self._bucket = bucket

    def run(self, until: datetime) -> RepairResult:
        return _repair_each(in_time(self._find(), self._clock, until), self._register)

    def _find(self) -> Iterator[ObjectRef]:
        before = self._clock.now() - MISSED_AFTER
        for info in self._store.list(self._bucket, keys.INCOMING):
            if info.last_modified < before:
                yield info.ref

    def _register(self, ref: ObjectRef) -> bool:
        return self._intake.register_missed(ref) is not None


class AbandonedJobs:
    """Batch jobs that nobody works on go on, and what crashed ones have left is cleared away."""

    name = "abandoned"
    needs_healthy_dependencies = False

    def __init__(self, work: AbandonedWork) -> None:
        self._work = work

    def run(self, until: datetime) -> RepairResult:  # noqa: ARG002
        # Jobs are few: all of them in each round, whatever else there is to do.
        return _repair_each([self._work], AbandonedWork.recover)


def in_time(items: Iterable[_Item], clock: Clock, until: datetime) -> Iterator[_Item]:
    """Those that one kind of work gets to: within SHARE from the first on, and before `until`."""
    end = min(clock.now() + SHARE, until)
    for item in items:
        if clock.now() > end:
            return
        yield item


def _repair_each(items: Iterable[_Item], repair: Callable[[_Item], int]) -> RepairResult:
    """One that fails does not keep the repair from the others."""
    found = repaired = 0
    for item in items:
        found += 1
        try:
            repaired += repair(item)
        except PortfolioRagError:
            _log.exception("A repair failed; the next round tries again.")
    return RepairResult(found, repaired)
