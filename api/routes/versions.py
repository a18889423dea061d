"""/api/documents/{document_id}/compare and …/rollback."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query

from api.authentication import needs
from api.problem_docs import documented
from api.routes.documents import DocumentId
from api.schemas.documents import VersionOut
from api.schemas.versions import ComparisonOut, RollbackRequest
from api.visibility import VisibleDocumentsDep
from portfolio_rag.domain.api_keys import Scope

router = APIRouter(prefix="/api/documents", tags=["documents"])


@router.get(
    "/{document_id}/compare",
    dependencies=needs(Scope.READ),
    operation_id="compare_versions",
    summary="Compare two versions of a document",
    response_description="What differs, by section.",
    responses=documented(400, 404, 422, 500, 503),
)
def compare_versions(
    document_id: DocumentId,
    documents: VisibleDocumentsDep,
    from_version: Annotated[
        int, Query(alias="from", ge=1, le=10**9, description="The version that is compared with.", examples=[1])
    ],
    to_version: Annotated[
        int, Query(alias="to", ge=1, le=10**9, description="The version that is looked at.", examples=[2])
    ],
) -> ComparisonOut:
    """The texts of both, section by section: what one has and the other has not, and which sentences differ.

    Both are versions that answer or answered, and are kept (`history` of the document). The text is that of the
    chunks, so what no answer could have used is not compared either.
    """
    return ComparisonOut.of(documents.compare(str(document_id), from_version, to_version))


@router.post(
    "/{document_id}/rollback",
    dependencies=needs(Scope.WRITE),
    operation_id="roll_back_document",
    summary="Let an old version answer again",
    status_code=202,
    response_description="The version that restores it is on its way.",
    responses=documented(404, 409, 422, 500, 503),
)
def roll_back_document(
    document_id: DocumentId,
    body: Annotated[
        RollbackRequest,
        Body(openapi_examples={"first": {"summary": "Back to the first version", "value": {"version": 1}}}),
    ],
    documents: VisibleDocumentsDep,
) -> VersionOut:
    """Make a new version with the bytes and the chunks of an old one; nothing is embedded.

    It takes the place of the current version with one write, a second or so later; until then that one answers. An
    upload that is on its way and came before this is superseded, one that comes after replaces it. `restores` and
    `restored_by` of the new version say what was asked, and by whom. Attributes of the sidecar and the access list
    stay those of now.
    """
    return VersionOut.of(documents.roll_back(str(document_id), body.version))
