"""batch-reindex."""

from __future__ import annotations

from functools import cached_property

from portfolio_rag.adapters.chroma.client import ClientApi
from portfolio_rag.composition.intake import IntakeParts
from portfolio_rag.composition.models import ModelParts
from portfolio_rag.pipeline.jobs.ingest import IngestJob
from portfolio_rag.pipeline.jobs.reindex import ReindexJob
from portfolio_rag.pipeline.jobs.report import JobReport
from portfolio_rag.pipeline.jobs.runner import JobRunner


class JobParts(IntakeParts, ModelParts):
    chroma_api = ClientApi

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
            self.sleep,
        )
        return JobRunner(self.jobs, ingest, reindex, self.job_launcher, self.clock)
