"""Chroma's own client, with a timeout, and with errors that say whether trying again can help.

For the API and the jobs, which run for long: importing it takes half a second (OpenTelemetry, gRPC, a JSON schema
validator), so the first call imports it, and the functions that start for a few documents go by `http.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from portfolio_rag.adapters.chroma.api import ChromaRefused
from portfolio_rag.adapters.chroma.login import NO_LOGIN, REFUSED, Login
from portfolio_rag.domain.errors import NotFound, VectorStoreUnavailable
from portfolio_rag.ports.vectors import Vectors

_NAMES_A_PAGE = 100


class ClientApi:
    """`ChromaApi` by the client; `timeout` in seconds is that of each wait of a call."""

    def __init__(self, url: str, timeout: float, login: Login = NO_LOGIN) -> None:
        self._url = url
        self._login = login
        self._timeout = timeout
        self._client: Any = None
        self._lock = threading.Lock()

    def heartbeat(self) -> None:
        with _translated():
            self._connected().heartbeat()

    def create(
        self, name: str, configuration: Mapping[str, Any], metadata: Mapping[str, Any] | None
    ) -> ClientCollection:
        with _translated():
            return ClientCollection(
                self._connected().get_or_create_collection(
                    name, configuration=configuration, metadata=metadata, embedding_function=None
                )
            )

    def collection(self, name: str) -> ClientCollection:
        with _translated():
            return ClientCollection(self._connected().get_collection(name, embedding_function=None))

    def names(self) -> list[str]:
        with _translated():
            names: list[str] = []
            while page := self._connected().list_collections(limit=_NAMES_A_PAGE, offset=len(names)):
                names += [collection.name for collection in page]
            return names

    def drop(self, name: str) -> None:
        with _translated():
            self._connected().delete_collection(name)

    def close(self) -> None:
        # The client leaves its connections to the end of the process.
        with self._lock:
            if self._client is not None:
                for client in (self._client, self._client._admin_client):
                    client._server._session.close()
            self._client = None

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                import chromadb
                import httpx  # the client's own
                from chromadb.config import Settings
                from chromadb.errors import ChromaAuthError

                # The client sets no timeout at all and offers no way to ask for one (1.5.9, pinned): a stalled server
                # would hold a function until its own timeout. It asks the server when it is made, before its session
                # can be reached, so whether the server answers is seen first.
                parts = urlsplit(self._url)
                secure = parts.scheme == "https"

                def ask(path: str) -> Any:
                    address = f"{self._url.rstrip('/')}/api/v2/{path}"
                    answer = httpx.get(address, timeout=self._timeout, verify=secure, headers=self._login.headers)
                    if answer.status_code in (401, 403):
                        raise ChromaAuthError
                    return answer.raise_for_status()

                ask("heartbeat")
                tenant, database = self._login.place(lambda: ask("auth/identity").json())
                if self._login.key:
                    # Where this is refused, the client leaves its connections open.
                    ask(f"tenants/{quote(tenant, safe='')}/databases/{quote(database, safe='')}")
                self._client = chromadb.HttpClient(
                    host=parts.hostname or "localhost",
                    port=parts.port or (443 if secure else 80),
                    ssl=secure,
                    headers=self._login.headers,
                    tenant=tenant,
                    database=database,
                    # Without encryption nothing is verified, and each session would read all certificates first.
                    settings=Settings(anonymized_telemetry=False, chroma_server_ssl_verify=None if secure else False),
                )
                self._client._server._session.timeout = self._timeout
            return self._client


@dataclass(frozen=True, slots=True)
class ClientCollection:
    """`Collection` by the client's own `handle`."""

    handle: Any

    @property
    def metadata(self) -> Mapping[str, Any]:
        return self.handle.metadata or {}

    @property
    def configuration(self) -> Mapping[str, Any]:
        stored: Mapping[str, Any] = self.handle.configuration_json
        return stored

    def count(self) -> int:
        with _translated():
            return int(self.handle.count())

    def upsert(self, *, ids: list[str], embeddings: Vectors, metadatas: list[dict[str, Any]]) -> None:
        with _translated():
            self.handle.upsert(ids=ids, embeddings=embeddings, metadatas=metadatas)

    def query(self, *, query_embeddings: Vectors, **arguments: Any) -> Mapping[str, Any]:
        with _translated():
            answer: Mapping[str, Any] = self.handle.query(query_embeddings=query_embeddings, **arguments)
            return answer

    def get(self, **arguments: Any) -> Mapping[str, Any]:
        with _translated():
            answer: Mapping[str, Any] = self.handle.get(**arguments)
            return answer

    def delete(self, *, ids: list[str]) -> None:
        with _translated():
            self.handle.delete(ids=ids)


@contextmanager
def _translated() -> Iterator[None]:
    """The client raises httpx errors, a bare ValueError for a refused connection, and a bare Exception for an answer
    that it does not know (a 502 of a proxy, say), so only its own named errors can be trusted to be answers.
    """
    from chromadb.errors import (
        AuthorizationError,
        ChromaAuthError,
        ChromaError,
        InternalError,
        NotFoundError,
        RateLimitError,
    )

    try:
        yield
    except VectorStoreUnavailable:
        raise
    except (ChromaAuthError, AuthorizationError) as error:
        raise VectorStoreUnavailable(f"{REFUSED} ({error.name()}).") from error
    except NotFoundError as error:
        raise NotFound(f"Chroma: {error}") from error
    except (InternalError, RateLimitError) as error:
        raise VectorStoreUnavailable(f"Chroma failed: {error}") from error
    except ChromaError as error:
        raise ChromaRefused(f"{error.name()}: {error}") from error
    except Exception as error:
        raise VectorStoreUnavailable(f"Chroma does not answer: {error}") from error
