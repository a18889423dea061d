"""batch-reindex: the rule `daily-reindex`, the API, check-health and itself; works on a job of `ingestion_jobs`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from portfolio_rag.composition.jobs import JobParts
from portfolio_rag.composition.process import invocation, once_per_process
from portfolio_rag.pipeline.jobs.service import JobRequest

parts = once_per_process(JobParts)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answers the job as recorded when this invocation is done with it. Raises what made it fail."""
    built = parts()
    left = timedelta(milliseconds=context.get_remaining_time_in_millis())
    request = JobRequest.from_event(event, context.aws_request_id)
    with invocation(request.job_id):
        return asdict(built.job_runner.run(request, end=built.clock.now() + left))
