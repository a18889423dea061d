"""What surrounds every request: its id and log line, security headers, the last error net.

Plain ASGI, so that bodies stream through in both directions. Outermost first: RequestContext, CORS (Starlette's,
when origins are set), ErrorBoundary, origins.BrowserGuard, authentication.Authentication, bodies.BodyLimits, and
admission.Admission.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.logs import bind_request_id, current_request_id
from api.paths import local_path
from api.problems import internal_error
from portfolio_rag.domain import tracing

access_log = logging.getLogger("api.access")
logger = logging.getLogger("api")

REQUEST_ID_HEADER: Final = "X-Request-ID"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")

_BASE_HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_API_CSP: Final = "default-src 'none'; frame-ancestors 'none'"


def _parent(scope: Scope) -> str | None:
    """The caller's span, where it sends one."""
    return Headers(scope=scope).get(tracing.TRACEPARENT)


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
            with tracing.span("request", [_parent(scope)], method=scope["method"], path=local_path(scope)):
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
