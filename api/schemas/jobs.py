"""Batch jobs: start and follow them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from portfolio_rag.domain.jobs import Job, JobStatus, JobType, Trigger
from portfolio_rag.pipeline.jobs.estimate import JobEstimate
from portfolio_rag.pipeline.jobs.report import Entry, Outcome, ReportPage
from portfolio_rag.pipeline.jobs.service import summary

Budget = Annotated[float, Field(ge=0.000_001, le=1_000_000, allow_inf_nan=False)]
"""From a millionth of a dollar on, which is what costs are told in."""


class ReindexRequest(BaseModel):
    """What to do again, and for which documents."""

    model_config = ConfigDict(extra="forbid")

    job_type: JobType = Field(
        default=JobType.REINDEX,
        description=(
            "`REINDEX` builds the index of all documents anew, beside the live one, and then switches over. `BATCH` "
            "drives every document under the prefix through the pipeline again, failed ones included. `INCREMENTAL` "
            "drives what waits in `incoming/`: uploads whose event got lost."
        ),
        examples=["INCREMENTAL"],
    )
    source_s3_prefix: str = Field(
        default="",
        max_length=1024,
        description="BATCH and INCREMENTAL: only documents under this path; empty: all.",
        examples=["guides/"],
    )
    budget_usd: Budget | None = Field(
        default=None,
        description=(
            "USD that the job may cost, by the prices of `GET /api/cost`; null: no limit. It is PAUSED when it has "
            "cost so much, keeps what it has done, and goes on when it is resumed."
        ),
        examples=[0.5],
    )


class ResumeRequest(BaseModel):
    """How far a paused job may go."""

    model_config = ConfigDict(extra="forbid")

    budget_usd: Budget | None = Field(
        default=None,
        description="USD that it may cost in all, what it has cost before included; null: no limit.",
        examples=[1.0],
    )


class JobEstimateOut(BaseModel):
    """What a job would take."""

    job_type: JobType = Field(description="BATCH, INCREMENTAL or REINDEX.", examples=["REINDEX"])
    documents: int = Field(description="Documents that there are for it.", examples=[1000])
    windows_copied: int = Field(description="REINDEX: windows that come from the backup.", examples=[15000])
    windows_embedded: int = Field(description="Windows that go through the model, at most.", examples=[0])
    seconds: float = Field(description="From start to end.", examples=[15.0])
    usd: float = Field(description="What it costs on AWS.", examples=[0.0037])
    measured_jobs: int = Field(
        description="How many earlier jobs the time comes from; 0: from what was measured on a test machine.",
        examples=[3],
    )

    @classmethod
    def of(cls, estimate: JobEstimate) -> JobEstimateOut:
        return cls(**{**asdict(estimate), "seconds": round(estimate.seconds, 1), "usd": round(estimate.usd, 6)})


class JobOut(BaseModel):
    """One job and its counts."""

    job_id: str = Field(description="Its id.", examples=["1c9a5f0e-7d2b-4a53-9a4e-6a0b6c1d2e3f"])
    job_type: JobType = Field(description="BATCH, INCREMENTAL or REINDEX.", examples=["REINDEX"])
    status: JobStatus = Field(
        description="PENDING, RUNNING, PAUSED, COMPLETED, FAILED or CANCELLED.", examples=["RUNNING"]
    )
    summary: str = Field(
        description="What came of it, in a sentence. A job that has ingested nothing says so.",
        examples=["5 documents ingested: 3 new, 2 modified, 1 failed."],
    )
    source_s3_prefix: str = Field(description="Path that it is limited to.", examples=[""])
    triggered_by: Trigger = Field(description="USER, SCHEDULED or EVENT.", examples=["USER"])
    started_at: str = Field(description="UTC.", examples=["2026-01-05T10:12:00.000000Z"])
    completed_at: str | None = Field(description="UTC; null while it runs.", examples=[None])
    cancel_requested_at: str | None = Field(
        description="When somebody asked for its end: it stops at its next step. UTC.", examples=[None]
    )
    budget_usd: float | None = Field(
        description="USD that it may cost before it is PAUSED; null: no limit.", examples=[None]
    )
    spent_usd: float = Field(description="USD that it has cost so far, by the estimate's prices.", examples=[0.0021])
    invocations: int = Field(
        description="How many invocations of the function have worked on it, or begin to.", examples=[1]
    )
    documents_total: int = Field(description="Documents to do.", examples=[12])
    documents_processed: int = Field(description="Documents done.", examples=[7])
    documents_failed: int = Field(description="Documents that failed.", examples=[0])
    error_details: dict[str, str] = Field(
        description="What went wrong, by document, and for the `job` itself: the first reasons. `/documents` has all.",
        examples=[{}],
    )
    statistics: dict[str, int] = Field(
        description=(
            "BATCH and INCREMENTAL: objects `scanned`; documents `new`, `modified`, `reingested`, `deleted`, "
            "`skipped`, `failed` and `under_way`. REINDEX: `documents`, `windows`, documents `embedded` anew, and if "
            "it `rebuilt` the index."
        ),
        examples=[
            {
                "scanned": 12,
                "new": 7,
                "modified": 0,
                "reingested": 0,
                "deleted": 0,
                "skipped": 5,
                "failed": 0,
                "under_way": 0,
            }
        ],
    )

    @classmethod
    def of(cls, job: Job) -> JobOut:
        return cls(
            job_id=job.job_id,
            job_type=job.job_type,
            status=job.status,
            summary=summary(job),
            source_s3_prefix=job.source_s3_prefix,
            triggered_by=job.triggered_by,
            started_at=job.started_at,
            completed_at=job.completed_at,
            cancel_requested_at=job.cancel_requested_at,
            budget_usd=job.budget_usd,
            spent_usd=round(job.spent_usd, 6),
            invocations=job.step + 1,
            documents_total=job.documents_total,
            documents_processed=job.documents_processed,
            documents_failed=job.documents_failed,
            error_details=dict(job.error_details),
            statistics=dict(job.statistics),
        )


class JobList(BaseModel):
    """Jobs, newest first."""

    items: list[JobOut]

    @classmethod
    def of(cls, jobs: list[Job]) -> JobList:
        return cls(items=[JobOut.of(job) for job in jobs])


class JobDocument(BaseModel):
    """What a job has done with one document."""

    key: str = Field(description="The object that it found.", examples=["incoming/guides/sqs.md"])
    outcome: Outcome = Field(
        description=(
            "`NEW`, `MODIFIED` or, where it is as it was, `REINGESTED`: ingested. `DELETED`: taken out of answers. "
            "`SKIPPED` and `FAILED`: see `reason`. "
            "`UNDER_WAY`: not at its end yet. `EMBEDDED`: embedded anew by a reindex."
        ),
        examples=["FAILED"],
    )
    reason: str = Field(description="Why.", examples=["UNSUPPORTED_TYPE: png files cannot be read as text."])
    document_id: str | None = Field(description="Its id, where the job has come so far.", examples=[None])
    version: int | None = Field(description="The version that the job has made.", examples=[None])

    @classmethod
    def of(cls, entry: Entry) -> JobDocument:
        return cls(
            key=entry.key,
            outcome=entry.outcome,
            reason=entry.reason,
            document_id=entry.document_id,
            version=entry.version,
        )


class JobDocuments(BaseModel):
    """One page of a job's documents, in the order in which the job came to them."""

    items: list[JobDocument]
    next_cursor: str | None = Field(description="For the next page; null on the last.", examples=[None])

    @classmethod
    def of(cls, page: ReportPage) -> JobDocuments:
        return cls(items=[JobDocument.of(entry) for entry in page.items], next_cursor=page.cursor)
