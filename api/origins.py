"""The web page next door: what a browser may be made to do with this API by pages that are not its own.

A page cannot read what it is not allowed to, but it can send: forms and simple requests go without asking. And a name
that is bound anew to this machine makes a foreign page one of the same origin. So the names are checked under which
the API is called, and who calls where something is changed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.paths import local_path
from api.problems import ProblemResponse, problem_response
from portfolio_rag.domain.errors import ConfigurationError

LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "::1")
ANY: Final = "*"

_PROBED_PATH: Final = "/api/live"
"""Load balancers ask for it by address; it tells nothing."""

_OWN_SITES: Final = ("same-origin", "none")
_SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class BrowserGuard:
    """Answers 400 to a host name that is not the API's, and 403 to pages of other origins than the allowed ones."""

    def __init__(self, app: ASGIApp, *, allowed_hosts: Collection[str], allowed_origins: Collection[str]) -> None:
        self._app = app
        self._allowed_hosts = frozenset(allowed_hosts)
        self._allowed_origins = frozenset(allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> ProblemResponse | None:
        path, headers = local_path(scope), Headers(scope=scope)
        hosts = headers.getlist("host")
        if path != _PROBED_PATH and not self._is_allowed_host(hosts):
            return problem_response(
                status=400,
                code="unknown_host",
                detail=f"The API is not called {', '.join(hosts)[:200] or 'by no name at all'}.",
                instance=path,
                hint="Call it by a name of API_ALLOWED_HOSTS, or add the name there.",
            )
        if self._is_foreign(scope["method"], headers, hosts):
            return problem_response(
                status=403,
                code="cross_site_request",
                detail="A page of another origin may not call this API.",
                instance=path,
                hint="Name the page's origin in API_CORS_ORIGINS, or call from the API's own pages.",
            )
        return None

    def _is_allowed_host(self, hosts: Sequence[str]) -> bool:
        return len(hosts) == 1 and (ANY in self._allowed_hosts or host_name(hosts[0]) in self._allowed_hosts)

    def _is_foreign(self, method: str, headers: Headers, hosts: Sequence[str]) -> bool:
        """Whether a browser says that a page of an origin that is not allowed has made the request."""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if ANY in self._allowed_origins or origin in self._allowed_origins:
            return False
        if method in _SAFE_METHODS:
            return site == "cross-site"
        if site is not None and site not in _OWN_SITES:
            return True
        return origin is not None and not (hosts and _is_same_host(origin, hosts[0]))


def host_name(host: str) -> str:
    """The name in a Host header: `LocalHost.:8000` -> `localhost`, `[::1]:8000` -> `::1`; empty where it is none."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
    return name.removesuffix(".")


def parse_hosts(value: str) -> list[str]:
    """`rag.example.org, 10.0.0.7` -> the names; none: those of the machine itself. Raises ConfigurationError."""
    given = [host.strip() for host in value.split(",") if host.strip()]
    for host in given:
        # A bare IPv6 address is no Host header, but it is how one writes it.
        if host != ANY and (host_name(f"[{host}]" if host.count(":") > 1 else host) != host.lower()):
            raise ConfigurationError(f"API_ALLOWED_HOSTS must list names without scheme and port, or *, not {host!r}.")
    return [host.lower() for host in given] or list(LOOPBACK_NAMES)


def _is_same_host(origin: str, host: str) -> bool:
    """Whether an origin is this API's: by name and port. The scheme may be that of a proxy in front."""
    try:
        given, own = urlsplit(origin), urlsplit(f"{urlsplit(origin).scheme}://{host}")
        default = _DEFAULT_PORTS.get(given.scheme)
        return default is not None and (given.hostname, given.port or default) == (own.hostname, own.port or default)
    except ValueError:
        return False
