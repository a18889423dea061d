"""The part of Chroma's HTTP API (v2) that this project uses, over urllib3, which botocore has loaded already.

Chroma's own client takes 0.5 s to import (OpenTelemetry, gRPC, a JSON schema validator, two dozen embedding functions),
which every cold start of the embedding function would pay; it sets no timeout, and offers no way to ask for one.
The server describes its API at /docs; the shapes here are those of 1.5.9, and tests run against the real server.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import urllib3

from portfolio_rag.errors import NotFound, PortfolioRagError, VectorStoreUnavailable
from portfolio_rag.ports import Vectors

_COLLECTIONS = "/api/v2/tenants/default_tenant/databases/default_database/collections"
_BUSY = 429
_CONNECTIONS = 32


class ChromaRefused(PortfolioRagError):
    """Chroma answered that a request is wrong: a defect of this project, or of a filter."""

    title = "Chroma refused a request"


class ChromaApi:
    """The server; `timeout` in seconds is that of connecting and of each read. Safe for use from several threads.

    Raises NotFound for a collection that is not there, ChromaRefused for a request that the server calls wrong, and
    VectorStoreUnavailable for everything that is not an answer.
    """

    def __init__(self, url: str, timeout: float) -> None:
        self._url = url.rstrip("/")
        # No retries here: whoever asks has its own, and a slow server is not helped by being asked again.
        self._pool = urllib3.PoolManager(
            maxsize=_CONNECTIONS, timeout=urllib3.Timeout(connect=timeout, read=timeout), retries=False
        )

    def heartbeat(self) -> None:
        self.call("GET", "/api/v2/heartbeat")

    def create(self, name: str, configuration: Mapping[str, Any], metadata: Mapping[str, Any] | None) -> Collection:
        """The collection of that name; made, with this configuration and metadata, when it is not there."""
        body = {"name": name, "configuration": configuration, "metadata": metadata, "get_or_create": True}
        return Collection.of(self, self.call("POST", _COLLECTIONS, body))

    def collection(self, name: str) -> Collection:
        return Collection.of(self, self.call("GET", f"{_COLLECTIONS}/{quote(name, safe='')}"))

    def names(self) -> list[str]:
        """Of all collections."""
        return [one["name"] for one in self.call("GET", _COLLECTIONS)]

    def drop(self, name: str) -> None:
        self.call("DELETE", f"{_COLLECTIONS}/{quote(name, safe='')}")

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self._pool.clear()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON that the server answers."""
        data = None if body is None else json.dumps(body).encode()
        try:
            answer = self._pool.request(
                method, self._url + path, body=data, headers={"Content-Type": "application/json"}
            )
            content = json.loads(answer.data) if answer.data else None
        except urllib3.exceptions.HTTPError as error:
            raise VectorStoreUnavailable(f"Chroma does not answer: {error}") from error
        except ValueError as error:  # a proxy's page, say
            raise VectorStoreUnavailable(f"Chroma does not answer: {answer.status}, not JSON") from error
        if answer.status < 300:
            return content
        problem = content if isinstance(content, dict) else {}
        named = problem.get("error")
        reason = f"{answer.status} {named}: {problem.get('message')}" if named else f"{answer.status}"
        if named == "NotFoundError":
            raise NotFound(f"Chroma: {reason}")
        if named and answer.status < 500 and answer.status != _BUSY:
            raise ChromaRefused(reason)
        raise VectorStoreUnavailable(f"Chroma failed: {reason}")


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection as it was when it was asked for: its id is another one after it was dropped and made anew.

    Arguments and answers are named as Chroma names them. Raises as ChromaApi does.
    """

    api: ChromaApi
    id: str
    metadata: Mapping[str, Any]
    configuration: Mapping[str, Any]

    @classmethod
    def of(cls, api: ChromaApi, answer: Mapping[str, Any]) -> Collection:
        return cls(api, answer["id"], answer["metadata"] or {}, answer["configuration_json"])

    def count(self) -> int:
        return int(self.api.call("GET", f"{_COLLECTIONS}/{self.id}/count"))

    def upsert(self, *, ids: list[str], embeddings: Vectors, metadatas: list[dict[str, Any]]) -> None:
        self._post("upsert", {"ids": ids, "embeddings": _encoded(embeddings), "metadatas": metadatas})

    def query(self, *, query_embeddings: Vectors, **arguments: Any) -> Mapping[str, Any]:
        return self._post("query", {"query_embeddings": query_embeddings.tolist(), **arguments})

    def get(self, **arguments: Any) -> Mapping[str, Any]:
        return self._post("get", arguments)

    def delete(self, *, ids: list[str]) -> None:
        self._post("delete", {"ids": ids})

    def _post(self, operation: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = self.api.call("POST", f"{_COLLECTIONS}/{self.id}/{operation}", body)
        return answer


def _encoded(vectors: Vectors) -> list[str]:
    """Each vector as base64 of its little-endian floats: a third of the bytes of their digits, and no parsing."""
    return [base64.b64encode(row.tobytes()).decode("ascii") for row in vectors.astype("<f4")]
