"""document-intake: register what was uploaded, notice what was deleted."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain import tracing
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus, DocumentVersion, ObjectInfo, ObjectRef
from portfolio_rag.domain.errors import ConditionFailed, Conflict, FailureReason, StorageUnavailable
from portfolio_rag.domain.identifiers import document_id_for, iso
from portfolio_rag.domain.log_context import correlation_id, log_context
from portfolio_rag.domain.messages import IngestionMessage
from portfolio_rag.domain.sidecar import attributes_digest
from portfolio_rag.pipeline.documents.lifecycle import Lifecycle
from portfolio_rag.pipeline.documents.object_moves import ObjectMoves
from portfolio_rag.pipeline.ingestion.acceptance import Acceptance, Verdict
from portfolio_rag.pipeline.ingestion.unchanged import UnchangedUploads
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.message_queue import MessageQueue
from portfolio_rag.ports.object_store import ObjectStore
from portfolio_rag.ports.runtime import Clock
from portfolio_rag.settings.ingestion_rules import ConfigSource
from portfolio_rag.text.extraction.file_types import SNIFFED_BYTES

_log = logging.getLogger(__name__)

_REGISTRATIONS = 6
"""Tries against concurrent uploads of the same key before the event is left to a retry."""


@dataclass(frozen=True, slots=True)
class Registration:
    """The version that was registered, or why none was; `already_registered`: the same job has done it earlier."""

    version: DocumentVersion | None
    skip_reason: str = ""
    already_registered: bool = False


class DocumentIntake:
    def __init__(
        self,
        store: ObjectStore,
        registry: DocumentRegistry,
        queue: MessageQueue,
        lifecycle: Lifecycle,
        config: ConfigSource,
        clock: Clock,
    ) -> None:
        self._store = store
        self._acceptance = Acceptance(store, config)
        self._moves = ObjectMoves(store, registry)
        self._unchanged = UnchangedUploads(store, registry, self._moves, config, clock)
        self._registry = registry
        self._queue = queue
        self._lifecycle = lifecycle
        self._config = config
        self._clock = clock

    def object_created(self, ref: ObjectRef) -> DocumentVersion | None:
        """Register the object as it stands in `incoming/` now and send it on; None if there is nothing to do.

        The event says only where to look: late, doubled and reordered events all lead to the current object, and
        the version that is registered for it already is not registered again.
        """
        if keys.stage_of(ref.key) != keys.INCOMING or keys.is_folder_marker(ref.key):
            return None
        if keys.is_sidecar(ref.key):
            return self._sidecar_created(ref)
        return self._register(ref.bucket, keys.logical_key_of(ref.key), [keys.INCOMING]).version

    def register_missed(self, ref: ObjectRef) -> DocumentVersion | None:
        """Register an object whose event never came; one that is known already waits for its turn in the queue."""
        if keys.is_folder_marker(ref.key) or keys.is_sidecar(ref.key):
            return None
        return self._register(ref.bucket, keys.logical_key_of(ref.key), [keys.INCOMING], send_known=False).version

    def register_for_job(self, ref: ObjectRef, job_id: str) -> Registration:
        """Register what a batch job has found: as `register_missed` what waits in `incoming/`, else `reingest` it.

        The version carries the job's id, and so does the head: a job never makes a second one of the same document,
        wherever the pipeline has moved it meanwhile.
        """
        stage = keys.stage_of(ref.key)
        stages = [keys.INCOMING, *([stage] if stage not in (None, keys.INCOMING) else [])]
        return self._register(
            ref.bucket,
            keys.logical_key_of(ref.key),
            stages,
            send_known=False,
            again=stage != keys.INCOMING,
            job_id=job_id,
        )

    def reingest(self, ref: ObjectRef, *, attempt: int = 1) -> DocumentVersion | None:
        """A new version of a document that has been through, from the same bytes where they lie now.

        For new rules, retries and repairs: its vectors are found by content, so unchanged text is not embedded again,
        and nothing is ever written to `incoming/`, so the pipeline cannot feed itself. A newer upload that waits there
        comes first. None where those bytes are not what the newest version is made of: an earlier upload that failed
        must not replace a later one that did not.
        """
        stages = [keys.INCOMING, *([stage] if (stage := keys.stage_of(ref.key)) else [])]
        return self._register(ref.bucket, keys.logical_key_of(ref.key), stages, again=True, attempt=attempt).version

    def reingest_live(self, live: DocumentVersion, *, attempt: int) -> DocumentVersion | None:
        """`reingest` for the version that answers, also where a later upload has failed: that one is history then."""
        return self._register(
            live.bucket,
            keys.logical_key_of(live.s3_key),
            [keys.INCOMING, keys.PROCESSED],
            again=True,
            attempt=attempt,
            live_version=live.version,
        ).version

    def register_restored(
        self, head: DocumentHead, target: DocumentVersion, *, by: str | None, attempt: int = 1
    ) -> DocumentVersion:
        """A new version with the bytes and the chunks of an older one, for a rollback; attributes and access list are
        those that the document has now, and what the older one said of itself.

        Raises ConditionFailed when the document has changed since `head` was read, Conflict where the ingestion rules
        do not allow it any more or its bytes are gone.
        """
        upload = self._store.peek(target.ref, SNIFFED_BYTES)
        if upload is None:
            raise Conflict(f"The bytes of version {target.version} are gone: it cannot answer again.")
        sidecar = self._acceptance.find_sidecar(head.bucket, head.logical_key, uploaded_before=True)
        version = self._restored_version(head, target, upload, sidecar)
        version = replace(version, restored_by=by, attempt=attempt)
        self._registry.register(version, head.logical_key, head)
        self._lifecycle.supersede_older(version.document_id, version.version)
        self._send_on(version)
        return version

    def send_again(self, version: DocumentVersion) -> None:
        """Perhaps a crash came between its registration and its message."""
        self._send_on(version)

    def register_untracked(self, ref: ObjectRef) -> DocumentVersion | None:
        """Register an object in `processed/` or `failed/` that the registry has never seen, or has lost."""
        stage = keys.stage_of(ref.key) or keys.PROCESSED
        return self._register(ref.bucket, keys.logical_key_of(ref.key), [keys.INCOMING, stage]).version

    def object_removed(self, ref: ObjectRef) -> None:
        """Purge a document whose object was deleted; the pipeline's own moves change nothing."""
        stage = keys.stage_of(ref.key)
        if stage not in (keys.INCOMING, keys.PROCESSED) or keys.is_sidecar(ref.key):
            return
        document_id = document_id_for(ref.bucket, keys.logical_key_of(ref.key))
        head = self._registry.head(document_id)
        if head is None:
            return
        if stage == keys.INCOMING and head.deleted_at is None and head.live_version == head.latest_version:
            return  # The newest upload is COMPLETED: what left `incoming/` was moved, or never became a version.
        newest = self._registry.get(document_id, head.latest_version)
        live = self._registry.get(document_id, head.live_version) if head.live_version else None
        # The registry first, the object after it: an object that a row names was there when the row was written.
        if self._store.head(ObjectRef(ref.bucket, ref.key)) is not None:
            return
        under_way = newest is not None and not newest.status.terminal and newest.s3_key == _incoming(ref.key)
        if head.deleted_at is not None:
            self._lifecycle.withdraw(head, keep_newest=False)
        elif stage == keys.PROCESSED and live is not None:
            if live.s3_key != ref.key and not self._moves.was_deleted_after_unrecorded_move(live, head):
                return  # A late event of an earlier version's object: this one has not been moved there yet.
            keep = under_way and self._store.head(ObjectRef(ref.bucket, _incoming(ref.key))) is not None
            self._lifecycle.withdraw(head, keep_newest=keep)
        elif (
            stage == keys.INCOMING
            and newest is not None
            and under_way
            and self._moves.find_moved_object(newest) is None
        ):
            if head.live_version:
                self._lifecycle.fail(newest, FailureReason.DELETED, "The upload was deleted before it was processed.")
            else:
                self._lifecycle.withdraw(head, keep_newest=False)

    def _sidecar_created(self, ref: ObjectRef) -> DocumentVersion | None:
        if self._store.head(ObjectRef(ref.bucket, ref.key)) is None:
            return None
        logical_key = keys.logical_key_of(keys.document_of(ref.key))
        # Where the document has been through already, the same bytes are taken in again with their new attributes.
        stages = [keys.INCOMING, keys.PROCESSED, keys.FAILED]
        return self._register(ref.bucket, logical_key, stages, attributes_alone=True).version

    def _register(
        self,
        bucket: str,
        logical_key: str,
        stages: Sequence[str],
        *,
        send_known: bool = True,
        again: bool = False,
        attempt: int = 1,
        live_version: int = 0,
        job_id: str | None = None,
        attributes_alone: bool = False,
    ) -> Registration:
        """Register the object of the first stage that has one, as a new version, and send it on.

        The head is read first, the object after it, and the registration holds only for that head: whatever another
        upload's event does in between makes it fail, and the object is looked up anew. So the newest bytes always get
        the newest version. With `again`, what has been through is registered although it is known; while `live_version`
        answers, its bytes are too. `attributes_alone`: nothing but a sidecar has come.
        """
        document_id = document_id_for(bucket, logical_key)
        with log_context(document_id=document_id):
            for _ in range(_REGISTRATIONS):
                head = self._registry.head(document_id)
                # A document that no job has ever driven is told by its head alone.
                if job_id is not None and head is not None and head.job_id is not None:
                    made = self._made_by(document_id, job_id)
                    if made is not None:
                        return Registration(made, already_registered=True)
                upload = self._peek(bucket, logical_key, stages)
                if upload is None:
                    _log.info("%s is gone: moved on already, or deleted.", logical_key)
                    return Registration(None, "Moved on or deleted since it was listed.")
                current, beginning = upload
                if head is not None and current.ref.version_id == (head.unchanged_upload or "none"):
                    # A crash has left it behind, or another worker is about to remove it: it is no version's.
                    self._moves.discard(current.ref)
                    continue
                sidecar = self._acceptance.find_sidecar(
                    bucket, logical_key, uploaded_before=head is not None or len(stages) > 1
                )
                newest = self._registry.get(document_id, head.latest_version) if head else None
                if newest is not None and self._is_overtaken_by_rollback(newest, current.ref):
                    continue
                force = again and keys.stage_of(current.ref.key) != keys.INCOMING
                if force and not _is_current(current, head, newest, live_version):
                    return Registration(None, "Superseded: a later upload or a deletion has replaced it.")
                known = None if force else self._known(newest, current, sidecar)
                if known is not None:
                    if known.settled and head is not None:
                        # A crash in the middle of the move has left the original behind.
                        self._moves.delete_leftover_upload(known, head)
                    elif send_known:
                        # A crash after the registration looks just like this.
                        self._send_on(known)
                    reason = "Unchanged: ingested already." if known.status.terminal else "Under way already."
                    return Registration(None, reason)
                verdict = self._acceptance.check(logical_key, current, beginning, sidecar)
                version = self._new_version(document_id, current, verdict, sidecar, head)
                if attributes_alone and head and newest and _is_being_restored(newest, current.ref):
                    # What lies there is of the version that the rollback replaces: the attributes are for the
                    # restored one.
                    target = self._registry.get(document_id, newest.restores or 0)
                    restored = self._store.peek(newest.ref, SNIFFED_BYTES)
                    if target is None or restored is None:
                        raise StorageUnavailable(f"{logical_key} is being rolled back, and not at its end yet.")
                    version = self._restored_version(head, target, restored, sidecar)
                    version = replace(version, restored_by=newest.restored_by)
                version = replace(version, attempt=attempt if force else 1, job_id=job_id)
                try:
                    # Whoever asks for the document to be taken in again is not told that it is unchanged.
                    if not again and self._unchanged.absorb(head, newest, upload, sidecar, verdict):
                        return Registration(None, "Unchanged: the same bytes and attributes as what answers.")
                    self._registry.register(version, logical_key, head)
                except ConditionFailed:
                    continue
                # From here on the work is that of this version: an upload may bring an id of its own.
                with (
                    log_context(correlation_id=version.correlation_id),
                    tracing.span("register", [_traced_by(current)], document_id=document_id, version=version.version),
                ):
                    _log.info("Version %s of %s is registered, %s.", version.version, logical_key, version.status)
                    if head is not None:
                        self._lifecycle.supersede_older(document_id, version.version)
                    self._send_on(version)
                return Registration(version)
            raise StorageUnavailable(f"{logical_key} is being uploaded faster than it can be registered.")

    def _made_by(self, document_id: str, job_id: str) -> DocumentVersion | None:
        """The version that the job has registered already, on its way again; another job may have come since."""
        made = next((version for version in self._registry.versions(document_id) if version.job_id == job_id), None)
        if made is not None and made.status is DocumentStatus.PENDING:
            # Perhaps a crash came between the registration and the message.
            self._send_on(made)
        return made

    def _send_on(self, version: DocumentVersion) -> None:
        if version.status is DocumentStatus.PENDING:
            self._queue.send([IngestionMessage.of(version).to_json()])
        else:
            self._lifecycle.try_finalize(version.document_id, version.version)

    def _peek(self, bucket: str, logical_key: str, stages: Sequence[str]) -> tuple[ObjectInfo, bytes] | None:
        """The object of the first stage that has one, with the bytes that its type is told from."""
        for stage in stages:
            upload = self._store.peek(ObjectRef(bucket, stage + logical_key), SNIFFED_BYTES)
            if upload is not None:
                return upload
        return None

    def _restored_version(
        self,
        head: DocumentHead,
        target: DocumentVersion,
        upload: tuple[ObjectInfo, bytes],
        sidecar: ObjectInfo | None,
    ) -> DocumentVersion:
        verdict = self._acceptance.check(head.logical_key, *upload, sidecar)
        if verdict.rejection is not None:
            raise Conflict(f"Version {target.version} cannot answer again: {verdict.rejection}")
        version = self._new_version(target.document_id, upload[0], verdict, sidecar, head)
        return replace(
            version,
            filename=target.filename,
            metadata={**target.metadata, **verdict.metadata},
            content_sha256=target.content_sha256,
            recipe=target.recipe,
            warnings=target.warnings,
            restores=target.version,
        )

    def _is_overtaken_by_rollback(self, newest: DocumentVersion, waiting: ObjectRef) -> bool:
        """True if a rollback came after what waits in `incoming/`: its version has ended, or ends now, and moves it."""
        if newest.restores is None or keys.stage_of(waiting.key) != keys.INCOMING:
            return False
        older = self._registry.versions(newest.document_id)[1:]
        owner = next((version for version in older if version.source_version_id == waiting.version_id), None)
        if owner is None:
            return False
        self._lifecycle.supersede_older(newest.document_id, newest.version)
        self._lifecycle.try_finalize(owner.document_id, owner.version)
        ended = self._registry.get(owner.document_id, owner.version)
        head = self._registry.head(owner.document_id)
        if ended is not None and ended.settled and head is not None:
            self._moves.delete_leftover_upload(ended, head)
        return True

    def _known(
        self, newest: DocumentVersion | None, current: ObjectInfo, sidecar: ObjectInfo | None
    ) -> DocumentVersion | None:
        """The version that is registered for this upload: also of a deleted document, whose bytes may lie there yet."""
        if newest is None or newest.source_version_id != current.ref.version_id:
            return None
        # No sidecar now but one before: our own move has taken it along.
        same_sidecar = sidecar is None or newest.metadata_version_id == sidecar.ref.version_id
        return newest if same_sidecar else None

    def _new_version(
        self,
        document_id: str,
        current: ObjectInfo,
        verdict: Verdict,
        sidecar: ObjectInfo | None,
        head: DocumentHead | None,
    ) -> DocumentVersion:
        """PENDING, or FAILED from the first write on where the upload is refused: no crash can let it through."""
        rejection = verdict.rejection
        now = self._clock.now_iso()
        version_id = current.ref.version_id or "null"
        version = DocumentVersion(
            document_id=document_id,
            version=head.latest_version + 1 if head else 1,
            bucket=current.ref.bucket,
            s3_key=current.ref.key,
            s3_version_id=version_id,
            source_version_id=version_id,
            filename=keys.filename_of(current.ref.key),
            # Bytes that have been through are taken in now: old objects must not look as if they had waited for long.
            upload_timestamp=iso(current.last_modified) if keys.stage_of(current.ref.key) == keys.INCOMING else now,
            file_size=current.size,
            file_type=verdict.file_type,
            status=DocumentStatus.FAILED if rejection else DocumentStatus.PENDING,
            embedding_model=self._config.model_config().embedding_model,
            metadata=verdict.metadata,
            metadata_version_id=sidecar.ref.version_id if sidecar else None,
            access_list=verdict.access_list,
            attributes_sha256=attributes_digest(verdict.metadata),
            updated_at=now,
            correlation_id=_began_with(current),
            registered_at=now,
        )
        if rejection is None:
            return version
        _log.warning("Document refused: %s", rejection, extra={"document_id": document_id, "reason": rejection.reason})
        return replace(version, error_code=rejection.reason, error_message=str(rejection), processing_completed_at=now)


