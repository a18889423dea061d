"""How `rag status` looks on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.table import Column, Table
from rich.text import Text

from portfolio_rag.cli.overview import Overview, Process, Queue
from portfolio_rag.cli.terminal import escape, escape_line, neutral
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion
from portfolio_rag.domain.jobs import Job
from portfolio_rag.settings.environment import REPLICA_MODES

_COLOURS = {"COMPLETED": "green", "RUNNING": "green", "FAILED": "red", "FATAL": "red", "EXITED": "red"}


def tables(seen: Overview) -> Iterator[RenderableType]:
    """The screen, top down."""
    yield _processes(seen.processes)
    if not seen.running:
        yield Text("The local stack is not (wholly) running: `make up` starts it.", style="yellow")
    yield Text(f"Index beside the API: {REPLICA_MODES[seen.search_replica]}.")
    if seen.error is not None:
        yield Text(f"The pipeline cannot be read: {neutral(seen.error)} `make up` mends it.", style="red")
    if seen.pipeline is not None:
        yield Text()
        yield documents_table(seen.pipeline.counts, seen.pipeline.newest)
        yield Text()
        yield _jobs(seen.pipeline.jobs)
        yield Text()
        yield _queues(seen.pipeline.queues)


def documents_table(counts: Mapping[DocumentStatus, int], newest: Sequence[DocumentVersion]) -> Table:
    """How many there are in each state, and the newest."""
    told = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    table = Table(
        Column("Document", overflow="fold"),
        *("Version", "Status", "Chunks", "Uploaded (UTC)", ""),
        box=None,
        title=f"Documents: {told or 'none yet'}",
        title_justify="left",
    )
    for version in newest:
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
    if sum(counts.values()) > len(newest):
        table.caption = f"The newest {len(newest)}."
    return table


def _processes(processes: Sequence[Process]) -> Table:
    table = Table("Process", "State", "Since", "Pid", "Address", box=None, title="Processes", title_justify="left")
    for process in processes:
        silent = process.state == "RUNNING" and not process.answers
        table.add_row(
            process.title,
            "[yellow]RUNNING, does not answer[/yellow]" if silent else _coloured(process.state),
            process.started_at[11:19] if process.started_at else "",
            str(process.pid or ""),
            process.url,
        )
    return table


def _remark(version: DocumentVersion) -> str:
    """Why it failed, or what of it could not be read."""
    if version.error_message:
        return escape(version.error_message)
    return "\n".join(f"[yellow]{escape(warning.message)}[/yellow]" for warning in version.warnings)


def _jobs(jobs: Sequence[Job]) -> Table:
    title = "Jobs" if jobs else "Jobs: none yet"
    table = Table("Job", "Type", "Status", "Documents", "Started (UTC)", box=None, title=title, title_justify="left")
    for job in jobs:
        done = f"{job.documents_processed} of {job.documents_total}"
        documents = f"{done}, {job.documents_failed} failed" if job.documents_failed else done
        started = job.started_at[:19].replace("T", " ")
        table.add_row(job.job_id, job.job_type, _coloured(job.status), documents, started)
    return table


def _queues(queues: Sequence[Queue]) -> Table:
    table = Table("Queue", "Waiting", "In flight", "Delayed", box=None, title="Queues", title_justify="left")
    for queue in queues:
        table.add_row(queue.name, str(queue.waiting), str(queue.in_flight), str(queue.delayed))
    return table


def _coloured(state: str) -> str:
    colour = _COLOURS.get(state)
    return f"[{colour}]{state}[/{colour}]" if colour else str(state)
