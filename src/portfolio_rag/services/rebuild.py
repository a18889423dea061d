"""Building the index anew beside the live one, from the backup, and switching to it in one write."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta

from portfolio_rag.errors import NotFound
from portfolio_rag.models import Chunk, DocumentVersion, iso
from portfolio_rag.ports import ChunkStore, Clock, DocumentRegistry, Embedder, JobStore, VectorRecord, VectorStore
from portfolio_rag.services.backup import VectorBackup
from portfolio_rag.services.embedding import window_records

_log = logging.getLogger(__name__)

_LEASE = timedelta(minutes=20)  # Longer than any invocation (15 minutes): a crashed owner blocks no one for long.
_GRACE_SECONDS = 10.0  # Queries that read the pointer before the switch end on the old collection.
_CHUNKS_A_TIME = 32


class Rebuild:
    def __init__(
        self,
        registry: DocumentRegistry,
        chunks: ChunkStore,
        jobs: JobStore,
        vectors: VectorStore,
        backup: VectorBackup,
        embedder: Embedder,
        clock: Clock,
        base_collection: str,
        sleep: Callable[[float], None],
    ) -> None:
        self._registry = registry
        self._chunks = chunks
        self._jobs = jobs
        self._vectors = vectors
        self._backup = backup
        self._embedder = embedder
        self._clock = clock
        self._base = base_collection
        self._sleep = sleep

    def run(self, owner: str, *, if_needed: bool) -> dict[str, int]:
        """Build, switch, drop the old one; returns counts of documents, windows, and documents embedded anew.

        Ingestion goes on meanwhile: embedding-generator writes to both collections from `begin_build` on, and reads
        the pointer after it has written the backup, so every window is either in the backup that is read here or
        written to the new collection by its own worker. Raises Conflict while another reindex holds the lease.
        """
        if if_needed and self._matches():
            return {"documents": len(self._live()), "windows": 0, "embedded": 0, "rebuilt": 0}
        now = self._clock.now()
        building = f"{self._base}-{owner[:8]}"
        self._jobs.begin_build(building, owner, iso(now), iso(now + _LEASE))
        old = self._jobs.index_pointer().live
        try:
            for leftover in self._vectors.collections():
                if leftover.startswith(f"{self._base}-") and leftover not in (old, building):
                    self._vectors.drop(leftover)
            self._vectors.ensure(building)
            covered, windows = self._copy_backup(building)
            embedded, more = self._embed_missing(building, covered)
        except Exception:
            self._jobs.end_build(owner, iso(self._clock.now()), live=None)
            self._vectors.drop(building)
            raise
        self._jobs.end_build(owner, iso(self._clock.now()), live=building)
        self._sleep(_GRACE_SECONDS)
        self._vectors.drop(old)
        return {"documents": len(self._live()), "windows": windows + more, "embedded": embedded, "rebuilt": 1}

    def _live(self) -> set[tuple[str, int]]:
        return {
            (head.document_id, head.live_version)
            for head in self._registry.heads()
            if head.live_version and head.deleted_at is None
        }

    def _matches(self) -> bool:
        """True if Chroma holds the windows of the backup, no more and no less, and the backup holds every document."""
        expected: set[str] = set()
        covered: set[tuple[str, int]] = set()
        for entry in self._backup.entries(self._embedder.fingerprint):
            try:
                expected |= {record.id for record in self._backup.read(entry)}
            except NotFound:
                continue
            covered.add((entry.document_id, entry.version))
        stored = set(self._vectors.ids(self._jobs.index_pointer().live, {}))
        return stored == expected and self._live() <= covered

    def _copy_backup(self, building: str) -> tuple[set[tuple[str, int]], int]:
        covered: set[tuple[str, int]] = set()
        windows = 0
        for entry in self._backup.entries(self._embedder.fingerprint):
            try:
                records = self._backup.read(entry)
            except NotFound:
                continue
            self._vectors.upsert(building, records)
            if not self._backup.exists(entry):
                # Purged while it was copied: the purge may have looked before the copy was there.
                self._vectors.delete(building, [record.id for record in records])
                continue
            covered.add((entry.document_id, entry.version))
            windows += len(records)
        return covered, windows

    def _embed_missing(self, building: str, covered: set[tuple[str, int]]) -> tuple[int, int]:
        """Embed the live documents that have no backup under this model: after a change of model, that is all."""
        missing = self._live() - covered
        windows = 0
        for (document_id, number), version in self._registry.live_versions(missing).items():
            for group in _groups(self._chunks.of_document(document_id, version=number)):
                windows += self._embed_group(building, version, group)
        return len(missing), windows

    def _embed_group(self, building: str, version: DocumentVersion, group: list[Chunk]) -> int:
        texts = [text for chunk in group for text in chunk.window_texts]
        rows = self._embedder.embed(texts)
        records: list[VectorRecord] = []
        for chunk in group:
            done = len(records)
            records += window_records(version, chunk, rows[done : done + len(chunk.windows)])
        key = self._backup.key_for(self._embedder.fingerprint, version.document_id, version.version, texts)
        self._backup.write(key, records)
        self._vectors.upsert(building, records)
        return len(records)


def _groups(chunks: Iterator[Chunk]) -> Iterator[list[Chunk]]:
    while group := list(itertools.islice(chunks, _CHUNKS_A_TIME)):
        yield group
