"""An upload that changes nothing makes no version: the document's head notes that it was seen, and the upload goes.

Nothing changes where the version that answers is the newest and has its bytes in `processed/`, and has the same bytes,
attributes and access list, made under the rules, the code and the model that are in force. Whatever else is so, a
deletion on its way for example, the upload is registered as any other.

First the head notes the upload, on the condition that it is as it was read, then the upload is removed, by its S3
version: a later one of the same key stays. What is noted never becomes a version, by no worker, so nothing that reads
it can be left without its bytes; a crash in between leaves an object that the next look at it removes.
"""

from __future__ import annotations

import hashlib
import logging

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.documents import MAIL_TYPE, DocumentHead, DocumentVersion, ObjectInfo, ObjectRef
from portfolio_rag.domain.errors import NotFound
from portfolio_rag.domain.sidecar import attributes_digest
from portfolio_rag.pipeline.documents.object_moves import ObjectMoves
from portfolio_rag.pipeline.ingestion.acceptance import Verdict
from portfolio_rag.pipeline.ingestion.recipe import recipe_of
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.object_store import ObjectStore
from portfolio_rag.ports.runtime import Clock
from portfolio_rag.settings.ingestion_rules import ConfigSource

_log = logging.getLogger(__name__)

_UNVERSIONED = "null"
"""The version id of whatever is uploaded while the versioning of a bucket is suspended."""

MAX_HASHED_BYTES = 512 * 1024**2
"""Read in some seconds, well within the time of an intake. What is larger counts as changed."""


class UnchangedUploads:
    def __init__(
        self, store: ObjectStore, registry: DocumentRegistry, moves: ObjectMoves, config: ConfigSource, clock: Clock
    ) -> None:
        self._store = store
        self._registry = registry
        self._moves = moves
        self._config = config
        self._clock = clock

    def absorb(
        self,
        head: DocumentHead | None,
        newest: DocumentVersion | None,
        upload: tuple[ObjectInfo, bytes],
        sidecar: ObjectInfo | None,
        verdict: Verdict,
    ) -> bool:
        """Note an upload that changes nothing and remove it; false, and nothing is done, where it changes something.

        `head` was read first, then the object (with its beginning), then its sidecar. Raises ConditionFailed when the
        document has changed meanwhile.
        """
        current, beginning = upload
        waits = keys.stage_of(current.ref.key) == keys.INCOMING
        if head is None or newest is None or not self._is_made_of(head, newest, verdict):
            return False
        if not self._has_bytes(newest, current, beginning):
            return False
        # Last, and after the upload was looked at: who deletes a document and uploads it again wants it back.
        top = self._store.head(ObjectRef(newest.bucket, newest.s3_key))
        if top is None or top.ref != newest.ref:
            return False
        self._registry.record_unchanged_upload(head, current.ref.version_id if waits else None, self._clock.now_iso())
        _log.info("%s is unchanged since version %s.", head.logical_key, newest.version)
        if sidecar is not None and keys.stage_of(sidecar.ref.key) == keys.INCOMING:
            self._moves.discard(sidecar.ref)
        if waits:
            self._moves.discard(current.ref)
        return True

    def _is_made_of(self, head: DocumentHead, newest: DocumentVersion, verdict: Verdict) -> bool:
        """Whether all but the bytes is what the version that answers was made of."""
        return (
            verdict.rejection is None
            and head.deleted_at is None
            and head.live_version == newest.version
            and newest.settled
            and keys.stage_of(newest.s3_key) == keys.PROCESSED
            # With a mail come its attachments, also those that were deleted since.
            and newest.file_type != MAIL_TYPE
            and newest.attributes_sha256 == attributes_digest(verdict.metadata)
            and newest.access_list == verdict.access_list
            and newest.embedding_model == self._config.model_config().embedding_model
            and newest.recipe == recipe_of(self._config.rules_for(head.logical_key))
        )

    def _has_bytes(self, newest: DocumentVersion, current: ObjectInfo, beginning: bytes) -> bool:
        if current.ref == newest.ref:
            return True  # Only a sidecar was uploaded.
        if current.ref.version_id in (None, _UNVERSIONED):
            return False  # It could not be told from a later one.
        if current.size != newest.file_size or current.size > MAX_HASHED_BYTES:
            return False
        if len(beginning) == current.size:
            return hashlib.sha256(beginning).hexdigest() == newest.content_sha256
        try:
            return self._store.sha256(current.ref) == newest.content_sha256
        except NotFound:
            return False
