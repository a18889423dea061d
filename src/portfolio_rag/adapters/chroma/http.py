"""Chroma's documented HTTP API, version 2, without Chroma's client: for functions that start cold.

Importing the client takes half a second, urllib3 nothing, as boto3 has loaded it. Both ways pass the same tests against
the real server (tests/unit/adapters/chroma).
"""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import urllib3

from portfolio_rag.adapters.chroma.api import ChromaRefused
from portfolio_rag.adapters.chroma.login import NO_LOGIN, REFUSED, Login
from portfolio_rag.domain.errors import NotFound, VectorStoreUnavailable
from portfolio_rag.ports.vectors import Vectors

_HEADERS = {"Content-Type": "application/json"}
"""Of each request."""
_NAMES_A_PAGE = 100
_CONNECTIONS = 8
"""Kept open: as many as the threads that write side by side (adapters/process/threads.py)."""
_FAILURES = {"InternalError", "RateLimitError"}
"""Named by the server, and no fault of the request."""
_REFUSALS = {
    *("InvalidDimension", "InvalidArgumentError", "IDAlreadyExists", "DuplicateID", "InvalidUUID"),
    *("InvalidHTTPVersion", "BatchSizeExceededError", "VersionMismatchError"),
    *("UniqueConstraintError", "QuotaError", "ChromaError"),
}


class HttpApi:
    """`ChromaApi` by plain requests; `timeout` in seconds is that of each wait of a call."""

    def __init__(self, url: str, timeout: float, login: Login = NO_LOGIN) -> None:
        self._url = url.rstrip("/")
        self._login = login
        self._headers = _HEADERS | login.headers
        self._found_database: str | None = None
        options: dict[str, Any] = {
            "num_pools": 1,
            "maxsize": _CONNECTIONS,
            "timeout": timeout,
            # What may be tried again is for the caller to say.
            "retries": False,
        }
        proxy = _proxy(url)
        self._pool = urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)

    def heartbeat(self) -> None:
        self.request("GET", "/api/v2/heartbeat", expected=("nanosecond heartbeat",))

    def create(self, name: str, configuration: Mapping[str, Any], metadata: Mapping[str, Any] | None) -> HttpCollection:
        body = {"name": name, "configuration": configuration, "metadata": metadata, "get_or_create": True}
        return self._opened(self.request("POST", f"{self._database}/collections", body, expected=("id",)))

    def collection(self, name: str) -> HttpCollection:
        return self._opened(self.request("GET", f"{self._database}/collections/{_quoted(name)}", expected=("id",)))

    def names(self) -> list[str]:
        names: list[str] = []
        while page := self.request("GET", f"{self._database}/collections?limit={_NAMES_A_PAGE}&offset={len(names)}"):
            names += [collection["name"] for collection in page]
        return names

    def drop(self, name: str) -> None:
        self.request("DELETE", f"{self._database}/collections/{_quoted(name)}")

    def close(self) -> None:
        self._pool.clear()

    def request(self, method: str, path: str, body: Any = None, *, expected: tuple[str, ...] = ()) -> Any:
        """The answer's JSON; `expected` are the members that it must have."""
        try:
            response = self._pool.request(
                method,
                self._url + path,
                headers=self._headers,
                body=None if body is None else json.dumps(body).encode(),
            )
            answer = json.loads(response.data) if 200 <= response.status < 300 else None
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise VectorStoreUnavailable(f"Chroma does not answer: {error}") from error
        if not 200 <= response.status < 300:
            raise _problem(response)
        if expected and not (isinstance(answer, dict) and set(expected) <= set(answer)):
            raise VectorStoreUnavailable(f"Chroma does not answer: {method} {path} has no {' and '.join(expected)}.")
        return answer

    @property
    def _database(self) -> str:
        """The path of everything in it, looked up once."""
        if self._found_database is None:
            tenant, database = self._login.place(
                lambda: self.request("GET", "/api/v2/auth/identity", expected=("tenant",))
            )
            self._found_database = f"/api/v2/tenants/{_quoted(tenant)}/databases/{_quoted(database)}"
        return self._found_database

    def _opened(self, found: Mapping[str, Any]) -> HttpCollection:
        return HttpCollection(
            self,
            f"{self._database}/collections/{found['id']}",
            found.get("metadata") or {},
            found.get("configuration_json") or {},
        )


@dataclass(frozen=True, slots=True)
class HttpCollection:
    """`Collection` by plain requests to `path`."""

    api: HttpApi
    path: str
    metadata: Mapping[str, Any]
    configuration: Mapping[str, Any]

    def count(self) -> int:
        return int(self.api.request("GET", f"{self.path}/count"))

    def upsert(self, *, ids: list[str], embeddings: Vectors, metadatas: list[dict[str, Any]]) -> None:
        # Numbers as text would be four times as long, and take the server as much longer to read.
        packed = [base64.b64encode(row.tobytes()).decode() for row in embeddings.astype("<f4", copy=False)]
        self.api.request("POST", f"{self.path}/upsert", {"ids": ids, "embeddings": packed, "metadatas": metadatas})

    def query(self, *, query_embeddings: Vectors, **arguments: Any) -> Mapping[str, Any]:
        body = {"query_embeddings": query_embeddings.tolist(), **arguments}
        return self._read("query", body)

    def get(self, **arguments: Any) -> Mapping[str, Any]:
        return self._read("get", arguments)

    def delete(self, *, ids: list[str]) -> None:
        self.api.request("POST", f"{self.path}/delete", {"ids": ids})

    def _read(self, operation: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        expected = ("ids", *body["include"])
        answer: Mapping[str, Any] = self.api.request("POST", f"{self.path}/{operation}", body, expected=expected)
        return answer


def _problem(response: urllib3.BaseHTTPResponse) -> Exception:
    """What an answer other than 2xx says: only the server's own named errors can be trusted to be its answer."""
    try:
        told = json.loads(response.data)
        name, message = str(told["error"]), str(told["message"])
    except (ValueError, KeyError, TypeError):
        name = message = ""
    if response.status in (401, 403):
        # Nothing is wrong with the document that this was about: it is tried again once the setting is right.
        return VectorStoreUnavailable(f"{REFUSED} ({response.status} {name or 'without a reason'}).")
    if name == "NotFoundError":
        return NotFound(f"Chroma: {message}")
    if name in _FAILURES:
        return VectorStoreUnavailable(f"Chroma failed: {message}")
    if name in _REFUSALS:
        return ChromaRefused(f"{name}: {message}")
    text = response.data[:200].decode("utf-8", "replace")
    return VectorStoreUnavailable(f"Chroma does not answer: status {response.status}, {text!r}")


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for this address (HTTP_PROXY, HTTPS_PROXY, NO_PROXY), as for other calls."""
    parts = urlsplit(url)
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    return urllib.request.getproxies().get(parts.scheme)
