"""How large the body of a request may be, and how long it may take to come.

The time grows with what has come: a sender that keeps to the slowest rate of a real network is never cut off, however
large its upload is, and one that sends a byte and waits is.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.paths import MCP_PATH, local_path
from api.problems import problem_response

JSON_BODY_BYTES: Final = 256 * 1024
"""Far above the longest question (4,000 characters, six bytes each when escaped) and filter."""

MCP_BODY_BYTES: Final = 4 * 1024 * 1024
"""An agent may send a document in the arguments of a tool; larger ones have a route of their own."""

FORM_OVERHEAD_BYTES: Final = 1024 * 1024
"""What the other fields of an upload's form may add to the file."""

BODY_SECONDS = 10.0
"""So long a body may take in any case."""

SLOWEST_BYTES_PER_SECOND: Final = 8 * 1024
"""A sender at this rate is let finish."""


class BodyLimits:
    """Refuses a body that is too large, before it is read where it says so, and one that does not come in time."""

    def __init__(self, app: ASGIApp, *, max_upload_bytes: int) -> None:
        self._app = app
        self._limits = {
            ("POST", "/api/documents"): max_upload_bytes + FORM_OVERHEAD_BYTES,
            ("POST", MCP_PATH): MCP_BODY_BYTES,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = local_path(scope)
        limit = self._limits.get((scope["method"], path), JSON_BODY_BYTES)
        length = Headers(scope=scope).get("content-length", "")
        if length.isascii() and length.isdigit() and int(length) > limit:
            await problem_response(status=413, detail=_too_large(limit), instance=path)(scope, receive, send)
            return
        received = 0
        complete = False
        began = time.monotonic()

        async def limited() -> Message:
            nonlocal received, complete
            if complete:
                # What comes behind the body is that the client has gone, whenever it does.
                return await receive()
            allowed = BODY_SECONDS + received / SLOWEST_BYTES_PER_SECOND
            try:
                async with asyncio.timeout(began + allowed - time.monotonic()):
                    message = await receive()
            except TimeoutError:
                # Both go through FastAPI's own body parsing as they are; the handler makes them problems.
                raise HTTPException(408, _too_slow(received), headers={"Connection": "close"}) from None
            received += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if received > limit:
                raise HTTPException(413, _too_large(limit))
            return message

        await self._app(scope, limited, send)


def _too_large(limit: int) -> str:
    return f"The body is larger than the {limit} bytes that this route takes."


def _too_slow(received: int) -> str:
    return f"The body did not come in time: {received} bytes of it have."
