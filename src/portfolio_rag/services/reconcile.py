"""The reconciler: what S3, DynamoDB, Chroma and the backup hold of a document, compared and made to agree.

The registry says what should be: the chunks of the live version, in every store, and nothing of any other version.
Whatever changes a document makes it `due`; check-health looks it over when no worker can be busy with it any longer and
the indexes have caught up, which is when the document is at its end for good. `rag verify` looks over all of them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from portfolio_rag import keys
from portfolio_rag.errors import ConditionFailed, NotFound
from portfolio_rag.models import Chunk, ChunkStatus, DocumentHead, DocumentVersion, ObjectRef, document_id_for
from portfolio_rag.ports import ChunkStore, Clock, DocumentRegistry, JobStore, ObjectStore, VectorRecord, VectorStore
from portfolio_rag.services.backup import VectorBackup, fingerprint_of
from portfolio_rag.services.intake import Intake
from portfolio_rag.services.lifecycle import Lifecycle
from portfolio_rag.services.purge import Purge

_log = logging.getLogger(__name__)

GRACE = timedelta(minutes=5)
"""After the end of a version: longer than any worker's invocation (120 s) and than the lag of an index."""

MAX_ATTEMPTS = 5
"""Tries with the same bytes without a person's hand."""


class Kind(StrEnum):
    """In which way a store differs from what the registry says."""

    NOT_SETTLED = "NOT_SETTLED"
    BYTES_GONE = "BYTES_GONE"
    CHUNKS_MISSING = "CHUNKS_MISSING"
    VECTORS_MISSING = "VECTORS_MISSING"
    BACKUP_MISSING = "BACKUP_MISSING"
    STALE = "STALE"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference, said for people. `document_id` is empty for what belongs to no document."""

    kind: Kind
    document_id: str
    detail: str


class Reconciler:
    def __init__(
        self,
        store: ObjectStore,
        registry: DocumentRegistry,
        chunks: ChunkStore,
        vectors: VectorStore,
        backup: VectorBackup,
        jobs: JobStore,
        intake: Intake,
        lifecycle: Lifecycle,
        purge: Purge,
        clock: Clock,
        bucket: str,
    ) -> None:
        self._store = store
        self._registry = registry
        self._chunks = chunks
        self._vectors = vectors
        self._backup = backup
        self._jobs = jobs
        self._intake = intake
        self._lifecycle = lifecycle
        self._purge = purge
        self._clock = clock
        self._bucket = bucket

    def look_over(self, head: DocumentHead) -> list[Difference]:
        """One turn of a document that is due: settle what has ended, and once all is quiet compare and mend.

        The document stays due until a comparison finds nothing. Raises DependencyUnavailable.
        """
        # `head` comes from an index that lags; what decides over a removal is read anew.
        current = self._registry.head(head.document_id)
        if current is None or current.due is None:
            return []
        head, versions = current, self._registry.versions(head.document_id)
        now = self._clock.now()
        for version in versions:
            # Its own worker settles it within a minute; after that nobody does.
            if version.status.terminal and not version.settled and _ended(version, head) < now - timedelta(minutes=1):
                self._lifecycle.settle(version.document_id, version.version)
        # A reindex that is under way reads and writes the backup; one that crashed is cleared away first.
        if not self._quiet(head, versions) or self._jobs.index_pointer().building is not None:
            return []
        differences = list(self.compare(head, repair=True))
        if not differences:
            try:
                self._registry.looked_over(head)
            except ConditionFailed:
                _log.info("Document %s has changed meanwhile.", head.document_id)
        return differences

    def everything(self, *, repair: bool) -> Iterator[Difference]:
        """All documents at rest, and what belongs to no document; reads every store whole (for `rag verify`)."""
        # Looked at before the registry: whatever is here was registered before, so the registry must know it.
        live = self._jobs.index_pointer().live
        unknown_vectors = set(self._vectors.ids(live, {}))
        unknown_backups = self._backup.documents()
        for document_id in [head.document_id for head in self._registry.heads()]:
            head = self._registry.head(document_id)
            assert head is not None  # Heads are never removed.
            if self._quiet(head, self._registry.versions(document_id)):
                yield from self.compare(head, repair=repair)
            unknown_vectors.difference_update(self._vectors.ids(live, {"document_id": document_id}))
            unknown_backups.discard(document_id)
        if unknown_vectors:
            yield Difference(Kind.UNKNOWN, "", f"{live} holds {len(unknown_vectors)} vectors of no document.")
            if repair:
                self._vectors.delete(live, sorted(unknown_vectors))
        for document_id in sorted(unknown_backups):
            yield Difference(Kind.UNKNOWN, document_id, "The backup holds vectors of an unknown document.")
            if repair:
                for number in self._backup.versions_of(document_id):
                    self._purge.version(document_id, number)
        yield from self._unknown_objects(repair=repair)

    def compare(self, head: DocumentHead, *, repair: bool) -> Iterator[Difference]:
        """The differences of one document whose versions have all ended, mended as they are found with `repair`."""
        document_id = head.document_id
        versions = self._registry.versions(document_id)
        for version in versions:
            if not version.settled or (_is_history(version, head) and not version.retired):
                yield Difference(Kind.NOT_SETTLED, document_id, f"Version {version.version} was not cleared away.")
                if repair:
                    self._settle(head, version)
        live = next((version for version in versions if version.version == head.live_version), None)
        if live is not None and self._store.head(ObjectRef(live.bucket, live.s3_key)) is None:
            yield Difference(Kind.BYTES_GONE, document_id, f"{live.s3_key} was deleted, but its answers were not.")
            if repair:
                self._lifecycle.remove(head, keep_newest=False)
            return
        yield from self._stale(head, repair=repair)
        if live is not None:
            yield from self._missing(live, self._live_chunks(head), repair=repair)

    def _quiet(self, head: DocumentHead, versions: list[DocumentVersion]) -> bool:
        """True if no worker can be busy with the document any longer, and the indexes show it as it is."""
        before = self._clock.now() - GRACE
        return all(version.status.terminal and _ended(version, head) < before for version in versions)

    def _settle(self, head: DocumentHead, version: DocumentVersion) -> None:
        if head.deleted_at is not None:
            self._lifecycle.remove(head, keep_newest=False)
        elif not version.settled:
            self._lifecycle.settle(version.document_id, version.version)
        else:
            self._registry.relocate(version, version.ref, settled=True, retired=True)

    def _live_chunks(self, head: DocumentHead) -> list[Chunk]:
        if not head.live_version:
            return []
        return list(self._chunks.of_document(head.document_id, version=head.live_version))

    def _stale(self, head: DocumentHead, *, repair: bool) -> Iterator[Difference]:
        """Whatever a store holds of a version that does not answer."""
        document_id, latest = head.document_id, head.latest_version
        found = self._backup.versions_of(document_id)
        found |= {chunk.version for chunk in self._chunks.of_document(document_id)}
        # Versions that have come since may be live by now; those up to `latest` have all ended and stay as they are.
        for number in sorted(found.intersection(range(1, latest + 1)) - {head.live_version}):
            yield Difference(Kind.STALE, document_id, f"Version {number} is history, but was not removed everywhere.")
            if repair:
                self._purge.version(document_id, number)
        expected = {id_ for chunk in self._live_chunks(head) for id_ in chunk.window_ids}
        where = {"$and": [{"document_id": document_id}, {"version": {"$lte": latest}}]}
        for collection in self._jobs.index_pointer().targets:
            surplus = set(self._vectors.ids(collection, where)) - expected
            if surplus:
                yield Difference(Kind.STALE, document_id, f"{collection} holds {len(surplus)} vectors too many.")
                if repair:
                    self._vectors.delete(collection, sorted(surplus))

    def _missing(self, live: DocumentVersion, chunks: list[Chunk], *, repair: bool) -> Iterator[Difference]:
        """Whatever a store has lost of the version that answers."""
        document_id = live.document_id
        if len(chunks) != live.chunk_count or any(chunk.status is not ChunkStatus.EMBEDDED for chunk in chunks):
            yield Difference(
                Kind.CHUNKS_MISSING, document_id, f"{len(chunks)} of {live.chunk_count} chunks are there and embedded."
            )
            if repair:
                self._ingest_again(live)
            return
        backed_up = self._backed_up(live, chunks)
        missing = [id_ for chunk in chunks for id_ in chunk.window_ids if id_ not in backed_up]
        if missing:
            yield Difference(Kind.BACKUP_MISSING, document_id, f"The backup lacks {len(missing)} vectors.")
            if repair:
                self._ingest_again(live)
            return
        for collection in self._jobs.index_pointer().targets:
            stored = set(self._vectors.ids(collection, {"document_id": document_id}))
            lost = [backed_up[id_] for chunk in chunks for id_ in chunk.window_ids if id_ not in stored]
            if lost:
                yield Difference(Kind.VECTORS_MISSING, document_id, f"{collection} has lost {len(lost)} vectors.")
                if repair:
                    self._vectors.upsert(collection, lost)

    def _backed_up(self, live: DocumentVersion, chunks: list[Chunk]) -> dict[str, VectorRecord]:
        """The backup of the live version under the model that embedded it, by window id."""
        wanted = {fingerprint_of(chunk.embedding_vector_s3) for chunk in chunks if chunk.embedding_vector_s3}
        found: dict[str, VectorRecord] = {}
        for entry in self._backup.of_document(live.document_id):
            if entry.version == live.version and entry.fingerprint in wanted:
                try:
                    found |= {record.id: record for record in self._backup.read(entry)}
                except NotFound:
                    _log.warning("%s has lost its vectors.", entry.key)
        return found

    def _ingest_again(self, version: DocumentVersion) -> None:
        """A new version from the same bytes puts everything in its place: the live one answers until it is complete."""
        if version.attempt < MAX_ATTEMPTS:
            self._intake.ingest_again(ObjectRef(version.bucket, version.s3_key), attempt=version.attempt + 1)

    def _unknown_objects(self, *, repair: bool) -> Iterator[Difference]:
        """Documents in `processed/` that the registry does not know; `incoming/` is the sweep's affair."""
        for info in self._store.list(self._bucket, keys.PROCESSED):
            key = info.ref.key
            if keys.is_sidecar(key) or keys.is_folder_marker(key):
                continue
            document_id = document_id_for(info.ref.bucket, keys.logical_key_of(key))
            if self._registry.head(document_id) is None:
                yield Difference(Kind.UNKNOWN, document_id, f"{key} is not registered.")
                if repair:
                    self._intake.adopt(info.ref)


def _is_history(version: DocumentVersion, head: DocumentHead) -> bool:
    return head.deleted_at is not None or version.version < head.live_version


def _ended(version: DocumentVersion, head: DocumentHead) -> datetime:
    """When the version, or the change of the document that concerns it, came to its end."""
    moments = [moment for moment in (version.processing_completed_at, head.due) if moment]
    return max(datetime.fromisoformat(moment) for moment in moments)
