"""Jobs of type REINDEX: build the index anew beside the live one, from the backup, and switch to it in one write.

Ingestion goes on meanwhile: embedding-generator writes to both collections from `begin_build` on, and reads the alias
after it has written the backup, so every window is either in the backup that is read here or written to the new
collection by its own worker. That holds over all invocations of the job, as long as it keeps its lease; a job that has
lost it begins anew with an empty collection.

The checkpoint: `phase`; while copying, `after` is the last object of the backup that has been copied; while embedding,
`part`, `entry` and `chunk` are the place in the report, which lists what the backup lacks.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import timedelta

from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentVersion
from portfolio_rag.domain.errors import ConditionFailed, NotFound
from portfolio_rag.domain.identifiers import iso
from portfolio_rag.domain.index_names import index_name
from portfolio_rag.domain.jobs import Job, JobStatus
from portfolio_rag.domain.versions import (
    Period,
    history_collection,
    known_versions,
    live_collection,
)
from portfolio_rag.pipeline.documents.history import as_history
from portfolio_rag.pipeline.documents.stores import DocumentStores
from portfolio_rag.pipeline.ingestion.embedding import window_records
from portfolio_rag.pipeline.jobs.backup_copy import ENTRIES_A_TIME, BackupCopy, replaced_period
from portfolio_rag.pipeline.jobs.claim import ClaimedJob, StopReason
from portfolio_rag.pipeline.jobs.index_check import IndexCheck
from portfolio_rag.pipeline.jobs.report import PART_ENTRIES, Entry, JobReport, Outcome
from portfolio_rag.ports.embedder import Embedder
from portfolio_rag.ports.runtime import Clock, Parallel
from portfolio_rag.ports.vector_store import VectorRecord

_log = logging.getLogger(__name__)

_LEASE = timedelta(hours=2)
"""Longer than check-health takes to launch a lost job again or to give it up."""

_PAUSED_LEASE = timedelta(days=7)
"""A paused job keeps what it has built so long; later it begins anew, and embeds nothing again."""

_GRACE_SECONDS = 10.0
"""Queries that read the alias before the switch end on the old collection."""

_CHUNKS_A_TIME = 32
_COPY, _EMBED = "COPY", "EMBED"


class ReindexJob:
    def __init__(
        self,
        stores: DocumentStores,
        embedder: Embedder,
        report: JobReport,
        clock: Clock,
        base_collection: str,
        partitions: int,
        compatible: Collection[str],
        parallel: Parallel,
        sleep: Callable[[float], None],
        entries_a_time: int = ENTRIES_A_TIME,
    ) -> None:
        """`partitions`: of how many collections the index is made that is built.

        `compatible`: fingerprints of the same model in another precision, whose vectors are as good as the embedder's.
        `entries_a_time`: so many of the backup are copied between two checkpoints.
        """
        self._stores = stores
        self._backup_copy = BackupCopy(stores, parallel, entries_a_time)
        self._embedder = embedder
        self._report = report
        self._clock = clock
        self._base = base_collection
        self._partitions = partitions
        self._compatible = compatible
        self._parallel = parallel
        self._sleep = sleep

    def work(self, claimed: ClaimedJob) -> StopReason | Job:
        """Go on from the checkpoint; the job as it ends, or why it pauses.

        Raises Cancelled and ClaimLost, and Conflict while another reindex holds the lease.
        """
        if not claimed.job.switched:
            if not self._holds(claimed):
                if claimed.checkpoint_value("if_needed", False) and self._matches(claimed):
                    return self._completed(claimed.job, rebuilt=0)
                self._begin(claimed)
            if not (self._copy(claimed) and self._embed(claimed) and claimed.has_time_for()):
                return StopReason.OUT_OF_TIME
            if not claimed.switch(self._stores.index_aliases, self._building(claimed.job)):
                self._begin(claimed)
                return StopReason.OUT_OF_TIME
        self._sleep(_GRACE_SECONDS)
        self._drop(claimed.checkpoint_value("old", ""))
        return self._completed(claimed.job, rebuilt=1)

    def keep(self, job: Job) -> None:
        """Hold on to what a job has built that pauses. Where the lease is lost, it begins anew when it goes on."""
        with contextlib.suppress(ConditionFailed):
            self._stores.index_aliases.renew_build(job.job_id, iso(self._clock.now() + _PAUSED_LEASE))

    def abandon(self, job: Job) -> None:
        """Take back what a job leaves that does not come to its switch: it is written to no more, then it is gone."""
        if not job.switched:
            self._stores.index_aliases.end_build(job.job_id)
            self._drop(self._building(job))

    def _drop(self, collection: str) -> None:
        self._stores.vectors.drop(history_collection(collection))
        self._stores.vectors.drop(collection)

    def _building(self, job: Job) -> str:
        return index_name(self._base, job.job_id, self._partitions)

    def _holds(self, claimed: ClaimedJob) -> bool:
        """True if the job has begun before, and nobody has taken its lease or its collection from it since."""
        return (
            claimed.checkpoint_value("phase", "") != ""
            and self._renew(claimed)
            and self._building(claimed.job) in self._stores.vectors.collections()
        )

    def _renew(self, claimed: ClaimedJob) -> bool:
        try:
            self._stores.index_aliases.renew_build(claimed.job.job_id, iso(self._clock.now() + _LEASE))
        except ConditionFailed:
            _log.warning("The reindex %s has lost its lease and begins anew.", claimed.job.job_id)
            return False
        return True

    def _begin(self, claimed: ClaimedJob) -> None:
        building = self._building(claimed.job)
        now = self._clock.now()
        self._stores.index_aliases.begin_build(building, claimed.job.job_id, iso(now), iso(now + _LEASE))
        old = self._stores.index_aliases.current().live
        for leftover in self._stores.vectors.collections():
            if leftover.startswith(f"{self._base}-") and live_collection(leftover) != old:
                self._stores.vectors.drop(leftover)
        self._stores.vectors.ensure(building, fingerprint=self._embedder.fingerprint)
        claimed.save({"phase": _COPY, "after": "", "old": old}, statistics={"windows": 0, "embedded": 0})

    def _live(self) -> dict[tuple[str, int], str]:
        """The (document_id, version) pairs that answer, or answered and are kept, with their logical keys."""
        return {
            (head.document_id, number): head.logical_key
            for head in self._stores.registry.heads()
            if head.live_version and head.deleted_at is None
            for number in {head.live_version, *known_versions(head.publications)}
        }

    def _matches(self, claimed: ClaimedJob) -> bool:
        check = IndexCheck(self._stores, self._parallel, self._embedder.fingerprint, self._partitions)
        return check.passes(claimed, self._stores.index_aliases.current().live, self._live().keys())

    def _completed(self, job: Job, *, rebuilt: int) -> Job:
        total = len(self._live())
        statistics = {"windows": 0, "embedded": 0, **job.statistics, "documents": total, "rebuilt": rebuilt}
        return replace(
            job,
            status=JobStatus.COMPLETED,
            documents_total=total,
            documents_processed=total,
            statistics=statistics,
        )

    # --- from the backup

    def _copy(self, claimed: ClaimedJob) -> bool:
        """False when the time is over before all of the backup has been copied."""
        if claimed.checkpoint_value("phase", "") != _COPY:
            return True
        if claimed.checkpoint_value("after", "") == "" and not self._adopt(claimed):
            return False
        entries = self._stores.backup.entries(self._embedder.fingerprint, after=claimed.checkpoint_value("after", ""))
        for batch in self._backup_copy.batches(entries):
            windows = self._backup_copy.copy(self._building(claimed.job), batch)
            claimed.charge(windows=windows)
            self._renew(claimed)
            claimed.save({"after": batch[-1].key}, statistics=_more(claimed.job, windows=windows))
            if not claimed.has_time_for():
                return False
        self._plan(claimed)
        return True

    def _adopt(self, claimed: ClaimedJob) -> bool:
        """Take over what the backup holds under compatible fingerprints alone; false when the time is over before.

        What was taken over before is known by its name, so this goes on where it was.
        """
        backup, fingerprint = self._stores.backup, self._embedder.fingerprint
        if not self._compatible:
            return True
        own = {entry.key for entry in backup.entries(fingerprint)}
        for other in self._compatible:
            for entry in backup.entries(other):
                target = backup.adopted(entry, fingerprint).key
                if target in own:
                    continue
                with contextlib.suppress(NotFound):
                    backup.adopt(entry, fingerprint)
                    own.add(target)
                if not claimed.has_time_for():
                    return False
        self._renew(claimed)
        return True

    # --- what the backup lacks: after a change of model, that is all

    def _plan(self, claimed: ClaimedJob) -> None:
        """Put the live documents without a backup into the report. What goes live later writes for itself."""
        covered = self._stores.backup.covered(self._embedder.fingerprint)
        missing = [
            Entry(key, reason="The backup has no vectors of it under this model.", document_id=pair[0], version=pair[1])
            for pair, key in sorted(self._live().items())
            if pair not in covered
        ]
        starts = range(0, len(missing), PART_ENTRIES)
        for part, start in enumerate(starts):
            self._report.write(claimed.job.job_id, part, missing[start : start + PART_ENTRIES])
        claimed.save({"phase": _EMBED, "parts": len(starts), "part": 0, "entry": 0, "chunk": 0})

    def _embed(self, claimed: ClaimedJob) -> bool:
        """False when the time is over before all of the plan has been embedded."""
        for part in range(claimed.checkpoint_value("part", 0), claimed.checkpoint_value("parts", 0)):
            entries = self._report.read(claimed.job.job_id, part) or []
            for at in range(claimed.checkpoint_value("entry", 0), len(entries)):
                if not self._embed_document(claimed, entries[at]):
                    return False
                claimed.save({"entry": at + 1, "chunk": 0}, statistics=_more(claimed.job, embedded=1))
            done = [replace(entry, outcome=Outcome.EMBEDDED) for entry in entries]
            self._report.write(claimed.job.job_id, part, done)
            claimed.save({"part": part + 1, "entry": 0})
        return True

    def _embed_document(self, claimed: ClaimedJob, entry: Entry) -> bool:
        key = (entry.document_id or "", entry.version or 0)
        chunks = self._stores.chunks.of_document(key[0], version=key[1])
        chunks = itertools.islice(chunks, claimed.checkpoint_value("chunk", 0), None)
        while group := list(itertools.islice(chunks, _CHUNKS_A_TIME)):
            head, version = self._stores.registry.heads_and_versions([key])[key]
            if head is None or version is None or key[1] not in {head.live_version, *known_versions(head.publications)}:
                break  # Deleted or forgotten since: it is not asked for any more.
            windows = self._embed_group(self._building(claimed.job), version, group, replaced_period(head, key[1]))
            claimed.charge(windows=windows)
            self._renew(claimed)
            done = claimed.checkpoint_value("chunk", 0) + len(group)
            claimed.save({"chunk": done}, statistics=_more(claimed.job, windows=windows))
            if not claimed.has_time_for():
                return False
        return True

    def _embed_group(self, building: str, version: DocumentVersion, group: list[Chunk], replaced: Period | None) -> int:
        texts = [text for chunk in group for text in chunk.window_texts]
        rows = self._embedder.embed(texts)
        records: list[VectorRecord] = []
        for chunk in group:
            done = len(records)
            records += window_records(version, chunk, rows[done : done + len(chunk.windows)])
        key = self._stores.backup.key_for(self._embedder.fingerprint, version.document_id, version.version, texts)
        self._stores.backup.write(key, records)
        if replaced is not None:
            building, records = (
                history_collection(building),
                as_history(records, version.document_id, version.version, replaced),
            )
        # Tried again after a write that nobody answered in time; to embed takes far longer than to look.
        self._stores.vectors.upsert(building, records, fingerprint=self._embedder.fingerprint, repeated=True)
        return len(records)


def _more(job: Job, **counts: int) -> dict[str, int]:
    """The job's statistics with these counts added."""
    return {**job.statistics, **{name: job.statistics.get(name, 0) + count for name, count in counts.items()}}
