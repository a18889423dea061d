"""What surrounds every request: its id and log line, security headers, the last error net, and the guards.

Plain ASGI, so that bodies stream through in both directions. Outermost first: RequestContext, CORS (Starlette's,
when origins are set), ErrorBoundary, Guard, and admission.Admission.
"""

from __future__ import annotations

import hmac
import logging
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.logs import bind_request_id, current_request_id
from api.openai_format import PREFIX as OPENAI_PREFIX
from api.paths import local_path
from api.problems import ProblemResponse, internal_error, problem_response

access_log = logging.getLogger("api.access")
logger = logging.getLogger("api")

REQUEST_ID_HEADER: Final = "X-Request-ID"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")

JSON_BODY_BYTES: Final = 256 * 1024
"""Far above the longest question (4,000 characters, six bytes each when escaped) and filter."""

FORM_OVERHEAD_BYTES: Final = 1024 * 1024
"""What the other fields of an upload's form may add to the file."""

PUBLIC_PATHS: Final = frozenset({"/", "/docs", "/openapi.json", "/api/live"})
PUBLIC_PREFIXES: Final = ("/docs/assets/", "/console/")
"""Served without a key. Everything else needs it, routes that do not exist yet included."""

_BASE_HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_API_CSP: Final = "default-src 'none'; frame-ancestors 'none'"


class RequestContext:
    """Gives each request an id (a well-formed X-Request-ID is kept), sets headers, writes the access log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        bind_request_id(request_id)
        started = time.perf_counter()
        # No response at all (the client went away) is logged as nginx does.
        status = 499

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID_HEADER] = request_id
                for name, value in _BASE_HEADERS.items():
                    headers[name] = value
                headers.setdefault("Content-Security-Policy", _API_CSP)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            path = local_path(scope)
            client = scope.get("client")
            access_log.log(
                # Probes ask every few seconds.
                logging.DEBUG if path == "/api/live" else logging.INFO,
                "request",
                extra={
                    "method": scope["method"],
                    "path": path,
                    "status": status,
                    "duration_ms": round((time.perf_counter() - started) * 1000, 1),
                    "client": client[0] if client else None,
                },
            )


class ErrorBoundary:
    """Turns what no handler knows into a 500 that says nothing but the request id; the log gets the rest."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        response_started = False

        async def watch(message: Message) -> None:
            nonlocal response_started
            response_started = response_started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception:
            path = local_path(scope)
            logger.exception("unexpected error", extra={"path": path, "request_id": current_request_id()})
            if response_started:
                # Too late for a status: let the server cut the connection, so that nobody takes half for whole.
                raise
            await internal_error(path)(scope, receive, send)


class Guard:
    """Refuses before the body is read: a missing key, a foreign page, too many bytes."""

    def __init__(self, app: ASGIApp, *, api_key: str, allowed_origins: Sequence[str], max_upload_bytes: int) -> None:
        self._app = app
        self._api_key = api_key.encode()
        self._allowed_origins = frozenset(allowed_origins)
        self._max_upload_body = max_upload_bytes + FORM_OVERHEAD_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = local_path(scope)
        headers = Headers(scope=scope)
        limit = self._max_upload_body if (scope["method"], path) == ("POST", "/api/documents") else JSON_BODY_BYTES
        refusal = self._refusal(path, headers, limit)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                # FastAPI passes this one on from inside its body parsing; the handler makes it a problem.
                raise HTTPException(413, _too_large(limit))
            return message

        await self._app(scope, counted, send)

    def _refusal(self, path: str, headers: Headers, limit: int) -> ProblemResponse | None:
        if self._api_key and not _is_public(path):
            given = _key_of(path, headers).encode("latin-1")
            if not hmac.compare_digest(given, self._api_key):
                return problem_response(
                    status=401,
                    detail="The API key is missing or wrong.",
                    instance=path,
                    headers={"WWW-Authenticate": "Bearer" if path.startswith(OPENAI_PREFIX) else "ApiKey"},
                )
        # A form on a foreign page can post an upload to a local API that has no key; browsers say when one does.
        if headers.get("sec-fetch-site") == "cross-site" and not self._allows(headers.get("origin")):
            return problem_response(
                status=403,
                code="cross_site_request",
                detail="A page of another site may not call this API.",
                instance=path,
            )
        length = headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length) > limit:
            return problem_response(status=413, detail=_too_large(limit), instance=path)
        return None

    def _allows(self, origin: str | None) -> bool:
        return "*" in self._allowed_origins or origin in self._allowed_origins


def _key_of(path: str, headers: Headers) -> str:
    """The key that the request brings: OpenAI's clients know no other place for it than a bearer token."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    if path.startswith(OPENAI_PREFIX) and kind.lower() == "bearer":
        return token.strip()
    return headers.get("x-api-key", "")


def _is_public(path: str) -> bool:
    return path in PUBLIC_PATHS or path.startswith(PUBLIC_PREFIXES)


def _too_large(limit: int) -> str:
    return f"The body is larger than the {limit} bytes that this route takes."
