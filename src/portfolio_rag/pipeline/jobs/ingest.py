"""Jobs of type BATCH and INCREMENTAL: look at what lies in S3, drive it through the pipeline, wait for how it ends.

What the job finds is cut into parts of the report (pipeline/jobs/report.py). A part is written first, then its
documents are driven, then the part is written again with what came of it, and only then does the checkpoint move on.
After a crash the next invocation finds the part and goes through the same documents again; those that have been driven
already carry the job's id and are not driven twice.

The checkpoint: `source` and `after` say where in which listing the job is, `parts` how many parts are done, `waited`
how many of them have ended to the last document; `open` and `since` when waiting last got anywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion, ObjectRef
from portfolio_rag.domain.errors import FailureReason, PortfolioRagError
from portfolio_rag.domain.jobs import Job, JobStatus, JobType
from portfolio_rag.pipeline.ingestion.intake import DocumentIntake
from portfolio_rag.pipeline.jobs.claim import ClaimedJob, StopReason
from portfolio_rag.pipeline.jobs.report import PART_ENTRIES, Entry, JobReport, Outcome, shortened
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.object_store import ObjectStore
from portfolio_rag.ports.runtime import Clock

_FIRST_POLL_SECONDS, _LAST_POLL_SECONDS = 2.0, 15.0
_LOOKED_AT = 1000
"""Recorded at least so often while a listing has nothing for the job."""

_PATIENCE = timedelta(hours=6)
"""Longer than check-health takes to give up a document that is stuck."""

_REASONS_KEPT, _REASON_CHARACTERS = 50, 300
"""In the job's own item, which holds 400 KB at most; the report has all."""

_REPLACED = (FailureReason.SUPERSEDED, FailureReason.DELETED)
_COUNTS = ("scanned", "new", "modified", "reingested", "deleted", "skipped", "failed", "under_way")
_INGESTED = ("new", "modified", "reingested")
Candidate = tuple[str, Entry | None]
"""Where a listing is, and what the job has to do with what it has found there."""
Made = set[tuple[str | None, int | None]]
"""Versions that the job has made, by document id and number."""


