"""`rag ingest`: start a batch job and show it until it ends, or say what it would take."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from portfolio_rag.cli.http import ApiClient
from portfolio_rag.cli.output import print_json, progress
from portfolio_rag.cli.terminal import escape
from portfolio_rag.domain.errors import PortfolioRagError
from portfolio_rag.local.config import StackConfig

_POLL_SECONDS = 0.5
_ENDED = ("COMPLETED", "FAILED", "CANCELLED", "PAUSED")


def estimate(job_type: str, *, prefix: str, as_json: bool = False, api: ApiClient | None = None) -> None:
    """What the job would take, without starting it."""
    query = urlencode({"job_type": job_type, "source_s3_prefix": prefix})
    with api or ApiClient(StackConfig.load()) as client:
        told = client.get(f"/api/reindex/estimate?{query}")
    if as_json:
        print_json(told)
        return
    work = [f"{told['documents']:,} documents"]
    work += [f"{told['windows_copied']:,} windows from the backup"] if told["windows_copied"] else []
    work += [f"{told['windows_embedded']:,} windows to embed"] if told["windows_embedded"] else []
    measured = told["measured_jobs"]
    rates = f"as the last {measured} of them" if measured else "as measured on a test machine: no earlier job tells"
    print(f"{job_type}: {', '.join(work)}.")
    print(f"Time: {timedelta(seconds=round(told['seconds']))}, {rates}.")
    print(f"Price on AWS: {told['usd']:.4f} USD; --budget pauses a job that takes more.")


def ingest(job_type: str, *, prefix: str, budget: float | None = None, as_json: bool = False) -> None:
    """Raises PortfolioRagError when the job ends FAILED or CANCELLED, or is PAUSED by its budget."""
    console = progress(as_json=as_json)
    with ApiClient(StackConfig.load()) as api:
        job = api.post("/api/reindex", {"job_type": job_type, "source_s3_prefix": prefix, "budget_usd": budget})
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
    if job["status"] == "PAUSED":
        raise PortfolioRagError(job["summary"])
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
