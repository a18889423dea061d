"""An old version answers again: as a new version that has its bytes and its chunks.

Registered as any other, it is the newest from that write on, so whatever was on its way before it is superseded and can
never answer, in whatever order the events come; and it begins to answer with the one write that completes it, as any
other. What is uploaded after it replaces it.
"""

from __future__ import annotations

import logging

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus, DocumentVersion, ObjectRef
from portfolio_rag.domain.errors import ConditionFailed, Conflict, NotFound, StorageUnavailable
from portfolio_rag.domain.versions import known_versions
from portfolio_rag.pipeline.documents.lifecycle import Lifecycle
from portfolio_rag.pipeline.ingestion.intake import DocumentIntake
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.object_store import ObjectStore

_log = logging.getLogger(__name__)

_TRIES = 6
"""Against uploads of the same document in the same moment."""


class Rollback:
    def __init__(
        self, store: ObjectStore, registry: DocumentRegistry, intake: DocumentIntake, lifecycle: Lifecycle
    ) -> None:
        self._store = store
        self._registry = registry
        self._intake = intake
        self._lifecycle = lifecycle

    def to(self, document_id: str, number: int, *, by: str | None = None) -> DocumentVersion:
        """Register a version that restores that one and send it on; asked again meanwhile, the one that is under way.

        Raises NotFound for an unknown or deleted document, Conflict for a version that answers already or is not kept,
        and StorageUnavailable while the document changes faster than this can be registered.
        """
        for _ in range(_TRIES):
            head = self._registry.head(document_id)
            if head is None or head.deleted_at is not None:
                raise NotFound(f"There is no document {document_id}.")
            if self._intake.object_created(ObjectRef(head.bucket, keys.INCOMING + head.logical_key)) is not None:
                continue  # An upload whose event has not come yet: it is older than this, and has its number now.
            versions = {version.version: version for version in self._registry.versions(document_id)}
            newest, live = versions.get(head.latest_version), versions.get(head.live_version)
            if live is not None and live.settled and self._store.head(ObjectRef(live.bucket, live.s3_key)) is None:
                # The event of the deletion is on its way: it is older than this, and means all versions.
                raise NotFound(f"Document {document_id} is being deleted.")
            if newest is not None and not newest.status.terminal and newest.restores == number:
                self._intake.send_again(newest)
                return newest
            target = self._target(head, versions, number)
            if target is None:
                continue
            try:
                return self._intake.register_restored(head, target, by=by)
            except ConditionFailed:
                continue
        raise StorageUnavailable(f"{document_id} is being changed faster than a rollback of it can be registered.")

    def again(self, failed: DocumentVersion) -> DocumentVersion | None:
        """The next try of a rollback that has failed; None where something has come since, or it cannot be any more."""
        head = self._registry.head(failed.document_id)
        target = self._registry.get(failed.document_id, failed.restores or 0)
        if head is None or target is None or target.version not in known_versions(head.publications):
            return None
        if head.replaces(failed.version):
            return None
        try:
            return self._intake.register_restored(head, target, by=failed.restored_by, attempt=failed.attempt + 1)
        except (ConditionFailed, Conflict):
            return None

    def _target(self, head: DocumentHead, versions: dict[int, DocumentVersion], number: int) -> DocumentVersion | None:
        """The version to be restored; None where the document has to be looked at anew. Raises Conflict."""
        newest, live, target = (versions.get(n) for n in (head.latest_version, head.live_version, number))
        is_live = live is not None and number in (live.version, live.restores)
        if is_live and (newest is None or newest.status.terminal):
            raise Conflict(f"Version {number} answers already.")
        if target is None or live is None or number not in known_versions(head.publications):
            raise Conflict(f"Version {number} is not kept, or has never answered: it cannot answer again.")
        if live.status is DocumentStatus.COMPLETED and not live.settled:
            # Its end still moves the bytes of what it has replaced.
            self._lifecycle.finalize(live.document_id, live.version)
            current = self._registry.get(live.document_id, live.version)
            if current is None or not current.settled:
                raise StorageUnavailable(f"Version {live.version} of {live.document_id} has not come to rest yet.")
            return None
        if self._store.head(target.ref) is None:
            raise Conflict(f"The bytes of version {number} have expired: it cannot answer again.")
        return target
