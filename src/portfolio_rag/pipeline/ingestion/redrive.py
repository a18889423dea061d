"""Redrive: failed documents taken in again, one, some or all, without a queue's own redrive.

A retry is a new version of the same bytes. Nothing of the failed version can touch it, whatever its workers still do,
and an earlier version that answers goes on answering until the retry is complete.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion, ObjectRef
from portfolio_rag.domain.errors import Conflict, NotFound
from portfolio_rag.pipeline.documents.lifecycle import Lifecycle
from portfolio_rag.pipeline.ingestion.intake import DocumentIntake
from portfolio_rag.pipeline.ingestion.rollback import Rollback
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.message_queue import MessageQueue


class Redrive:
    def __init__(
        self,
        registry: DocumentRegistry,
        intake: DocumentIntake,
        rollback: Rollback,
        lifecycle: Lifecycle,
        dead_letter_queues: Sequence[MessageQueue],
    ) -> None:
        self._registry = registry
        self._intake = intake
        self._rollback = rollback
        self._lifecycle = lifecycle
        self._dead_letter_queues = dead_letter_queues

    def document(self, document_id: str) -> DocumentVersion:
        """Take the newest, failed version of a document in again; returns the new version.

        Raises NotFound for an unknown or deleted document, Conflict when its newest version has not failed or its
        bytes are gone.
        """
        retried = self.retry(document_id)
        self._forget_dead_letters({document_id})
        return retried

    def retry(self, document_id: str) -> DocumentVersion:
        """As `document`, and its dead letters stay where they are."""
        head = self._registry.head(document_id)
        if head is None or head.deleted_at is not None:
            raise NotFound(f"There is no document {document_id}.")
        newest = self._registry.get(document_id, head.latest_version)
        if newest is None or newest.status is not DocumentStatus.FAILED:
            status = newest.status if newest else "unknown"
            raise Conflict(f"Only what has FAILED can be tried again; the newest version is {status}.")
        retried = self.version(newest)
        if retried is None:
            raise Conflict("The bytes of the failed version are gone. Upload the document again.")
        return retried

    def all(self) -> Iterator[DocumentVersion]:
        """Every document whose newest version has failed; yields the new versions."""
        retried: set[str] = set()
        # Listed first: what fails again meanwhile must not be tried for ever.
        for failed in list(self._registry.iter_by_status(DocumentStatus.FAILED)):
            if not failed.retired and failed.document_id not in retried:
                version = self.version(failed)
                if version is not None:
                    retried.add(failed.document_id)
                    yield version
        self._forget_dead_letters(retried)

    def version(self, failed: DocumentVersion) -> DocumentVersion | None:
        """The next try of a failed version; None if the document has moved on or the bytes are gone."""
        # First the bytes go to failed/: until then the end of the failed version still moves them.
        self._lifecycle.finalize(failed.document_id, failed.version)
        head, current = self._registry.heads_and_versions([(failed.document_id, failed.version)])[
            failed.document_id, failed.version
        ]
        if head is None or current is None or not current.settled or head.replaces(current.version):
            return None
        if current.restores is not None:
            return self._rollback.again(current)
        return self._intake.reingest(ObjectRef(current.bucket, current.s3_key), attempt=current.attempt + 1)

    def _forget_dead_letters(self, document_ids: set[str]) -> None:
        """Their messages are void: a retry sends its own."""
        if document_ids:
            for queue in self._dead_letter_queues:
                queue.remove(lambda body: _document_of(body) in document_ids)


def _document_of(body: str) -> str | None:
    try:
        content = json.loads(body)
    except ValueError:
        return None
    return content.get("document_id") if isinstance(content, dict) else None
