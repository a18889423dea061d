"""batch-reindex: jobs of type BATCH, INCREMENTAL and REINDEX, recorded in `ingestion_jobs`."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from portfolio_rag import keys
from portfolio_rag.errors import InvalidRequest, NotFound, PortfolioRagError
from portfolio_rag.models import (
    DocumentStatus,
    DocumentVersion,
    Job,
    JobStatus,
    JobType,
    ObjectInfo,
    ObjectRef,
    Trigger,
    iso,
)
from portfolio_rag.ports import Clock, DocumentRegistry, JobLauncher, JobStore, ObjectStore
from portfolio_rag.services.intake import Intake
from portfolio_rag.services.rebuild import Rebuild

_log = logging.getLogger(__name__)

_ERRORS_KEPT = 100  # Reasons kept in `error_details`: an item holds 400 KB at most.
_POLL_SECONDS = 2.0
_OUT_OF_TIME = (
    "The time of one run was over before all documents were looked at. Start an INCREMENTAL job again: it goes on "
    "where this one stopped. Split a BATCH job by prefixes."
)


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What starts batch-reindex: the event of the daily rule, or what the API sends.

    `if_needed` lets a REINDEX end at once when Chroma holds what the backup says.
    """

    job_type: JobType
    triggered_by: Trigger
    job_id: str
    source_s3_prefix: str = ""
    if_needed: bool = False

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> JobRequest:
        """Raises InvalidRequest for a job type or a trigger that does not exist."""
        try:
            return cls(
                job_type=JobType(event.get("job_type", JobType.INCREMENTAL)),
                triggered_by=Trigger(event.get("triggered_by", Trigger.EVENT)),
                job_id=str(event.get("job_id") or uuid.uuid4()),
                source_s3_prefix=logical_prefix(str(event.get("source_s3_prefix", ""))),
                if_needed=bool(event.get("if_needed", False)),
            )
        except ValueError as error:
            raise InvalidRequest(f"{error}. Job types: {', '.join(JobType)}.") from error


def logical_prefix(source: str) -> str:
    """`s3://portfolio-raw/incoming/guides/`, `incoming/guides/` and `guides/` all mean `guides/`."""
    if source.startswith("s3://"):
        source = source.removeprefix("s3://").partition("/")[2]
    return keys.logical_key_of(source.lstrip("/"))


class Jobs:
    """The API's side: start, look, list."""

    def __init__(self, jobs: JobStore, launcher: JobLauncher, clock: Clock) -> None:
        self._jobs = jobs
        self._launcher = launcher
        self._clock = clock

    def start(self, job_type: JobType, *, source_s3_prefix: str = "", triggered_by: Trigger = Trigger.USER) -> Job:
        """Record the job as PENDING and start the function; it is RUNNING when the function has picked it up."""
        job = Job(
            job_id=str(uuid.uuid4()),
            job_type=job_type,
            status=JobStatus.PENDING,
            source_s3_prefix=logical_prefix(source_s3_prefix),
            triggered_by=triggered_by,
            started_at=iso(self._clock.now()),
        )
        self._jobs.put(job)
        self._launcher.launch(
            {
                "job_id": job.job_id,
                "job_type": job.job_type,
                "triggered_by": job.triggered_by,
                "source_s3_prefix": job.source_s3_prefix,
            }
        )
        return job

    def get(self, job_id: str) -> Job:
        """Raises NotFound."""
        job = self._jobs.get(job_id)
        if job is None:
            raise NotFound(f"There is no job {job_id}.")
        return job

    def list(self, status: JobStatus | None = None, limit: int = 50) -> list[Job]:
        return self._jobs.list(status=status, limit=limit)


