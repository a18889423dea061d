"""What there is of processes, documents, jobs and queues: what `rag status` shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from portfolio_rag.adapters.aws.clients import AwsClients
from portfolio_rag.adapters.aws.sqs import SqsQueue
from portfolio_rag.adapters.dynamodb.document_registry import DynamoDocumentRegistry
from portfolio_rag.adapters.dynamodb.job_store import DynamoJobStore
from portfolio_rag.adapters.dynamodb.table import Table as DynamoTable
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion
from portfolio_rag.domain.errors import PortfolioRagError
from portfolio_rag.domain.jobs import Job
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.health import healthy
from portfolio_rag.local.programs import programs
from portfolio_rag.local.supervise import Supervisor
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.settings.environment import Settings

_LISTED = 20
_JOBS = 5


@dataclass(frozen=True, slots=True)
class Process:
    """`state` is supervisor's, or STOPPED; `started_at` is UTC, None while it does not run."""

    name: str
    title: str
    state: str
    answers: bool
    pid: int | None
    started_at: str | None
    url: str


@dataclass(frozen=True, slots=True)
class Queue:
    name: str
    waiting: int
    in_flight: int
    delayed: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    """`newest`: the newest versions of documents, whatever their state; `jobs` likewise."""

    counts: dict[DocumentStatus, int]
    newest: Sequence[DocumentVersion]
    jobs: Sequence[Job]
    queues: Sequence[Queue]


@dataclass(frozen=True, slots=True)
class Overview:
    """`pipeline` is None where it cannot be read; `error` then says why, if the emulator is there at all.

    `search_replica` is what of the index the API keeps beside itself: a key of REPLICA_MODES.
    """

    processes: Sequence[Process]
    search_replica: str
    pipeline: Pipeline | None
    error: str | None = None

    @property
    def running(self) -> bool:
        return all(process.answers for process in self.processes)

    @property
    def well(self) -> bool:
        return self.running and self.pipeline is not None


def overview(config: StackConfig, clients: AwsClients, settings: Settings) -> Overview:
    """What there is now; never raises for a service that is away."""
    processes = _processes(config)
    if not healthy(f"{config.emulator_url}/_ministack/ready"):
        return Overview(processes, settings.search_replica, None)
    try:
        return Overview(processes, settings.search_replica, _pipeline(clients, settings))
    except PortfolioRagError as error:
        return Overview(processes, settings.search_replica, None, str(error))


def as_object(seen: Overview) -> dict[str, Any]:
    """What `--json` prints."""
    pipeline = seen.pipeline
    return {
        "well": seen.well,
        "error": seen.error,
        "processes": [asdict(process) for process in seen.processes],
        "search_replica": seen.search_replica,
        "documents": pipeline
        and {"counts": pipeline.counts, "newest": [_version(version) for version in pipeline.newest]},
        "jobs": pipeline and [_job(job) for job in pipeline.jobs],
        "queues": pipeline and [asdict(queue) for queue in pipeline.queues],
    }


def newest_versions(registry: DocumentRegistry) -> list[DocumentVersion]:
    """The newest versions over all states."""
    found = [version for status in DocumentStatus for version in registry.list_by_status(status, limit=_LISTED).items]
    return sorted(found, key=lambda version: version.upload_timestamp, reverse=True)[:_LISTED]


def _processes(config: StackConfig) -> list[Process]:
    states = {info.name: info for info in Supervisor(config).all()}
    found = []
    for program in programs(config):
        info = states.get(program.name)
        alive = info is not None and bool(info.pid)
        found.append(
            Process(
                name=program.name,
                title=program.title,
                state=info.state if info else "STOPPED",
                answers=info is not None and info.state == "RUNNING" and healthy(program.health_url),
                pid=info.pid if info and alive else None,
                started_at=datetime.fromtimestamp(info.started_at, UTC).isoformat() if info and alive else None,
                url=f"http://localhost:{program.port}",
            )
        )
    return found


def _pipeline(clients: AwsClients, settings: Settings) -> Pipeline:
    registry = DynamoDocumentRegistry(DynamoTable(clients("dynamodb"), settings.dynamodb_document_table))
    jobs = DynamoJobStore(DynamoTable(clients("dynamodb"), settings.dynamodb_jobs_table))
    names = (
        settings.sqs_ingestion_queue,
        settings.sqs_embedding_queue,
        settings.sqs_dlq,
        settings.sqs_embedding_dlq,
        settings.sqs_events_dlq,
    )
    return Pipeline(
        counts=registry.count_by_status(),
        newest=newest_versions(registry),
        jobs=jobs.list(limit=_JOBS),
        queues=[_queue(SqsQueue(clients("sqs"), name)) for name in names],
    )


def _queue(queue: SqsQueue) -> Queue:
    depth = queue.depth()
    return Queue(queue.name, depth.visible, depth.in_flight, depth.delayed)


def _version(version: DocumentVersion) -> dict[str, Any]:
    return {
        "document_id": version.document_id,
        "version": version.version,
        "status": version.status,
        "s3_key": version.s3_key,
        "upload_timestamp": version.upload_timestamp,
        "chunk_count": version.chunk_count,
        "embedded_count": version.embedded_count,
        "error_code": version.error_code,
        "error_message": version.error_message,
        "warnings": [{"code": warning.code, "message": warning.message} for warning in version.warnings],
    }


def _job(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "job_type": job.job_type,
        "status": job.status,
        "started_at": job.started_at,
        "completed_at": job.completed_at,
        "documents_total": job.documents_total,
        "documents_processed": job.documents_processed,
        "documents_failed": job.documents_failed,
    }
