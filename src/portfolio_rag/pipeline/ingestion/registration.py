"""Registering a version of what lies in the raw bucket, and sending it on.

The head is read first, the object after it, and the registration holds only for that head: whatever another upload's
event does in between makes it fail, and the object is looked up anew. So the newest bytes always get the newest
version.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain import tracing
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus, DocumentVersion, ObjectInfo, ObjectRef
from portfolio_rag.domain.errors import ConditionFailed, Conflict, StorageUnavailable
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.domain.log_context import log_context
from portfolio_rag.domain.messages import IngestionMessage
from portfolio_rag.pipeline.documents.lifecycle import Lifecycle
from portfolio_rag.pipeline.documents.object_moves import ObjectMoves
from portfolio_rag.pipeline.ingestion.acceptance import Acceptance, Verdict
from portfolio_rag.pipeline.ingestion.new_versions import NewVersions
from portfolio_rag.pipeline.ingestion.unchanged import UnchangedUploads
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.message_queue import MessageQueue
from portfolio_rag.ports.object_store import ObjectStore
from portfolio_rag.ports.runtime import Clock
from portfolio_rag.settings.ingestion_rules import ConfigSource
from portfolio_rag.text.extraction.file_types import SNIFFED_BYTES

_log = logging.getLogger(__name__)

_TRIES = 6
"""Against concurrent uploads of the same key, before the event is left to a retry."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which object is to be registered: that of the first of the `stages` that has one.

    `send_known`: what is registered already is sent on once more. With `again`, what has been through is registered
    although it is known; while `live_version` answers, its bytes are too. `attributes_alone`: nothing but a sidecar has
    come.
    """

    bucket: str
    logical_key: str
    stages: Sequence[str]
    send_known: bool = True
    again: bool = False
    attempt: int = 1
    live_version: int = 0
    job_id: str | None = None
    attributes_alone: bool = False


@dataclass(frozen=True, slots=True)
class Registration:
    """The version that was registered, or why none was; `already_registered`: the same job has done it earlier."""

    version: DocumentVersion | None
    skip_reason: str = ""
    already_registered: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """What there is of a document, in the order in which it was read; `beginning` is what its type is told from."""

    document_id: str
    head: DocumentHead | None
    current: ObjectInfo
    beginning: bytes
    sidecar: ObjectInfo | None
    newest: DocumentVersion | None


class Registrar:
    def __init__(
        self,
        store: ObjectStore,
        registry: DocumentRegistry,
        queue: MessageQueue,
        lifecycle: Lifecycle,
        moves: ObjectMoves,
        config: ConfigSource,
        clock: Clock,
    ) -> None:
        self._store = store
        self._acceptance = Acceptance(store, config)
        self._new_versions = NewVersions(self._acceptance, config, clock)
        self._moves = moves
        self._unchanged = UnchangedUploads(store, registry, moves, config, clock)
        self._registry = registry
        self._queue = queue
        self._lifecycle = lifecycle

    def register(self, wanted: Wanted) -> Registration:
        """A new version of the object, sent on. Raises StorageUnavailable while it changes faster than that."""
        document_id = document_id_for(wanted.bucket, wanted.logical_key)
        with log_context(document_id=document_id):
            for _ in range(_TRIES):
                registration = self._try(wanted, document_id)
                if registration is not None:
                    return registration
            raise StorageUnavailable(f"{wanted.logical_key} is being uploaded faster than it can be registered.")

    def register_restored(
        self, head: DocumentHead, target: DocumentVersion, *, by: str | None, attempt: int = 1
    ) -> DocumentVersion:
        """A new version with the bytes and the chunks of an older one, as `NewVersions.restored` makes it, sent on.

        Raises ConditionFailed when the document has changed since `head` was read, Conflict where the ingestion rules
        do not allow it any more or its bytes are gone.
        """
        upload = self._store.peek(target.ref, SNIFFED_BYTES)
        if upload is None:
            raise Conflict(f"The bytes of version {target.version} are gone: it cannot answer again.")
        sidecar = self._acceptance.find_sidecar(head.bucket, head.logical_key, uploaded_before=True)
        version = self._new_versions.restored(head, target, upload, sidecar)
        version = replace(version, restored_by=by, attempt=attempt)
        self._registry.register(version, head.logical_key, head)
        self._lifecycle.supersede_older(version.document_id, version.version)
        self.send_on(version)
        return version

    def send_on(self, version: DocumentVersion) -> None:
        """To its processing; one that was refused, to its end."""
        if version.status is DocumentStatus.PENDING:
            self._queue.send([IngestionMessage.of(version).to_json()])
        else:
            self._lifecycle.try_finalize(version.document_id, version.version)

    def _try(self, wanted: Wanted, document_id: str) -> Registration | None:
        """One try; None where the document has to be looked at anew."""
        head = self._registry.head(document_id)
        # A document that no job has ever driven is told by its head alone.
        if wanted.job_id is not None and head is not None and head.job_id is not None:
            made = self._made_by(document_id, wanted.job_id)
            if made is not None:
                return Registration(made, already_registered=True)
        upload = self._peek(wanted)
        if upload is None:
            _log.info("%s is gone: moved on already, or deleted.", wanted.logical_key)
            return Registration(None, "Moved on or deleted since it was listed.")
        current, beginning = upload
        if head is not None and current.ref.version_id == (head.unchanged_upload or "none"):
            # A crash has left it behind, or another worker is about to remove it: it is no version's.
            self._moves.discard(current.ref)
            return None
        sidecar = self._acceptance.find_sidecar(
            wanted.bucket, wanted.logical_key, uploaded_before=head is not None or len(wanted.stages) > 1
        )
        newest = self._registry.get(document_id, head.latest_version) if head else None
        if newest is not None and self._is_overtaken_by_rollback(newest, current.ref):
            return None
        found = _Found(document_id, head, current, beginning, sidecar, newest)
        force = wanted.again and keys.stage_of(current.ref.key) != keys.INCOMING
        if force and not _is_current(found, wanted.live_version):
            return Registration(None, "Superseded: a later upload or a deletion has replaced it.")
        known = None if force else self._known(newest, found)
        if known is not None:
            return self._go_on_with(known, head, send=wanted.send_known)
        return self._register(wanted, found, attempt=wanted.attempt if force else 1)

    def _register(self, wanted: Wanted, found: _Found, *, attempt: int) -> Registration | None:
        verdict = self._acceptance.check(wanted.logical_key, found.current, found.beginning, found.sidecar)
        version = replace(self._new_version(wanted, found, verdict), attempt=attempt, job_id=wanted.job_id)
        try:
            # Whoever asks for the document to be taken in again is not told that it is unchanged.
            if not wanted.again and self._unchanged.absorb(
                found.head, found.newest, (found.current, found.beginning), found.sidecar, verdict
            ):
                return Registration(None, "Unchanged: the same bytes and attributes as what answers.")
            self._registry.register(version, wanted.logical_key, found.head)
        except ConditionFailed:
            return None
        # From here on the work is that of this version: an upload may bring an id of its own.
        with (
            log_context(correlation_id=version.correlation_id),
            tracing.span(
                "register", [_traced_by(found.current)], document_id=version.document_id, version=version.version
            ),
        ):
            _log.info("Version %s of %s is registered, %s.", version.version, wanted.logical_key, version.status)
            if found.head is not None:
                self._lifecycle.supersede_older(version.document_id, version.version)
            self.send_on(version)
        return Registration(version)

    def _new_version(self, wanted: Wanted, found: _Found, verdict: Verdict) -> DocumentVersion:
        version = self._new_versions.of_upload(found.document_id, found.current, verdict, found.sidecar, found.head)
        head, newest = found.head, found.newest
        if wanted.attributes_alone and head and newest and _is_being_restored(newest, found.current.ref):
            # What lies there is of the version that the rollback replaces: the attributes are for the restored one.
            target = self._registry.get(found.document_id, newest.restores or 0)
            restored = self._store.peek(newest.ref, SNIFFED_BYTES)
            if target is None or restored is None:
                raise StorageUnavailable(f"{wanted.logical_key} is being rolled back, and not at its end yet.")
            version = self._new_versions.restored(head, target, restored, found.sidecar)
            version = replace(version, restored_by=newest.restored_by)
        return version

    def _known(self, newest: DocumentVersion | None, found: _Found) -> DocumentVersion | None:
        """The version that is registered for this upload: also of a deleted document, whose bytes may lie there yet."""
        if newest is None or newest.source_version_id != found.current.ref.version_id:
            return None
        # No sidecar now but one before: our own move has taken it along.
        same_sidecar = found.sidecar is None or newest.metadata_version_id == found.sidecar.ref.version_id
        return newest if same_sidecar else None

    def _go_on_with(self, known: DocumentVersion, head: DocumentHead | None, *, send: bool) -> Registration:
        if known.settled and head is not None:
            # A crash in the middle of the move has left the original behind.
            self._moves.delete_leftover_upload(known, head)
        elif send:
            # A crash after the registration looks just like this.
            self.send_on(known)
        return Registration(None, "Unchanged: ingested already." if known.status.terminal else "Under way already.")

    def _made_by(self, document_id: str, job_id: str) -> DocumentVersion | None:
        """The version that the job has registered already, on its way again; another job may have come since."""
        made = next((version for version in self._registry.versions(document_id) if version.job_id == job_id), None)
        if made is not None and made.status is DocumentStatus.PENDING:
            # Perhaps a crash came between the registration and the message.
            self.send_on(made)
        return made

    def _peek(self, wanted: Wanted) -> tuple[ObjectInfo, bytes] | None:
        """The object of the first stage that has one, with the bytes that its type is told from."""
        for stage in wanted.stages:
            upload = self._store.peek(ObjectRef(wanted.bucket, stage + wanted.logical_key), SNIFFED_BYTES)
            if upload is not None:
                return upload
        return None

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


def _is_current(found: _Found, live_version: int) -> bool:
    """Whether the object is what the document is made of now: its newest version or, if that is over, the given one."""
    head, newest = found.head, found.newest
    if head is None or newest is None or head.deleted_at is not None:
        return False
    if newest.s3_key == found.current.ref.key:
        return True
    if newest.restores is not None and newest.status is DocumentStatus.FAILED:
        # A rollback that came to nothing has left the document as it was.
        return head.live_version > 0 and keys.stage_of(found.current.ref.key) == keys.PROCESSED
    return newest.status.terminal and 0 < live_version == head.live_version


def _is_being_restored(newest: DocumentVersion, current: ObjectRef) -> bool:
    """Whether the bytes of a rollback have not come to `processed/` yet, and what was found there is older."""
    return (
        newest.restores is not None
        and newest.status is not DocumentStatus.FAILED
        and not newest.settled
        and keys.stage_of(current.key) != keys.INCOMING
    )


def _traced_by(current: ObjectInfo) -> str | None:
    """The trace of its upload, once: what has been through is taken in again by somebody else."""
    return current.traceparent if keys.stage_of(current.ref.key) == keys.INCOMING else None
