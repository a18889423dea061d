"""What people do with documents through the API: upload, look, delete."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain import tracing
from portfolio_rag.domain.access import LIST_FIELD, own_entries, owned_by
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.document_query import EVERYTHING, DocumentQuery
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus, DocumentVersion, ObjectRef
from portfolio_rag.domain.errors import DependencyUnavailable, DocumentRejected, InvalidRequest, NotFound
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.domain.sidecar import parse_sidecar
from portfolio_rag.domain.versions import Publications
from portfolio_rag.pipeline.documents.lifecycle import Lifecycle
from portfolio_rag.ports.chunk_store import ChunkStore
from portfolio_rag.ports.document_index import DocumentIndex
from portfolio_rag.ports.document_registry import DocumentRegistry, Page
from portfolio_rag.ports.object_store import ObjectStore
from portfolio_rag.ports.runtime import Clock
from portfolio_rag.settings.ingestion_rules import ConfigSource

PRESIGNED_SECONDS = 900

_READS = 5
"""How often a document is read again because it changed meanwhile; then what was read last is shown."""

_FINDS = 10
"""How often the index is asked for one page, of somebody who sees few of those that it finds."""

_log = logging.getLogger(__name__)

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class UploadReceipt:
    """`size` in bytes."""

    document_id: str
    bucket: str
    s3_key: str
    s3_version_id: str
    size: int


@dataclass(frozen=True, slots=True)
class PresignedUpload:
    url: str
    fields: Mapping[str, str]
    document_id: str
    s3_key: str
    expires_in_seconds: int


@dataclass(frozen=True, slots=True)
class DocumentHistory:
    """`versions` newest first."""

    head: DocumentHead
    versions: list[DocumentVersion]


@dataclass(frozen=True, slots=True)
class DocumentDetail:
    """`versions` newest first; `chunks` of the version that answers now, by index."""

    head: DocumentHead
    versions: list[DocumentVersion]
    chunks: list[Chunk]


class Documents:
    def __init__(
        self,
        store: ObjectStore,
        registry: DocumentRegistry,
        chunks: ChunkStore,
        lifecycle: Lifecycle,
        config: ConfigSource,
        clock: Clock,
        bucket: str,
        index: DocumentIndex | None = None,
    ) -> None:
        self._index = index
        self._lifecycle = lifecycle
        self._store = store
        self._registry = registry
        self._chunks = chunks
        self._config = config
        self._clock = clock
        self._bucket = bucket

    def upload(
        self,
        filename: str,
        stream: BinaryIO,
        *,
        prefix: str = "",
        attributes: Mapping[str, Any] | None = None,
        content_type: str = "application/octet-stream",
        owner: str | None = None,
    ) -> UploadReceipt:
        """Stream a document into `incoming/`, its attributes as a sidecar before it.

        A new version keeps the access list of the one before. A new document gets one that allows it to `owner`, a
        user, where one is named.

        Raises InvalidRequest for a name or attributes that cannot be, PayloadTooLarge beyond the ingestion rules.
        """
        key, limit = self._prepare(filename, prefix, attributes, owner)
        with tracing.span("upload", document_id=self._id(key)):
            info = self._store.upload(self._bucket, key, stream, content_type=content_type, max_bytes=limit)
        return UploadReceipt(self._id(key), self._bucket, key, info.ref.version_id or "null", info.size)

    def presign(
        self,
        filename: str,
        *,
        prefix: str = "",
        attributes: Mapping[str, Any] | None = None,
        owner: str | None = None,
    ) -> PresignedUpload:
        """A form with which a browser uploads straight to S3; access lists as for `upload`. Raises InvalidRequest."""
        key, limit = self._prepare(filename, prefix, attributes, owner)
        post = self._store.presign_post(self._bucket, key, max_bytes=limit, expires_in_seconds=PRESIGNED_SECONDS)
        return PresignedUpload(post.url, post.fields, self._id(key), key, PRESIGNED_SECONDS)

    def list(
        self,
        status: DocumentStatus | None,
        limit: int,
        cursor: str | None = None,
        query: DocumentQuery = EVERYTHING,
        sees: Callable[[DocumentVersion], bool] | None = None,
    ) -> Page:
        """One page, newest first. Without a status: all of them, one status after the other. Raises InvalidRequest.

        Only versions that pass the query and for which `sees` is true; where there is one of the two, a page may hold
        fewer than `limit` and not be the last.
        """
        if status is not None:
            return self._page(status, limit, cursor, query, sees)
        statuses = [*DocumentStatus]
        at, _, inner = (cursor or statuses[0]).partition(":")
        if at not in statuses:
            raise InvalidRequest("The cursor is not valid here: use the one of the previous page, unchanged.")
        items: list[DocumentVersion] = []
        for position in range(statuses.index(DocumentStatus(at)), len(statuses)):
            page = self._page(statuses[position], limit - len(items), inner or None, query, sees)
            items += page.items
            if page.cursor:
                return Page(items, f"{statuses[position]}:{page.cursor}")
            inner = ""
            if len(items) == limit:
                following = statuses[position + 1 : position + 2]
                return Page(items, f"{following[0]}:" if following else None)
        return Page(items, None)

    def _page(
        self,
        status: DocumentStatus,
        limit: int,
        cursor: str | None,
        query: DocumentQuery,
        sees: Callable[[DocumentVersion], bool] | None,
    ) -> Page:
        """Of one status. Those that are COMPLETED answer, nearly all, so the index knows them."""

        def passes(version: DocumentVersion) -> bool:
            return query.passes(version) and (sees is None or sees(version))

        is_filtered = bool(query) or sees is not None
        # Who sees a few of all documents is better off with the registry, which reads more of them at a time.
        if status is DocumentStatus.COMPLETED and (query or sees is None):
            found = self._found(limit, cursor, query, passes)
            if found is not None:
                return found
        return self._registry.list_by_status(status, limit=limit, cursor=cursor, passes=passes if is_filtered else None)

    def _found(
        self, limit: int, cursor: str | None, query: DocumentQuery, passes: Callable[[DocumentVersion], bool]
    ) -> Page | None:
        """By the index; None where there is none that knows all."""
        if self._index is None:
            return None
        place = self._registry.place_of(DocumentStatus.COMPLETED, cursor) if cursor else None
        items: list[DocumentVersion] = []
        for _ in range(_FINDS):
            places = self._index.documents(query, limit=limit, after=place)
            if places is None:
                return None
            live = self._registry.live_versions((place.document_id, place.version) for place in places)
            for place in places:
                version = live.get((place.document_id, place.version))
                if version is not None and passes(version):
                    items.append(version)
                if len(items) == limit:
                    return Page(items, self._registry.cursor_at(DocumentStatus.COMPLETED, place))
            if len(places) < limit:
                return Page(items, None)
        return Page(items, self._registry.cursor_at(DocumentStatus.COMPLETED, place) if place else None)

    def get(self, document_id: str) -> DocumentDetail:
        """The document as it stood at one moment. Raises NotFound."""
        head = self._head(document_id)
        for _ in range(_READS):
            # A version that ends between two of the reads would be shown as COMPLETED without a chunk.
            live = head.live_version
            chunks = [*self._chunks.of_document(document_id, version=live)] if live else []
            detail = DocumentDetail(head, self._registry.versions(document_id), chunks)
            head = self._head(document_id)
            if head == detail.head:
                break
        return detail

    def history(self, document_id: str) -> DocumentHistory:
        """Its versions without chunks: what it costs does not grow with the document. Raises NotFound."""
        return DocumentHistory(self._head(document_id), self._registry.versions(document_id))

    def original(self, version: DocumentVersion, part: tuple[int, int] | None = None) -> Iterator[bytes]:
        """The bytes as they were uploaded; of `part` alone, its first and its last byte from 0, where it is given.

        Raises NotFound for those that are not kept: of a deleted version, or expired by the bucket's lifecycle rule.
        """
        for _ in range(_READS):
            if not is_kept(version):
                break
            try:
                return self._store.stream(version.ref, part)
            except NotFound:
                # The pipeline may have moved the object since the row was read.
                current = self._registry.get(version.document_id, version.version)
                if current is None or current.ref == version.ref:
                    break
                version = current
        raise NotFound(f"The bytes of version {version.version} of {version.filename} are not kept any more.")

    def delete(self, document_id: str) -> None:
        """Out of the answers from the first write on; vectors, chunks and backup go before this returns.

        Raises NotFound. The objects get delete markers: S3's versioning keeps their bytes until the lifecycle rule
        expires them. Where a store is down meanwhile, the objects' own removal events see to the rest.
        """
        head = self._head(document_id)
        if head.deleted_at is not None:
            raise NotFound(f"There is no document {document_id}.")
        self._registry.mark_deleted(head, self._clock.now_iso())
        for stage in (keys.INCOMING, keys.FAILED, keys.PROCESSED):
            for key in (keys.sidecar_of(stage + head.logical_key), stage + head.logical_key):
                ref = ObjectRef(self._bucket, key)
                if self._store.head(ref) is not None:
                    self._store.delete(ref)
        deleted = self._registry.head(document_id)
        if deleted is not None and deleted.deleted_at is not None:
            try:
                self._lifecycle.withdraw(deleted, keep_newest=False)
            except DependencyUnavailable:
                _log.warning("Document %s will be purged later.", document_id, exc_info=True)

    def publications(self, document_id: str) -> Publications:
        """Which version answered when, as far as versions are kept. Raises NotFound, also for a deleted document."""
        head = self._head(document_id)
        if head.deleted_at is not None:
            raise NotFound(f"There is no document {document_id}.")
        return head.publications

    def counts(self) -> dict[DocumentStatus, int]:
        """How many versions are in each status; of those that answer, which may be many, by the index."""
        live = self._index.count() if self._index is not None else None
        if live is None:
            return self._registry.count_by_status()
        others = [status for status in DocumentStatus if status is not DocumentStatus.COMPLETED]
        return {**self._registry.count_by_status(others), DocumentStatus.COMPLETED: live}

    def _head(self, document_id: str) -> DocumentHead:
        head = self._registry.head(document_id)
        if head is None:
            raise NotFound(f"There is no document {document_id}.")
        return head

    def _prepare(
        self, filename: str, prefix: str, attributes: Mapping[str, Any] | None, owner: str | None
    ) -> tuple[str, int]:
        """The key of an upload and the bytes it may have; its sidecar is written already."""
        key = self._key(filename, prefix)
        limit = self._config.rules_for(keys.logical_key_of(key)).max_file_size_bytes
        if attributes or owner:
            self._put_sidecar(key, attributes or {}, owner)
        return key, limit

    def _put_sidecar(self, key: str, attributes: Mapping[str, Any], owner: str | None) -> None:
        head = self._registry.head(self._id(key))
        before = self._registry.get(head.document_id, head.latest_version) if head and not head.deleted_at else None
        if before is not None and not attributes and before.status is not DocumentStatus.FAILED:
            return  # Its sidecar stays with it, attributes and list. That of a failed one has gone to `failed/`.
        entries = own_entries(before.access_list) if before else [owned_by(owner)] if owner else []
        body = {"metadataAttributes": dict(attributes), **({LIST_FIELD: entries} if entries else {})}
        try:
            parse_sidecar(body)
        except DocumentRejected as error:
            raise InvalidRequest(str(error)) from error
        self._store.put(self._bucket, keys.sidecar_of(key), json.dumps(body).encode(), content_type="application/json")

    def _key(self, filename: str, prefix: str) -> str:
        path = f"{prefix.strip('/')}/{filename}" if prefix.strip("/") else filename
        if not filename or filename != keys.filename_of(filename) or _CONTROL.search(path):
            raise InvalidRequest("The file name must not be empty, nor hold a slash or control characters.")
        if keys.is_sidecar(filename):
            raise InvalidRequest("Pass attributes with the document; a sidecar alone is no document.")
        if len(path.encode()) > keys.MAX_LOGICAL_KEY_BYTES:
            raise InvalidRequest(f"Prefix and file name together are limited to {keys.MAX_LOGICAL_KEY_BYTES} bytes.")
        return keys.INCOMING + path

    def _id(self, key: str) -> str:
        return document_id_for(self._bucket, keys.logical_key_of(key))


def is_kept(version: DocumentVersion) -> bool:
    """Whether the bytes may be shown: those of a live or replaced version, not those of a deleted one.

    A version that was deleted is retired where it was; one that was replaced is retired in `archived/`.
    """
    return not version.retired or keys.stage_of(version.s3_key) == keys.ARCHIVED
