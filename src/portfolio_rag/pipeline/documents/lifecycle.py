"""How a document version ends, and what has to be done after it has ended.

The end itself is one conditional write. The work after it (moving the bytes, removing what was replaced) is
idempotent and repeated until `settled`: by a redelivery, or by check-health, which looks every document over once
more when no worker can be busy with it any longer (pipeline/maintenance/reconciler.py).
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus, DocumentVersion, ObjectRef
from portfolio_rag.domain.errors import ConditionFailed, DependencyUnavailable, FailureReason, NotFound
from portfolio_rag.domain.identifiers import document_id_for, iso
from portfolio_rag.pipeline.documents.purge import Purge
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.object_store import ObjectStore
from portfolio_rag.ports.runtime import Clock, Metrics

_log = logging.getLogger(__name__)

_METADATA_BYTES = 1800
"""S3 allows 2 KB of user metadata; the keys count too."""

_DELETED = "The document was deleted while it was being processed."


class Lifecycle:
    def __init__(
        self, store: ObjectStore, registry: DocumentRegistry, purge: Purge, metrics: Metrics, clock: Clock
    ) -> None:
        self._store = store
        self._registry = registry
        self._purge = purge
        self._metrics = metrics
        self._clock = clock

    def fail(self, version: DocumentVersion, reason: FailureReason, message: str) -> None:
        """End the version as FAILED, if it has not ended yet, and settle it."""
        try:
            self._registry.fail(version, reason, message, self._now())
        except ConditionFailed:
            _log.info("Version %s of %s had ended already.", version.version, version.document_id)
        else:
            _log.warning(
                "Document failed: %s", message, extra={"document_id": version.document_id, "reason": str(reason)}
            )
        self.settle_now(version.document_id, version.version)

    def complete(self, document_id: str, number: int) -> bool:
        """End the version as COMPLETED if its last chunk is embedded; true if it is complete now.

        Whoever sees the full set may call this: the transaction lets one of them through.
        """
        version = self._registry.get(document_id, number)
        if version is None:
            return False
        if version.status is DocumentStatus.PROCESSING:
            if version.chunk_count is None or version.embedded_count < version.chunk_count:
                return False
            try:
                self._registry.complete(version, self._now())
            except ConditionFailed:
                # Another worker was first, or the version was superseded or deleted meanwhile: what it is now
                # decides what is left to do.
                self.end_if_replaced(document_id, number)
            else:
                self._count(version)
        self.settle_now(document_id, number)
        return True

    def completed(self, head: DocumentHead, version: DocumentVersion) -> None:
        """What follows the completion of a version under way: `head` and `version` are as they were just before."""
        self._count(version)
        head = replace(head, live_version=version.version)
        try:
            self._settle_completed(head, replace(version, status=DocumentStatus.COMPLETED))
        except DependencyUnavailable:
            _log.warning("Version %s of %s will be settled later.", version.version, head.document_id, exc_info=True)

    def settle_now(self, document_id: str, number: int) -> None:
        """Settle, and leave it to check-health when a dependency is down: the end itself is recorded."""
        try:
            self.settle(document_id, number)
        except DependencyUnavailable:
            _log.warning("Version %s of %s will be settled later.", number, document_id, exc_info=True)

    def settle(self, document_id: str, number: int) -> None:
        """Do what is left after the end of a version. Raises DependencyUnavailable; may be repeated at will."""
        head, version = self._registry.heads_and_versions([(document_id, number)])[(document_id, number)]
        if head is None or version is None or not version.status.terminal or version.settled:
            return
        if version.status is DocumentStatus.COMPLETED:
            self._settle_completed(head, version)
        else:
            self._settle_failed(head, version)

    def end_if_replaced(self, document_id: str, number: int) -> bool:
        """End a version that is under way though its document was deleted or uploaded anew; true if so."""
        head, version = self._registry.heads_and_versions([(document_id, number)])[(document_id, number)]
        if head is None or version is None or version.status.terminal:
            return False
        if head.deleted_at is not None:
            self.fail(version, FailureReason.DELETED, _DELETED)
        elif head.latest_version > number:
            self.fail(version, FailureReason.SUPERSEDED, _replaced_by(head.latest_version))
        else:
            return False
        return True

    def supersede_older(self, document_id: str, newest: int) -> None:
        """End every older version that is still under way: its late writes are fenced from then on."""
        for version in self._registry.versions(document_id):
            if version.version < newest and not version.status.terminal:
                self.fail(version, FailureReason.SUPERSEDED, _replaced_by(newest))

    def remove(self, head: DocumentHead, *, keep_newest: bool) -> None:
        """Take a document out of the answers and purge it.

        With `keep_newest` a newer version is on its way and only the one that answers now is taken out.
        """
        if keep_newest:
            self._registry.unpublish(head, self._now())
        elif head.deleted_at is None:
            self._registry.mark_deleted(head, self._now())
        for version in self._registry.versions(head.document_id):
            if version.version > head.latest_version:
                continue  # Uploaded since: not what was deleted.
            if keep_newest and version.version == head.latest_version:
                continue  # It may have come to its end by now, and answer.
            if not version.status.terminal:
                if keep_newest:
                    continue
                self.fail(version, FailureReason.DELETED, _DELETED)
            elif not version.retired and (version.status is DocumentStatus.COMPLETED or not keep_newest):
                self._purge.version(version.document_id, version.version)
                self.clear_source(version, head)
                self._hide(version)
                self._registry.relocate(version, version.ref, settled=True, retired=True)

    def _hide(self, version: DocumentVersion) -> None:
        """A delete marker over the bytes of a deleted document, where its deletion has not come to set one."""
        current = ObjectRef(version.bucket, version.s3_key)
        if keys.stage_of(version.s3_key) != keys.ARCHIVED:
            found = self._store.head(current)
            if found is not None and found.ref == version.ref:
                self._store.delete(current)

    def bytes_of(self, version: DocumentVersion) -> ObjectRef | None:
        """Where an earlier version of the same upload has moved the bytes that this one refers to, or None.

        New attributes and retries make versions that share one object: when the earlier one ends, it moves it.
        """
        for other in self._registry.versions(version.document_id):
            if (
                other.version < version.version
                and other.source_version_id == version.source_version_id
                and other.ref != version.ref
                and self._store.head(ObjectRef(other.bucket, other.s3_key)) is not None
            ):
                return other.ref
        return None

    def follow(self, version: DocumentVersion) -> DocumentVersion | None:
        """The version with its bytes where they have been moved to, recorded so; None if they are gone."""
        found = self.bytes_of(version)
        if found is None:
            return None
        self._registry.relocate(version, found, settled=version.settled, retired=version.retired)
        return replace(version, s3_key=found.key, s3_version_id=found.version_id or "null")

    def deleted_unrecorded(self, version: DocumentVersion, head: DocumentHead) -> bool:
        """True if the bytes of a completed version had come to `processed/` already and were deleted there since.

        After a crash between that copy and its record, the registry names another place. The copy is told by its size
        and by S3's own clock: what was deleted before this upload came was an earlier version's.
        """
        copied = self._store.deleted(version.bucket, keys.PROCESSED + head.logical_key)
        return (
            copied is not None
            and copied.size == version.file_size
            and copied.last_modified >= datetime.fromisoformat(version.upload_timestamp)
        )

    def _settle_completed(self, head: DocumentHead, version: DocumentVersion) -> None:
        if head.live_version > version.version:
            self._retire(version, head)
            return
        if head.deleted_at is not None:
            self.remove(head, keep_newest=False)
            return
        if keys.stage_of(version.s3_key) == keys.ARCHIVED and self.deleted_unrecorded(version, head):
            # A later upload's move has archived the original: the archive is no place that a user deletes from.
            self.remove(head, keep_newest=head.latest_version > version.version)
            return
        here: ObjectRef | None = version.ref
        if keys.stage_of(version.s3_key) == keys.PROCESSED:
            self.clear_source(version, head)
        elif self._store.head(ObjectRef(version.bucket, version.s3_key)) is not None:
            # Without a sidecar, older versions and staged text nothing is left to do after the move: it settles the
            # version, and an original that a crash leaves behind is removed by the sweep.
            last = version.version == 1 and version.metadata_version_id is None and version.progress is None
            here = self._move(version, keys.PROCESSED + head.logical_key, settled=last)
            if here is not None and last:
                return
        else:
            here = None
        if here is None:
            current = self._registry.get(version.document_id, version.version)
            if current is not None and current.ref == version.ref:
                current = self.follow(version)
            if current is None:
                # Deleted by its owner after the last chunk and before the move.
                self.remove(head, keep_newest=head.latest_version > version.version)
            else:
                # Another worker was faster, or an earlier version has moved the bytes that both share.
                self._settle_completed(head, current)
            return
        self._move_sidecar(version, head)
        if version.progress is not None:
            self._purge.staged(version.document_id, version.version)
        if version.version > 1:
            for older in self._registry.versions(version.document_id):
                if older.version < version.version and not older.retired:
                    self._retire(older, head)
        self._registry.relocate(version, here, settled=True)

    def _settle_failed(self, head: DocumentHead, version: DocumentVersion) -> None:
        here = version.ref
        replaced = version.error_code == FailureReason.SUPERSEDED
        if keys.stage_of(here.key) != keys.INCOMING:
            self.clear_source(version, head)
        elif version.error_code != FailureReason.DELETED and not self._shared(version):
            target = (
                keys.archived_key(head.logical_key, f"v{version.version}")
                if replaced
                else keys.FAILED + head.logical_key
            )
            moved = self._move(version, target, reason=None if replaced else version)
            if moved is None:
                # Another worker was faster: it has recorded where.
                current = self._registry.get(version.document_id, version.version)
                moved = current.ref if current else None
            here = moved or here
        if head.deleted_at is not None:
            self._hide(version)
        if version.progress is not None:
            self._purge.staged(version.document_id, version.version)
        if version.chunk_count is not None or version.progress is not None:
            self._purge.version(version.document_id, version.version)
        self._registry.relocate(version, here, settled=True, retired=version.retired)

    def _retire(self, older: DocumentVersion, head: DocumentHead) -> None:
        """Archive and purge a version that a newer one has replaced in the answers."""
        if not older.status.terminal:
            self.fail(older, FailureReason.SUPERSEDED, _replaced_by(head.live_version))
            return
        here = older.ref
        stage = keys.stage_of(here.key)
        if stage != keys.ARCHIVED:
            target = keys.archived_key(head.logical_key, f"v{older.version}")
            try:
                here = ObjectRef(here.bucket, target, self._store.copy(here, here.bucket, target))
            except NotFound:
                _log.info("The bytes of version %s of %s are gone.", older.version, older.document_id)
            else:
                if stage == keys.FAILED:
                    # Under failed/ lies what failed last; left there, it would be taken for the document once more.
                    self._store.delete(older.ref)
        self._purge.version(older.document_id, older.version)
        self.clear_source(older, head)
        self._registry.relocate(older, here, settled=True, retired=True)

    def _move(
        self,
        version: DocumentVersion,
        target: str,
        *,
        reason: DocumentVersion | None = None,
        settled: bool = False,
    ) -> ObjectRef | None:
        """Copy to `target`, record it, then remove the original: in that order nothing is ever without a home.

        None if the original is gone.
        """
        source = version.ref
        try:
            copied = self._store.copy(source, source.bucket, target, metadata=_reason(reason) if reason else None)
        except NotFound:
            _log.info("%s is gone; there is nothing to move.", source.key)
            return None
        moved = ObjectRef(source.bucket, target, copied)
        self._registry.relocate(version, moved, settled=settled, retired=version.retired)
        self._remove_moved(source)
        return moved

    def _remove_moved(self, source: ObjectRef) -> None:
        """Remove an original whose copy is in place: that version alone, so that a newer upload stays on top.

        Older versions would come to light again by it, so they are archived first. Most were replaced before the
        pipeline ever saw them; one that is registered but not moved yet finds its bytes there. What lies in the archive
        belongs to an earlier version of the same upload, and stays with it.
        """
        if keys.stage_of(source.key) == keys.ARCHIVED:
            return
        for older in self._store.older_versions(source):
            logical_key = keys.logical_key_of(older.key)
            target = keys.archived_key(logical_key, f"replaced-{(older.version_id or '')[:12]}")
            try:
                archived = ObjectRef(older.bucket, target, self._store.copy(older, older.bucket, target))
            except NotFound:
                continue  # Its own worker was faster.
            for owner in self._registry.versions(document_id_for(older.bucket, logical_key)):
                if owner.ref == older:
                    self._registry.relocate(owner, archived, settled=owner.settled, retired=owner.retired)
            self._store.delete(older)
        self._store.delete(source)

    def clear_source(self, version: DocumentVersion, head: DocumentHead) -> None:
        """Remove the upload from `incoming/` where a crash has left it there after its copy was in place."""
        source = ObjectRef(version.bucket, keys.INCOMING + head.logical_key, version.source_version_id)
        if source != version.ref and self._store.head(source) is not None and not self._shared(version):
            self._remove_moved(source)

    def _shared(self, version: DocumentVersion) -> bool:
        """True while a newer version that is under way reads the same upload: the object is that one's to move."""
        return any(
            other.version > version.version
            and other.source_version_id == version.source_version_id
            and not other.status.terminal
            for other in self._registry.versions(version.document_id)
        )

    def _move_sidecar(self, version: DocumentVersion, head: DocumentHead) -> None:
        if version.metadata_version_id is None:
            return
        source = ObjectRef(
            version.bucket, keys.sidecar_of(keys.INCOMING + head.logical_key), version.metadata_version_id
        )
        try:
            self._store.copy(source, source.bucket, keys.sidecar_of(keys.PROCESSED + head.logical_key))
        except NotFound:
            return  # Moved already, or it came from processed/ in the first place.
        self._remove_moved(source)

    def _count(self, version: DocumentVersion) -> None:
        seconds = (self._clock.now() - datetime.fromisoformat(version.upload_timestamp)).total_seconds()
        self._metrics.put("IngestedDocuments", 1, "Count")
        self._metrics.put("ProcessingDuration", max(0.0, seconds), "Seconds")

    def _now(self) -> str:
        return iso(self._clock.now())


def _replaced_by(newest: int) -> str:
    return f"Replaced by version {newest} before it was complete. Nothing to do: the newer upload counts."


def _reason(version: DocumentVersion) -> dict[str, str]:
    """The reason as S3 user metadata: ASCII, within the size that S3 allows."""
    message = (version.error_message or "").encode("ascii", "replace").decode()
    return {"error-code": version.error_code or "", "error-message": message[:_METADATA_BYTES]}
