"""An object is gone: whether the document was deleted with it, or the pipeline has only moved it."""

from __future__ import annotations

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.documents import ObjectRef
from portfolio_rag.domain.errors import FailureReason
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.pipeline.documents.lifecycle import Lifecycle
from portfolio_rag.pipeline.documents.object_moves import ObjectMoves
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.object_store import ObjectStore


class RemovedObjects:
    def __init__(
        self, store: ObjectStore, registry: DocumentRegistry, moves: ObjectMoves, lifecycle: Lifecycle
    ) -> None:
        self._store = store
        self._registry = registry
        self._moves = moves
        self._lifecycle = lifecycle

    def removed(self, ref: ObjectRef) -> None:
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


def _incoming(key: str) -> str:
    return keys.INCOMING + keys.logical_key_of(key)
