"""document-processor: bytes -> text -> chunks -> messages for the embedding queue."""

from __future__ import annotations

import logging

from portfolio_rag.errors import ConditionFailed, DocumentRejected, FailureReason, NotFound, PayloadTooLarge, failure_of
from portfolio_rag.messages import IngestionMessage, embedding_messages
from portfolio_rag.models import Chunk, DocumentVersion, chunk_id_for, iso, sha256_hex
from portfolio_rag.ports import ChunkStore, Clock, DocumentRegistry, MessageQueue, ObjectStore, Tokenizer
from portfolio_rag.rules import ConfigSource, Rules
from portfolio_rag.services.lifecycle import Lifecycle
from portfolio_rag.text.chunk import chunk
from portfolio_rag.text.extract import ExtractionLimits, extract

_log = logging.getLogger(__name__)


class Processing:
    def __init__(
        self,
        store: ObjectStore,
        registry: DocumentRegistry,
        chunks: ChunkStore,
        queue: MessageQueue,
        lifecycle: Lifecycle,
        config: ConfigSource,
        tokenizer: Tokenizer,
        clock: Clock,
    ) -> None:
        self._store = store
        self._registry = registry
        self._chunks = chunks
        self._queue = queue
        self._lifecycle = lifecycle
        self._config = config
        self._tokenizer = tokenizer
        self._clock = clock

    def process(self, message: IngestionMessage) -> None:
        """Drive one document version up to its fan-out; a redelivery sends only what still waits.

        A document that can never be ingested ends FAILED here, which is success for the queue. Everything retryable
        is raised.
        """
        key = (message.document_id, message.version)
        try:
            # Not read first: what has ended refuses the start, and a version that was replaced in this very moment is
            # ended by whoever embeds it.
            version = self._registry.start(*key, message.attempt, self._now())
        except ConditionFailed:
            _log.info("Version %s of %s has ended, or lives again.", message.version, message.document_id)
            self._lifecycle.settle_now(*key)
            return
        try:
            self._fan_out(version)
        except DocumentRejected as rejection:
            self._lifecycle.fail(version, rejection.reason, str(rejection))
        except ConditionFailed:
            _log.info("Version %s of %s was ended by somebody else meanwhile.", message.version, message.document_id)

    def give_up(self, message: IngestionMessage, error: Exception) -> None:
        """The queue will not deliver this message again: record why the document failed."""
        version = self._registry.get(message.document_id, message.version)
        if version is not None and version.attempt == message.attempt and not version.status.terminal:
            self._lifecycle.fail(version, *failure_of(error))

    def _fan_out(self, version: DocumentVersion) -> None:
        chunks = self._chunk(version)
        waiting = self._chunks.create(version, chunks, expected=len(chunks), now=self._now())
        self._queue.send([message.to_json() for message in embedding_messages(version, waiting)])
        if not waiting:
            # A redelivery after the last vector: nobody else is left to notice that the set is full.
            self._lifecycle.complete(version.document_id, version.version)

    def _chunk(self, version: DocumentVersion) -> list[Chunk]:
        rules = self._config.rules_for(version.s3_key.partition("/")[2])
        data = self._read(version, rules.max_file_size_bytes)
        return chunks_of(version, data, rules, self._tokenizer, self._now())

    def _read(self, version: DocumentVersion, max_bytes: int) -> bytes:
        try:
            try:
                return self._store.get(version.ref, max_bytes=max_bytes)
            except NotFound:
                moved = self._lifecycle.follow(version)
                if moved is None:
                    raise
                return self._store.get(moved.ref, max_bytes=max_bytes)
        except NotFound as error:
            raise DocumentRejected(
                FailureReason.DELETED, "The upload was deleted before it could be read. Upload it again."
            ) from error
        except PayloadTooLarge as error:
            raise DocumentRejected(FailureReason.TOO_LARGE, str(error)) from error

    def _now(self) -> str:
        return iso(self._clock.now())


def chunks_of(
    version: DocumentVersion, data: bytes, rules: Rules, tokenizer: Tokenizer, created_at: str
) -> list[Chunk]:
    """The chunks of a version's bytes: the same bytes under the same rules always give the same ids.

    Raises DocumentRejected, for a document without text too.
    """
    document = extract(data, version.filename, _limits(rules))
    drafts = chunk(
        document,
        tokenizer,
        size_tokens=rules.chunk_size_tokens,
        overlap_tokens=rules.chunk_overlap_tokens,
        window_tokens=rules.window_tokens,
    )
    if not drafts:
        raise DocumentRejected(FailureReason.NO_TEXT, "No text was found in the document.")
    chunks: list[Chunk] = []
    for index, draft in enumerate(drafts):
        content_hash = sha256_hex(draft.content)
        chunks.append(
            Chunk(
                chunk_id=chunk_id_for(version.document_id, version.version, index, content_hash),
                document_id=version.document_id,
                version=version.version,
                chunk_index=index,
                content=draft.content,
                content_hash=content_hash,
                token_count=draft.token_count,
                span=draft.span,
                windows=tuple(draft.windows),
                heading_path=tuple(draft.heading_path),
                page_start=draft.page_start,
                page_end=draft.page_end,
                created_at=created_at,
            )
        )
    return chunks


def _limits(rules: Rules) -> ExtractionLimits:
    return ExtractionLimits(
        allowed_types=rules.allowed_types,
        max_pages=rules.max_pages,
        max_characters=rules.max_characters,
        timeout_seconds=rules.extraction_timeout_seconds,
        memory_mb=rules.extraction_memory_mb,
    )
