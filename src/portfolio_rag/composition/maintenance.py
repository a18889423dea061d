"""check-health."""

from __future__ import annotations

from functools import cached_property

from portfolio_rag.composition.health_checks import ingestion_checks
from portfolio_rag.composition.redrive import RedriveParts
from portfolio_rag.pipeline.maintenance.abandoned_jobs import Leftovers
from portfolio_rag.pipeline.maintenance.dependency_health import HealthChecks
from portfolio_rag.pipeline.maintenance.monitor import PipelineMonitor
from portfolio_rag.pipeline.maintenance.reconciler import Reconciler


class MaintenanceParts(RedriveParts):
    @cached_property
    def reconciler(self) -> Reconciler:
        return Reconciler(
            self.store,
            self.registry,
            self.chunks,
            self.vectors,
            self.backup,
            self.jobs,
            self.intake,
            self.lifecycle,
            self.purge,
            self.staging,
            self.clock,
        )

    @cached_property
    def leftovers(self) -> Leftovers:
        return Leftovers(self.jobs, self.job_launcher, self.vectors, self.clock, self.settings.chroma_collection)

    @cached_property
    def monitor(self) -> PipelineMonitor:
        return PipelineMonitor(
            HealthChecks(ingestion_checks(self)),
            self.store,
            self.registry,
            self.ingestion_queue,
            [self.ingestion_queue, self.embedding_queue],
            self.dead_letter_queues,
            self.intake,
            self.lifecycle,
            self.reconciler,
            self.redrive,
            self.leftovers,
            self.metrics,
            self.clock,
            self.settings.s3_raw_bucket,
            self.settings.stuck_after_seconds,
        )
