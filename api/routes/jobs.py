"""/api/reindex and /api/jobs."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response

from api.authentication import needs
from api.dependencies import JobEstimatorDep, JobsDep
from api.problem_docs import documented
from api.schemas.jobs import JobDocuments, JobEstimateOut, JobList, JobOut, ReindexRequest, ResumeRequest
from portfolio_rag.domain.api_keys import Scope
from portfolio_rag.domain.jobs import JobStatus, JobType, Trigger
from portfolio_rag.pipeline.jobs.report import Outcome

router = APIRouter(prefix="/api", tags=["jobs"])

_EVERYTHING: Final = ReindexRequest()
_NO_LIMIT: Final = ResumeRequest()
JobId = Annotated[UUID, Path(description="Id of a job.", examples=["1c9a5f0e-7d2b-4a53-9a4e-6a0b6c1d2e3f"])]


@router.post(
    "/reindex",
    dependencies=needs(Scope.ADMIN),
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
    job = jobs.start(
        body.job_type,
        source_s3_prefix=body.source_s3_prefix,
        triggered_by=Trigger.USER,
        budget_usd=body.budget_usd,
    )
    response.headers["Location"] = f"/api/jobs/{job.job_id}"
    return JobOut.of(job)


@router.get(
    "/reindex/estimate",
    dependencies=needs(Scope.ADMIN),
    operation_id="estimate_job",
    summary="Estimate a batch job",
    response_description="Its time and its price.",
    responses=documented(422, 500, 503),
)
def estimate_job(
    estimator: JobEstimatorDep,
    job_type: Annotated[JobType, Query(description="Which job.", examples=["REINDEX"])] = JobType.REINDEX,
    source_s3_prefix: Annotated[
        str, Query(max_length=1024, description="BATCH and INCREMENTAL: only documents under it.", examples=["guides/"])
    ] = "",
) -> JobEstimateOut:
    """What a job would take if it were started now; nothing is started.

    What there is to do is counted. The time is that of the last jobs of the type, where there were any.
    """
    return JobEstimateOut.of(estimator.estimate(job_type, source_s3_prefix=source_s3_prefix))


@router.get(
    "/jobs",
    dependencies=needs(Scope.ADMIN),
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
    dependencies=needs(Scope.ADMIN),
    operation_id="get_job",
    summary="Show a job",
    response_description="The job and its counts.",
    responses=documented(404, 422, 500, 503),
)
def get_job(job_id: JobId, jobs: JobsDep) -> JobOut:
    """How far a job is, and how it ended."""
    return JobOut.of(jobs.get(str(job_id)))


@router.get(
    "/jobs/{job_id}/documents",
    dependencies=needs(Scope.ADMIN),
    operation_id="list_job_documents",
    summary="List what a job has done with each document",
    response_description="One page.",
    responses=documented(400, 404, 422, 500, 503),
)
def list_job_documents(
    job_id: JobId,
    jobs: JobsDep,
    outcome: Annotated[Outcome | None, Query(description="Only documents with it.", examples=["FAILED"])] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Documents per page.", examples=[100])] = 100,
    cursor: Annotated[
        str | None, Query(min_length=1, max_length=100, description="`next_cursor` of the page before.")
    ] = None,
) -> JobDocuments:
    """Every document that the job has come to, with the reason for what became of it.

    With `outcome`, a page may hold fewer than `limit`, even none, and still not be the last: only `next_cursor` tells.
    A reindex lists the documents alone that it has embedded anew.
    """
    return JobDocuments.of(jobs.documents(str(job_id), outcome=outcome, limit=limit, cursor=cursor))


@router.post(
    "/jobs/{job_id}/cancel",
    dependencies=needs(Scope.ADMIN),
    operation_id="cancel_job",
    summary="Cancel a job",
    status_code=202,
    response_description="The job stops at its next step.",
    responses=documented(404, 409, 422, 500, 503),
)
def cancel_job(job_id: JobId, jobs: JobsDep) -> JobOut:
    """Ask for the end of a job. It stops at its next step and is CANCELLED then; asking again is fine.

    Documents that it has sent on before are ingested all the same. A reindex takes back what it has built, and the
    index that answered goes on answering. A job that has ended, or whose new index answers already, cannot be
    cancelled: 409.
    """
    return JobOut.of(jobs.cancel(str(job_id)))


@router.post(
    "/jobs/{job_id}/resume",
    dependencies=needs(Scope.ADMIN),
    operation_id="resume_job",
    summary="Resume a job that its budget has paused",
    status_code=202,
    response_description="The job goes on.",
    responses=documented(400, 404, 409, 413, 422, 500, 503),
)
def resume_job(
    job_id: JobId,
    jobs: JobsDep,
    body: Annotated[
        ResumeRequest,
        Body(
            openapi_examples={
                "budget": {"summary": "Until it has cost so much in all", "value": {"budget_usd": 1.0}},
                "no limit": {"summary": "To its end", "value": {}},
            }
        ),
    ] = _NO_LIMIT,
) -> JobOut:
    """Have a job go on that is PAUSED because its budget was used up, from where it stopped.

    Nothing is done again. A reindex keeps what it has built for seven days; after that it builds anew, and embeds
    nothing again. A job that is not paused: 409.
    """
    return JobOut.of(jobs.resume(str(job_id), body.budget_usd))
