"""The windows of versions that were replaced: in a collection beside the one that answers, for questions as of a time.

They come from the backup, which a version keeps as long as it is kept itself, so nothing is embedded, and what is lost
of them can be put back. Writing them again writes the same ids.
"""

from __future__ import annotations

from collections.abc import Iterable

from portfolio_rag.domain.documents import DocumentHead
from portfolio_rag.domain.errors import NotFound
from portfolio_rag.domain.versions import Period, history_collection, history_window, period_of
from portfolio_rag.pipeline.documents.vector_backup import BackupEntry, VectorBackup
from portfolio_rag.ports.index_alias import IndexAliases
from portfolio_rag.ports.vector_store import VectorRecord, VectorStore


class VersionHistory:
    """Idempotent; safe beside a reindex."""

    def __init__(self, vectors: VectorStore, backup: VectorBackup, aliases: IndexAliases) -> None:
        self._vectors = vectors
        self._backup = backup
        self._aliases = aliases

    def keep(self, head: DocumentHead, number: int) -> None:
        """Move the windows of a version that was replaced out of what answers.

        Raises ValueError for a version whose period is not known, or is not over.
        """
        document_id = head.document_id
        period = period_of(head.publications, number)
        if period is None:
            raise ValueError(f"When version {number} of {document_id} answered is not known.")
        entries = [entry for entry in self._backup.of_document(document_id).entries if entry.version == number]
        # The alias after the backup: a reindex that is not named here yet finds what the head says.
        for collection in self._aliases.current().targets:
            self.copy(collection, entries, period)
            windows = self._vectors.windows_of(collection, document_id)
            if replaced := sorted(id_ for id_, version in windows.items() if version == number):
                self._vectors.delete(collection, replaced)

    def copy(self, collection: str, entries: Iterable[BackupEntry], period: Period) -> int:
        """Write what the backup has of a version for that collection; how many windows."""
        label = self._vectors.fingerprint(collection)
        history = history_collection(collection)
        copied = 0
        for entry in entries:
            if label not in (None, entry.fingerprint):
                continue
            try:
                records = as_history(self._backup.read(entry), entry.document_id, entry.version, period)
            except NotFound:
                continue
            # What moves a version is tried again, from its first entry on, until all of them are there.
            self._vectors.upsert(history, records, fingerprint=entry.fingerprint, repeated=True)
            if not self._backup.exists(entry):
                # Purged while it was copied: the purge may have looked before the copy was there.
                self._vectors.delete(history, [record.id for record in records])
                continue
            copied += len(records)
        return copied


def as_history(records: Iterable[VectorRecord], document_id: str, number: int, period: Period) -> list[VectorRecord]:
    """The windows of a version as they stand in the history."""
    owner = {"document_id": document_id, "version": number}
    return [
        VectorRecord(
            history_window(record.id, document_id, number, period).id, record.vector, {**record.metadata, **owner}
        )
        for record in records
    ]