def _is_current(
    current: ObjectInfo, head: DocumentHead | None, newest: DocumentVersion | None, live_version: int
) -> bool:
    """Whether the object is what the document is made of now: its newest version or, if that is over, the given one."""
    if head is None or newest is None or head.deleted_at is not None:
        return False
    if newest.s3_key == current.ref.key:
        return True
    if newest.restores is not None and newest.status is DocumentStatus.FAILED:
        # A rollback that came to nothing has left the document as it was.
        return head.live_version > 0 and keys.stage_of(current.ref.key) == keys.PROCESSED
    return newest.status.terminal and 0 < live_version == head.live_version


def _began_with(current: ObjectInfo) -> str | None:
    """The id of the request that uploaded it; for what has been through before, that of what takes it in again."""
    uploaded = current.correlation_id if keys.stage_of(current.ref.key) == keys.INCOMING else None
    return uploaded or correlation_id()


def _traced_by(current: ObjectInfo) -> str | None:
    """The trace of its upload, once: what has been through is taken in again by somebody else."""
    return current.traceparent if keys.stage_of(current.ref.key) == keys.INCOMING else None


def _is_being_restored(newest: DocumentVersion, current: ObjectRef) -> bool:
    """Whether the bytes of a rollback have not come to `processed/` yet, and what was found there is older."""
    return (
        newest.restores is not None
        and newest.status is not DocumentStatus.FAILED
        and not newest.settled
        and keys.stage_of(current.key) != keys.INCOMING
    )


def _incoming(key: str) -> str:
    return keys.INCOMING + keys.logical_key_of(key)
