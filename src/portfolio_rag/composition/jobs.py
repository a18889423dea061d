"""batch-reindex."""

from __future__ import annotations

from functools import cached_property

from portfolio_rag.adapters.chroma.client import ClientApi
from portfolio_rag.adapters.process.threads import Threads
from portfolio_rag.composition.intake import IntakeParts
from portfolio_rag.composition.models import ModelParts
from portfolio_rag.pipeline.jobs.backup_copy import ENTRIES_A_TIME
from portfolio_rag.pipeline.jobs.ingest import IngestJob
from portfolio_rag.pipeline.jobs.reindex import ReindexJob
from portfolio_rag.pipeline.jobs.report import JobReport
from portfolio_rag.pipeline.jobs.runner import JobRunner
from portfolio_rag.ports.runtime import Parallel

_CALLS_AT_ONCE = 16
"""While the backup is read: half of the connections that a boto3 client keeps."""


class JobParts(IntakeParts, ModelParts):
    chroma_api = ClientApi
    backup_entries_a_time = ENTRIES_A_TIME

    @cached_property
    def parallel(self) -> Parallel:
        return Threads(_CALLS_AT_ONCE)

    @cached_property
    def job_report(self) -> JobReport:
        return JobReport(self.store, self.settings.s3_embeddings_bucket)

    @cached_property
    def job_runner(self) -> JobRunner:
        ingest = IngestJob(
            self.store,
            self.registry,
            self.intake,
            self.job_report,
            self.clock,
            self.settings.s3_raw_bucket,
            self.sleep,
        )
        reindex = ReindexJob(
            self.stores,
            self.embedder,
            self.job_report,
            self.clock,
            self.settings.chroma_collection,
            self.settings.chroma_partitions,
            self.settings.compatible_fingerprints,
            self.parallel,
            self.sleep,
            self.backup_entries_a_time,
        )
        return JobRunner(self.jobs, ingest, reindex, self.job_launcher, self.clock)
