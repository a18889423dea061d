"""document-processor: bytes -> text -> chunks -> messages for the embedding queue.

A document that takes longer than an invocation has goes on in the next one: what has been read is staged
(pipeline/documents/staging.py), a message with the progress is sent, and the registry counts the step.
In that order: a step that is counted has sent its message, so a message of an earlier step is void, and one that is
lost was never counted.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from portfolio_rag.domain import tracing
from portfolio_rag.domain.attributes import AttributeValue
from portfolio_rag.domain.document_warnings import DocumentWarning, WarningCode
from portfolio_rag.domain.documents import MAIL_TYPE, DocumentVersion, Progress
from portfolio_rag.domain.errors import ConditionFailed, DocumentRejected, FailureReason, NotFound, PayloadTooLarge
from portfolio_rag.domain.log_context import bind_log_context
from portfolio_rag.domain.messages import IngestionMessage, embedding_messages
from portfolio_rag.domain.sidecar import usable_attributes
from portfolio_rag.pipeline.documents.lifecycle import Lifecycle
from portfolio_rag.pipeline.documents.object_moves import ObjectMoves
from portfolio_rag.pipeline.documents.staging import StagedText
from portfolio_rag.pipeline.documents.stores import DocumentStores
from portfolio_rag.pipeline.ingestion.attachments import Attachments
from portfolio_rag.pipeline.ingestion.chunking import DocumentChunker, chunks_from, no_text
from portfolio_rag.pipeline.ingestion.recipe import recipe_of
from portfolio_rag.pipeline.ingestion.restored_chunks import RestoredChunks
from portfolio_rag.ports.message_queue import MessageQueue
from portfolio_rag.ports.runtime import Clock
from portfolio_rag.settings.ingestion_rules import ConfigSource, Rules
from portfolio_rag.text.chunking.chunker import START, ChunkCursor, ChunkDraft
from portfolio_rag.text.extraction.document import ExtractedDocument
from portfolio_rag.text.extraction.extract import extract_in_ranges, join

_log = logging.getLogger(__name__)

RESERVE = timedelta(seconds=10)
"""What is left of an invocation for the chunks in hand, staging, and the message to the next one."""

READING_SHARE = 0.6
"""Of the time for extraction: so long pages of a PDF are read; the rest is for making text of them."""

_LONG_NAMES = "The path of the mail leaves no room for the names of some attachments. Upload it under a shorter one."

MAX_STEPS = 200
"""Three hours of work. A document that takes more costs more than it can be worth."""


class DocumentProcessor:
    """`slice_chunks`: so many chunks are written and sent before the next are cut; above them a document may pause."""

    def __init__(
        self,
        stores: DocumentStores,
        embedding_queue: MessageQueue,
        ingestion_queue: MessageQueue,
        lifecycle: Lifecycle,
        attachments: Attachments,
        config: ConfigSource,
        chunker: DocumentChunker,
        clock: Clock,
        slice_chunks: int,
    ) -> None:
        self._stores = stores
        self._moves = ObjectMoves(stores.objects, stores.registry)
        self._restored = RestoredChunks(stores)
        self._embedding_queue = embedding_queue
        self._ingestion_queue = ingestion_queue
        self._lifecycle = lifecycle
        self._attachments = attachments
        self._config = config
        self._chunker = chunker
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
            version = self._stores.registry.start(*key, message.attempt, self._clock.now_iso())
        except ConditionFailed:
            _log.info("Version %s of %s has ended, or lives again.", message.version, message.document_id)
            self._lifecycle.try_finalize(*key)
            return
        # A message that was sent once more came with the id of whoever did so.
        bind_log_context(correlation_id=version.correlation_id)
        progress = message.progress or Progress()
        if progress.steps < version.steps:
            _log.info("Version %s of %s has gone on in another invocation.", message.version, message.document_id)
            return
        try:
            self._run_step(version, progress, end - RESERVE)
            _log.info("Version %s of %s has been worked on.", message.version, message.document_id)
        except DocumentRejected as rejection:
            self._lifecycle.fail(version, rejection.reason, str(rejection))
        except ConditionFailed:
            _log.info("Version %s of %s was ended by somebody else meanwhile.", message.version, message.document_id)

    def record_failure(self, message: IngestionMessage, error: Exception) -> None:
        """The queue will not deliver this message again: record why the document failed."""
        self._lifecycle.fail_attempt(message.document_id, message.version, message.attempt, error)

    def _run_step(self, version: DocumentVersion, progress: Progress, until: datetime) -> None:
        if version.restores is not None:
            reached = self._restore(version, progress, until)
        elif progress.place is not None:
            staged = self._stores.staging.text(version)
            with tracing.span("chunk"):
                reached = self._fan_out(version, staged, progress, until)
        else:
            rules = self._rules(version.s3_key)
            # Pages that were read under other rules than the rest are of no recipe.
            recipe = recipe_of(rules)
            version = replace(version, recipe=recipe if progress.steps == 0 or version.recipe == recipe else None)
            with tracing.span("extract", file_type=version.file_type, size=version.file_size):
                version, extracted = self._extract(version, rules, progress, until)
            if isinstance(extracted, ExtractedDocument):
                version = replace(version, extracted_at=self._clock.now_iso())
                extracted = self._without_attachments(version, extracted)
                self._record_findings(version, extracted)
                topics = self._chunker.topics_of(extracted, rules)
                with tracing.span("chunk"):
                    reached = self._fan_out(version, StagedText(extracted, rules, topics), progress, until)
            else:
                reached = extracted
        if reached is not None:
            self._hand_over(version, progress, replace(reached, steps=progress.steps + 1))

    def _record_findings(self, version: DocumentVersion, document: ExtractedDocument) -> None:
        """Before the first chunk is sent: its vectors carry the attributes, and with the last the version is closed."""
        metadata = _attributes(version, document)
        if document.warnings or metadata != version.metadata:
            self._stores.registry.record_findings(version, document.warnings, metadata, self._clock.now_iso())

    def _extract(
        self, version: DocumentVersion, rules: Rules, progress: Progress, until: datetime
    ) -> tuple[DocumentVersion, ExtractedDocument | Progress]:
        """The version with its content hash, and the document, or how far its pages are read and staged."""
        limits = self._chunker.limits(rules)
        if progress.read:
            return version, join(self._stores.staging.pages(version, progress), version.filename, limits)
        first = progress.pages[-1] if progress.pages else 0
        data = self._read(version, rules.max_file_size_bytes)
        version = replace(version, content_sha256=hashlib.sha256(data).hexdigest())
        seconds = min(READING_SHARE * limits.timeout_seconds, (until - self._clock.now()).total_seconds())
        read = extract_in_ranges(data, version.filename, limits, first_page=first, seconds=seconds)
        if isinstance(read, ExtractedDocument):
            return version, read
        self._stores.staging.put_pages(version, first, read.end, read.data)
        return version, replace(progress, pages=(*progress.pages, read.end), read=read.is_last)

    def _without_attachments(self, version: DocumentVersion, document: ExtractedDocument) -> ExtractedDocument:
        """The document once its attachments are on their way: first, so that no crash leaves it complete without."""
        if document.file_type != MAIL_TYPE:
            return document
        # With all the attributes of the mail, also those that are recorded only afterwards: a redelivery says the same.
        mail = replace(version, metadata=_attributes(version, document))
        unfit = self._attachments.ingest(mail, document.attachments)
        warnings = document.warnings
        if unfit:
            warnings += (DocumentWarning(WarningCode.PARTS_LEFT_OUT, _LONG_NAMES, parts=tuple(unfit)),)
        return replace(document, attachments=(), warnings=warnings)

    def _fan_out(
        self, version: DocumentVersion, text: StagedText, progress: Progress, until: datetime
    ) -> Progress | None:
        """Cut, write and send slice by slice; how far that has come by `until`, or None when all is sent.

        How many chunks there are is written before the last of them are sent: with the first slice for most documents,
        and never so that a document could be complete before it is.
        """
        count = progress.chunks
        for drafts, following in self._slices(text, progress.place or START, until):
            chunks = chunks_from(version, drafts, count, self._clock.now_iso())
            count += len(chunks)
            expected = count if following is None else None
            waiting = self._stores.chunks.create(version, chunks, expected=expected, now=self._clock.now_iso())
            self._embedding_queue.send([message.to_json() for message in embedding_messages(version, waiting)])
            if following is None:
                if not waiting:
                    # A redelivery after the last vector: nobody else is left to notice that the set is full.
                    self._lifecycle.complete(version.document_id, version.version)
                return None
            if self._clock.now() >= until:
                if progress.place is None:
                    self._stores.staging.put_text(version, text)
                return replace(progress, place=following, chunks=count)
        raise no_text()

    def _restore(self, version: DocumentVersion, progress: Progress, until: datetime) -> Progress | None:
        """Write and send the chunks of the version that this one restores; as `_fan_out`, and nothing is staged."""
        chunks = self._restored.of(version, self._clock.now_iso())
        count = progress.chunks
        while count < len(chunks):
            part = chunks[count : count + self._slice_chunks]
            count += len(part)
            pending = self._stores.chunks.create(
                version, part, expected=count if count == len(chunks) else None, now=self._clock.now_iso()
            )
            self._embedding_queue.send([message.to_json() for message in embedding_messages(version, pending)])
            if count < len(chunks) and self._clock.now() >= until:
                return replace(progress, place=(0, count), chunks=count)
        if not pending:
            self._lifecycle.complete(version.document_id, version.version)
        return None

    def _slices(
        self, text: StagedText, start: ChunkCursor, until: datetime
    ) -> Iterator[tuple[list[ChunkDraft], ChunkCursor | None]]:
        """Chunks of which so many are written at once; fewer when the time is over."""
        drafts: list[ChunkDraft] = []
        for batch in self._chunker.batches(text.document, text.rules, topics=text.topics, start=start):
            drafts += batch.drafts
            full = len(drafts) >= self._slice_chunks
            if batch.following is None or full or (drafts and self._clock.now() >= until):
                yield drafts, batch.following
                drafts = []

    def _hand_over(self, version: DocumentVersion, progress: Progress, reached: Progress) -> None:
        """Hand over to the next invocation, unless another one has done so already."""
        if not reached.is_beyond(progress) or reached.steps > MAX_STEPS:
            raise DocumentRejected(
                FailureReason.LIMIT_EXCEEDED,
                f"The document takes too long: after {reached.steps} invocations it is still not at its end, or one of "
                "them has not come any further. Split it into parts.",
            )
        current = self._stores.registry.get(version.document_id, version.version)
        if current is None or current.status.terminal:
            self._stores.staging.delete(version.document_id, version.version)
        elif current.steps < reached.steps:
            self._ingestion_queue.send([IngestionMessage.of(replace(version, progress=reached)).to_json()])
            self._stores.registry.record_progress(version, reached, self._clock.now_iso())

    def _rules(self, key: str) -> Rules:
        return self._config.rules_for(key.partition("/")[2])

    def _read(self, version: DocumentVersion, max_bytes: int) -> bytes:
        try:
            try:
                return self._stores.objects.get(version.ref, max_bytes=max_bytes)
            except NotFound:
                moved = self._moves.relink_object(version)
                if moved is None:
                    raise
                return self._stores.objects.get(moved.ref, max_bytes=max_bytes)
        except NotFound as error:
            raise DocumentRejected(
                FailureReason.DELETED, "The upload was deleted before it could be read. Upload it again."
            ) from error
        except PayloadTooLarge as error:
            raise DocumentRejected(FailureReason.TOO_LARGE, str(error)) from error


def _attributes(version: DocumentVersion, document: ExtractedDocument) -> dict[str, AttributeValue]:
    """What the sidecar says holds against what the document says of itself."""
    return {**usable_attributes(document.attributes), **version.metadata}
