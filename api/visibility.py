"""What of the documents a caller sees: the one way by which routes come to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, BinaryIO

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from api.authentication import CallerDep
from portfolio_rag.access.keyring import ENVIRONMENT, KEYLESS
from portfolio_rag.composition.api import ApiServices
from portfolio_rag.domain.access import Viewer, viewer_of
from portfolio_rag.domain.api_keys import Caller, Scope
from portfolio_rag.domain.comparison import Comparison
from portfolio_rag.domain.document_query import EVERYTHING, DocumentQuery
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion
from portfolio_rag.domain.errors import Forbidden, NotFound
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.domain.versions import Publications
from portfolio_rag.pipeline.documents.catalog import DocumentDetail, DocumentHistory, PresignedUpload, UploadReceipt
from portfolio_rag.pipeline.ingestion.cited_chunks import ChunkInContext
from portfolio_rag.ports.document_registry import Page


async def viewer_for(request: Request, caller: CallerDep) -> Viewer:
    """An admin sees everything; a tenant is always held to its folder, and lists count where they are switched on."""
    services: ApiServices = request.app.state.services
    if Scope.ADMIN in caller.scopes:
        return Viewer()
    rules = await run_in_threadpool(services.access_rules) if services.settings.access_lists == "true" else None
    return viewer_of(caller.name, caller.groups, caller.tenant, rules)


ViewerDep = Annotated[Viewer, Depends(viewer_for)]


async def seeing_everything(caller: CallerDep, viewer: ViewerDep) -> None:
    """For routes that tell of all documents at once. Raises Forbidden where the caller sees some of them only."""
    if not viewer.sees_everything:
        raise Forbidden(f"The key {caller.name!r} sees some of the documents only, and this route tells of all.")


def conversation_of(caller: Caller, conversation_id: str) -> str:
    """The id under which a caller's conversation is kept: nobody goes on with that of another."""
    return conversation_id if caller in (ENVIRONMENT, KEYLESS) else f"{caller.key_id}:{conversation_id}"


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """A document with the chunks of one version; `restored`: made again from its archived bytes."""

    detail: DocumentDetail
    version: int
    restored: bool