class BatchReindex:
    def __init__(
        self,
        store: ObjectStore,
        registry: DocumentRegistry,
        jobs: JobStore,
        intake: Intake,
        rebuild: Rebuild,
        clock: Clock,
        bucket: str,
        sleep: Callable[[float], None],
    ) -> None:
        self._store = store
        self._registry = registry
        self._jobs = jobs
        self._intake = intake
        self._rebuild = rebuild
        self._clock = clock
        self._bucket = bucket
        self._sleep = sleep

    def run(self, request: JobRequest, *, deadline: datetime) -> Job:
        """Run the job to its end, or up to `deadline`; what is still under way then is said in its statistics.

        A failed job is recorded as FAILED with the error, and the error is raised.
        """
        earlier = self._jobs.get(request.job_id)
        if earlier is not None and earlier.status is not JobStatus.PENDING:
            return earlier  # The event came twice. (A job that has crashed is recorded as FAILED by check-health.)
        job = Job(
            job_id=request.job_id,
            job_type=request.job_type,
            status=JobStatus.RUNNING,
            source_s3_prefix=request.source_s3_prefix,
            triggered_by=request.triggered_by,
            started_at=earlier.started_at if earlier else iso(self._clock.now()),
            updated_at=iso(self._clock.now()),
        )
        self._jobs.put(job)
        try:
            reindex = request.job_type is JobType.REINDEX
            ended = self._reindex(job, request) if reindex else self._ingest(job, deadline)
        except Exception as error:
            self._end(replace(job, status=JobStatus.FAILED, error_details={"job": f"{type(error).__name__}: {error}"}))
            raise
        return self._end(ended)

    def _end(self, job: Job) -> Job:
        ended = replace(job, completed_at=iso(self._clock.now()))
        self._jobs.put(ended)
        return ended

    def _reindex(self, job: Job, request: JobRequest) -> Job:
        statistics = self._rebuild.run(job.job_id, if_needed=request.if_needed)
        total = statistics["documents"]
        return replace(
            job,
            status=JobStatus.COMPLETED,
            documents_total=total,
            documents_processed=total,
            statistics=statistics,
        )

    def _ingest(self, job: Job, deadline: datetime) -> Job:
        driven: dict[tuple[str, int], str] = {}
        errors: dict[str, str] = {}
        out_of_time: dict[str, str] = {}
        scanned = 0
        for info in self._sources(job):
            if self._clock.now() > deadline:
                out_of_time = {"job": _OUT_OF_TIME}
                break
            scanned += 1
            try:
                version = self._drive(info.ref)
            except PortfolioRagError as error:
                errors[info.ref.key] = str(error)
                continue
            if version is not None:
                driven[version.document_id, version.version] = info.ref.key
        deleted = self._remove_deleted(job) if job.job_type is JobType.INCREMENTAL else 0
        job = replace(job, documents_total=len(driven) + len(errors))
        self._jobs.put(job)
        ended = self._wait(driven, deadline)
        completed = [version for version in ended if version.status is DocumentStatus.COMPLETED]
        for version in ended:
            if version.status is DocumentStatus.FAILED:
                key = driven[version.document_id, version.version]
                errors[key] = f"{version.error_code}: {version.error_message}"
        under_way = len(driven) - len(ended)
        return replace(
            job,
            # A job that was to ingest and ingested nothing is no success, nor is one that has not seen everything.
            status=(
                JobStatus.FAILED if out_of_time or (errors and not completed and not under_way) else JobStatus.COMPLETED
            ),
            documents_processed=len(completed),
            documents_failed=len(errors),
            error_details={**out_of_time, **dict(list(errors.items())[:_ERRORS_KEPT])},
            statistics={
                "scanned": scanned,
                "new": sum(1 for version in completed if version.version == 1),
                "modified": sum(1 for version in completed if version.version > 1),
                "deleted": deleted,
                "skipped": scanned - job.documents_total,
                "failed": len(errors),
                "under_way": under_way,
            },
        )

    def _sources(self, job: Job) -> Iterator[ObjectInfo]:
        """INCREMENTAL: what waits in `incoming/`. BATCH: everything there is under the prefix, failures included."""
        stages = [keys.INCOMING]
        if job.job_type is JobType.BATCH:
            stages += [keys.PROCESSED, keys.FAILED]
        for stage in stages:
            for info in self._store.list(self._bucket, stage + job.source_s3_prefix):
                if not keys.is_folder_marker(info.ref.key) and not keys.is_sidecar(info.ref.key):
                    yield info

    def _remove_deleted(self, job: Job) -> int:
        """Take documents out whose object is gone from `processed/`: the event of the deletion never came."""
        kept = {info.ref.key for info in self._store.list(self._bucket, keys.PROCESSED + job.source_s3_prefix)}
        removed = 0
        for head in self._registry.heads():
            key = keys.PROCESSED + head.logical_key
            if head.live_version and head.logical_key.startswith(job.source_s3_prefix) and key not in kept:
                # Decided there on what is so now: the list and the scan are some moments old.
                self._intake.object_removed(ObjectRef(self._bucket, key))
                current = self._registry.head(head.document_id)
                removed += current is not None and current.live_version == 0
        return removed

    def _drive(self, ref: ObjectRef) -> DocumentVersion | None:
        """Register what is new, and drive what has been through as a new version, under the rules in force."""
        if keys.stage_of(ref.key) == keys.INCOMING:
            return self._intake.sweep(ref)
        return self._intake.ingest_again(ref)

    def _wait(self, driven: Mapping[tuple[str, int], str], deadline: datetime) -> list[DocumentVersion]:
        """The versions that have ended, waiting for all of them while there is time."""
        waiting, ended = set(driven), []
        while waiting:
            for key, (_, version) in self._registry.heads_and_versions(waiting).items():
                if version is not None and version.status.terminal:
                    ended.append(version)
                    waiting.discard(key)
            if not waiting or self._clock.now() + timedelta(seconds=_POLL_SECONDS) > deadline:
                break
            self._sleep(_POLL_SECONDS)
        return ended
