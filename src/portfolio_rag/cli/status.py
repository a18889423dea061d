"""`rag status`: processes, documents, jobs and queues on one screen."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Column, Table
from rich.text import Text

from portfolio_rag.adapters.aws.clients import AwsClients
from portfolio_rag.adapters.aws.sqs import SqsQueue
from portfolio_rag.adapters.dynamodb.document_registry import DynamoDocumentRegistry
from portfolio_rag.adapters.dynamodb.job_store import DynamoJobStore
from portfolio_rag.adapters.dynamodb.table import Table as DynamoTable
from portfolio_rag.cli.terminal import escape, escape_line
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion
from portfolio_rag.domain.errors import PortfolioRagError
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.deployment import aws_clients
from portfolio_rag.local.health import healthy
from portfolio_rag.local.programs import programs
from portfolio_rag.local.supervise import Supervisor
from portfolio_rag.settings.environment import REPLICA_MODES, Settings

_LISTED = 20
_JOBS = 5
_REFRESH_SECONDS = 1.0
_PLAIN_WIDTH = 200
_COLOURS = {"COMPLETED": "green", "RUNNING": "green", "FAILED": "red", "FATAL": "red", "EXITED": "red"}


def show(*, live: bool) -> None:
    """Print it once, or keep it up to date. Exit code 1 when the stack is not up and well."""
    config = StackConfig.load()
    settings = Settings.from_env(config.child_environment())
    clients = aws_clients(config)
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PLAIN_WIDTH)  # a pipe or a file has no width: cut nothing
    if not live:
        well, screen = _screen(config, clients, settings)
        console.print(screen)
        if not well:
            raise typer.Exit(1)
        return
    first = _screen(config, clients, settings)[1]
    with contextlib.suppress(KeyboardInterrupt), Live(first, console=console, auto_refresh=False) as display:
        while True:
            time.sleep(_REFRESH_SECONDS)
            display.update(_screen(config, clients, settings)[1], refresh=True)


def _screen(config: StackConfig, clients: AwsClients, settings: Settings) -> tuple[bool, RenderableType]:
    well, processes = _processes(config)
    if not well:
        note = Text("The local stack is not (wholly) running: `make up` starts it.", style="yellow")
        if not healthy(f"{config.emulator_url}/_ministack/ready"):
            return False, Group(processes, note)
        processes = Group(processes, note)
    processes = Group(processes, _replica(settings))
    try:
        return well, Group(processes, *_pipeline(clients, settings))
    except PortfolioRagError as error:
        return False, Group(processes, Text(f"The pipeline cannot be read: {error} `make up` mends it.", style="red"))


def _processes(config: StackConfig) -> tuple[bool, RenderableType]:
    states = {info.name: info for info in Supervisor(config).all()}
    table = Table("Process", "State", "Since", "Pid", "Address", box=None, title="Processes", title_justify="left")
    well = True
    for program in programs(config):
        info = states.get(program.name)
        answers = info is not None and info.state == "RUNNING" and healthy(program.health_url)
        well = well and answers
        state = info.state if info else "STOPPED"
        shown = _coloured(state) if state != "RUNNING" or answers else "[yellow]RUNNING, does not answer[/yellow]"
        since = datetime.fromtimestamp(info.started_at, UTC).strftime("%H:%M:%S") if info and info.pid else ""
        pid = str(info.pid) if info and info.pid else ""
        table.add_row(program.title, shown, since, pid, f"http://localhost:{program.port}")
    return well, table


def _replica(settings: Settings) -> Text:
    """What of the index the API keeps beside itself."""
    return Text(f"Index beside the API: {REPLICA_MODES[settings.search_replica]}.")


def _pipeline(clients: AwsClients, settings: Settings) -> list[RenderableType]:
    registry = DynamoDocumentRegistry(DynamoTable(clients("dynamodb"), settings.dynamodb_document_table))
    jobs = DynamoJobStore(DynamoTable(clients("dynamodb"), settings.dynamodb_jobs_table))
    queues = (
        settings.sqs_ingestion_queue,
        settings.sqs_embedding_queue,
        settings.sqs_dlq,
        settings.sqs_embedding_dlq,
        settings.sqs_events_dlq,
    )
    return [
        Text(),
        _documents(registry),
        Text(),
        _jobs(jobs),
        Text(),
        _queues([SqsQueue(clients("sqs"), name) for name in queues]),
    ]


def _documents(registry: DynamoDocumentRegistry) -> Table:
    counts = ", ".join(f"{count} {status}" for status, count in registry.count_by_status().items() if count)
    table = Table(
        Column("Document", overflow="fold"),
        *("Version", "Status", "Chunks", "Uploaded (UTC)", ""),
        box=None,
        title_justify="left",
    )
    newest = [version for status in DocumentStatus for version in registry.list_by_status(status, limit=_LISTED).items]
    newest.sort(key=lambda version: version.upload_timestamp, reverse=True)
    table.title = f"Documents: {counts or 'none yet'}"
    for version in newest[:_LISTED]:
        chunks = "" if version.chunk_count is None else str(version.chunk_count)
        if version.status is DocumentStatus.PROCESSING and version.chunk_count:
            chunks = f"{version.embedded_count} of {version.chunk_count}"
        table.add_row(
            escape_line(version.s3_key),
            str(version.version),
            _coloured(version.status),
            chunks,
            version.upload_timestamp[:19].replace("T", " "),
            _remark(version),
        )
    if len(newest) > _LISTED:
        table.caption = f"The newest {_LISTED}."
    return table


def _remark(version: DocumentVersion) -> str:
    """Why it failed, or what of it could not be read."""
    if version.error_message:
        return escape(version.error_message)
    return "\n".join(f"[yellow]{escape(warning.message)}[/yellow]" for warning in version.warnings)


def _jobs(store: DynamoJobStore) -> Table:
    table = Table("Job", "Type", "Status", "Documents", "Started (UTC)", box=None, title="Jobs", title_justify="left")
    for job in store.list(limit=_JOBS):
        done = f"{job.documents_processed} of {job.documents_total}"
        documents = f"{done}, {job.documents_failed} failed" if job.documents_failed else done
        started = job.started_at[:19].replace("T", " ")
        table.add_row(job.job_id, job.job_type, _coloured(job.status), documents, started)
    if not table.row_count:
        table.title = "Jobs: none yet"
    return table


def _queues(queues: list[SqsQueue]) -> Table:
    table = Table("Queue", "Waiting", "In flight", "Delayed", box=None, title="Queues", title_justify="left")
    for queue in queues:
        depth = queue.depth()
        table.add_row(queue.name, str(depth.visible), str(depth.in_flight), str(depth.delayed))
    return table


def _coloured(state: str) -> str:
    colour = _COLOURS.get(state)
    return f"[{colour}]{state}[/{colour}]" if colour else str(state)
