"""How a document version ends, and what has to be done after it has ended.

The end itself is one conditional write. Then the version is finalized: its bytes are moved, what it has replaced is
removed, and the registry says `settled`. That is idempotent and repeated until it is done: by a redelivery, or by
check-health, which reconciles every document once more when no worker can be busy with it any longer
(pipeline/maintenance/reconciler.py).
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.documents import (
    ATTACHMENT_OF,
    MAIL_TYPE,
    DocumentHead,
    DocumentStatus,
    DocumentVersion,
    ObjectRef,
)
from portfolio_rag.domain.errors import ConditionFailed, DependencyUnavailable, FailureReason, failure_of
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.domain.versions import known_versions
from portfolio_rag.pipeline.documents.history import VersionHistory
from portfolio_rag.pipeline.documents.object_moves import ObjectMoves
from portfolio_rag.pipeline.documents.purge import Purge
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.object_store import ObjectStore
from portfolio_rag.ports.runtime import Clock, Metric, Metrics

_log = logging.getLogger(__name__)

_DELETED = "The document was deleted while it was being processed."


class Lifecycle:
    def __init__(
        self,
        store: ObjectStore,
        registry: DocumentRegistry,
        purge: Purge,
        history: VersionHistory,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._store = store
        self._moves = ObjectMoves(store, registry)
        self._registry = registry
        self._purge = purge
        self._history = history
        self._metrics = metrics
        self._clock = clock

    def fail(self, version: DocumentVersion, reason: FailureReason, message: str) -> None:
        """End the version as FAILED, if it has not ended yet, and finalize it."""
        try:
            self._registry.fail(version, reason, message, self._clock.now_iso())
        except ConditionFailed:
            _log.info("Version %s of %s had ended already.", version.version, version.document_id)
        else:
            _log.warning(
                "Document failed: %s", message, extra={"document_id": version.document_id, "reason": str(reason)}
            )
        self.try_finalize(version.document_id, version.version)

    def fail_attempt(self, document_id: str, number: int, attempt: int, error: Exception) -> None:
        """End the version as FAILED because of an error that no queue will try again, unless it lives on without it."""
        version = self._registry.get(document_id, number)
        if version is not None and version.attempt == attempt and not version.status.terminal:
            self.fail(version, *failure_of(error))

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
                self._registry.complete(version, self._clock.now_iso())
            except ConditionFailed:
                # Another worker was first, or the version was superseded or deleted meanwhile: what it is now
                # decides what is left to do.
                self.fail_if_superseded(document_id, number)
            else:
                self._count(version)
        self.try_finalize(document_id, number)
        return True

    def finish_completion(self, head: DocumentHead, version: DocumentVersion) -> None:
        """What follows the completion of a version under way: `head` and `version` are as they were just before."""
        self._count(version)
        head = replace(head, live_version=version.version)
        try:
            self._finalize_completed(head, replace(version, status=DocumentStatus.COMPLETED))
        except DependencyUnavailable:
            _log.warning("Version %s of %s will be finalized later.", version.version, head.document_id, exc_info=True)

    def try_finalize(self, document_id: str, number: int) -> None:
        """Finalize, and leave it to check-health when a dependency is down: the end itself is recorded."""
        try:
            self.finalize(document_id, number)
        except DependencyUnavailable:
            _log.warning("Version %s of %s will be finalized later.", number, document_id, exc_info=True)

    def finalize(self, document_id: str, number: int) -> None:
        """Do what is left after the end of a version. Raises DependencyUnavailable; may be repeated at will."""
        head, version = self._registry.heads_and_versions([(document_id, number)])[(document_id, number)]
        if head is None or version is None or not version.status.terminal or version.settled:
            return
        if version.status is DocumentStatus.COMPLETED:
            self._finalize_completed(head, version)
        else:
            self._finalize_failed(head, version)

    def fail_if_superseded(self, document_id: str, number: int) -> bool:
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

    def withdraw(self, head: DocumentHead, *, keep_newest: bool) -> None:
        """Take a document out of the answers and purge it.

        With `keep_newest` a newer version is on its way and only the one that answers now is taken out.
        """
        if keep_newest:
            self._registry.unpublish(head, self._clock.now_iso())
        elif head.deleted_at is None:
            self._registry.mark_deleted(head, self._clock.now_iso())
        versions = self._registry.versions(head.document_id)
        if not keep_newest and any(version.file_type == MAIL_TYPE for version in versions):
            # Before the versions are settled: until then, whoever finds the deletion unfinished comes here again.
            self.withdraw_attachments(head)
        # What has answered before goes with what answers: whoever deletes a document means all of it.
        self._purge.history(head.document_id, before=head.latest_version)
        for version in versions:
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
                self._moves.delete_leftover_upload(version, head)
                self._moves.add_delete_marker(version)
                self._registry.update_location(version, version.ref, settled=True, retired=True)

    def withdraw_attachments(self, head: DocumentHead, *, keep: Collection[str] = ()) -> None:
        """Withdraw the documents that came with a mail, but for the logical keys in `keep`."""
        prefix = f"{keys.PROCESSED}{head.logical_key}/"
        for found in self._store.list(head.bucket, prefix):
            logical_key = keys.logical_key_of(found.ref.key)
            if keys.is_sidecar(logical_key) or logical_key in keep:
                continue
            attachment = self._registry.head(document_id_for(head.bucket, logical_key))
            newest = attachment and self._registry.get(attachment.document_id, attachment.latest_version)
            if attachment and newest and newest.metadata.get(ATTACHMENT_OF) == head.logical_key:
                self.withdraw(attachment, keep_newest=False)
                self._store.delete(ObjectRef(head.bucket, keys.sidecar_of(found.ref.key)))

    def _finalize_completed(self, head: DocumentHead, version: DocumentVersion) -> None:
        if head.live_version > version.version:
            self._retire(version, head)
            return
        if head.deleted_at is not None:
            self.withdraw(head, keep_newest=False)
            return
        stage = keys.stage_of(version.s3_key)
        if stage == keys.ARCHIVED and self._moves.was_deleted_after_unrecorded_move(version, head):
            # A later upload's move has archived the original: the archive is no place that a user deletes from.
            self.withdraw(head, keep_newest=head.latest_version > version.version)
            return
        here: ObjectRef | None = version.ref
        if stage == keys.PROCESSED:
            self._moves.delete_leftover_upload(version, head)
        elif (found := self._moves.found_original(version)) is not None:
            # Without a sidecar, older versions and staged text nothing is left to do after the move: it finalizes the
            # version, and an original that a crash leaves behind is removed by the sweep.
            last = version.version == 1 and version.metadata_version_id is None and version.progress is None
            here = self._moves.move(version, keys.PROCESSED + head.logical_key, settled=last, found=found)
            if here is not None and last:
                return
        else:
            here = None
        if here is None:
            current = self._registry.get(version.document_id, version.version)
            if current is not None and current.ref == version.ref:
                current = self._moves.relink_object(version)
            if current is None:
                # Deleted by its owner after the last chunk and before the move.
                self.withdraw(head, keep_newest=head.latest_version > version.version)
            else:
                # Another worker was faster, or an earlier version has moved the bytes that both share.
                self._finalize_completed(head, current)
            return
        self._moves.move_sidecar(version, head)
        if version.progress is not None:
            self._purge.staged(version.document_id, version.version)
        if version.version > 1:
            # Read anew: the one at hand may be of before the completion, and not know when the older one has ended.
            head = self._registry.head(version.document_id) or head
            for older in self._registry.versions(version.document_id):
                if older.version < version.version and not older.retired:
                    self._retire(older, head)
        self._registry.update_location(version, here, settled=True)

    def _finalize_failed(self, head: DocumentHead, version: DocumentVersion) -> None:
        here = version.ref
        replaced = version.error_code == FailureReason.SUPERSEDED
        if keys.stage_of(here.key) != keys.INCOMING:
            self._moves.delete_leftover_upload(version, head)
        elif version.error_code != FailureReason.DELETED and not self._moves.newer_version_needs_upload(version):
            target = (
                keys.archived_key(head.logical_key, f"v{version.version}")
                if replaced
                else keys.FAILED + head.logical_key
            )
            moved = self._moves.move(version, target, reason=None if replaced else version)
            if moved is None:
                # Another worker was faster: it has recorded where.
                current = self._registry.get(version.document_id, version.version)
                moved = current.ref if current else None
            here = moved or here
        if head.deleted_at is not None:
            self._moves.add_delete_marker(version)
        if version.progress is not None:
            self._purge.staged(version.document_id, version.version)
        if version.chunk_count is not None or version.progress is not None:
            self._purge.version(version.document_id, version.version)
        self._registry.update_location(version, here, settled=True, retired=version.retired)

    def _retire(self, older: DocumentVersion, head: DocumentHead) -> None:
        """Archive a version that a newer one has replaced in the answers, and keep or purge the rest of it."""
        if not older.status.terminal:
            self.fail(older, FailureReason.SUPERSEDED, _replaced_by(head.live_version))
            return
        here = self._moves.archive(older, head)
        if older.version in known_versions(head.publications) and older.version != head.live_version:
            self._history.keep(head, older.version)
        else:
            self._purge.version(older.document_id, older.version)
        self._moves.delete_leftover_upload(older, head)
        self._registry.update_location(older, here, settled=True, retired=True)

    def _count(self, version: DocumentVersion) -> None:
        seconds = (self._clock.now() - datetime.fromisoformat(version.upload_timestamp)).total_seconds()
        metrics = [Metric("IngestedDocuments", 1, "Count"), Metric("ProcessingDuration", max(0.0, seconds), "Seconds")]
        if version.warnings:
            metrics.append(Metric("DocumentsWithWarnings", 1, "Count"))
        self._metrics.put_all(metrics)


def _replaced_by(newest: int) -> str:
    return f"Replaced by version {newest} before it was complete. Nothing to do: the newer upload counts."
