"""Where the bytes of a document lie: the pipeline's moves between `incoming/`, `processed/`, `failed/` and `archived/`.

Each move is a copy, its record in the registry, and the removal of the original, in that order: after a crash anywhere
in between the bytes are found, and the move is repeated or finished.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus, DocumentVersion, ObjectRef
from portfolio_rag.domain.errors import NotFound
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.object_store import KeyVersions, ObjectStore

_log = logging.getLogger(__name__)

_METADATA_BYTES = 1800
"""S3 allows 2 KB of user metadata; the keys count too."""


class ObjectMoves:
    """Idempotent: whatever has been done already, or by another worker meanwhile, is not done again."""

    def __init__(self, store: ObjectStore, registry: DocumentRegistry) -> None:
        self._store = store
        self._registry = registry

    def found_original(self, version: DocumentVersion) -> KeyVersions | None:
        """What lies where the version's bytes are said to be, for its `move`; None where no object does."""
        found = self._store.versions(version.bucket, version.s3_key)
        return found if found.exists else None

    def move(
        self,
        version: DocumentVersion,
        target: str,
        *,
        reason: DocumentVersion | None = None,
        settled: bool = False,
        found: KeyVersions | None = None,
    ) -> ObjectRef | None:
        """Copy to `target`, record it, then remove the original: in that order nothing is ever without a home.

        None if the original is gone. `found` is what lies beside it, where that is known: nothing older can come.
        """
        source = version.ref
        try:
            copied = self._store.copy(source, source.bucket, target, metadata=_reason(reason) if reason else None)
        except NotFound:
            _log.info("%s is gone; there is nothing to move.", source.key)
            return None
        moved = ObjectRef(source.bucket, target, copied)
        self._registry.update_location(version, moved, settled=settled, retired=version.retired)
        self._remove_moved(source, found)
        return moved

    def archive(self, older: DocumentVersion, head: DocumentHead) -> ObjectRef:
        """Copy the bytes of a version that was replaced into the archive, from where its own end has moved them.

        Returns where they are. The copy is not recorded here: what else a replaced version leaves is purged first.
        """
        here = older.ref
        stage = keys.stage_of(here.key)
        if stage == keys.ARCHIVED:
            return here
        target = keys.archived_key(head.logical_key, f"v{older.version}")
        archived = self._copied(here, target)
        if archived is None:
            moved = self._moved_by_newer(older)
            archived = moved and self._copied(moved, target)
        if archived is None:
            _log.info("The bytes of version %s of %s are gone.", older.version, older.document_id)
            return here
        if stage == keys.FAILED:
            # Under failed/ lies what failed last; left there, it would be taken for the document once more.
            self._store.delete(here)
        return archived

    def move_sidecar(self, version: DocumentVersion, head: DocumentHead) -> None:
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

    def delete_leftover_upload(self, version: DocumentVersion, head: DocumentHead) -> None:
        """Remove the upload from `incoming/` where a crash has left it there after its copy was in place."""
        source = ObjectRef(version.bucket, keys.INCOMING + head.logical_key, version.source_version_id)
        if source == version.ref:
            return
        found = self._store.versions(source.bucket, source.key)
        if source in found.refs and not self.newer_version_needs_upload(version):
            self._remove_moved(source, found)

    def discard(self, upload: ObjectRef) -> None:
        """Remove an upload, or a sidecar, that is not needed: what it says is known already."""
        self._remove_moved(upload)

    def newer_version_needs_upload(self, version: DocumentVersion) -> bool:
        """True while a newer version that is under way reads the same upload: the object is that one's to move."""
        return any(
            newer.version > version.version
            and newer.source_version_id == version.source_version_id
            and not newer.status.terminal
            for newer in self._registry.versions(version.document_id)
        )

    def add_delete_marker(self, version: DocumentVersion) -> None:
        """A delete marker over the bytes of a deleted document, where its deletion has not come to set one."""
        current = ObjectRef(version.bucket, version.s3_key)
        if keys.stage_of(version.s3_key) != keys.ARCHIVED:
            top = self._store.head(current)
            if top is not None and top.ref == version.ref:
                self._store.delete(current)

    def find_moved_object(self, version: DocumentVersion) -> ObjectRef | None:
        """Where an earlier version of the same upload has moved the bytes that this one refers to, or None.

        New attributes and retries make versions that share one object: when the earlier one ends, it moves it.
        """
        for earlier in self._registry.versions(version.document_id):
            if (
                earlier.version < version.version
                and earlier.source_version_id == version.source_version_id
                and earlier.ref != version.ref
                and self._store.head(ObjectRef(earlier.bucket, earlier.s3_key)) is not None
            ):
                return earlier.ref
        return None

    def relink_object(self, version: DocumentVersion) -> DocumentVersion | None:
        """The version with its bytes where they have been moved to, recorded so; None if they are gone."""
        moved = self.find_moved_object(version)
        if moved is None:
            return None
        self._registry.update_location(version, moved, settled=version.settled, retired=version.retired)
        return replace(version, s3_key=moved.key, s3_version_id=moved.version_id or "null")

    def _copied(self, source: ObjectRef, target: str) -> ObjectRef | None:
        try:
            return ObjectRef(source.bucket, target, self._store.copy(source, source.bucket, target))
        except NotFound:
            return None

    def _moved_by_newer(self, version: DocumentVersion) -> ObjectRef | None:
        """Where a newer version of the same upload has moved the bytes that both share, or None."""
        for newer in self._registry.versions(version.document_id):
            shares = newer.source_version_id == version.source_version_id and newer.ref != version.ref
            if newer.version > version.version and shares and newer.status is DocumentStatus.COMPLETED:
                return newer.ref
        return None

    def was_deleted_after_unrecorded_move(self, version: DocumentVersion, head: DocumentHead) -> bool:
        """True if the bytes of a completed version had come to `processed/` already and were deleted there since.

        After a crash between that copy and its record, the registry names another place. The copy is told by its size
        and by S3's own clock: what was deleted before this upload came was an earlier version's.

        A rollback begins only where something lies in `processed/`: what was deleted there came after it, and counts,
        as there is no upload that the deletion could have left.
        """
        copied = self._store.deleted(version.bucket, keys.PROCESSED + head.logical_key)
        if version.restores is not None:
            return copied is not None
        return (
            copied is not None
            and copied.size == version.file_size
            and copied.last_modified >= datetime.fromisoformat(version.upload_timestamp)
        )

    def _remove_moved(self, source: ObjectRef, found: KeyVersions | None = None) -> None:
        """Remove an original whose copy is in place: that version alone, so that a newer upload stays on top.

        Older versions would come to light again by it, so they are archived first. Most were replaced before the
        pipeline ever saw them; one that is registered but not moved yet finds its bytes there. What lies in the archive
        belongs to an earlier version of the same upload, and stays with it.
        """
        if keys.stage_of(source.key) == keys.ARCHIVED:
            return
        found = found or self._store.versions(source.bucket, source.key)
        for older in found.older_than(source):
            logical_key = keys.logical_key_of(older.key)
            target = keys.archived_key(logical_key, f"replaced-{(older.version_id or '')[:12]}")
            archived = self._copied(older, target)
            if archived is None:
                continue  # Its own worker was faster.
            for owner in self._registry.versions(document_id_for(older.bucket, logical_key)):
                if owner.ref == older:
                    self._registry.update_location(owner, archived, settled=owner.settled, retired=owner.retired)
            self._store.delete(older)
        self._store.delete(source)


def _reason(version: DocumentVersion) -> dict[str, str]:
    """The reason as S3 user metadata: ASCII, within the size that S3 allows."""
    message = (version.error_message or "").encode("ascii", "replace").decode()
    return {"error-code": version.error_code or "", "error-message": message[:_METADATA_BYTES]}
