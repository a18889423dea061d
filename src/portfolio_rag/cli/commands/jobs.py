"""`rag ingest` and `rag jobs`: batch jobs."""

from __future__ import annotations

from typing import Annotated

import typer

from portfolio_rag.cli.application import AsJson, app
from portfolio_rag.domain.jobs import JobStatus, JobType


@app.command()
def ingest(
    job_type: Annotated[
        JobType, typer.Option("--type", case_sensitive=False, help="What to do.")
    ] = JobType.INCREMENTAL,
    prefix: Annotated[str, typer.Option(help="Only documents under this path.")] = "",
    estimate: Annotated[bool, typer.Option("--estimate", help="Show what it would take, and start nothing.")] = False,
    budget: Annotated[float | None, typer.Option(metavar="USD", help="Pause it when it has cost so much.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run a batch job and show it until it ends, or is paused by its budget.

    BATCH drives every document under the prefix again, INCREMENTAL what waits in incoming/ unseen, REINDEX
    builds a new index and switches to it.
    """
    from portfolio_rag.cli.ingest import estimate as show_estimate
    from portfolio_rag.cli.ingest import ingest as run

    if estimate:
        show_estimate(job_type.value, prefix=prefix, as_json=as_json)
    else:
        run(job_type.value, prefix=prefix, budget=budget, as_json=as_json)


jobs_app = typer.Typer(help="List, show, start and cancel batch jobs.", no_args_is_help=True)
app.add_typer(jobs_app, name="jobs")


@jobs_app.command("list")
def list_jobs(
    status: Annotated[JobStatus | None, typer.Option(case_sensitive=False, help="Only jobs in this status.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the newest jobs and what came of them."""
    from portfolio_rag.cli.jobs import show_all

    show_all(status=status.value if status else None, limit=limit, as_json=as_json)


@jobs_app.command("show")
def show_job(
    job_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a job.")],
    documents: Annotated[bool, typer.Option("--documents", help="Every document, with what became of it.")] = False,
    outcome: Annotated[
        str | None,
        typer.Option(metavar="NEW|MODIFIED|REINGESTED|DELETED|SKIPPED|FAILED|…", help="Only documents with it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show one job: its counts, and what it did with each document and why."""
    from portfolio_rag.cli.jobs import show

    show(job_id, documents=documents, outcome=outcome.upper() if outcome else None, as_json=as_json)


@jobs_app.command("start")
def start_job(
    job_type: Annotated[
        JobType, typer.Option("--type", case_sensitive=False, help="What to do.")
    ] = JobType.INCREMENTAL,
    prefix: Annotated[str, typer.Option(help="Only documents under this path.")] = "",
    as_json: AsJson = False,
) -> None:
    """Start a job and print its id; `rag ingest` also waits for its end."""
    from portfolio_rag.cli.jobs import start

    start(job_type.value, prefix=prefix, as_json=as_json)


@jobs_app.command("cancel")
def cancel_job(
    job_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a job.")], as_json: AsJson = False
) -> None:
    """Stop a job at its next step."""
    from portfolio_rag.cli.jobs import cancel

    cancel(job_id, as_json=as_json)


@jobs_app.command("resume")
def resume_job(
    job_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a job.")],
    budget: Annotated[
        float | None, typer.Option(metavar="USD", help="What it may cost in all; without, it has no limit.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Have a job go on that its budget has paused."""
    from portfolio_rag.cli.jobs import resume

    resume(job_id, budget=budget, as_json=as_json)
