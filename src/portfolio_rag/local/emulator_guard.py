"""The emulator's process: MiniStack behind a guard against the pages of a browser.

MiniStack has no passwords and answers every origin with `Access-Control-Allow-Origin: *`, so any page that is open in a
browser of this machine could read and write the buckets. Programs send neither Origin nor Sec-Fetch-Site and pass; of
pages, only those of the named origins pass, and only with the form of a presigned upload. The guard runs inside
MiniStack's own process, so that bodies stream as before and there is no unguarded port beside it.

Needs nothing of this package: Compose mounts this file into MiniStack's image.
"""

from __future__ import annotations

import hmac
import json
import os
import urllib.request
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

API_IDENTITY = {
    "FunctionName": "api",
    "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:api",
    "Role": "arn:aws:iam::000000000000:role/portfolio-api-task",
}
"""Whose credentials the API has under AUTH. MiniStack makes them for functions, and the same ones each time."""

SECRET_HEADER = "X-Lambda-Host-Secret"  # noqa: S105
"""With it the emulator shows the Lambda host that it is the emulator, and the Lambda host the emulator."""

CREDENTIALS_PATH = "/_local/execution-credentials"
"""Where the Lambda host gets the credentials of a function's role."""

OWN_HOSTS = ("127.0.0.1", "::1", "localhost", "localhost.localstack.cloud")
"""Names that always mean this machine, and in front of which S3 clients put a bucket. Nobody else can rebind them."""

_FOREIGN_SITES = frozenset({"same-site", "cross-site"})
_PAGE_HEADERS = (
    # A document of the raw bucket that is opened in a browser must not run as a page of the emulator.
    (b"content-security-policy", b"sandbox; default-src 'none'"),
    (b"x-content-type-options", b"nosniff"),
)


class Guard:
    """ASGI: refuses foreign hosts (400) and pages (403) before the emulator sees the request; rewrites CORS headers.

    `hosts` are names beside OWN_HOSTS, `origins` those whose pages may post presigned forms.
    """

    def __init__(self, app: App, *, hosts: Collection[str] = (), origins: Collection[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset({*OWN_HOSTS, *hosts})
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        origin = headers.get(b"origin")
        if scope["type"] != "http":
            # WebSockets: of services that the stack does not use.
            await send({"type": "websocket.close", "code": 1008})
        elif not self._is_ours(headers.get(b"host", "")):
            await _answer(send, 400, "The emulator does not answer to this host name.")
        elif origin is None and headers.get(b"sec-fetch-site") in _FOREIGN_SITES:
            await _answer(send, 403, "A page of another site may not call the emulator.")
        elif origin is not None and origin not in self._origins:
            await _answer(send, 403, "A page of this origin may not call the emulator.")
        elif origin is not None and scope["method"] == "OPTIONS":
            await _answer(send, 204, "", _preflight(origin))
        elif origin is not None and not _is_form(scope["method"], headers.get(b"content-type", "")):
            await _answer(send, 403, "A page may post the form of a presigned upload, and nothing else.")
        else:
            await self._app(scope, receive, _without_wildcard(send, origin))

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self._hosts or any(name.endswith(f".{known}") for known in self._hosts)


def _is_form(method: str, content_type: str) -> bool:
    return method == "POST" and content_type.partition(";")[0].strip().lower() == "multipart/form-data"


def _preflight(origin: str) -> list[tuple[bytes, bytes]]:
    return [
        *_allowing(origin),
        (b"access-control-allow-methods", b"POST"),
        (b"access-control-allow-headers", b"content-type"),
        (b"access-control-max-age", b"600"),
    ]


def _allowing(origin: str) -> list[tuple[bytes, bytes]]:
    return [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"Origin")]


def _without_wildcard(send: Send, origin: str | None) -> Send:
    """`send`, with the emulator's own CORS headers taken out and those for `origin` put in."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own: Headers = message.get("headers", ())
            kept = [(name, value) for name, value in own if not name.lower().startswith(b"access-control-")]
            added = [*_PAGE_HEADERS, *(_allowing(origin) if origin is not None else ())]
            message = {**message, "headers": [*kept, *added]}
        await send(message)

    return sending


async def _answer(send: Send, status: int, words: str, headers: Headers = ()) -> None:
    body = words.encode()
    # Without a length for 204, which has no body.
    length = [(b"content-length", str(len(body)).encode())] if body else []
    start = [(b"content-type", b"text/plain; charset=utf-8"), *length, *_PAGE_HEADERS, *headers]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})


class AsOverTls:
    """ASGI: requests count as encrypted, so that policies which deny all others can be in force.

    On the loopback address there is nobody to encrypt them against, and no certificate that clients would accept.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}
        await self._app(scope, receive, send)