class IngestJob:
    def __init__(
        self,
        store: ObjectStore,
        registry: DocumentRegistry,
        intake: DocumentIntake,
        report: JobReport,
        clock: Clock,
        bucket: str,
        sleep: Callable[[float], None],
    ) -> None:
        self._store = store
        self._registry = registry
        self._intake = intake
        self._report = report
        self._clock = clock
        self._bucket = bucket
        self._sleep = sleep

    def work(self, claimed: ClaimedJob) -> StopReason | Job:
        """Go on from the checkpoint; the job as it ends, or why it pauses. Raises Cancelled and ClaimLost."""
        if not self._look(claimed):
            return StopReason.OUT_OF_TIME
        if self._wait(claimed):
            return _ended(claimed.job)
        stalled = self._clock.now() - datetime.fromisoformat(claimed.checkpoint_value("since", self._clock.now_iso()))
        return StopReason.WAITING if stalled < _PATIENCE else _ended(claimed.job)

    # --- looking at what there is, and driving it

    def _look(self, claimed: ClaimedJob) -> bool:
        """False when the time is over before everything has been looked at."""
        left = self._report.read(claimed.job.job_id, claimed.checkpoint_value("parts", 0))
        if left:
            self._drive(claimed, left, self._made(claimed))
        while (source := claimed.checkpoint_value("source", 0)) <= len(_stages(claimed.job)):
            candidates = self._candidates(claimed.job, source, claimed.checkpoint_value("after", ""))
            for entries, after in _in_parts(candidates, claimed.has_time_for):
                if entries:
                    self._report.write(claimed.job.job_id, claimed.checkpoint_value("parts", 0), entries)
                    self._drive(claimed, entries)
                else:
                    claimed.save({"after": after})
                if not claimed.has_time_for():
                    return False
            claimed.save({"source": source + 1, "after": ""})
        return True

    def _candidates(self, job: Job, source: int, after: str) -> Iterator[Candidate]:
        """One listing, from behind `after` on."""
        stages = _stages(job)
        if source < len(stages):
            for info in self._store.list(self._bucket, stages[source] + job.source_s3_prefix, after=after):
                ours = not keys.is_folder_marker(info.ref.key) and not keys.is_sidecar(info.ref.key)
                yield info.ref.key, Entry(info.ref.key, source=source) if ours else None
        elif job.job_type is JobType.INCREMENTAL:
            yield from self._gone(job, source, after)

    def _gone(self, job: Job, source: int, after: str) -> Iterator[Candidate]:
        """Documents whose object is gone from `processed/`: the event of the deletion never came."""
        kept = {info.ref.key for info in self._store.list(self._bucket, keys.PROCESSED + job.source_s3_prefix)}
        for head in self._registry.heads(after=after):
            key = keys.PROCESSED + head.logical_key
            gone = head.live_version and head.logical_key.startswith(job.source_s3_prefix) and key not in kept
            yield head.document_id, Entry(key, document_id=head.document_id, source=source) if gone else None

    def _made(self, claimed: ClaimedJob) -> Made:
        """What the parts that are done say that the job has made."""
        done = range(claimed.checkpoint_value("parts", 0))
        parts = (self._report.read(claimed.job.job_id, part) or [] for part in done)
        return {(entry.document_id, entry.version) for entries in parts for entry in entries if entry.version}

    def _drive(self, claimed: ClaimedJob, entries: Sequence[Entry], made: Made | None = None) -> None:
        """Drive these, as many as there is time for, and record it; `made` where a crash has left them behind."""
        job, part, stages = claimed.job, claimed.checkpoint_value("parts", 0), len(_stages(claimed.job))
        done: list[Entry] = []
        for entry in entries:
            result = self._drive_one(job, entry, made)
            if result is not None:
                done.append(result)
                claimed.charge(documents=result.outcome is Outcome.UNDER_WAY)
            last = entry
            if not claimed.has_time_for():
                break
        self._report.write(job.job_id, part, done)
        claimed.save(
            {"source": last.source, "after": last.key if last.source < stages else last.document_id, "parts": part + 1},
            documents_total=job.documents_total
            + sum(entry.outcome in (Outcome.UNDER_WAY, Outcome.FAILED) for entry in done),
            **_counted(job, done, scanned=sum(entry.source < stages for entry in done)),
        )

    def _drive_one(self, job: Job, entry: Entry, made: Made | None) -> Entry | None:
        """What came of it, or None where there is nothing to tell. Raises DependencyUnavailable."""
        ref = ObjectRef(self._bucket, entry.key)
        try:
            if entry.source == len(_stages(job)):
                return self._remove(ref, entry)
            registered = self._intake.register_for_job(ref, job.job_id)
        except PortfolioRagError as error:
            if error.retryable:
                raise
            return replace(entry, outcome=Outcome.FAILED, reason=shortened(str(error)))
        if registered.version is None:
            return replace(entry, outcome=Outcome.SKIPPED, reason=registered.skip_reason)
        version = registered.version
        address = (version.document_id, version.version)
        if registered.already_registered and (made is None or address in made):
            return None  # Found once more where the pipeline has moved it: it is in the report already.
        # What was listed in processed/ may have been uploaded anew since.
        key = version.s3_key if keys.stage_of(version.s3_key) == keys.INCOMING else entry.key
        # An entry that was driven before a crash has forgotten nothing but how it ended.
        return replace(entry, key=key, outcome=Outcome.UNDER_WAY, reason="", document_id=address[0], version=address[1])

    def _remove(self, ref: ObjectRef, entry: Entry) -> Entry | None:
        # Decided there on what is so now: the list and the scan are some moments old.
        self._intake.object_removed(ref)
        current = self._registry.head(entry.document_id or "")
        if current is None or current.live_version:
            return None
        return replace(entry, outcome=Outcome.DELETED, reason="Its object is gone from processed/.")

    # --- waiting for how it ends

    def _wait(self, claimed: ClaimedJob) -> bool:
        """False when the time is over before all that was driven has ended."""
        for part in range(claimed.checkpoint_value("waited", 0), claimed.checkpoint_value("parts", 0)):
            entries = self._report.read(claimed.job.job_id, part) or []
            driven = [at for at, entry in enumerate(entries) if entry.version is not None]
            if not self._wait_for(claimed, part, entries):
                return False
            claimed.save(
                {"waited": part + 1, "open": 0, "since": self._clock.now_iso()},
                **_counted(claimed.job, [entries[at] for at in driven], under_way=-len(driven)),
            )
        return True

    def _wait_for(self, claimed: ClaimedJob, part: int, entries: list[Entry]) -> bool:
        """Ask until each document of the part has ended and its entry says how; false when the time is over."""
        before = list(entries)
        waiting = {
            (entry.document_id or "", entry.version or 0): at
            for at, entry in enumerate(entries)
            if entry.outcome is Outcome.UNDER_WAY
        }
        pause = _FIRST_POLL_SECONDS
        while waiting:
            for key, (_, version) in self._registry.heads_and_versions(list(waiting)).items():
                if version is not None and version.status.terminal:
                    at = waiting.pop(key)
                    entries[at] = _resolved(entries[at], version)
            if not waiting or not claimed.has_time_for(pause):
                break
            self._sleep(pause)
            pause = min(_LAST_POLL_SECONDS, pause * 1.5)
            claimed.save()  # Somebody may have asked for its end.
        if entries != before:
            self._report.write(claimed.job.job_id, part, entries)
        if waiting and len(waiting) != claimed.checkpoint_value("open", 0):
            claimed.save({"open": len(waiting), "since": self._clock.now_iso()})
        return not waiting


