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
from portfolio_rag.domain.documents import DocumentHead, DocumentVersion
from portfolio_rag.domain.errors import ConditionFailed, NotFound
from portfolio_rag.domain.identifiers import iso
from portfolio_rag.domain.index_names import index_name, partitions_of
from portfolio_rag.domain.jobs import Job, JobStatus
from portfolio_rag.domain.versions import (
    Period,
    history_collection,
    history_window,
    known_versions,
    live_collection,
    period_of,
)
from portfolio_rag.pipeline.documents.history import VersionHistory, as_history
from portfolio_rag.pipeline.documents.stores import DocumentStores
from portfolio_rag.pipeline.documents.vector_backup import BackupEntry
from portfolio_rag.pipeline.ingestion.embedding import window_records
from portfolio_rag.pipeline.jobs.claim import ClaimedJob, StopReason
from portfolio_rag.pipeline.jobs.report import PART_ENTRIES, Entry, JobReport, Outcome
from portfolio_rag.ports.embedder import Embedder
from portfolio_rag.ports.runtime import Clock
from portfolio_rag.ports.vector_store import VectorRecord

_log = logging.getLogger(__name__)

_LEASE = timedelta(hours=2)
"""Longer than check-health takes to launch a lost job again or to give it up."""

_PAUSED_LEASE = timedelta(days=7)
"""A paused job keeps what it has built so long; later it begins anew, and embeds nothing again."""

_GRACE_SECONDS = 10.0
"""Queries that read the alias before the switch end on the old collection."""

_CHUNKS_A_TIME = 32
_COPIES_A_TIME = 20
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
        sleep: Callable[[float], None],
    ) -> None:
        """`partitions`: of how many collections the index is made that is built.

        `compatible`: fingerprints of the same model in another precision, whose vectors are as good as the embedder's.
        """
        self._stores = stores
        self._history = VersionHistory(stores.vectors, stores.backup, stores.index_aliases)
        self._embedder = embedder
        self._report = report
        self._clock = clock
        self._base = base_collection
        self._partitions = partitions
        self._compatible = compatible
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
        """True if Chroma holds the windows of the backup, no more and no less, and the backup holds every document.

        In as many collections as there shall be. False when there is no time to tell.
        """
        live, fingerprint = self._stores.index_aliases.current().live, self._embedder.fingerprint
        if partitions_of(live) != self._partitions:
            return False
        if self._stores.vectors.fingerprint(live) not in (None, fingerprint):
            return False  # The same ids, with the vectors of another model.
        windows = dict.fromkeys((live, history_collection(live)), 0)
        # Listed in the order of documents and versions: no more is held than the ids of one.
        by_version = itertools.groupby(
            self._stores.backup.entries(fingerprint), key=lambda entry: (entry.document_id, entry.version)
        )
        for (document_id, number), entries in by_version:
            if not claimed.has_time_for():
                return False
            expected = {id_ for entry in entries for id_ in self._stores.backup.window_ids(entry)}
            place, period = live, self._replaced(self._stores.registry.head(document_id), number)
            if period is not None:
                place = history_collection(live)
                expected = {history_window(id_, document_id, number, period).id for id_ in expected}
            if self._stores.vectors.present(place, sorted(expected), document_id=document_id) != expected:
                return False
            windows[place] += len(expected)
        return all(self._stores.vectors.count(name) == count for name, count in windows.items()) and (
            self._live().keys() <= self._stores.backup.covered(fingerprint)
        )

    @staticmethod
    def _replaced(head: DocumentHead | None, number: int) -> Period | None:
        """When a version answered that is kept and answers no more; None for any other."""
        period = period_of(head.publications, number) if head is not None else None
        return period if period is not None and period.until is not None else None

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
        while batch := list(itertools.islice(entries, _COPIES_A_TIME)):
            windows = 0
            for entry in batch:
                copied = self._copy_one(self._building(claimed.job), entry)
                claimed.charge(windows=copied)
                windows += copied
                last = entry
                if not claimed.has_time_for():
                    break
            self._renew(claimed)
            claimed.save({"after": last.key}, statistics=_more(claimed.job, windows=windows))
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

    def _copy_one(self, building: str, entry: BackupEntry) -> int:
        if (period := self._period_of(entry)) is not None:
            return self._history.copy(building, [entry], period)
        try:
            records = self._stores.backup.read(entry)
        except NotFound:
            return 0
        self._stores.vectors.upsert(building, records, fingerprint=entry.fingerprint)
        ids = [record.id for record in records]
        if not self._stores.backup.exists(entry):
            # Purged while it was copied: the purge may have looked before the copy was there.
            self._stores.vectors.delete(building, ids, document_id=entry.document_id)
            return 0
        if (period := self._period_of(entry)) is not None:
            # Replaced while it was copied: it may have been moved to the history before the copy was there.
            self._stores.vectors.delete(building, ids, document_id=entry.document_id)
            return self._history.copy(building, [entry], period)
        return len(records)

    def _period_of(self, entry: BackupEntry) -> Period | None:
        return self._replaced(self._stores.registry.head(entry.document_id), entry.version)

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
            windows = self._embed_group(self._building(claimed.job), version, group, self._replaced(head, key[1]))
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
        self._stores.vectors.upsert(building, records, fingerprint=self._embedder.fingerprint)
        return len(records)


def _more(job: Job, **counts: int) -> dict[str, int]:
    """The job's statistics with these counts added."""
    return {**job.statistics, **{name: job.statistics.get(name, 0) + count for name, count in counts.items()}}
