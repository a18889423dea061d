"""check-health."""

from __future__ import annotations

from functools import cached_property

from portfolio_rag.composition.health_checks import ingestion_checks
from portfolio_rag.composition.redrive import RedriveParts
from portfolio_rag.pipeline.maintenance.abandoned_jobs import AbandonedWork
from portfolio_rag.pipeline.maintenance.dependency_health import HealthChecks
from portfolio_rag.pipeline.maintenance.monitor import HealthMonitor
from portfolio_rag.pipeline.maintenance.queues import PipelineQueues
from portfolio_rag.pipeline.maintenance.reconciler import Reconciler
from portfolio_rag.pipeline.maintenance.repairs import (
    AbandonedJobs,
    ExpiredVersions,
    MissedUploads,
    PendingReconciliation,
    Repair,
    RetryAfterOutage,
    StuckDocuments,
)

CHECK_SECONDS = 10.0
"""Of check-health's 60: its first clients and connections take seconds in a small function that starts."""


class MaintenanceParts(RedriveParts):
    @cached_property
    def reconciler(self) -> Reconciler:
        return Reconciler(
            self.stores, self.intake, self.lifecycle, self.purge, self.version_history, self.history_rules, self.clock
        )

    @cached_property
    def abandoned_work(self) -> AbandonedWork:
        return AbandonedWork(
            self.jobs, self.index_aliases, self.job_launcher, self.vectors, self.clock, self.settings.chroma_collection
        )

    @cached_property
    def monitor(self) -> HealthMonitor:
        queues = PipelineQueues(self.ingestion_queue, self.embedding_queue, self.dead_letter_queues)
        repairs: list[Repair] = [
            StuckDocuments(self.registry, self.lifecycle, queues, self.clock, self.settings.stuck_after_seconds),
            RetryAfterOutage(self.registry, self.redrive, self.clock),
            AbandonedJobs(self.abandoned_work),
            PendingReconciliation(self.registry, self.reconciler, self.clock),
            ExpiredVersions(self.registry, self.reconciler, self.clock),
            MissedUploads(self.store, self.intake, self.clock, self.settings.s3_raw_bucket),
        ]
        checks = HealthChecks(ingestion_checks(self), deadline_seconds=CHECK_SECONDS)
        return HealthMonitor(checks, self.registry, queues, repairs, self.metrics, self.clock)
