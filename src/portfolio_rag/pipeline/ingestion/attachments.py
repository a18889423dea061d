"""Files attached to a mail as documents of their own: `mails/offer.eml/prices.xlsx` beside `mails/offer.eml`.

They are written to `processed/` and registered there, as what is found in that place unregistered always is. Nothing is
written to `incoming/`, so no event of S3 starts anything, and an attachment is never a mail itself (it is read with the
mail that it came with): the pipeline cannot feed itself.

What the mail is told by its attributes, its attachments are told too, and by `attachment_of` whose they are. They come
and go with the mail; one that somebody has deleted stays away until the mail is uploaded again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.access import LIST_FIELD, own_entries
from portfolio_rag.domain.documents import ATTACHMENT_OF, DocumentHead, DocumentVersion, ObjectRef
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.domain.sidecar import MAX_SIDECAR_BYTES
from portfolio_rag.pipeline.documents.lifecycle import Lifecycle
from portfolio_rag.pipeline.ingestion.intake import DocumentIntake
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.object_store import ObjectStore

if TYPE_CHECKING:
    from portfolio_rag.text.extraction.document import Attachment

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attachments:
    objects: ObjectStore
    registry: DocumentRegistry
    intake: DocumentIntake
    lifecycle: Lifecycle

    def ingest(self, version: DocumentVersion, attachments: Sequence[Attachment]) -> list[str]:
        """Make documents of a mail's attachments, and withdraw those that an earlier version of it had.

        May be repeated at will: what lies there already is neither written nor ingested again. Returns the names of
        those whose key would be too long.
        """
        head = self.registry.head(version.document_id)
        if head is None or head.replaces(version.version):
            return []  # Whoever has replaced the mail sees to its attachments.
        sidecar = _sidecar(version, head)
        unfit: list[str] = []
        stored: set[str] = set()
        for attachment in attachments:
            logical_key = f"{head.logical_key}/{attachment.name}"
            if len(logical_key.encode()) > keys.MAX_LOGICAL_KEY_BYTES:
                unfit.append(attachment.name)
                continue
            stored.add(logical_key)
            self._ingest(version, head, logical_key, attachment.data, sidecar)
        self.lifecycle.withdraw_attachments(head, keep=stored)
        after = self.registry.head(version.document_id)
        if after is not None and after.deleted_at is not None:
            # Deleted in between: its attachments may have been looked for before they were there.
            self.lifecycle.withdraw_attachments(after)
        return unfit

    def _ingest(
        self, version: DocumentVersion, mail: DocumentHead, logical_key: str, data: bytes, sidecar: bytes
    ) -> None:
        child = self.registry.head(document_id_for(version.bucket, logical_key))
        if child is not None:
            newest = self.registry.get(child.document_id, child.latest_version)
            if newest is None or newest.metadata.get(ATTACHMENT_OF) != mail.logical_key:
                _log.warning(
                    "%s is an upload of its own, and not replaced by the attachment of that name.", logical_key
                )
                return
            if child.deleted_at is not None and child.deleted_at > version.upload_timestamp:
                return
        place = ObjectRef(version.bucket, keys.PROCESSED + logical_key)
        self._put(ObjectRef(version.bucket, keys.sidecar_of(place.key)), sidecar)
        self._put(place, data)
        self.intake.register_untracked(place)

    def _put(self, place: ObjectRef, data: bytes) -> None:
        """Write unless just that lies there: each write is a new version of the object, and so of the document."""
        found = self.objects.peek(place, len(data) + 1)
        if found is None or found[1] != data:
            self.objects.put(place.bucket, place.key, data)


def _sidecar(version: DocumentVersion, head: DocumentHead) -> bytes:
    """The attributes of an attachment, those of its mail where they leave room, and the mail's access list."""
    own = {ATTACHMENT_OF: head.logical_key}
    # Whoever may not see the mail must not see what came with it: its list is never left out.
    entries = own_entries(version.access_list)
    access = {LIST_FIELD: entries} if entries else {}
    body = json.dumps({"metadataAttributes": {**version.metadata, **own}, **access}).encode()
    return body if len(body) <= MAX_SIDECAR_BYTES else json.dumps({"metadataAttributes": own, **access}).encode()
