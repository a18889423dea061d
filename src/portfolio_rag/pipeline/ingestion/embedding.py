"""embedding-generator: chunks -> vectors in the backup and in Chroma -> the document's completion.

The order of the writes is what makes a crash harmless: backup and addresses, Chroma, then the transaction that marks
and counts. Ids are deterministic, so a retry writes the same things again and only the transaction can count a chunk.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portfolio_rag.domain import tracing
from portfolio_rag.domain.access import access_attributes
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus, DocumentVersion
from portfolio_rag.domain.errors import ConditionFailed, VectorStoreUnavailable
from portfolio_rag.domain.identifiers import window_id
from portfolio_rag.domain.log_context import log_context
from portfolio_rag.domain.messages import EmbeddingMessage
from portfolio_rag.pipeline.documents.lifecycle import Lifecycle
from portfolio_rag.pipeline.documents.stores import DocumentStores
from portfolio_rag.pipeline.documents.vector_backup import vector_id
from portfolio_rag.ports.embedder import Embedder
from portfolio_rag.ports.embedding_locations import VectorLocation
from portfolio_rag.ports.runtime import Clock, Metrics, Parallel
from portfolio_rag.ports.vector_store import VectorRecord
from portfolio_rag.ports.vectors import Vectors

_log = logging.getLogger(__name__)

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class _Work:
    """One message whose version is under way, with its vectors and where they are backed up.

    `known`: all of them are backed up there. `tried`: an earlier try came so far that it may have written to Chroma.
    """

    version: DocumentVersion
    chunks: tuple[Chunk, ...]
    backup_key: str
    records: list[VectorRecord]
    known: bool
    tried: bool


class EmbeddingGenerator:
    def __init__(
        self,
        stores: DocumentStores,
        embedder: Embedder,
        lifecycle: Lifecycle,
        metrics: Metrics,
        clock: Clock,
        parallel: Parallel,
    ) -> None:
        self._stores = stores
        self._embedder = embedder
        self._lifecycle = lifecycle
        self._metrics = metrics
        self._clock = clock
        self._parallel = parallel

    def process(self, messages: Sequence[EmbeddingMessage]) -> None:
        """Embed and store all chunks of the messages together: one model run, one upsert.

        All or nothing for the caller: what it raises is retryable for every message, and repeating is harmless.
        """
        states = self._stores.registry.heads_and_versions(
            (message.document_id, message.version) for message in messages
        )
        work = self._embed([message for message in messages if self._under_way(message, states)], states)
        by_version: dict[Key, list[_Work]] = {}
        for item in work:
            by_version.setdefault((item.version.document_id, item.version.version), []).append(item)
        with tracing.span("back up vectors", versions=len(by_version)):
            self._parallel(self._back_up, by_version.values())
        # Before Chroma is asked, so that nothing is embedded again for each try while it is away.
        self._stores.embedding_locations.add(self._locations(work))
        # Read after the backup is written: a reindex that is not named here has found the backup.
        targets = self._stores.index_aliases.current().targets
        records = [record for item in work for record in item.records]
        if records:
            with tracing.span("store vectors", vectors=len(records)):
                self._upsert(targets, records, repeated=any(item.tried for item in work))
        keys_ = dict.fromkeys((message.document_id, message.version) for message in messages)
        self._parallel(lambda key: self._finish_version(key, *states[key], by_version.get(key, [])), keys_)

    def record_failure(self, message: EmbeddingMessage, error: Exception) -> None:
        """The queue will not deliver this message again: record why the document failed."""
        self._metrics.put("FailedChunks", len(message.chunks), "Count")
        self._lifecycle.fail_attempt(message.document_id, message.version, message.attempt, error)

    def _under_way(
        self, message: EmbeddingMessage, states: dict[Key, tuple[DocumentHead | None, DocumentVersion | None]]
    ) -> bool:
        head, version = states[message.document_id, message.version]
        if head is None or version is None or version.attempt != message.attempt:
            return False
        if head.replaces(version.version) and self._lifecycle.fail_if_superseded(message.document_id, message.version):
            return False
        return version.status is DocumentStatus.PROCESSING

    def _embed(
        self,
        messages: Sequence[EmbeddingMessage],
        states: dict[Key, tuple[DocumentHead | None, DocumentVersion | None]],
    ) -> list[_Work]:
        by_address = {self._address(chunk): chunk for message in messages for chunk in message.chunks}
        places = self._stores.embedding_locations.find(by_address)
        vectors = {
            address: found
            for address, found in self._stores.backup.load(places).items()
            if len(found) == len(by_address[address].windows)
        }
        missing = {address: chunk for address, chunk in by_address.items() if address not in vectors}
        vectors |= self._embed_chunks(missing)
        windows, embedded = (sum(len(chunk.windows) for chunk in of.values()) for of in (by_address, missing))
        _log.info("Embedded %s of %s windows; the others were known.", embedded, windows)
        work = []
        for message in messages:
            version = states[message.document_id, message.version][1]
            assert version is not None  # `_under_way` saw to it
            texts = [text for chunk in message.chunks for text in chunk.window_texts]
            key = self._stores.backup.key_for(self._embedder.fingerprint, message.document_id, message.version, texts)
            addresses = [self._address(chunk) for chunk in message.chunks]
            records = [
                record
                for chunk, address in zip(message.chunks, addresses, strict=True)
                for record in window_records(version, chunk, vectors[address])
            ]
            own = {address for address in addresses if address in places and places[address].s3_key == key}
            known = all(address in own and address not in missing for address in addresses)
            # Not where all are: another document may have taken over the address of what both have.
            work.append(_Work(version, message.chunks, key, records, known, tried=bool(own)))
        return work

    def _embed_chunks(self, chunks: Mapping[str, Chunk]) -> dict[str, Vectors]:
        """One run of the model over all of them; by address, shape (windows, dimensions) each."""
        if not chunks:
            return {}
        texts = [text for chunk in chunks.values() for text in chunk.window_texts]
        with tracing.span("embed", windows=len(texts)):
            rows = self._embedder.embed(texts)
        ends = itertools.accumulate(len(chunk.windows) for chunk in chunks.values())
        return {
            address: rows[end - len(chunk.windows) : end]
            for (address, chunk), end in zip(chunks.items(), ends, strict=True)
        }

    def _address(self, chunk: Chunk) -> str:
        return vector_id(self._embedder.fingerprint, chunk.embedding_hash)

    def _locations(self, work: Iterable[_Work]) -> dict[str, VectorLocation]:
        """Where each chunk's vectors lie in the object of its message."""
        places: dict[str, VectorLocation] = {}
        for item in work:
            row = 0
            for chunk in item.chunks:
                if not item.known:
                    places[self._address(chunk)] = VectorLocation(item.backup_key, row, len(chunk.windows))
                row += len(chunk.windows)
        return places

    def _upsert(self, targets: Iterable[str], records: Sequence[VectorRecord], *, repeated: bool) -> None:
        fingerprint = self._embedder.fingerprint
        try:
            for collection in targets:
                self._stores.vectors.upsert(collection, records, fingerprint=fingerprint, repeated=repeated)
        except VectorStoreUnavailable:
            self._metrics.put("ChromaDBErrors", 1, "Count")
            raise

    def _back_up(self, work: Iterable[_Work]) -> None:
        for item in work:
            if not item.known:
                self._stores.backup.write(item.backup_key, item.records)

    def _finish_version(
        self, key: Key, head: DocumentHead | None, version: DocumentVersion | None, work: Sequence[_Work]
    ) -> None:
        with log_context(document_id=key[0], correlation_id=version.correlation_id if version else None):
            _log.info("Version %s of %s: %s chunks are embedded.", key[1], key[0], sum(len(of.chunks) for of in work))
            self._finish(key, head, work)

    def _finish(self, key: Key, head: DocumentHead | None, work: Sequence[_Work]) -> None:
        """Mark what was embedded of one version, and complete it if nothing is left."""
        if work:
            assert head is not None  # `_under_way` saw to it
            version, now = work[0].version, self._clock.now_iso()
            # Chunks of a message that was delivered twice in one batch are one chunk.
            embedded = {
                chunk.chunk_id: (chunk, self._stores.backup.uri(item.backup_key))
                for item in work
                for chunk in item.chunks
            }
            if self._stores.chunks.mark_last(version, list(embedded.values()), now):
                self._lifecycle.finish_completion(head, version)
                return
            try:
                self._stores.chunks.mark_embedded(version, list(embedded.values()), now)
            except ConditionFailed:
                # Superseded, deleted or failed while we worked. Its document is due, so what we wrote is removed once
                # no worker can be busy with it any more; until then no query believes it: the version is not live.
                _log.info("Version %s of %s has ended meanwhile.", *key)
        self._lifecycle.complete(*key)


def window_records(version: DocumentVersion, chunk: Chunk, vectors: Vectors) -> list[VectorRecord]:
    """What Chroma and the backup hold of each window of a chunk; `vectors` has shape (windows, dimensions)."""
    metadata: dict[str, Any] = {
        **version.metadata,
        **access_attributes(version),
        "document_id": version.document_id,
        "version": version.version,
        "chunk_id": chunk.chunk_id,
        "chunk_index": chunk.chunk_index,
        "file_type": version.file_type,
        "filename": version.filename,
        "s3_key": version.logical_key,
        "upload_timestamp": version.upload_timestamp,
    }
    return [
        VectorRecord(window_id(chunk.chunk_id, n), vector, {**metadata, "window": n})
        for n, vector in enumerate(vectors)
    ]
