"""/api/documents: upload, follow, delete."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, File, Form, Header, HTTPException, Path, Query, Response, UploadFile
from starlette.responses import StreamingResponse

from api.authentication import needs
from api.files import OTHER_MEDIA_TYPE, PDF_MEDIA_TYPE, file_response
from api.problem_docs import documented
from api.schemas.documents import (
    AttributePair,
    AttributesText,
    ChunkContextOut,
    DeletionAccepted,
    DocumentList,
    DocumentOut,
    Prefix,
    PresignRequest,
    PresignResponse,
    UploadAccepted,
    VersionOut,
)
from api.visibility import VisibleDocumentsDep
from portfolio_rag.domain.api_keys import Scope
from portfolio_rag.domain.document_query import DocumentQuery
from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.settings.ingestion_rules import FILE_TYPES_IN_WORDS

router = APIRouter(prefix="/api/documents", tags=["documents"])

DocumentId = Annotated[UUID, Path(description="Id of a document.", examples=["5b0f8a52-6c8e-5a0f-9d5e-0f6a5b1f7c11"])]


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


_FILE_CONTENT: dict[str, Any] = {
    media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in (PDF_MEDIA_TYPE, OTHER_MEDIA_TYPE)
}
_FILE_HEADERS = {
    "Accept-Ranges": _header("`bytes`: a part can be asked for."),
    "Content-Disposition": _header("`attachment`, with the file's name."),
    "ETag": _header("Of these bytes."),
}
_LOCATION = {"Location": {"description": "Where to follow it.", "schema": {"type": "string"}}}


@router.post(
    "",
    dependencies=needs(Scope.WRITE),
    operation_id="upload_document",
    summary="Upload a document",
    status_code=202,
    response_description="The bytes are in S3 and the pipeline has begun.",
    responses={202: {"headers": _LOCATION}, **documented(400, 413, 422, 500, 503)},
)
def upload_document(
    response: Response,
    documents: VisibleDocumentsDep,
    file: Annotated[UploadFile, File(description=f"The document: {FILE_TYPES_IN_WORDS}, told by content.")],
    prefix: Annotated[Prefix, Form()] = "",
    metadata: Annotated[
        AttributesText,
        Form(
            description=(
                "Custom attributes as JSON: texts, numbers, booleans and lists of texts, for example "
                '`{"service": "sqs", "year": 2026}`. They are returned with passages and can be used in filters.'
            ),
        ),
    ] = None,
) -> UploadAccepted:
    """Stream a file to `incoming/` of the raw bucket.

    The answer comes before the document is ingested: follow it at `Location`, which knows the document as soon as S3's
    event has been handled (a second or so; 404 until then). The same path again is a new version of the same document;
    the old one answers until the new one is COMPLETED. Where neither bytes nor attributes have changed there is none,
    and `last_seen_at` of the document says that the upload was seen. For files that are large or many,
    `POST /api/documents/presign` spares the way through this API.
    """
    receipt = documents.upload(
        file.filename or "",
        file.file,
        prefix=prefix,
        attributes=metadata,
        content_type=file.content_type or "application/octet-stream",
    )
    response.headers["Location"] = f"/api/documents/{receipt.document_id}"
    return UploadAccepted.of(receipt)


@router.post(
    "/presign",
    dependencies=needs(Scope.WRITE),
    operation_id="presign_upload",
    summary="Get a form for an upload straight to S3",
    response_description="Where to send the file, and with which fields.",
    responses=documented(400, 413, 422, 500, 503),
)
def presign_upload(
    body: Annotated[
        PresignRequest,
        Body(
            openapi_examples={
                "guide": {
                    "summary": "A guide with attributes",
                    "value": {"filename": "my-guide.md", "prefix": "guides/", "metadata": {"service": "sqs"}},
                }
            }
        ),
    ],
    documents: VisibleDocumentsDep,
) -> PresignResponse:
    """A presigned POST: S3 takes the file itself, checks its size, and the pipeline starts as with any upload.

    With curl: `curl -F key=… -F policy=… (every field) -F file=@my-guide.md URL`. The field `file` comes last.
    """
    return PresignResponse.of(documents.presign(body.filename, prefix=body.prefix, attributes=body.metadata))


@router.api_route("/presign", methods=["GET", "DELETE"], dependencies=needs(Scope.READ), include_in_schema=False)
def refuse_other_methods() -> None:
    """Or `presign` would be the id of a document, and none that can be."""
    raise HTTPException(405)


@router.get(
    "",
    dependencies=needs(Scope.READ),
    operation_id="list_documents",
    summary="List documents by status, name and attributes",
    response_description="One page.",
    responses=documented(400, 422, 500, 503),
)
def list_documents(
    documents: VisibleDocumentsDep,
    status: Annotated[
        DocumentStatus | None, Query(description="Only versions in this status.", examples=["COMPLETED"])
    ] = None,
    name: Annotated[
        str, Query(max_length=1024, description="Only those with this in their path.", examples=["guides/sqs"])
    ] = "",
    attribute: Annotated[
        list[AttributePair],
        Query(
            max_length=10,
            description="Only those with this attribute, custom or `file_type`, as `key:value`; several: all of them.",
            examples=[["service:sqs", "file_type:pdf"]],
        ),
    ] = [],  # noqa: B006 - FastAPI copies it
    limit: Annotated[int, Query(ge=1, le=100, description="Versions per page.", examples=[20])] = 20,
    cursor: Annotated[
        str | None, Query(min_length=1, max_length=4096, description="`next_cursor` of the page before.")
    ] = None,
    counts: Annotated[bool, Query(description="Whether the first page also counts them all.")] = True,
) -> DocumentList:
    """Versions of documents a page at a time, newest first.

    Without `status` those that wait come first, then those in work, the completed and the failed. The first page also
    counts them all by status, for a key that sees all of them, unless `counts` is false. A version that was uploaded a
    moment ago may take a second to appear.

    With `name` or `attribute` (upper and lower case are the same), and for a key that does not see everything, the list
    is read until the page is full. How much one request reads is bounded: a page may hold fewer than `limit`, even
    none, and still not be the last. Only `next_cursor` tells.
    """
    query = DocumentQuery(name, tuple(attribute))
    return DocumentList.of(*documents.page(status, limit, cursor, query, counted=counts))


@router.get(
    "/{document_id}",
    dependencies=needs(Scope.READ),
    operation_id="get_document",
    summary="Show a document",
    response_description="State, versions and chunks.",
    responses=documented(404, 422, 500, 503),
)
def get_document(
    document_id: DocumentId,
    documents: VisibleDocumentsDep,
    version: Annotated[
        int | None, Query(ge=1, le=10**9, description="Show the chunks of this version, not of that which answers.")
    ] = None,
    chunk_offset: Annotated[int, Query(ge=0, description="First chunk to show.", examples=[0])] = 0,
    chunk_limit: Annotated[int, Query(ge=0, le=100, description="How many chunks to show.", examples=[20])] = 20,
) -> DocumentOut:
    """Where the document stands, why it failed if it did, each of its versions, and the chunks that answer.

    With `version` the chunks are those of that version. Where it has been replaced, they are made again from its
    archived bytes (`chunks_restored`), which takes as long as reading the document; there are none where S3 keeps the
    bytes no more.
    """
    if version is None:
        return DocumentOut.of(documents.get(str(document_id)), chunk_offset=chunk_offset, chunk_limit=chunk_limit)
    shown = documents.version(str(document_id), version)
    return DocumentOut.of(
        shown.detail,
        chunk_offset=chunk_offset,
        chunk_limit=chunk_limit,
        version=version,
        restored=shown.restored,
    )


@router.get(
    "/{document_id}/file",
    dependencies=needs(Scope.READ),
    operation_id="get_file",
    summary="Get a document's own bytes",
    response_class=StreamingResponse,
    response_description="The file as it was uploaded.",
    responses={
        200: {"content": _FILE_CONTENT, "headers": _FILE_HEADERS},
        206: {
            "description": "The part that `Range` asked for.",
            "content": _FILE_CONTENT,
            "headers": {**_FILE_HEADERS, "Content-Range": _header("Which part it is: `bytes 0-1023/3120`.")},
        },
        **documented(404, 416, 422, 500, 503),
    },
)
def get_file(
    document_id: DocumentId,
    documents: VisibleDocumentsDep,
    version: Annotated[
        int | None, Query(ge=1, le=10**9, description="Which version; without it that which answers, else the newest.")
    ] = None,
    wanted: Annotated[
        str | None, Header(alias="Range", max_length=100, description="One part of it, as `bytes=0-1023`.")
    ] = None,
    only_if: Annotated[
        str | None,
        Header(alias="If-Range", max_length=1100, description="An `ETag`: for another one the file is whole."),
    ] = None,
) -> StreamingResponse:
    """The bytes of a version as they were uploaded, as long as S3 keeps them; what was deleted is not shown.

    It is always to be saved and never a page: `Content-Disposition` is `attachment`, and all but a PDF is
    `application/octet-stream`.
    """
    found = documents.file(str(document_id), version)
    return file_response(found, wanted, only_if, lambda part: documents.original(found, part))


@router.get(
    "/{document_id}/chunks/{chunk_id}",
    dependencies=needs(Scope.READ),
    operation_id="get_chunk",
    summary="Show a cited chunk in its context",
    response_description="The chunk, and the text before and after it.",
    responses=documented(404, 422, 500, 503),
)
def get_chunk(
    document_id: DocumentId,
    chunk_id: Annotated[UUID, Path(description="Id of a chunk.", examples=["0d8f4c0e-52f1-5a9f-8a0e-3f5f6f0c9b1a"])],
    documents: VisibleDocumentsDep,
    version: Annotated[
        int | None, Query(ge=1, le=10**9, description="The citation's version: finds replaced text faster.")
    ] = None,
) -> ChunkContextOut:
    """What a citation points to: `span` minus `chunk.start` is the place of its quote in `chunk.content`.

    It resolves after the document has changed, too: the chunk is then made again from the version's bytes in
    `archived/` (`restored`), as long as S3 keeps them and the ingestion rules cut as they did. What was deleted is
    not shown any more.
    """
    return ChunkContextOut.of(documents.chunk(str(document_id), str(chunk_id), version=version))


@router.post(
    "/{document_id}/retry",
    dependencies=needs(Scope.WRITE),
    operation_id="retry_document",
    summary="Try a failed document again",
    status_code=202,
    response_description="A new version of the same bytes has begun.",
    responses=documented(404, 409, 422, 500, 503),
)
def retry_document(document_id: DocumentId, documents: VisibleDocumentsDep) -> VersionOut:
    """Take a document in again whose newest version has FAILED, from the bytes that lie in `failed/`.

    The retry is a new version with one more `attempt`; an earlier version that answers goes on answering until it is
    complete. Where the newest version has not failed, the answer is 409.
    """
    return VersionOut.of(documents.retry(str(document_id)))


@router.delete(
    "/{document_id}",
    dependencies=needs(Scope.WRITE),
    operation_id="delete_document",
    summary="Delete a document",
    status_code=202,
    response_description="No answer uses it any more.",
    responses=documented(404, 409, 422, 500, 503),
)
def delete_document(document_id: DocumentId, documents: VisibleDocumentsDep) -> DeletionAccepted:
    """Take the document out of answers at once, and remove its chunks, its vectors and their backup.

    Where a store does not answer meanwhile, the rest is removed when it does. The file itself gets a delete marker in
    S3: its bytes stay until the lifecycle rule expires them.
    """
    documents.delete(str(document_id))
    return DeletionAccepted(document_id=str(document_id))
