"""A document's own bytes as a response: whole or in part, and never as something that a browser would show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from portfolio_rag.domain.documents import DocumentVersion

PDF_MEDIA_TYPE: Final = "application/pdf"
OTHER_MEDIA_TYPE: Final = "application/octet-stream"
"""Whatever a document is: a page of HTML or an SVG that people uploaded must not run under this origin."""

_CSP: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")

Part = tuple[int, int]
"""The first and the last byte, from 0."""


def file_response(
    version: DocumentVersion,
    wanted: str | None,
    only_if: str | None,
    open_part: Callable[[Part | None], Iterator[bytes]],
) -> StreamingResponse:
    """`wanted` and `only_if` are the headers Range and If-Range.

    Raises HTTPException 416, and what `open_part` raises.
    """
    etag = f'"{version.source_version_id}"'
    part = part_of(wanted, version.file_size) if wanted and only_if in (None, etag) else None
    length = part[1] - part[0] + 1 if part else version.file_size
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(version.filename, safe='')}",
        "Content-Length": str(length),
        "Content-Security-Policy": _CSP,
        "ETag": etag,
    }
    if part:
        headers["Content-Range"] = f"bytes {part[0]}-{part[1]}/{version.file_size}"
    return StreamingResponse(
        open_part(part),
        status_code=206 if part else 200,
        media_type=PDF_MEDIA_TYPE if version.file_type == "pdf" else OTHER_MEDIA_TYPE,
        headers=headers,
    )


def part_of(wanted: str, size: int) -> Part | None:
    """The part that a Range header asks for, of so many bytes; None for a header that may be passed over.

    Several parts at once are passed over, too (RFC 9110, section 14.2). Raises HTTPException 416 for a part that lies
    beyond the end.
    """
    match = _RANGE.fullmatch(wanted.strip())
    if match is None or match.group(1) == match.group(2) == "":
        return None
    if match.group(1) == "":
        first, last = max(0, size - int(match.group(2))), size - 1
    else:
        first, last = int(match.group(1)), min(size - 1, int(match.group(2) or size - 1))
        if match.group(2) and int(match.group(2)) < first:
            return None
    if first >= size:
        raise HTTPException(416, f"The file has {size} bytes.", {"Content-Range": f"bytes */{size}"})
    return first, last
