"""Copying the backup of vectors into an index that is being built, many documents at a time.

What takes the time is waiting: so objects are read side by side, heads in one call, and the windows of many documents
are one write of the vector store.

Versions are replaced, deleted and forgotten meanwhile. Whoever does that writes it down first (in the head, in the
backup) and removes the windows from every index that the alias names afterwards; it may have looked into this one
before the copy was there. So after each write both are read again, and what has become wrong is taken out.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Sequence

from portfolio_rag.domain.documents import DocumentHead
from portfolio_rag.domain.errors import NotFound
from portfolio_rag.domain.versions import Period, history_collection, period_of
from portfolio_rag.pipeline.documents.history import as_history
from portfolio_rag.pipeline.documents.stores import DocumentStores
from portfolio_rag.pipeline.documents.vector_backup import BackupEntry
from portfolio_rag.ports.runtime import Parallel
from portfolio_rag.ports.vector_store import VectorRecord

ENTRIES_A_TIME = 50
"""Of the backup; one is most often a whole document."""

_BYTES_A_TIME = 2**20
"""Of metadata: some 2,500 windows, where few documents have as many as 50 others."""

Records = dict[BackupEntry, list[VectorRecord]]


class BackupCopy:
    def __init__(self, stores: DocumentStores, parallel: Parallel, entries_a_time: int = ENTRIES_A_TIME) -> None:
        self._stores = stores
        self._parallel = parallel
        self._entries_a_time = entries_a_time

    def batches(self, entries: Iterable[BackupEntry]) -> Iterator[list[BackupEntry]]:
        """So many at a time that memory and the time of one `copy` are bounded."""
        batch: list[BackupEntry] = []
        for entry in entries:
            if batch and sum(waiting.size for waiting in batch) + entry.size > _BYTES_A_TIME:
                yield batch
                batch = []
            batch.append(entry)
            if len(batch) == self._entries_a_time:
                yield batch
                batch = []
        if batch:
            yield batch

    def copy(self, building: str, entries: Sequence[BackupEntry]) -> int:
        """Write what the backup has of these entries; how many windows are there of them afterwards.

        Into the index that is built or, of a version that was replaced, into its history. Idempotent.
        """
        windows = 0
        while entries:
            by_collection = self._read(building, entries)
            for collection, records in by_collection.items():
                self._write(collection, records)
            kept = self._existing([entry for records in by_collection.values() for entry in records])
            moved = self._replaced([entry for entry in by_collection[building] if entry in kept])
            for collection, records in by_collection.items():
                wrong = {entry: rows for entry, rows in records.items() if entry not in kept or entry in moved}
                self._take_out(collection, wrong)
                windows += sum(len(rows) for entry, rows in records.items() if entry not in wrong)
            entries = list(moved)
        return windows

    def _read(self, building: str, entries: Sequence[BackupEntry]) -> dict[str, Records]:
        """By collection and in the order of the entries, without those that have been removed."""
        found: Records = {}

        def read(entry: BackupEntry) -> None:
            with contextlib.suppress(NotFound):
                found[entry] = self._stores.backup.read(entry)

        replaced = self._replaced(entries)
        self._parallel(read, entries)
        history: Records = {
            entry: as_history(found[entry], entry.document_id, entry.version, period)
            for entry, period in replaced.items()
            if entry in found
        }
        answering = {entry: found[entry] for entry in entries if entry in found and entry not in replaced}
        return {building: answering, history_collection(building): history}

    def _replaced(self, entries: Sequence[BackupEntry]) -> dict[BackupEntry, Period]:
        """Those of versions that were replaced, with the time when each answered."""
        heads = self._stores.registry.heads_of(entry.document_id for entry in entries)
        periods = ((entry, replaced_period(heads.get(entry.document_id), entry.version)) for entry in entries)
        return {entry: period for entry, period in periods if period is not None}

    def _write(self, collection: str, records: Records) -> None:
        if not records:
            return
        rows = list(itertools.chain.from_iterable(records.values()))
        # A backup is listed by fingerprint, so it is the same for all. An interrupted copy has written some of them, or
        # the worker that embedded them.
        fingerprint = next(iter(records)).fingerprint
        self._stores.vectors.upsert(collection, rows, fingerprint=fingerprint, repeated=True)

    def _existing(self, entries: Sequence[BackupEntry]) -> set[BackupEntry]:
        existing: set[BackupEntry] = set()

        def look(entry: BackupEntry) -> None:
            if self._stores.backup.exists(entry):
                existing.add(entry)

        self._parallel(look, entries)
        return existing

    def _take_out(self, collection: str, records: Records) -> None:
        for entry, rows in records.items():
            self._stores.vectors.delete(collection, [row.id for row in rows], document_id=entry.document_id)


def replaced_period(head: DocumentHead | None, number: int) -> Period | None:
    """When a version answered that is kept and answers no more; None for any other."""
    period = period_of(head.publications, number) if head is not None else None
    return period if period is not None and period.until is not None else None
