"""The reconciler: what S3, DynamoDB, Chroma and the backup hold of a document, compared and made to agree.

The registry says what should be: the chunks of the live version, in every store, those of the versions that are kept of
what it has replaced, and nothing of any other version.
Whatever changes a document makes it `due`; check-health reconciles it when no worker can be busy with it any longer and
the indexes have caught up, which is when the document is at its end for good. `rag verify` looks over all of them
(pipeline/maintenance/full_scan.py).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from portfolio_rag.domain.chunks import Chunk, ChunkStatus
from portfolio_rag.domain.documents import DocumentHead, DocumentVersion, ObjectRef
from portfolio_rag.domain.errors import ConditionFailed, FailureReason
from portfolio_rag.domain.versions import (
    HistoryRules,
    Publications,
    history_collection,
    history_window,
    known_versions,
    period_of,
    without_version,
)
from portfolio_rag.pipeline.documents.history import VersionHistory
from portfolio_rag.pipeline.documents.lifecycle import Lifecycle
from portfolio_rag.pipeline.documents.purge import Purge
from portfolio_rag.pipeline.documents.stores import DocumentStores
from portfolio_rag.pipeline.documents.vector_backup import BackupEntry, fingerprint_of
from portfolio_rag.pipeline.ingestion.intake import DocumentIntake
from portfolio_rag.pipeline.maintenance.differences import Difference, DifferenceKind
from portfolio_rag.ports.runtime import Clock

_log = logging.getLogger(__name__)

GRACE = timedelta(minutes=5)
"""After the end of a version: longer than any worker's invocation (120 s) and than the lag of an index."""

MAX_ATTEMPTS = 5
"""Tries with the same bytes without a person's hand."""


