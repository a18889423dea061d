"""document-intake: what an event, a job or a repair asks to be registered, and what was deleted."""

from __future__ import annotations

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.documents import DocumentHead, DocumentVersion, ObjectRef
from portfolio_rag.pipeline.documents.lifecycle import Lifecycle
from portfolio_rag.pipeline.documents.object_moves import ObjectMoves
from portfolio_rag.pipeline.ingestion.registration import Registrar, Registration, Wanted
from portfolio_rag.pipeline.ingestion.removal import RemovedObjects
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.message_queue import MessageQueue
from portfolio_rag.ports.object_store import ObjectStore
from portfolio_rag.ports.runtime import Clock
from portfolio_rag.settings.ingestion_rules import ConfigSource


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
        moves = ObjectMoves(store, registry)
        self._store = store
        self._registrar = Registrar(store, registry, queue, lifecycle, moves, config, clock)
        self._removed = RemovedObjects(store, registry, moves, lifecycle)

    def object_created(self, ref: ObjectRef) -> DocumentVersion | None:
        """Register the object as it stands in `incoming/` now and send it on; None if there is nothing to do.

        The event says only where to look: late, doubled and reordered events all lead to the current object, and
        the version that is registered for it already is not registered again.
        """
        if keys.stage_of(ref.key) != keys.INCOMING or keys.is_folder_marker(ref.key):
            return None
        if keys.is_sidecar(ref.key):
            return self._sidecar_created(ref)
        return self._register(Wanted(ref.bucket, keys.logical_key_of(ref.key), [keys.INCOMING]))

    def register_missed(self, ref: ObjectRef) -> DocumentVersion | None:
        """Register an object whose event never came; one that is known already waits for its turn in the queue."""
        if keys.is_folder_marker(ref.key) or keys.is_sidecar(ref.key):
            return None
        return self._register(Wanted(ref.bucket, keys.logical_key_of(ref.key), [keys.INCOMING], send_known=False))

    def register_for_job(self, ref: ObjectRef, job_id: str) -> Registration:
        """Register what a batch job has found: as `register_missed` what waits in `incoming/`, else `reingest` it.

        The version carries the job's id, and so does the head: a job never makes a second one of the same document,
        wherever the pipeline has moved it meanwhile.
        """
        stage = keys.stage_of(ref.key)
        stages = [keys.INCOMING, *([stage] if stage not in (None, keys.INCOMING) else [])]
        return self._registrar.register(
            Wanted(
                ref.bucket,
                keys.logical_key_of(ref.key),
                stages,
                send_known=False,
                again=stage != keys.INCOMING,
                job_id=job_id,
            )
        )

    def reingest(self, ref: ObjectRef, *, attempt: int = 1) -> DocumentVersion | None:
        """A new version of a document that has been through, from the same bytes where they lie now.

        For new rules, retries and repairs: its vectors are found by content, so unchanged text is not embedded again,
        and nothing is ever written to `incoming/`, so the pipeline cannot feed itself. A newer upload that waits there
        comes first. None where those bytes are not what the newest version is made of: an earlier upload that failed
        must not replace a later one that did not.
        """
        stages = [keys.INCOMING, *([stage] if (stage := keys.stage_of(ref.key)) else [])]
        return self._register(Wanted(ref.bucket, keys.logical_key_of(ref.key), stages, again=True, attempt=attempt))

    def reingest_live(self, live: DocumentVersion, *, attempt: int) -> DocumentVersion | None:
        """`reingest` for the version that answers, also where a later upload has failed: that one is history then."""
        return self._register(
            Wanted(
                live.bucket,
                keys.logical_key_of(live.s3_key),
                [keys.INCOMING, keys.PROCESSED],
                again=True,
                attempt=attempt,
                live_version=live.version,
            )
        )

    def register_restored(
        self, head: DocumentHead, target: DocumentVersion, *, by: str | None, attempt: int = 1
    ) -> DocumentVersion:
        """A new version with the bytes and the chunks of an older one, for a rollback; attributes and access list are
        those that the document has now, and what the older one said of itself.

        Raises ConditionFailed when the document has changed since `head` was read, Conflict where the ingestion rules
        do not allow it any more or its bytes are gone.
        """
        return self._registrar.register_restored(head, target, by=by, attempt=attempt)

    def send_again(self, version: DocumentVersion) -> None:
        """Perhaps a crash came between its registration and its message."""
        self._registrar.send_on(version)

    def register_untracked(self, ref: ObjectRef) -> DocumentVersion | None:
        """Register an object in `processed/` or `failed/` that the registry has never seen, or has lost."""
        stage = keys.stage_of(ref.key) or keys.PROCESSED
        return self._register(Wanted(ref.bucket, keys.logical_key_of(ref.key), [keys.INCOMING, stage]))

    def object_removed(self, ref: ObjectRef) -> None:
        """Purge a document whose object was deleted; the pipeline's own moves change nothing."""
        self._removed.removed(ref)

    def _sidecar_created(self, ref: ObjectRef) -> DocumentVersion | None:
        if self._store.head(ObjectRef(ref.bucket, ref.key)) is None:
            return None
        logical_key = keys.logical_key_of(keys.document_of(ref.key))
        # Where the document has been through already, the same bytes are taken in again with their new attributes.
        stages = [keys.INCOMING, keys.PROCESSED, keys.FAILED]
        return self._register(Wanted(ref.bucket, logical_key, stages, attributes_alone=True))

    def _register(self, wanted: Wanted) -> DocumentVersion | None:
        return self._registrar.register(wanted).version