def _stages(job: Job) -> list[str]:
    """INCREMENTAL: what waits in `incoming/`. BATCH: everything there is under the prefix, failures included."""
    return [keys.INCOMING, keys.PROCESSED, keys.FAILED] if job.job_type is JobType.BATCH else [keys.INCOMING]


def _in_parts(candidates: Iterable[Candidate], time_left: Callable[[], bool]) -> Iterator[tuple[list[Entry], str]]:
    """What is to be done, in parts, with where the listing is then; at least one candidate, whatever the time."""
    entries: list[Entry] = []
    looked_at = 0
    after = ""
    for after, entry in candidates:
        looked_at += 1
        if entry is not None:
            entries.append(entry)
        if len(entries) == PART_ENTRIES or looked_at == _LOOKED_AT or not time_left():
            yield entries, after
            entries, looked_at = [], 0
    if looked_at:
        yield entries, after


def _resolved(entry: Entry, version: DocumentVersion) -> Entry:
    if version.status is DocumentStatus.COMPLETED:
        return _completed(entry, version)
    reason = shortened(f"{version.error_code}: {version.error_message}")
    replaced = version.error_code in _REPLACED
    return replace(entry, outcome=Outcome.SKIPPED if replaced else Outcome.FAILED, reason=reason)


def _completed(entry: Entry, version: DocumentVersion) -> Entry:
    if version.version == 1:
        outcome, reason = Outcome.NEW, "Uploaded."
    elif keys.stage_of(entry.key) == keys.INCOMING:
        outcome, reason = Outcome.MODIFIED, "Uploaded anew, or its attributes were."
    else:
        outcome, reason = Outcome.REINGESTED, "Unchanged: ingested again under the rules in force."
    warnings = "".join(f" Warning: {warning.message}" for warning in version.warnings)
    return replace(entry, outcome=outcome, reason=shortened(reason + warnings))


def _counted(job: Job, entries: Sequence[Entry], *, scanned: int = 0, under_way: int = 0) -> dict[str, Any]:
    """The attributes of the job with these entries counted in."""
    counts = Counter({name: job.statistics.get(name, 0) for name in _COUNTS})
    counts.update(entry.outcome.lower() for entry in entries)
    counts["scanned"] += scanned
    counts["under_way"] += under_way
    errors = dict(job.error_details)
    for entry in entries:
        if entry.outcome is Outcome.FAILED and len(errors) < _REASONS_KEPT:
            errors[entry.key] = entry.reason[:_REASON_CHARACTERS]
    return {
        "statistics": dict(counts),
        "documents_processed": sum(counts[name] for name in _INGESTED),
        "documents_failed": counts["failed"],
        "error_details": errors,
    }


def _ended(job: Job) -> Job:
    """A job that was to ingest and ingested nothing is no success, nor is one whose documents have not all ended."""
    counts = Counter({name: job.statistics.get(name, 0) for name in _COUNTS})
    ingested = sum(counts[name] for name in _INGESTED)
    reason = ""
    if counts["under_way"]:
        reason = f"{counts['under_way']} documents have not ended within {_PATIENCE}. `rag status` shows them."
    elif job.job_type is JobType.BATCH and not counts["scanned"]:
        where = f"under {job.source_s3_prefix!r}" if job.source_s3_prefix else "in the bucket"
        reason = f"Nothing was ingested: there is no document {where}."
    elif not ingested and (counts["failed"] or (job.job_type is JobType.BATCH and counts["skipped"])):
        reason = f"Nothing was ingested: {counts['failed']} failed, {counts['skipped']} were skipped."
    status = JobStatus.FAILED if reason else JobStatus.COMPLETED
    errors = {**({"job": reason} if reason else {}), **job.error_details}
    return replace(job, status=status, error_details=errors, statistics=dict(counts))
