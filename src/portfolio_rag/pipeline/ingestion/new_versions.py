"""What a new version of a document is made of: an upload and the verdict on it, for a rollback an older version too."""

from __future__ import annotations

import logging
from dataclasses import replace

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus, DocumentVersion, ObjectInfo
from portfolio_rag.domain.errors import Conflict
from portfolio_rag.domain.identifiers import iso
from portfolio_rag.domain.log_context import correlation_id
from portfolio_rag.domain.sidecar import attributes_digest
from portfolio_rag.pipeline.ingestion.acceptance import Acceptance, Verdict
from portfolio_rag.ports.runtime import Clock
from portfolio_rag.settings.ingestion_rules import ConfigSource

_log = logging.getLogger(__name__)


class NewVersions:
    """Rows that are to be registered; nothing is written here."""

    def __init__(self, acceptance: Acceptance, config: ConfigSource, clock: Clock) -> None:
        self._acceptance = acceptance
        self._config = config
        self._clock = clock

    def of_upload(
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

    def restored(
        self,
        head: DocumentHead,
        target: DocumentVersion,
        upload: tuple[ObjectInfo, bytes],
        sidecar: ObjectInfo | None,
    ) -> DocumentVersion:
        """One with the bytes and the chunks of `target`; attributes and access list are those that the document has
        now, and what the older one said of itself. `upload`: those bytes, as `ObjectStore.peek` gives them.

        Raises Conflict where the ingestion rules do not allow it any more.
        """
        verdict = self._acceptance.check(head.logical_key, *upload, sidecar)
        if verdict.rejection is not None:
            raise Conflict(f"Version {target.version} cannot answer again: {verdict.rejection}")
        version = self.of_upload(target.document_id, upload[0], verdict, sidecar, head)
        return replace(
            version,
            filename=target.filename,
            metadata={**target.metadata, **verdict.metadata},
            content_sha256=target.content_sha256,
            recipe=target.recipe,
            warnings=target.warnings,
            restores=target.version,
        )


def _began_with(current: ObjectInfo) -> str | None:
    """The id of the request that uploaded it; for what has been through before, that of what takes it in again."""
    uploaded = current.correlation_id if keys.stage_of(current.ref.key) == keys.INCOMING else None
    return uploaded or correlation_id()
