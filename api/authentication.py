"""Who makes a request, told before a byte of its body is read; and what each route asks of them.

`Authentication` finds the caller and holds the key to its rate; `needs` is how a route declares the scope that it
needs, to OpenAPI as to the request.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import Depends, Request, Security
from fastapi.params import Depends as DependsParameter
from fastapi.security import APIKeyHeader, HTTPBearer, SecurityScopes
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.openai_format import PREFIX as OPENAI_PREFIX
from api.paths import MCP_PATH, local_path
from api.problems import ProblemResponse, problem_response, project_problem
from portfolio_rag.access.keyring import KEYLESS, Keyring
from portfolio_rag.domain import api_keys
from portfolio_rag.domain.api_keys import Caller
from portfolio_rag.domain.errors import ConfigurationError, Forbidden, PortfolioRagError

PUBLIC_PATHS: Final = frozenset({"/", "/api/live"})
CONSOLE_PREFIX: Final = "/console/"
"""With the files of the page at `/`, which hold no data: served without a key.

Everything else needs one, routes that do not exist yet included.
"""

DOCS_PATHS: Final = frozenset({"/docs", "/openapi.json"})
DOCS_PREFIX: Final = "/docs/assets/"
"""The page and its files; without a key where API_DOCS_OPEN says so."""

_LOOKUPS: Final = 4
"""Keys looked up in the table at once, in threads of their own: those of the routes may all be at work."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_HEADER = APIKeyHeader(
    name="X-API-Key",
    scheme_name="ApiKey",
    description="A key that `rag keys create` has made, or the value of the server's environment variable API_KEY.",
    auto_error=False,
)
_BEARER = HTTPBearer(scheme_name="Bearer", description="The same key, as OpenAI's clients send it.", auto_error=False)


async def caller_of(request: Request) -> Caller:
    """Whom `Authentication` has found."""
    caller: Caller = request.state.caller
    return caller


CallerDep = Annotated[Caller, Depends(caller_of)]


# The schemes are there for OpenAPI alone: `Authentication` has read the headers.
async def _authorize(
    scopes: SecurityScopes, caller: CallerDep, _header: Annotated[str | None, Security(_HEADER)]
) -> None:
    for scope in scopes.scopes:
        if not api_keys.permits(caller.scopes, api_keys.Scope(scope)):
            raise Forbidden(f"The key {caller.name!r} has no scope `{scope}`, which this route needs.")


async def _authorize_as_openai(
    scopes: SecurityScopes,
    caller: CallerDep,
    _header: Annotated[str | None, Security(_HEADER)],
    _bearer: Annotated[Any, Security(_BEARER)],
) -> None:
    await _authorize(scopes, caller, _header)


def needs(scope: api_keys.Scope) -> list[DependsParameter]:
    """The `dependencies` of a route that is for callers with this scope."""
    return [Security(_authorize, scopes=[scope.value])]


def needs_as_openai(scope: api_keys.Scope) -> list[DependsParameter]:
    """As `needs`, where the key may come as a bearer token, too."""
    return [Security(_authorize_as_openai, scopes=[scope.value])]


class Authentication:
    """Answers 401 without a valid key and 429 beyond the key's rate; the rest goes on with its caller.

    `keyring` is asked for with the first request. While there is no key at all, clients of `keyless_networks` are
    answered without.
    """

    def __init__(
        self, app: ASGIApp, *, keyring: Callable[[], Keyring], keyless_networks: Sequence[Network], docs_open: bool
    ) -> None:
        self._app = app
        self._keyring = keyring
        self._keyless_networks = keyless_networks
        self._docs_open = docs_open
        self._lookups = CapacityLimiter(_LOOKUPS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_public(path := local_path(scope)):
            await self._app(scope, receive, send)
            return
        try:
            found = await self._identify(scope, path)
            if isinstance(found, Caller):
                found = await self._hold_to_rate(found, path)
        except PortfolioRagError as error:
            found = project_problem(error, path)
        if isinstance(found, ProblemResponse):
            await found(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = found
        await self._app(scope, receive, send)

    def _is_public(self, path: str) -> bool:
        return path in PUBLIC_PATHS or path.startswith(CONSOLE_PREFIX) or (self._docs_open and _is_docs(path))

    async def _identify(self, scope: Scope, path: str) -> Caller | ProblemResponse:
        keyring, given = self._keyring(), _key_of(path, Headers(scope=scope))
        caller = await run_sync(keyring.authenticate, given, limiter=self._lookups) if given else None
        if caller is not None:
            return caller
        if await run_sync(keyring.is_required, limiter=self._lookups):
            return _unauthorized(path, "The API key is missing or wrong.")
        if not self._is_near(scope):
            return _unauthorized(
                path,
                "There is no API key yet, so only the machine that the server runs on is answered. "
                "`rag keys create` makes one.",
            )
        return KEYLESS

    async def _hold_to_rate(self, caller: Caller, path: str) -> Caller | ProblemResponse:
        if caller.requests_per_minute is None:
            return caller
        wait = await run_sync(self._keyring().rates.wait_seconds, caller, limiter=self._lookups)
        return _too_fast(caller, wait, path) if wait else caller

    def _is_near(self, scope: Scope) -> bool:
        client = scope.get("client")
        try:
            address = ipaddress.ip_address(client[0] if client else "")
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._keyless_networks)


def parse_networks(value: str) -> list[Network]:
    """`127.0.0.0/8,::1/128` -> the networks. Raises ConfigurationError."""
    try:
        return [ipaddress.ip_network(network.strip()) for network in value.split(",") if network.strip()]
    except ValueError as error:
        raise ConfigurationError(
            f"API_KEYLESS_NETWORKS must list networks such as 127.0.0.0/8, comma-separated: {error}."
        ) from None


def _key_of(path: str, headers: Headers) -> str:
    """The key that the request brings.

    OpenAI's clients and some agents know no other place for it than a bearer token, and a browser that opens the page
    of the API none but the password that it asks for. It sends that one by itself wherever it is taken, so it is taken
    there alone, where nothing can be changed with it.
    """
    kind, _, credentials = headers.get("authorization", "").partition(" ")
    if _takes_bearer(path) and kind.lower() == "bearer":
        return credentials.strip()
    if _is_docs(path) and kind.lower() == "basic":
        return _password_of(credentials.strip())
    return _as_text(headers.get("x-api-key", ""))


def _password_of(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _as_text(header: str) -> str:
    """Headers come as Latin-1; clients send the UTF-8 of a key that is not ASCII."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeDecodeError:
        return header


def _takes_bearer(path: str) -> bool:
    return path == MCP_PATH or path.startswith(OPENAI_PREFIX)


def _is_docs(path: str) -> bool:
    return path in DOCS_PATHS or path.startswith(DOCS_PREFIX)


def _unauthorized(path: str, detail: str) -> ProblemResponse:
    challenge = "Bearer" if _takes_bearer(path) else "ApiKey"
    if _is_docs(path):
        challenge = 'Basic realm="Any name, and an API key as the password"'
    return problem_response(status=401, detail=detail, instance=path, headers={"WWW-Authenticate": challenge})


def _too_fast(caller: Caller, wait: int, path: str) -> ProblemResponse:
    return problem_response(
        status=429,
        code="rate_limited",
        detail=f"The key {caller.name!r} may make {caller.requests_per_minute} requests a minute.",
        instance=path,
        headers={"Retry-After": str(wait)},
    )
