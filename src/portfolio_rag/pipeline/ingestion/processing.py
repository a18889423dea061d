"""document-processor: bytes -> text -> chunks -> messages for the embedding queue.

A document that takes longer than an invocation has goes on in the next one: what has been read is staged
(pipeline/documents/staging.py), a message with the progress is sent, and the registry counts the step.
In that order: a step that is counted has sent its message, so a message of an earlier step is void, and one that is
lost was never counted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentVersion, Progress
from portfolio_rag.domain.errors import (
    ConditionFailed,
    DocumentRejected,
    FailureReason,
    NotFound,
    PayloadTooLarge,
    failure_of,
)
from portfolio_rag.domain.identifiers import chunk_id_for, iso, sha256_hex
from portfolio_rag.domain.messages import IngestionMessage, embedding_messages
from portfolio_rag.pipeline.documents.lifecycle import Lifecycle
from portfolio_rag.pipeline.documents.staging import StagedText, Staging
from portfolio_rag.pipeline.ingestion.chunking import chunk_batches, chunk_document, topics_of
from portfolio_rag.ports.chunk_store import ChunkStore
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.embedder import Embedder, Tokenizer
from portfolio_rag.ports.message_queue import MessageQueue
from portfolio_rag.ports.object_store import ObjectStore
from portfolio_rag.ports.runtime import Clock
from portfolio_rag.settings.ingestion_rules import ConfigSource, Rules
from portfolio_rag.text.chunking.chunker import START, ChunkCursor, ChunkDraft
from portfolio_rag.text.extraction.document import ExtractedDocument
from portfolio_rag.text.extraction.extract import ExtractionLimits, extract, extract_in_ranges, join

_log = logging.getLogger(__name__)

RESERVE = timedelta(seconds=10)
"""What is left of an invocation for the chunks in hand, staging, and the message to the next one."""

READING_SHARE = 0.6
"""Of the time for extraction: so long pages of a PDF are read; the rest is for making text of them."""

MAX_STEPS = 200
"""Three hours of work. A document that takes more costs more than it can be worth."""


class Processing:
    """`slice_chunks`: so many chunks are written and sent before the next are cut; above them a document may pause.

    `embedder` is made when a document is cut by topics, and not before: most never are.
    """

    def __init__(
        self,
        store: ObjectStore,
        registry: DocumentRegistry,
        chunks: ChunkStore,
        embedding_queue: MessageQueue,
        ingestion_queue: MessageQueue,
        staging: Staging,
        lifecycle: Lifecycle,
        config: ConfigSource,
        tokenizer: Tokenizer,
        embedder: Callable[[], Embedder],
        clock: Clock,
        slice_chunks: int,
    ) -> None:
        self._store = store
        self._registry = registry
        self._chunks = chunks
        self._embedding_queue = embedding_queue
        self._ingestion_queue = ingestion_queue
        self._staging = staging
        self._lifecycle = lifecycle
        self._config = config
        self._tokenizer = tokenizer
        self._embedder = embedder
        self._clock = clock
        self._slice_chunks = slice_chunks

    def process(self, message: IngestionMessage, end: datetime) -> None:
        """Drive one document version towards its fan-out until shortly before `end`; a redelivery is harmless.

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
        progress = message.progress or Progress()
        if progress.steps < version.steps:
            _log.info("Version %s of %s has gone on in another invocation.", message.version, message.document_id)
            return
        try:
            self._drive(version, progress, end - RESERVE)
        except DocumentRejected as rejection:
            self._lifecycle.fail(version, rejection.reason, str(rejection))
        except ConditionFailed:
            _log.info("Version %s of %s was ended by somebody else meanwhile.", message.version, message.document_id)

    def has_time(self, message: IngestionMessage, end: datetime) -> bool:
        """Whether another document may be begun: one that needs all the time it is allowed must not run into `end`."""
        rules = self._rules(message.s3_key)
        return self._clock.now() + timedelta(seconds=rules.extraction_timeout_seconds) + RESERVE < end

    def put_off(self, message: IngestionMessage) -> None:
        """Leave it to another invocation, without counting a failed attempt."""
        self._ingestion_queue.send([message.to_json()])

    def give_up(self, message: IngestionMessage, error: Exception) -> None:
        """The queue will not deliver this message again: record why the document failed."""
        version = self._registry.get(message.document_id, message.version)
        if version is not None and version.attempt == message.attempt and not version.status.terminal:
            self._lifecycle.fail(version, *failure_of(error))

    def _drive(self, version: DocumentVersion, progress: Progress, until: datetime) -> None:
        if progress.place is not None:
            staged = self._staging.text(version)
            reached = self._fan_out(version, staged, progress, until)
        else:
            rules = self._rules(version.s3_key)
            extracted = self._extract(version, rules, progress, until)
            if isinstance(extracted, ExtractedDocument):
                topics = topics_of(extracted, rules, self._embedder)
                reached = self._fan_out(version, StagedText(extracted, rules, topics), progress, until)
            else:
                reached = extracted
        if reached is not None:
            self._go_on(version, progress, replace(reached, steps=progress.steps + 1))

    def _extract(
        self, version: DocumentVersion, rules: Rules, progress: Progress, until: datetime
    ) -> ExtractedDocument | Progress:
        """The document, or how far its pages are read and staged."""
        limits = _limits(rules)
        if progress.read:
            return join(self._staging.pages(version, progress), version.filename, limits)
        first = progress.pages[-1] if progress.pages else 0
        data = self._read(version, rules.max_file_size_bytes)
        seconds = min(READING_SHARE * limits.timeout_seconds, (until - self._clock.now()).total_seconds())
        read = extract_in_ranges(data, version.filename, limits, first_page=first, seconds=seconds)
        if isinstance(read, ExtractedDocument):
            return read
        self._staging.put_pages(version, first, read.end, read.data)
        return replace(progress, pages=(*progress.pages, read.end), read=read.is_last)

    def _fan_out(
        self, version: DocumentVersion, text: StagedText, progress: Progress, until: datetime
    ) -> Progress | None:
        """Cut, write and send slice by slice; how far that has come by `until`, or None when all is sent.

        How many chunks there are is written before the last of them are sent: with the first slice for most documents,
        and never so that a document could be complete before it is.
        """
        count = progress.chunks
        for drafts, following in self._slices(text, progress.place or START, until):
            chunks = _numbered(version, drafts, count, self._now())
            count += len(chunks)
            expected = count if following is None else None
            waiting = self._chunks.create(version, chunks, expected=expected, now=self._now())
            self._embedding_queue.send([message.to_json() for message in embedding_messages(version, waiting)])
            if following is None:
                if not waiting:
                    # A redelivery after the last vector: nobody else is left to notice that the set is full.
                    self._lifecycle.complete(version.document_id, version.version)
                return None
            if self._clock.now() >= until:
                if progress.place is None:
                    self._staging.put_text(version, text)
                return replace(progress, place=following, chunks=count)
        raise _no_text()

    def _slices(
        self, text: StagedText, start: ChunkCursor, until: datetime
    ) -> Iterator[tuple[list[ChunkDraft], ChunkCursor | None]]:
        """Chunks of which so many are written at once; fewer when the time is over."""
        drafts: list[ChunkDraft] = []
        for batch in chunk_batches(text.document, text.rules, self._tokenizer, topics=text.topics, start=start):
            drafts += batch.drafts
            full = len(drafts) >= self._slice_chunks
            if batch.following is None or full or (drafts and self._clock.now() >= until):
                yield drafts, batch.following
                drafts = []

    def _go_on(self, version: DocumentVersion, progress: Progress, reached: Progress) -> None:
        """Hand over to the next invocation, unless another one has done so already."""
        if not reached.is_beyond(progress) or reached.steps > MAX_STEPS:
            raise DocumentRejected(
                FailureReason.LIMIT_EXCEEDED,
                f"The document takes too long: after {reached.steps} invocations it is still not at its end, or one of "
                "them has not come any further. Split it into parts.",
            )
        current = self._registry.get(version.document_id, version.version)
        if current is None or current.status.terminal:
            self._staging.delete(version.document_id, version.version)
        elif current.steps < reached.steps:
            self._ingestion_queue.send([IngestionMessage.of(replace(version, progress=reached)).to_json()])
            self._registry.advance(version, reached, self._now())

    def _rules(self, key: str) -> Rules:
        return self._config.rules_for(key.partition("/")[2])

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
    version: DocumentVersion,
    data: bytes,
    rules: Rules,
    tokenizer: Tokenizer,
    embedder: Callable[[], Embedder],
    created_at: str,
) -> list[Chunk]:
    """The chunks of a version's bytes: the same bytes under the same rules always give the same ids.

    Raises DocumentRejected, for a document without text too.
    """
    document = extract(data, version.filename, _limits(rules))
    drafts = chunk_document(document, rules, tokenizer, embedder)
    if not drafts:
        raise _no_text()
    return _numbered(version, drafts, 0, created_at)


def _numbered(version: DocumentVersion, drafts: list[ChunkDraft], first: int, created_at: str) -> list[Chunk]:
    """Chunks from index `first` on."""
    chunks: list[Chunk] = []
    for index, draft in enumerate(drafts, first):
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
                parts=draft.parts,
                page_start=draft.page_start,
                page_end=draft.page_end,
                created_at=created_at,
            )
        )
    return chunks


def _no_text() -> DocumentRejected:
    return DocumentRejected(FailureReason.NO_TEXT, "No text was found in the document.")


def _limits(rules: Rules) -> ExtractionLimits:
    return ExtractionLimits(
        allowed_types=rules.allowed_types,
        max_pages=rules.max_pages,
        max_characters=rules.max_characters,
        timeout_seconds=rules.extraction_timeout_seconds,
        memory_mb=rules.extraction_memory_mb,
    )
