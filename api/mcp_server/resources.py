"""Documents as resources: a list in pages, and the text of each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from anyio.to_thread import run_sync

from api.mcp_server.tools import Call
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion
from portfolio_rag.domain.errors import NotFound

DOCUMENT_URI: Final = "rag://documents/{document_id}"
_URI = re.compile(r"rag://documents/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")

PAGE: Final = 100
"""Documents per page of the list."""

MAX_CHARACTERS: Final = 400_000
"""Of a document that are shown as one resource, about 100,000 tokens: what no model takes need not be sent."""


async def list_page(call: Call, cursor: str | None) -> tuple[list[DocumentVersion], str | None]:
    """Live documents, each once a page, and the cursor of the next page. Raises InvalidRequest for a wrong cursor."""
    documents = await call.documents()
    page, _ = await run_sync(documents.page, DocumentStatus.COMPLETED, PAGE, cursor)
    newest = {version.document_id: version for version in reversed(page.items)}
    return [version for version in page.items if newest[version.document_id] is version], page.cursor


async def read_text(call: Call, uri: str) -> str:
    """The text of the live version. Raises NotFound."""
    match = _URI.fullmatch(uri)
    if match is None:
        raise NotFound(f"There is no resource {uri:.200}. Documents are {DOCUMENT_URI}.")
    documents = await call.documents()
    detail = await run_sync(documents.get, match[1])
    if not detail.chunks:
        raise NotFound(f"Document {match[1]} has no text that answers. list_documents says why.")
    return _text_of(detail.chunks)


def _text_of(chunks: Sequence[Chunk]) -> str:
    """The chunks as one text: what each repeats of the one before is left out, what lies between two is blank."""
    pieces = list[str]()
    length = end = 0
    for chunk in chunks:
        start = chunk.span[0]
        gap = "\n\n" if pieces and start > end else ""
        piece = gap + chunk.content[max(0, end - start) :]
        if length + len(piece) > MAX_CHARACTERS:
            pieces.append(f"\n\n[Cut here. get_passage goes on from chunk_id {chunk.chunk_id}.]")
            break
        pieces.append(piece)
        length, end = length + len(piece), max(end, chunk.span[1])
    return "".join(pieces)
