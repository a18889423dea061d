"""`rag`: every command, each a thin function. Heavy modules are imported by the command that needs them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from portfolio_rag.cli.terminal import neutral
from portfolio_rag.cli.version_commands import versions_app
from portfolio_rag.domain.api_keys import Scope
from portfolio_rag.domain.errors import PortfolioRagError
from portfolio_rag.domain.jobs import JobStatus, JobType

app = typer.Typer(
    help="Drop documents into S3, ask questions about them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def up(
    samples: Annotated[bool, typer.Option(help="Ingest the sample corpus too.")] = True,
) -> None:
    """Start the local stack, create the AWS resources and ingest the samples."""
    from portfolio_rag.cli.stack import up as run

    run(samples=samples)


@app.command()
def down() -> None:
    """Stop the local stack; its state is kept."""
    from portfolio_rag.cli.stack import down as run

    run()


@app.command()
def clean() -> None:
    """Stop the local stack and delete its state: documents, vectors, logs. The baked model stays."""
    from portfolio_rag.cli.stack import clean as run

    run()


@app.command()
def status(
    live: Annotated[bool, typer.Option("--live", help="Keep the display up to date until Ctrl-C.")] = False,
) -> None:
    """Show processes, documents, jobs and queues."""
    from portfolio_rag.cli.status import show

    show(live=live)


@app.command()
def logs(
    name: Annotated[str | None, typer.Argument(help="emulator, chroma, lambda, api, supervisord or bake.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last lines of each.")] = 20,
) -> None:
    """Show the logs of the local stack, all of them or one."""
    from portfolio_rag.cli.logs import show

    show(name, follow=follow, lines=lines)


@app.command()
def upload(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.")],
    prefix: Annotated[str, typer.Option(help="Put them below this path in incoming/.")] = "",
    attributes: Annotated[
        list[str] | None,
        typer.Option("--attributes", "-a", metavar="NAME=VALUE", help="Custom attribute to filter by; repeatable."),
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until every document is COMPLETED or FAILED.")] = False,
) -> None:
    """Upload documents into s3://…/incoming/, from where they are ingested."""
    from portfolio_rag.cli.upload import upload as run

    run(paths, prefix=prefix, attributes=attributes or [], wait=wait)


@app.command()
def sync(
    source: Annotated[str, typer.Argument(metavar="FOLDER|s3://BUCKET/PREFIX", help="Where the documents are.")],
    prefix: Annotated[str | None, typer.Option(help="Keep them below this path.")] = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete documents below --prefix that are not in the source.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on with every change until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON, a line for each pass.")] = False,
) -> None:
    """Upload what is new or has changed in a folder or a bucket, and nothing else.

    Bytes and attributes are compared with those of the documents, by hash.
    """
    from portfolio_rag.cli.sync import sync as run

    run(source, prefix=prefix, delete=delete, dry_run=dry_run, watch=watch, as_json=as_json)


@app.command()
def ingest(
    job_type: Annotated[
        JobType, typer.Option("--type", case_sensitive=False, help="What to do.")
    ] = JobType.INCREMENTAL,
    prefix: Annotated[str, typer.Option(help="Only documents under this path.")] = "",
) -> None:
    """Run a batch job and show it until it ends.

    BATCH drives every document under the prefix again, INCREMENTAL what waits in incoming/ unseen, REINDEX
    builds a new index and switches to it.
    """
    from portfolio_rag.cli.ingest import ingest as run

    run(job_type.value, prefix=prefix)


@app.command()
def cost(
    plan: Annotated[bool, typer.Option("--plan", help="Plan a month on AWS from a size, with dated prices.")] = False,
    documents: Annotated[int | None, typer.Option(min=0, help="Documents held; default: a table of sizes.")] = None,
    questions: Annotated[int, typer.Option(min=0, help="Questions a day.")] = 10,
    new_documents: Annotated[
        int | None, typer.Option(min=0, help="Documents that are new or changed each month; default: a tenth.")
    ] = None,
    tasks: Annotated[int, typer.Option(min=1, help="Tasks of the API.")] = 1,
) -> None:
    """Show what the stack costs on AWS."""
    from portfolio_rag.cli.cost import show_plan

    if not plan:
        raise typer.BadParameter("Say --plan: what a month of a given size would cost.")
    show_plan(documents=documents, questions=questions, new_documents=new_documents, tasks=tasks)


jobs_app = typer.Typer(help="List, show, start and cancel batch jobs.", no_args_is_help=True)
app.add_typer(jobs_app, name="jobs")


@jobs_app.command("list")
def list_jobs(
    status: Annotated[JobStatus | None, typer.Option(case_sensitive=False, help="Only jobs in this status.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many at most.")] = 20,
) -> None:
    """Show the newest jobs and what came of them."""
    from portfolio_rag.cli.jobs import show_all

    show_all(status=status.value if status else None, limit=limit)


