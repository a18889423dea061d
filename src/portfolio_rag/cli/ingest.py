"""`rag ingest`: start a batch job and show it until it ends."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from portfolio_rag.cli.http import ApiClient
from portfolio_rag.cli.output import print_json, progress
from portfolio_rag.cli.terminal import escape
from portfolio_rag.domain.errors import PortfolioRagError
from portfolio_rag.local.config import StackConfig

_POLL_SECONDS = 0.5
_ENDED = ("COMPLETED", "FAILED", "CANCELLED")


def ingest(job_type: str, *, prefix: str, as_json: bool = False) -> None:
    """Raises PortfolioRagError when the job ends FAILED or CANCELLED."""
    console = progress(as_json=as_json)
    with ApiClient(StackConfig.load()) as api:
        job = api.post("/api/reindex", {"job_type": job_type, "source_s3_prefix": prefix})
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
            task = bar.add_task(f"{job_type} {job['job_id']}", total=None)
            while job["status"] not in _ENDED:
                time.sleep(_POLL_SECONDS)
                job = api.get(f"/api/jobs/{job['job_id']}")
                done = job["documents_processed"] + job["documents_failed"]
                bar.update(task, total=job["documents_total"] or None, completed=done)
    if as_json:
        print_json(job)
    if job["status"] != "COMPLETED":
        raise PortfolioRagError(f"Job {job['job_id']} is {job['status']}. {summary(job)}")
    if as_json:
        return
    console.print(escape(job["summary"]))
    console.print(escape(summary(job)))


def summary(job: Mapping[str, Any]) -> str:
    """Its counts, and what went wrong, in a few lines."""
    counts = [
        f"{job['documents_total']} documents, {job['documents_processed']} processed, {job['documents_failed']} failed"
    ]
    counts += [f"{name.replace('_', ' ')}: {count}" for name, count in job["statistics"].items()]
    lines = [f"{job['job_type']}: {', '.join(counts)}"]
    lines += [f"  {what}: {why}" for what, why in job["error_details"].items()]
    return "\n".join(lines)