class Reconciler:
    def __init__(
        self,
        stores: DocumentStores,
        intake: DocumentIntake,
        lifecycle: Lifecycle,
        purge: Purge,
        history: VersionHistory,
        rules: HistoryRules,
        clock: Clock,
    ) -> None:
        self._stores = stores
        self._intake = intake
        self._lifecycle = lifecycle
        self._purge = purge
        self._history = history
        self._rules = rules
        self._clock = clock

    def reconcile(self, head: DocumentHead) -> list[Difference]:
        """One turn of a document that is due: finalize what has ended, and once all is quiet compare and mend.

        The document stays due until a comparison finds nothing. Raises DependencyUnavailable.
        """
        # `head` comes from an index that lags; what decides over a removal is read anew.
        current = self._stores.registry.head(head.document_id)
        if current is None or current.due is None:
            return []
        head, versions = current, self._stores.registry.versions(head.document_id)
        now = self._clock.now()
        for version in versions:
            # Its own worker finalizes it within a minute; after that nobody does.
            if version.status.terminal and not version.settled and _ended(version, head) < now - timedelta(minutes=1):
                self._lifecycle.finalize(version.document_id, version.version)
        # A reindex that is under way reads and writes the backup; one that crashed is cleared away first.
        if not self._all_quiescent(head, versions) or self._stores.index_aliases.current().building is not None:
            return []
        if self.expire(head):
            return []  # It is due anew.
        differences = [*self._compare(head, repair=True), *self._surplus(head, repair=True)]
        if not differences:
            try:
                self._stores.registry.mark_reconciled(head, expires=self._rules.next_expiry(head.publications))
            except ConditionFailed:
                _log.info("Document %s has changed meanwhile.", head.document_id)
        return differences

    def expire(self, head: DocumentHead) -> bool:
        """Forget the versions of a document that are kept no longer, and remove them; whether there were any."""
        kept = self._rules.kept(head.publications, self._clock.now())
        return kept != head.publications and self._forget(head, kept)

    def compare_if_quiescent(self, document_id: str, *, repair: bool) -> Iterator[Difference]:
        """The differences of a document that no worker can be busy with, but for windows that are too many."""
        head = self._stores.registry.head(document_id)
        if head is not None and self._all_quiescent(head, self._stores.registry.versions(document_id)):
            yield from self._compare(head, repair=repair)

    def is_quiescent(self, document_id: str) -> bool:
        """True if no worker can be busy with the document any longer, and the indexes show it as it is."""
        head = self._stores.registry.head(document_id)
        return head is not None and self._all_quiescent(head, self._stores.registry.versions(document_id))

    def _compare(self, head: DocumentHead, *, repair: bool) -> Iterator[Difference]:
        """The differences of one document whose versions have all ended, mended as they are found with `repair`."""
        document_id = head.document_id
        versions = self._stores.registry.versions(document_id)
        for version in versions:
            if not version.settled or (_is_history(version, head) and not version.retired):
                yield Difference(
                    DifferenceKind.NOT_SETTLED, document_id, f"Version {version.version} was not cleared away."
                )
                if repair:
                    self._finalize(head, version)
        live = next((version for version in versions if version.version == head.live_version), None)
        if live is not None and self._stores.objects.head(ObjectRef(live.bucket, live.s3_key)) is None:
            yield Difference(
                DifferenceKind.BYTES_GONE, document_id, f"{live.s3_key} was deleted, but its answers were not."
            )
            if repair:
                self._lifecycle.withdraw(head, keep_newest=False)
            return
        # Versions that have come since may be live by now; those up to the latest have all ended and stay as they are.
        # What lies beyond the latest and is registered no more is found by a full scan.
        ended = range(1, head.latest_version + 1)
        for number in sorted(self._stores.staging.versions_of(document_id).intersection(ended)):
            yield Difference(DifferenceKind.STALE, document_id, f"What version {number} had staged was not removed.")
            if repair:
                self._stores.staging.delete(document_id, number)
        chunks = list(self._stores.chunks.of_document(document_id))
        backup = self._stores.backup.of_document(document_id)
        stored = backup.versions | {chunk.version for chunk in chunks}
        known = known_versions(head.publications) | {head.live_version}
        for number in sorted(stored.intersection(ended) - known):
            yield Difference(
                DifferenceKind.STALE, document_id, f"Version {number} is history, but was not removed everywhere."
            )
            if repair:
                self._purge.version(document_id, number)
        if live is not None:
            answering = [chunk for chunk in chunks if chunk.version == live.version]
            yield from self._missing(live, answering, backup.entries, repair=repair)
        replaced = {version.version: version for version in versions if version.version in known - {head.live_version}}
        for number in sorted(known - {0, head.live_version}):
            answered = [chunk for chunk in chunks if chunk.version == number]
            yield from self._missing_history(head, number, replaced.get(number), answered, backup.entries, repair)

    def _missing_history(
        self,
        head: DocumentHead,
        number: int,
        version: DocumentVersion | None,
        chunks: list[Chunk],
        entries: list[BackupEntry],
        repair: bool,
    ) -> Iterator[Difference]:
        """Whatever a store has lost of a version that was replaced: what cannot be put back is forgotten whole."""
        document_id = head.document_id
        mine = [entry for entry in entries if entry.version == number]
        expected = {id_ for chunk in chunks for id_ in chunk.window_ids}
        for collection in self._stores.index_aliases.current().targets:
            label = self._stores.vectors.fingerprint(collection)
            wanted = [entry for entry in mine if label in (None, entry.fingerprint)]
            backed_up = {id_ for entry in wanted for id_ in self._stores.backup.window_ids(entry)}
            if version is None or len(chunks) != version.chunk_count or backed_up != expected:
                yield Difference(
                    DifferenceKind.BACKUP_MISSING, document_id, f"Version {number} is not whole, and is forgotten."
                )
                if repair:
                    self._forget(head, without_version(head.publications, number))
                return
            lost = history_ids(head, number, chunks)
            lost -= self._stores.vectors.present(history_collection(collection), sorted(lost))
            if lost:
                yield Difference(
                    DifferenceKind.VECTORS_MISSING,
                    document_id,
                    f"{history_collection(collection)} has lost {len(lost)} vectors.",
                )
                if repair:
                    self._history.keep(head, number)

    def _forget(self, head: DocumentHead, kept: Publications) -> bool:
        try:
            self._stores.registry.forget_versions(head, kept, self._clock.now_iso())
        except ConditionFailed:
            return False
        for number in sorted(known_versions(head.publications) - known_versions(kept)):
            self._purge.version(head.document_id, number)
        return True

    def _surplus(self, head: DocumentHead, *, repair: bool) -> Iterator[Difference]:
        """Windows that Chroma holds too many of the document, found by its metadata."""
        document_id = head.document_id
        by_version: dict[int, list[Chunk]] = {}
        for chunk in self._stores.chunks.of_document(document_id):
            by_version.setdefault(chunk.version, []).append(chunk)
        expected = {id_ for chunk in by_version.get(head.live_version, ()) for id_ in chunk.window_ids}
        replaced = {
            id_
            for number in known_versions(head.publications) - {head.live_version}
            for id_ in history_ids(head, number, by_version.get(number, ()))
        }
        for collection in self._stores.index_aliases.current().targets:
            for name, wanted in ((collection, expected), (history_collection(collection), replaced)):
                # A version that has come since may be live by now: its windows are none of ours.
                windows = self._stores.vectors.windows_of(name, document_id)
                surplus = {id_ for id_, version in windows.items() if version <= head.latest_version} - wanted
                if surplus:
                    yield Difference(
                        DifferenceKind.STALE, document_id, f"{name} holds {len(surplus)} vectors too many."
                    )
                    if repair:
                        self._stores.vectors.delete(name, sorted(surplus), document_id=document_id)

    def _all_quiescent(self, head: DocumentHead, versions: list[DocumentVersion]) -> bool:
        before = self._clock.now() - GRACE
        return all(version.status.terminal and _ended(version, head) < before for version in versions)

    def _finalize(self, head: DocumentHead, version: DocumentVersion) -> None:
        if head.deleted_at is not None:
            self._lifecycle.withdraw(head, keep_newest=False)
        elif not version.settled:
            self._lifecycle.finalize(version.document_id, version.version)
        else:
            self._stores.registry.update_location(version, version.ref, settled=True, retired=True)

    def _missing(
        self, live: DocumentVersion, chunks: list[Chunk], entries: list[BackupEntry], *, repair: bool
    ) -> Iterator[Difference]:
        """Whatever a store has lost of the version that answers."""
        document_id = live.document_id
        if len(chunks) != live.chunk_count or any(chunk.status is not ChunkStatus.EMBEDDED for chunk in chunks):
            yield Difference(
                DifferenceKind.CHUNKS_MISSING,
                document_id,
                f"{len(chunks)} of {live.chunk_count} chunks are there and embedded.",
            )
            if repair:
                self._reingest(live)
            return
        expected = {id_ for chunk in chunks for id_ in chunk.window_ids}
        for collection in self._stores.index_aliases.current().targets:
            label = self._stores.vectors.fingerprint(collection)
            wanted = {label} if label else {fingerprint_of(chunk.embedding_vector_s3 or "") for chunk in chunks}
            mine = [entry for entry in entries if entry.version == live.version and entry.fingerprint in wanted]
            backed_up = {id_: entry for entry in mine for id_ in self._stores.backup.window_ids(entry)}
            if backed_up.keys() != expected:
                detail = f"Of {len(expected)} vectors the backup has {len(backed_up.keys() & expected)}"
                surplus = len(backed_up.keys() - expected)
                yield Difference(DifferenceKind.BACKUP_MISSING, document_id, f"{detail}, and {surplus} others.")
                if repair:
                    self._reingest(live)
                return
            lost = expected - self._stores.vectors.present(collection, sorted(expected), document_id=document_id)
            if lost:
                yield Difference(
                    DifferenceKind.VECTORS_MISSING, document_id, f"{collection} has lost {len(lost)} vectors."
                )
                if repair:
                    self._restore(collection, lost, {backed_up[id_] for id_ in lost})

    def _restore(self, collection: str, lost: set[str], entries: set[BackupEntry]) -> None:
        for entry in entries:
            records = [record for record in self._stores.backup.read(entry) if record.id in lost]
            self._stores.vectors.upsert(collection, records, fingerprint=entry.fingerprint)

    def _reingest(self, live: DocumentVersion) -> None:
        """A new version from the same bytes puts everything in its place: the live one answers until it is complete."""
        since = [
            version for version in self._stores.registry.versions(live.document_id) if version.version >= live.version
        ]
        newest = since[0]
        if newest.s3_key != live.s3_key and is_retried_after_outage(newest):
            return  # A later upload is on its way, and will answer instead.
        tries = max(version.attempt for version in since if version.s3_key == live.s3_key)
        if tries < MAX_ATTEMPTS:
            self._intake.reingest_live(live, attempt=tries + 1)


def history_ids(head: DocumentHead, number: int, chunks: Iterable[Chunk]) -> set[str]:
    """What the history holds of a version that was replaced."""
    period = period_of(head.publications, number)
    assert period is not None  # whoever asks has found it there
    return {history_window(id_, head.document_id, number, period).id for chunk in chunks for id_ in chunk.window_ids}


def is_retried_after_outage(version: DocumentVersion) -> bool:
    """Whether check-health tries the failed version again by itself."""
    return (
        version.error_code == FailureReason.DEPENDENCY_UNAVAILABLE
        and not version.retired
        and version.attempt < MAX_ATTEMPTS
    )


def _is_history(version: DocumentVersion, head: DocumentHead) -> bool:
    return head.deleted_at is not None or version.version < head.live_version


def _ended(version: DocumentVersion, head: DocumentHead) -> datetime:
    """When the version, or the change of the document that concerns it, came to its end."""
    moments = [moment for moment in (version.processing_completed_at, head.due) if moment]
    return max(datetime.fromisoformat(moment) for moment in moments)
