"""What a job would take, in time and money: from what there is to do, and how fast the jobs before it were."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.cost_lines import WINDOWS_PER_CHUNK
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion
from portfolio_rag.domain.job_cost import WINDOWS_OF_A_DOCUMENT, JobWork, document_usd
from portfolio_rag.domain.jobs import Job, JobStatus, JobType
from portfolio_rag.pipeline.documents.vector_backup import VectorBackup
from portfolio_rag.pipeline.jobs.service import logical_prefix
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.job_store import JobStore
from portfolio_rag.ports.object_store import ObjectStore

COPIED_A_SECOND: Final = 1_000.0
"""Windows from the backup into Chroma: it takes 2,700 a second, and reading the backup has its share."""

EMBEDDED_A_SECOND: Final = 40.0
"""Windows on the one vCPU of batch-reindex."""

DOCUMENTS_A_SECOND: Final = 5.0
"""Ten processors and ten generators at a time, some two seconds each."""

_EARLIER_JOBS = 5


@dataclass(frozen=True, slots=True)
class JobEstimate:
    """`windows_copied` come from the backup, `windows_embedded` from the model. `seconds` from start to end.

    `measured_jobs` is how many earlier jobs the rates come from: 0 means those of a test machine.
    """

    job_type: JobType
    documents: int
    windows_copied: int
    windows_embedded: int
    seconds: float
    usd: float
    measured_jobs: int


class JobEstimator:
    """Reads the registry's rows, and for a REINDEX lists the backup; writes nothing. `fingerprint` is the model's."""

    def __init__(
        self,
        store: ObjectStore,
        registry: DocumentRegistry,
        backup: VectorBackup,
        jobs: JobStore,
        fingerprint: Callable[[], str],
        bucket: str,
    ) -> None:
        self._store = store
        self._registry = registry
        self._backup = backup
        self._jobs = jobs
        self._fingerprint = fingerprint
        self._bucket = bucket

    def estimate(self, job_type: JobType, *, source_s3_prefix: str = "") -> JobEstimate:
        """Raises StorageUnavailable."""
        if job_type is JobType.REINDEX:
            return self._reindex()
        prefix = logical_prefix(source_s3_prefix)
        documents, windows = self._waiting(prefix) if job_type is JobType.INCREMENTAL else self._held(prefix)
        rate, measured = self._rate(job_type, lambda job: job.documents_processed, DOCUMENTS_A_SECOND)
        seconds = documents / rate
        usd = JobWork(seconds=seconds).usd + document_usd(documents, windows)
        return JobEstimate(job_type, documents, 0, round(windows), seconds, usd, measured)

    def _reindex(self) -> JobEstimate:
        covered = self._backup.covered(self._fingerprint())
        documents, copied, embedded = 0, 0.0, 0.0
        for version in self._versions(DocumentStatus.COMPLETED):
            documents += 1
            windows = (version.chunk_count or 0) * WINDOWS_PER_CHUNK
            if (version.document_id, version.version) in covered:
                copied += windows
            else:
                embedded += windows
        copy_rate, copy_jobs = self._rate(JobType.REINDEX, _copied, COPIED_A_SECOND)
        embed_rate, embed_jobs = self._rate(JobType.REINDEX, _embedded, EMBEDDED_A_SECOND)
        seconds = copied / copy_rate + embedded / embed_rate
        usd = JobWork(seconds=seconds, windows=copied + embedded).usd
        measured = (copy_jobs if copied else 0) + (embed_jobs if embedded else 0)
        return JobEstimate(JobType.REINDEX, documents, round(copied), round(embedded), seconds, usd, measured)

    def _held(self, prefix: str) -> tuple[int, float]:
        """Documents under the prefix, failed ones included, and their windows."""
        documents, windows = 0, 0.0
        for status in (DocumentStatus.COMPLETED, DocumentStatus.FAILED):
            for version in self._versions(status):
                if keys.logical_key_of(version.s3_key).startswith(prefix):
                    documents += 1
                    chunks = version.chunk_count
                    windows += WINDOWS_OF_A_DOCUMENT if chunks is None else chunks * WINDOWS_PER_CHUNK
        return documents, windows

    def _waiting(self, prefix: str) -> tuple[int, float]:
        listed = self._store.list(self._bucket, keys.INCOMING + prefix)
        documents = sum(
            not keys.is_folder_marker(info.ref.key) and not keys.is_sidecar(info.ref.key) for info in listed
        )
        return documents, documents * WINDOWS_OF_A_DOCUMENT

    def _versions(self, status: DocumentStatus) -> Iterator[DocumentVersion]:
        return (version for version in self._registry.iter_by_status(status) if not version.retired)

    def _rate(self, job_type: JobType, count: Callable[[Job], int], default: float) -> tuple[float, int]:
        """What the last jobs of the type did a second, and how many they were; the default where there is none."""
        done = [
            (count(job), _seconds(job))
            for job in self._jobs.list(status=JobStatus.COMPLETED, limit=100)
            if job.job_type is job_type and count(job) and job.budget_usd is None
        ][:_EARLIER_JOBS]
        seconds = sum(seconds for _, seconds in done)
        if seconds <= 0:
            return default, 0
        return sum(counted for counted, _ in done) / seconds, len(done)


def _copied(job: Job) -> int:
    """Windows of a job that had nothing to embed."""
    return 0 if job.statistics.get("embedded") else job.statistics.get("windows", 0)


def _embedded(job: Job) -> int:
    """Windows of a job that had everything to embed, as after a change of the model."""
    whole = job.statistics.get("embedded", 0) >= job.documents_total
    return job.statistics.get("windows", 0) if whole else 0


def _seconds(job: Job) -> float:
    began, ended = (datetime.fromisoformat(moment) for moment in (job.started_at, job.completed_at or job.started_at))
    return (ended - began).total_seconds()
