"""How long a lost Chroma takes to come back: `python -m bench.heal WINDOWS`.

The job of type REINDEX itself, from the backup in the emulator's S3 into an empty Chroma, over as many invocations as
it takes; the windows are random unit vectors of 384 dimensions with the attributes that a document has, the backup
has one object a document. What AWS's S3 takes for an answer is not the emulator's: so the calls are counted, and the
time that passed in them is told apart. Calls are made side by side, so the times of all of them add up to more than
passed. Processor time is that of each process: on a machine that does other work beside it, it tells more.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from bench.machine import describe
from bench.search_services import running_chroma
from portfolio_rag.adapters.chroma.client import ClientApi
from portfolio_rag.composition.jobs import JobParts
from portfolio_rag.domain.errors import DependencyUnavailable
from portfolio_rag.domain.jobs import JobStatus, JobType, Trigger
from portfolio_rag.local.throwaway_emulator import throwaway_emulator
from portfolio_rag.pipeline.jobs.service import JobRequest
from portfolio_rag.ports.vector_store import VectorRecord
from portfolio_rag.settings.environment import Settings

WINDOWS_A_DOCUMENT = 12
"""As docs/scaling.md has it: 11.8."""

_DIMENSIONS = 384
_INVOCATION = timedelta(seconds=900)
_INTERRUPTIONS = 20
"""By calls that nobody answered in time: many on a machine that does much else."""


class Timed:
    """An adapter whose calls are counted and timed, by name."""

    def __init__(self, adapter: Any, calls: Counter[str], seconds: dict[str, float]) -> None:
        self._adapter = adapter
        self._calls = calls
        self._seconds = seconds
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._adapter, name)

        def call(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return operation(*arguments, **named)
            finally:
                with self._lock:
                    self._calls[name] += 1
                    self._seconds[name] += time.perf_counter() - started

        return call


class Launched:
    """What the job asks to be invoked with next."""

    def __init__(self) -> None:
        self.payload: Mapping[str, Any] | None = None

    def launch(self, payload: Mapping[str, Any]) -> None:
        self.payload = payload


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("windows", type=int, help="how many windows the index has")
    arguments = parser.parse_args()
    with services() as (parts, chroma):
        fill_backup(parts, arguments.windows)
        print(json.dumps(heal(parts, arguments.windows, chroma) | {"machine": describe()}, indent=1))


@contextmanager
def services() -> Iterator[tuple[JobParts, int]]:
    """A job's parts over an empty emulator and an empty Chroma, and the process id of the latter."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-heal-") as folder,
        throwaway_emulator(Path(folder)) as aws,
        running_chroma(Path(folder) / "chroma") as (chroma, process_id),
    ):
        os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")  # noqa: S106
        model = Path(__file__).resolve().parents[1] / ".portfolio" / "model"
        parts = JobParts(Settings(aws_endpoint_url=aws, chroma_url=chroma, model_dir=str(model)))
        parts.chroma_api = ClientApi
        for bucket in (parts.settings.s3_raw_bucket, parts.settings.s3_embeddings_bucket):
            parts._aws("s3").create_bucket(Bucket=bucket)
        parts._aws("s3").create_bucket(Bucket=parts.settings.s3_config_bucket)
        _create_table(parts, parts.settings.dynamodb_document_table, document_id="S", version="N")
        _create_table(parts, parts.settings.dynamodb_jobs_table, job_id="S")
        yield parts, process_id


def _create_table(parts: JobParts, name: str, **keys: str) -> None:
    parts._aws("dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind in keys.items()],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)],
        BillingMode="PAY_PER_REQUEST",
    )


def fill_backup(parts: JobParts, windows: int) -> None:
    rng = np.random.default_rng(11)
    backup, fingerprint = parts.stores.backup, parts.embedder.fingerprint
    for number in range(0, windows, WINDOWS_A_DOCUMENT):
        size = min(WINDOWS_A_DOCUMENT, windows - number)
        rows = rng.normal(size=(size, _DIMENSIONS)).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        document_id = str(uuid.UUID(int=rng.integers(2**63).item() << 64 | number))
        records = [window_record(document_id, n, row) for n, row in enumerate(rows)]
        backup.write(backup.key_for(fingerprint, document_id, 1, [document_id]), records)


def window_record(document_id: str, n: int, row: Any) -> VectorRecord:
    """Window `n` of a document, with the attributes that windows have."""
    chunk_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{document_id}-{n // 4}"))
    attributes = {
        "document_id": document_id,
        "version": 1,
        "chunk_id": chunk_id,
        "chunk_index": n // 4,
        "window": n % 4,
        "file_type": "md",
        "filename": "guide.md",
        "s3_key": f"guides/{document_id}/guide.md",
        "upload_timestamp": "2026-11-27T00:00:00.000000Z",
        "team": "storage",
    }
    return VectorRecord(f"{chunk_id}#{n % 4}", row, attributes)


def heal(parts: JobParts, windows: int, chroma: int) -> dict[str, Any]:
    """Run the job to its end; `chroma` is a process id. Raises AssertionError where not all windows come back."""
    calls: Counter[str] = Counter()
    seconds: dict[str, float] = defaultdict(float)
    launched = Launched()
    # All of them are the runner's own by now: what it calls is replaced where it has it.
    runner = parts.job_runner
    object.__setattr__(parts.stores.backup, "_store", Timed(parts.store, calls, seconds))
    object.__setattr__(parts.stores, "vectors", Timed(parts.vectors, calls, seconds))
    object.__setattr__(runner, "_launcher", launched)
    before = _processor_seconds(chroma)
    started = time.perf_counter()
    event: Mapping[str, Any] = {"job_type": JobType.REINDEX.value, "triggered_by": Trigger.USER.value}
    invocations = interruptions = 0
    while True:
        request = JobRequest.from_event(dict(event), "00000000-0000-4000-8000-000000000000")
        invocations += 1
        try:
            job = runner.run(request, end=parts.clock.now() + _INVOCATION)
        except DependencyUnavailable as error:
            # On AWS the next try goes on from the checkpoint, too.
            print(f"{time.perf_counter() - started:.0f} s: {error}", file=sys.stderr, flush=True)
            interruptions += 1
            assert interruptions <= _INTERRUPTIONS
            interrupted = parts.jobs.get(request.job_id)
            assert interrupted is not None
            event = {"job_id": interrupted.job_id, "job_type": interrupted.job_type.value, "step": interrupted.step}
            continue
        print(f"{time.perf_counter() - started:.0f} s: {job.statistics}", file=sys.stderr, flush=True)
        if job.status.ended or launched.payload is None:
            break
        event, launched.payload = launched.payload, None
    took = time.perf_counter() - started
    used = _processor_seconds(chroma)
    assert job.status is JobStatus.COMPLETED, job
    live = parts.index_aliases.current().live
    assert parts.vectors.count(live) == windows == job.statistics["windows"]
    return {
        "windows": windows,
        "documents": -(-windows // WINDOWS_A_DOCUMENT),
        "seconds": round(took, 1),
        "windows_per_s": round(windows / took),
        "invocations": invocations,
        "interruptions": interruptions,
        "processor_seconds": {name: round(used[name] - before[name], 1) for name in used},
        "calls": dict(calls),
        "seconds_in": {name: round(value, 1) for name, value in seconds.items()},
    }


def _processor_seconds(chroma: int) -> dict[str, float]:
    times = psutil.Process(chroma).cpu_times()
    return {"job": time.process_time(), "chroma": times.user + times.system}


if __name__ == "__main__":
    main()
