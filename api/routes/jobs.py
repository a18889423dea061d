"""/api/reindex and /api/jobs."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response

from api.dependencies import JobsDep
from api.problems import documented
from api.schemas.jobs import JobList, JobOut, ReindexRequest
from portfolio_rag.models import JobStatus, Trigger

router = APIRouter(prefix="/api", tags=["jobs"])

_EVERYTHING: Final = ReindexRequest()


@router.post(
    "/reindex",
    operation_id="start_job",
    summary="Start a batch job",
    status_code=202,
    response_description="The job has been handed over.",
    responses={
        202: {"headers": {"Location": {"description": "Where to follow it.", "schema": {"type": "string"}}}},
        **documented(400, 413, 422, 500, 503),
    },
)
def start_job(
    response: Response,
    jobs: JobsDep,
    body: Annotated[
        ReindexRequest,
        Body(
            openapi_examples={
                "incremental": {
                    "summary": "Ingest what waits in incoming/",
                    "value": {"job_type": "INCREMENTAL"},
                },
                "reindex": {"summary": "Rebuild the whole index", "value": {"job_type": "REINDEX"}},
                "batch": {
                    "summary": "Ingest everything under a path again",
                    "value": {"job_type": "BATCH", "source_s3_prefix": "guides/"},
                },
            }
        ),
    ] = _EVERYTHING,
) -> JobOut:
    """Start the function `batch-reindex` in the background; `Location` follows it.

    A reindex builds a new index beside the live one, which answers until the new one is whole. Only one runs at a
    time: a second one ends FAILED and says so.
    """
    job = jobs.start(body.job_type, source_s3_prefix=body.source_s3_prefix, triggered_by=Trigger.USER)
    response.headers["Location"] = f"/api/jobs/{job.job_id}"
    return JobOut.of(job)


@router.get(
    "/jobs",
    operation_id="list_jobs",
    summary="List jobs",
    response_description="Jobs, newest first.",
    responses=documented(422, 500, 503),
)
def list_jobs(
    jobs: JobsDep,
    status: Annotated[JobStatus | None, Query(description="Only jobs in this status.", examples=["RUNNING"])] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="How many at most.", examples=[20])] = 20,
) -> JobList:
    """The last jobs: those asked for here, those of the daily schedule, those of events."""
    return JobList.of(jobs.list(status, limit))


@router.get(
    "/jobs/{job_id}",
    operation_id="get_job",
    summary="Show a job",
    response_description="The job and its counts.",
    responses=documented(404, 422, 500, 503),
)
def get_job(
    job_id: Annotated[UUID, Path(description="Id of a job.", examples=["1c9a5f0e-7d2b-4a53-9a4e-6a0b6c1d2e3f"])],
    jobs: JobsDep,
) -> JobOut:
    """How far a job is, and how it ended."""
    return JobOut.of(jobs.get(str(job_id)))
