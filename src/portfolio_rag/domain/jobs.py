"""Jobs over many documents. Attribute names are those of `ingestion_jobs`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class JobStatus(StrEnum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def ended(self) -> bool:
        return self in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)


class JobType(StrEnum):
    BATCH = "BATCH"
    INCREMENTAL = "INCREMENTAL"
    REINDEX = "REINDEX"


class Trigger(StrEnum):
    USER = "USER"
    SCHEDULED = "SCHEDULED"
    EVENT = "EVENT"


@dataclass(frozen=True, slots=True)
class Job:
    """One row of `ingestion_jobs`.

    A job goes on over as many invocations as it takes. `step` counts how often it was handed over to the next one and
    `run_until` is the time after which the invocation that works on it now is certainly over (None: nobody does):
    together they let one invocation at a time go on. `checkpoint` says where (pipeline/jobs/ingest.py and reindex.py);
    it does not grow with the number of documents. `switched` is true once the new index of a REINDEX answers.
    `budget_usd` is what it may cost, `spent_usd` what it has so far by domain/job_cost.py; it is PAUSED when the first
    is reached, and goes on from its checkpoint when somebody resumes it.
    `relaunches` counts how often check-health has started it again since it last got on, and `last_error` is what
    stopped it then.
    """

    job_id: str
    job_type: JobType
    status: JobStatus
    source_s3_prefix: str
    triggered_by: Trigger
    started_at: str
    completed_at: str | None = None
    documents_total: int = 0
    documents_processed: int = 0
    documents_failed: int = 0
    error_details: Mapping[str, str] = field(default_factory=dict)
    statistics: Mapping[str, int] = field(default_factory=dict)
    updated_at: str | None = None
    step: int = 0
    run_until: str | None = None
    checkpoint: Mapping[str, Any] = field(default_factory=dict)
    switched: bool = False
    relaunches: int = 0
    last_error: str | None = None
    cancel_requested_at: str | None = None
    budget_usd: float | None = None
    spent_usd: float = 0.0