@jobs_app.command("show")
def show_job(
    job_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a job.")],
    documents: Annotated[bool, typer.Option("--documents", help="Every document, with what became of it.")] = False,
    outcome: Annotated[
        str | None,
        typer.Option(metavar="NEW|MODIFIED|REINGESTED|DELETED|SKIPPED|FAILED|…", help="Only documents with it."),
    ] = None,
) -> None:
    """Show one job: its counts, and what it did with each document and why."""
    from portfolio_rag.cli.jobs import show

    show(job_id, documents=documents, outcome=outcome.upper() if outcome else None)


@jobs_app.command("start")
def start_job(
    job_type: Annotated[
        JobType, typer.Option("--type", case_sensitive=False, help="What to do.")
    ] = JobType.INCREMENTAL,
    prefix: Annotated[str, typer.Option(help="Only documents under this path.")] = "",
) -> None:
    """Start a job and print its id; `rag ingest` also waits for its end."""
    from portfolio_rag.cli.jobs import start

    start(job_type.value, prefix=prefix)


@jobs_app.command("cancel")
def cancel_job(job_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a job.")]) -> None:
    """Stop a job at its next step."""
    from portfolio_rag.cli.jobs import cancel

    cancel(job_id)


keys_app = typer.Typer(help="Make, list and revoke keys of the API.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")

OnAws = Annotated[
    bool,
    typer.Option("--aws", help="Of the deployment that your AWS credentials lead to, instead of the local stack."),
]


@keys_app.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Whose key it is; the USER of access lists.")],
    scopes: Annotated[
        list[Scope] | None,
        typer.Option("--scope", case_sensitive=False, help="read (the default), write, admin; repeatable."),
    ] = None,
    expires_in_days: Annotated[int | None, typer.Option(help="Days until it ends; without, it does not.")] = None,
    tenant: Annotated[
        str | None, typer.Option(help="Works only with the documents in this first folder of the bucket.")
    ] = None,
    groups: Annotated[list[str] | None, typer.Option("--group", help="A GROUP of access lists; repeatable.")] = None,
    requests_per_minute: Annotated[int | None, typer.Option(help="Beyond it, 429.")] = None,
    tokens_per_day: Annotated[
        int | None, typer.Option(help="Tokens of the language model in a day (UTC); beyond it, 429.")
    ] = None,
    on_aws: OnAws = False,
) -> None:
    """Make a key and print it, once."""
    from portfolio_rag.cli.keys import create

    create(
        name,
        scopes or [Scope.READ],
        expires_in_days=expires_in_days,
        tenant=tenant,
        groups=groups or [],
        requests_per_minute=requests_per_minute,
        tokens_per_day=tokens_per_day,
        on_aws=on_aws,
    )


@keys_app.command("list")
def list_keys(on_aws: OnAws = False) -> None:
    """Show every key that was made: what it may do, and whether it still may."""
    from portfolio_rag.cli.keys import show_all

    show_all(on_aws=on_aws)


@keys_app.command("revoke")
def revoke_key(
    id_or_name: Annotated[str, typer.Argument(metavar="ID|NAME", help="Id or name of a key.")],
    on_aws: OnAws = False,
) -> None:
    """End a key for good."""
    from portfolio_rag.cli.keys import revoke

    revoke(id_or_name, on_aws=on_aws)


@app.command()
def redrive(
    document_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Ids of documents.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every document whose newest version has failed.")] = False,
) -> None:
    """Try failed documents again, from the bytes in failed/."""
    from portfolio_rag.cli.repair import redrive as run

    run(document_ids or [], everything=everything)


@app.command()
def verify(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what differs.")] = False,
) -> None:
    """Compare S3, DynamoDB, Chroma and the backup, document by document; exit code 1 where they differ."""
    from portfolio_rag.cli.repair import verify as run

    run(repair=repair)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    top_k: Annotated[
        int | None,
        typer.Option(
            min=1, max=20, help="How many passages to work with; by default what the model configuration says."
        ),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="TIME", help="From what they said then: 2026-11-01T09:30:00Z.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the API's response as it is.")] = False,
) -> None:
    """Ask the documents; the answer comes with its sources."""
    from portfolio_rag.cli.ask import ask as run

    run(question, top_k=top_k, as_of=as_of, as_json=as_json)


app.add_typer(versions_app)


@app.command("eval")
def evaluate(
    questions: Annotated[Path, typer.Option(metavar="FILE", help="JSON list or JSON lines of questions.")],
    top_k: Annotated[int, typer.Option(min=1, max=20, help="How many passages to work with.")] = 5,
    min_hit: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Exit with 1 when fewer right documents are found.")
    ] = None,
) -> None:
    """Ask questions whose documents or answers you know, and count what is found and answered.

    Each entry has a "question" and, one or both, a "document" (key, end of a key or file name) and an "answer".
    Without either, the question should be refused.
    """
    from portfolio_rag.cli.evaluate import evaluate as run

    run(questions, top_k=top_k, min_hit=min_hit)


def main() -> None:
    """Run the command line; what goes wrong on purpose is one message and exit code 1."""
    try:
        app()
    except PortfolioRagError as error:
        typer.secho(f"Error: {neutral(str(error))}", fg=typer.colors.RED, err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
