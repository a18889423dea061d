"""What of the documents a caller sees: the one way by which routes come to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, BinaryIO, Final

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from api.authentication import CallerDep
from portfolio_rag.access.keyring import ENVIRONMENT, KEYLESS
from portfolio_rag.composition.api import ApiServices
from portfolio_rag.domain.access import Viewer, viewer_of
from portfolio_rag.domain.api_keys import Caller, Scope
from portfolio_rag.domain.comparison import Comparison
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion
from portfolio_rag.domain.errors import Forbidden, NotFound
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.domain.versions import Publications
from portfolio_rag.pipeline.documents.catalog import DocumentDetail, PresignedUpload, UploadReceipt
from portfolio_rag.pipeline.ingestion.cited_chunks import ChunkInContext
from portfolio_rag.ports.document_registry import Page

_MAX_PAGES: Final = 20
"""Pages of the registry that one page of a list may cost somebody who sees little of them."""


async def viewer_for(request: Request, caller: CallerDep) -> Viewer:
    """An admin sees everything; a tenant is always held to its folder, and lists count where they are switched on."""
    services: ApiServices = request.app.state.services
    if Scope.ADMIN in caller.scopes:
        return Viewer()
    rules = await run_in_threadpool(services.access_rules) if services.settings.access_lists == "true" else None
    return viewer_of(caller.name, caller.groups, caller.tenant, rules)


ViewerDep = Annotated[Viewer, Depends(viewer_for)]


def conversation_of(caller: Caller, conversation_id: str) -> str:
    """The id under which a caller's conversation is kept: nobody goes on with that of another."""
    return conversation_id if caller in (ENVIRONMENT, KEYLESS) else f"{caller.key_id}:{conversation_id}"


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
        self, status: DocumentStatus | None, limit: int, cursor: str | None
    ) -> tuple[Page, dict[DocumentStatus, int] | None]:
        """One page; on the first also how many there are, for those who see all of them."""
        documents = self.services.documents
        if self.viewer.sees_everything:
            return documents.list(status, limit, cursor), documents.counts() if cursor is None else None
        seen: list[DocumentVersion] = []
        for _ in range(_MAX_PAGES):
            page = documents.list(status, limit - len(seen), cursor)
            seen += [version for version in page.items if self.viewer.sees(version)]
            cursor = page.cursor
            if cursor is None or len(seen) == limit:
                break
        return Page(seen, cursor), None

    def get(self, document_id: str) -> DocumentDetail:
        """The document with the versions that are seen. Raises NotFound, also where its current one is not."""
        detail = self.services.documents.get(document_id)
        versions = self._seen(detail)
        if versions is None:
            raise NotFound(f"There is no document {document_id}.")
        return replace(detail, versions=versions)

    def chunk(self, document_id: str, chunk_id: str, *, version: int | None) -> ChunkInContext:
        """As `ChunkLookup.find`. Raises NotFound, also where the document or that version of it is not seen."""
        if not self.viewer.sees_everything:
            self.get(document_id)
        found = self.services.cited.find(document_id, chunk_id, version=version)
        if not self.viewer.sees(found.document):
            raise NotFound(f"There is no chunk {chunk_id} in document {document_id}.")
        return found

    def retry(self, document_id: str) -> DocumentVersion:
        """As `Redrive.document`. Raises NotFound where it is not seen."""
        if not self.viewer.sees_everything:
            self.get(document_id)
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
            self.get(document_id)
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
            detail = self.services.documents.get(document_id_for(self.services.settings.s3_raw_bucket, logical_key))
        except NotFound:
            return prefix
        if detail.head.deleted_at is None and self._seen(detail) is None:
            raise Forbidden(f"The key {self.caller.name!r} may not write {logical_key}.")
        return prefix

    def _seen(self, detail: DocumentDetail) -> list[DocumentVersion] | None:
        """The versions that the viewer sees; None where the one that counts, the live or the newest, is not."""
        current = detail.head.live_version or detail.head.latest_version
        seen = [version for version in detail.versions if self.viewer.sees(version)]
        return seen if self.viewer.sees_everything or any(row.version == current for row in seen) else None


async def _visible_documents(request: Request, caller: CallerDep, viewer: ViewerDep) -> VisibleDocuments:
    return VisibleDocuments(request.app.state.services, caller, viewer)


VisibleDocumentsDep = Annotated[VisibleDocuments, Depends(_visible_documents)]
