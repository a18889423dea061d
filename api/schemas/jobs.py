"""Batch jobs: start and follow them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from portfolio_rag.models import Job, JobStatus, JobType, Trigger


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


class JobOut(BaseModel):
    """One job and its counts."""

    job_id: str = Field(description="Its id.", examples=["1c9a5f0e-7d2b-4a53-9a4e-6a0b6c1d2e3f"])
    job_type: JobType = Field(description="BATCH, INCREMENTAL or REINDEX.", examples=["REINDEX"])
    status: JobStatus = Field(description="PENDING, RUNNING, COMPLETED or FAILED.", examples=["RUNNING"])
    source_s3_prefix: str = Field(description="Path that it is limited to.", examples=[""])
    triggered_by: Trigger = Field(description="USER, SCHEDULED or EVENT.", examples=["USER"])
    started_at: str = Field(description="UTC.", examples=["2026-01-05T10:12:00.000000Z"])
    completed_at: str | None = Field(description="UTC; null while it runs.", examples=[None])
    documents_total: int = Field(description="Documents to do.", examples=[12])
    documents_processed: int = Field(description="Documents done.", examples=[7])
    documents_failed: int = Field(description="Documents that failed.", examples=[0])
    error_details: dict[str, str] = Field(description="What went wrong, by document or step.", examples=[{}])
    statistics: dict[str, int] = Field(
        description="Further counts of the job.", examples=[{"scanned": 12, "new": 7, "skipped": 5}]
    )

    @classmethod
    def of(cls, job: Job) -> JobOut:
        return cls(
            job_id=job.job_id,
            job_type=job.job_type,
            status=job.status,
            source_s3_prefix=job.source_s3_prefix,
            triggered_by=job.triggered_by,
            started_at=job.started_at,
            completed_at=job.completed_at,
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