class ExecutionCredentials:
    """ASGI: answers `POST CREDENTIALS_PATH` with the credentials of a function's role, to who knows `secret`.

    The body is the function's configuration, the answer a JSON object of environment variables, as Lambda sets them.
    """

    def __init__(self, app: App, *, secret: str, issue: Callable[[dict[str, Any]], dict[str, str]]) -> None:
        self._app = app
        self._secret = secret.encode()
        self._issue = issue

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != CREDENTIALS_PATH:
            await self._app(scope, receive, send)
            return
        given = {name.lower(): value for name, value in scope["headers"]}.get(SECRET_HEADER.lower().encode(), b"")
        if not hmac.compare_digest(given, self._secret):
            await _answer(send, 403, "Only the Lambda host gets credentials of a role.")
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        await _answer(send, 200, json.dumps(self._issue(json.loads(body))))


class SecretForLambdaHost(urllib.request.BaseHandler):
    """urllib, with which MiniStack calls the Lambda host, sends it the secret, and nobody else."""

    def __init__(self, url: str, secret: str) -> None:
        self._prefix = f"{url}/"
        self._secret = secret

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        if request.full_url.startswith(self._prefix):
            # Unredirected: it would not follow to another address.
            request.add_unredirected_header(SECRET_HEADER, self._secret)
        return request


def guarded(app: App, environment: Mapping[str, str]) -> App:
    """The emulator's ASGI application as `environment` asks for it.

    EMULATOR_HOSTS and EMULATOR_ORIGINS say who may, AUTH is MiniStack's own, and the file of LAMBDA_HOST_SECRET_FILE
    holds what the Lambda host at LAMBDA_HOST_URL is shown.
    """
    if environment.get("AUTH", "").lower() == "true":
        app = AsOverTls(app)
    if secret_file := environment.get("LAMBDA_HOST_SECRET_FILE"):
        from ministack.core.lambda_runtime import execution_credentials

        secret = Path(secret_file).read_text(encoding="ascii")
        handler = SecretForLambdaHost(environment["LAMBDA_HOST_URL"], secret)
        urllib.request.install_opener(urllib.request.build_opener(handler))
        app = ExecutionCredentials(app, secret=secret, issue=execution_credentials)
        if environment.get("AUTH", "").lower() == "true":
            # The API got them from an emulator that may have ended since, and sessions are not kept.
            execution_credentials(API_IDENTITY)
    return Guard(
        app,
        hosts=environment.get("EMULATOR_HOSTS", "").split(),
        origins=environment.get("EMULATOR_ORIGINS", "").split(),
    )


def main() -> None:
    # Here: importing MiniStack reads its environment and sets up logging, and the rest of this module is imported by
    # commands that end in less time than asyncio takes to load.
    import asyncio
    import resource

    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    # A burst of connections must not meet the soft limit, 1,024 on many systems.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    config = Config()
    config.bind = [f"{os.environ.get('BIND_HOST', '0.0.0.0')}:{os.environ.get('EDGE_PORT', '4566')}"]  # noqa: S104
    config.keep_alive_timeout = 75
    application: Any = guarded(app, os.environ)
    asyncio.run(serve(application, config))


if __name__ == "__main__":
    main()
