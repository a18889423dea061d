"""batch-reindex: the rule `daily-reindex` and the API; runs a job and records it in `ingestion_jobs`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from portfolio_rag.bootstrap import function_container
from portfolio_rag.services.reindex import JobRequest

# What is left of the invocation for recording the job's end.
_RESERVE = timedelta(seconds=20)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answers the job as recorded. Raises what made it fail."""
    built = function_container()
    left = timedelta(milliseconds=context.get_remaining_time_in_millis())
    job = built.batch_reindex.run(JobRequest.from_event(event), deadline=built.clock.now() + left - _RESERVE)
    return asdict(job)