@dataclass(frozen=True, slots=True)
class VisibleDocuments:
    """The documents as one viewer sees them: what they do not see is not there."""

    services: ApiServices
    caller: Caller
    viewer: Viewer

    def upload(
        self,
        filename: str,
        stream: BinaryIO,
        *,
        prefix: str,
        attributes: Mapping[str, Any] | None,
        content_type: str,
    ) -> UploadReceipt:
        """As `Documents.upload`, below the tenant's folder. Raises Forbidden where something unseen lies there."""
        prefix = self._place(filename, prefix)
        return self.services.documents.upload(
            filename, stream, prefix=prefix, attributes=attributes, content_type=content_type, owner=self._owner
        )

    def presign(self, filename: str, *, prefix: str, attributes: Mapping[str, Any] | None) -> PresignedUpload:
        """As `upload`."""
        prefix = self._place(filename, prefix)
        return self.services.documents.presign(filename, prefix=prefix, attributes=attributes, owner=self._owner)

    def page(
        self,
        status: DocumentStatus | None,
        limit: int,
        cursor: str | None,
        query: DocumentQuery = EVERYTHING,
        *,
        counted: bool = True,
    ) -> tuple[Page, dict[DocumentStatus, int] | None]:
        """One page; on the first also how many there are in all, for those who see all of them."""
        documents = self.services.documents
        sees = None if self.viewer.sees_everything else self.viewer.sees
        page = documents.list(status, limit, cursor, query, sees)
        counts = documents.counts() if counted and cursor is None and self.viewer.sees_everything else None
        return page, counts

    def get(self, document_id: str) -> DocumentDetail:
        """The document with the versions that are seen. Raises NotFound, also where its current one is not."""
        detail = self.services.documents.get(document_id)
        return replace(detail, versions=self._seen_or_refused(detail))

    def version(self, document_id: str, version: int) -> ShownVersion:
        """The document as `get` has it, but with the chunks of that version.

        Raises NotFound, also where it, or the document, is deleted or not seen.
        """
        row = self.file(document_id, version)
        history = self._history(document_id)
        chunks, restored = self.services.cited.of_version(row, history.head)
        return ShownVersion(DocumentDetail(history.head, history.versions, chunks), version, restored)

    def _history(self, document_id: str) -> DocumentHistory:
        """As `get`, without chunks."""
        history = self.services.documents.history(document_id)
        return replace(history, versions=self._seen_or_refused(history))

    def file(self, document_id: str, version: int | None) -> DocumentVersion:
        """That version; without one the version that answers, else the newest.

        Raises NotFound, also where it, or the document, is deleted or not seen.
        """
        history = self._history(document_id)
        wanted = version or history.head.live_version or history.head.latest_version
        row = next((row for row in history.versions if row.version == wanted), None)
        if row is None or history.head.deleted_at is not None:
            raise NotFound(f"There is no document {document_id}{f', version {version}' if version else ''}.")
        return row

    def original(self, version: DocumentVersion, part: tuple[int, int] | None) -> Iterator[bytes]:
        """As `Documents.original`, of what `file` gave."""
        return self.services.documents.original(version, part)

    def chunk(self, document_id: str, chunk_id: str, *, version: int | None) -> ChunkInContext:
        """As `ChunkLookup.find`. Raises NotFound, also where the document or that version of it is not seen."""
        if not self.viewer.sees_everything:
            self._history(document_id)
        found = self.services.cited.find(document_id, chunk_id, version=version)
        if not self.viewer.sees(found.document):
            raise NotFound(f"There is no chunk {chunk_id} in document {document_id}.")
        return found

    def retry(self, document_id: str) -> DocumentVersion:
        """As `Redrive.document`. Raises NotFound where it is not seen."""
        if not self.viewer.sees_everything:
            self._history(document_id)
        return self.services.redrive.document(document_id)

    def publications(self, document_id: str) -> Publications:
        """As `Documents.publications`. Raises NotFound where the document is not seen."""
        if not self.viewer.sees_everything:
            self.get(document_id)
        return self.services.documents.publications(document_id)

    def compare(self, document_id: str, from_version: int, to_version: int) -> Comparison:
        """As `VersionComparison.compare`. Raises NotFound where the document or one of the versions is not seen."""
        self._check_versions(document_id, from_version, to_version)
        return self.services.comparison.compare(document_id, from_version, to_version)

    def roll_back(self, document_id: str, version: int) -> DocumentVersion:
        """As `Rollback.to`. Raises NotFound where the document or the version is not seen."""
        self._check_versions(document_id, version)
        return self.services.rollback.to(document_id, version, by=self.caller.name)

    def _check_versions(self, document_id: str, *numbers: int) -> None:
        if not self.viewer.sees_everything:
            seen = {version.version for version in self.get(document_id).versions}
            if unseen := set(numbers) - seen:
                raise NotFound(f"There is no version {min(unseen)} of document {document_id}.")

    def delete(self, document_id: str) -> None:
        """As `Documents.delete`. Raises NotFound where it is not seen."""
        if not self.viewer.sees_everything:
            self._history(document_id)
        self.services.documents.delete(document_id)

    @property
    def _owner(self) -> str | None:
        """Who is allowed a new document, so that its uploader sees it; where lists do not hold, nobody by name."""
        return self.caller.name if self.viewer.rules is not None else None

    def _place(self, filename: str, prefix: str) -> str:
        """The prefix, below the tenant's folder. Raises Forbidden."""
        if self.viewer.sees_everything:
            return prefix
        prefix = "/".join(filter(None, [self.viewer.tenant, prefix.strip("/")]))
        logical_key = "/".join(filter(None, [prefix, filename]))
        try:
            history = self.services.documents.history(
                document_id_for(self.services.settings.s3_raw_bucket, logical_key)
            )
        except NotFound:
            return prefix
        if history.head.deleted_at is None and self._seen(history) is None:
            raise Forbidden(f"The key {self.caller.name!r} may not write {logical_key}.")
        return prefix

    def _seen_or_refused(self, document: DocumentHistory | DocumentDetail) -> list[DocumentVersion]:
        """As `_seen`; raises NotFound instead of None."""
        versions = self._seen(document)
        if versions is None:
            raise NotFound(f"There is no document {document.head.document_id}.")
        return versions

    def _seen(self, document: DocumentHistory | DocumentDetail) -> list[DocumentVersion] | None:
        """The versions that the viewer sees; None where the one that counts, the live or the newest, is not."""
        current = document.head.live_version or document.head.latest_version
        seen = [version for version in document.versions if self.viewer.sees(version)]
        return seen if self.viewer.sees_everything or any(row.version == current for row in seen) else None


async def _visible_documents(request: Request, caller: CallerDep, viewer: ViewerDep) -> VisibleDocuments:
    return VisibleDocuments(request.app.state.services, caller, viewer)


VisibleDocumentsDep = Annotated[VisibleDocuments, Depends(_visible_documents)]
