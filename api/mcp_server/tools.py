"""The tools: what each takes, gives and needs. They know nothing of the protocol."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import anyio
from anyio.to_thread import run_sync
from fastapi import Request
from pydantic import BaseModel

from api.admission import QuestionSlots
from api.as_of import Searchable
from api.metering import meter_for
from api.recording import recorder_for
from api.schemas.agents import (
    AskArguments,
    AskResult,
    DocumentPage,
    GetPassageArguments,
    ListDocumentsArguments,
    PassageInContext,
    SearchArguments,
    SearchResult,
    UploadDocumentArguments,
    UploadResult,
)
from api.visibility import VisibleDocuments, viewer_for
from portfolio_rag.composition.api import ApiServices
from portfolio_rag.domain.answers import Done, Retrieved, Validated
from portfolio_rag.domain.api_keys import Caller, Scope
from portfolio_rag.domain.document_query import DocumentQuery
from portfolio_rag.domain.errors import InvalidRequest
from portfolio_rag.settings.ingestion_rules import FILE_TYPES_IN_WORDS


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who makes it, by which request, and how its progress is told."""

    request: Request
    caller: Caller
    slots: QuestionSlots
    report: Callable[[str], Awaitable[None]]

    @property
    def services(self) -> ApiServices:
        services: ApiServices = self.request.app.state.services
        return services

    async def documents(self) -> VisibleDocuments:
        """The documents as the caller sees them."""
        return VisibleDocuments(self.services, self.caller, await viewer_for(self.request, self.caller))


@dataclass(frozen=True, slots=True)
class Tool:
    """`run` takes an instance of `arguments` and gives one of `result`; it may be cancelled at any time."""

    name: str
    title: str
    description: str
    scope: Scope
    arguments: type[BaseModel]
    result: type[BaseModel]
    run: Callable[[Call, Any], Awaitable[BaseModel]]
    replaces: bool = False
    """Whether what was there before may be replaced."""


async def _search(call: Call, wanted: SearchArguments) -> SearchResult:
    searched = Searchable(await call.documents()).of(wanted.filter, wanted.as_of, None)
    with call.slots.one():
        found = await run_sync(
            lambda: call.services.retrieval.search(
                wanted.query, top_k=wanted.top_k, where=searched.where, as_of=searched.moment
            )
        )
    return SearchResult.of(found)


async def _ask(call: Call, wanted: AskArguments) -> AskResult:
    """Step by step, so that a call that is cancelled ends with the step: the language model writes no further."""
    searched = Searchable(await call.documents()).of(wanted.filter, wanted.as_of, None)
    meter = await meter_for(call.request, call.caller)
    recorder = await recorder_for(call.request, call.caller)
    with call.slots.one():
        # Nothing else refers to the inner ones: closing the outer one ends them all.
        events = recorder.watch(
            meter.watch(
                call.services.chat.stream(
                    wanted.question, top_k=wanted.top_k, where=searched.where, as_of=searched.moment
                )
            )
        )
        try:
            while True:
                event = await run_sync(next, events, None)
                match event:
                    case None:
                        raise RuntimeError("The stream ended without an answer.")
                    case Done():
                        return AskResult.of(event.answer)
                    case Retrieved():
                        await call.report(f"{len(event.passages)} passages found")
                    case Validated():
                        shown = event.sentence.verdict.shown
                        await call.report(f"{event.sentence.verdict}: {event.sentence.text}" if shown else "dropped")
        finally:
            with anyio.CancelScope(shield=True):
                await run_sync(events.close)


async def _get_passage(call: Call, wanted: GetPassageArguments) -> PassageInContext:
    documents = await call.documents()
    document_id, chunk_id = str(wanted.document_id), str(wanted.chunk_id)
    return PassageInContext.of(await run_sync(lambda: documents.chunk(document_id, chunk_id, version=wanted.version)))


async def _list_documents(call: Call, wanted: ListDocumentsArguments) -> DocumentPage:
    documents = await call.documents()
    query = DocumentQuery(wanted.name, tuple(wanted.attributes))
    return DocumentPage.of(*await run_sync(documents.page, wanted.status, wanted.limit, wanted.cursor, query))


async def _upload_document(call: Call, wanted: UploadDocumentArguments) -> UploadResult:
    """Runs to its end when it is cancelled: a document is never half there, and the same one again is the same."""
    documents, content = await call.documents(), _bytes_of(wanted)
    receipt = await run_sync(
        lambda: documents.upload(
            wanted.filename,
            BytesIO(content),
            prefix=wanted.prefix,
            attributes=wanted.metadata,
            content_type="application/octet-stream",
        )
    )
    return UploadResult.of(receipt)


def _bytes_of(document: UploadDocumentArguments) -> bytes:
    if document.encoding == "text":
        return document.content.encode()
    try:
        return base64.b64decode("".join(document.content.split()), validate=True)
    except binascii.Error as error:
        raise InvalidRequest(f"`content` is not base64: {error}. For text leave `encoding` out.") from None


TOOLS: Final[Mapping[str, Tool]] = {
    tool.name: tool
    for tool in (
        Tool(
            "search",
            "Search the documents",
            "Find the passages of the user's documents that bear on a query, by meaning and by words. Use it to look "
            "around or to write from sources yourself; use `ask` for a checked answer.",
            Scope.READ,
            SearchArguments,
            SearchResult,
            _search,
        ),
        Tool(
            "ask",
            "Ask the documents",
            "Answer a question from the user's documents. Every sentence was checked against the source that it cites; "
            "`citations` quote the sources. When `answered` is false the documents do not hold an answer: say so "
            "instead of guessing. The tool knows nothing of your conversation, so the question must stand alone.",
            Scope.READ,
            AskArguments,
            AskResult,
            _ask,
        ),
        Tool(
            "get_passage",
            "Read a passage in its context",
            "Show a passage or cited chunk with the text before and after it, also of a version that has been "
            "replaced. Follow `previous` and `next` to read on.",
            Scope.READ,
            GetPassageArguments,
            PassageInContext,
            _get_passage,
        ),
        Tool(
            "list_documents",
            "List the documents",
            "List the user's documents with status, metadata and, for failed ones, the reason; all of them, or by "
            "status, name and attributes. Those that wait come first, then those in work, the completed, the failed. "
            "Only when `next_cursor` is null is that all: a page may hold few, even none.",
            Scope.READ,
            ListDocumentsArguments,
            DocumentPage,
            _list_documents,
        ),
        Tool(
            "upload_document",
            "Upload a document",
            f"Put a document among the user's documents: {FILE_TYPES_IN_WORDS}. It answers a few seconds later; "
            "list_documents shows its way. The same name under the same prefix again is a new version, which replaces "
            "the one before in answers.",
            Scope.WRITE,
            UploadDocumentArguments,
            UploadResult,
            _upload_document,
            replaces=True,
        ),
    )
}
