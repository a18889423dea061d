"""`rag jobs`: list, show, start and cancel batch jobs, through the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from rich.table import Column, Table

from portfolio_rag.cli.http import ApiClient
from portfolio_rag.cli.ingest import summary
from portfolio_rag.cli.output import print_json, screen
from portfolio_rag.cli.terminal import escape, escape_line
from portfolio_rag.local.config import StackConfig

_PAGE = 1000


def show_all(*, status: str | None, limit: int, as_json: bool = False, api: ApiClient | None = None) -> None:
    """A line for each of the newest jobs."""
    query = urlencode({"limit": limit, **({"status": status} if status else {})})
    with api or ApiClient(StackConfig.load()) as client:
        found = client.get(f"/api/jobs?{query}")["items"]
    if as_json:
        print_json({"items": found})
        return
    table = Table(Column("Job", no_wrap=True), "Type", "Status", "Started (UTC)", Column("", overflow="fold"), box=None)
    for job in found:
        started = job["started_at"][:19].replace("T", " ")
        table.add_row(job["job_id"], job["job_type"], job["status"], started, escape(job["summary"]))
    screen().print(table if found else "No jobs.")


def show(
    job_id: str, *, documents: bool, outcome: str | None, as_json: bool = False, api: ApiClient | None = None
) -> None:
    """One job, and what it did with each document when asked for."""
    with api or ApiClient(StackConfig.load()) as client:
        job = client.get(f"/api/jobs/{job_id}")
        entries = _entries(client, job_id, outcome) if documents or outcome else iter(())
        if as_json:
            print_json(job | {"documents": list(entries)})
            return
        console = screen()
        console.print(f"{job['status']}. {escape(job['summary'])}", highlight=False)
        console.print(escape(summary(job)), highlight=False)
        for entry in entries:
            line = f"{entry['outcome']:<9}  {escape_line(entry['key'])}  {escape(entry['reason'])}"
            console.print(line.rstrip(), highlight=False, soft_wrap=True)


def _entries(api: ApiClient, job_id: str, outcome: str | None) -> Iterator[dict[str, Any]]:
    """What the job did with each document, page by page."""
    cursor: str | None = ""
    while cursor is not None:
        query = {
            "limit": _PAGE,
            **({"outcome": outcome} if outcome else {}),
            **({"cursor": cursor} if cursor else {}),
        }
        page = api.get(f"/api/jobs/{job_id}/documents?{urlencode(query)}")
        yield from page["items"]
        cursor = page["next_cursor"]


def start(job_type: str, *, prefix: str, as_json: bool = False, api: ApiClient | None = None) -> None:
    """Start a job and print its id, without waiting for it."""
    with api or ApiClient(StackConfig.load()) as client:
        job = client.post("/api/reindex", {"job_type": job_type, "source_s3_prefix": prefix})
    if as_json:
        print_json(job)
    else:
        print(job["job_id"])


def cancel(job_id: str, *, as_json: bool = False, api: ApiClient | None = None) -> None:
    """Ask for the end of a job. Raises InvalidRequest where it has ended already."""
    with api or ApiClient(StackConfig.load()) as client:
        job = client.post(f"/api/jobs/{job_id}/cancel", {})
    if as_json:
        print_json(job)
    else:
        print(f"{job['job_id']} stops at its next step.")


def resume(job_id: str, *, budget: float | None, as_json: bool = False, api: ApiClient | None = None) -> None:
    """Have a paused job go on. Raises InvalidRequest where it is not paused."""
    with api or ApiClient(StackConfig.load()) as client:
        job = client.post(f"/api/jobs/{job_id}/resume", {"budget_usd": budget})
    if as_json:
        print_json(job)
    else:
        print(f"{job['job_id']} goes on.")
