"""What the vector store needs of Chroma, whichever way it is spoken to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from portfolio_rag.adapters.chroma.login import Login
from portfolio_rag.domain.errors import PortfolioRagError
from portfolio_rag.ports.vectors import Vectors


class ChromaRefused(PortfolioRagError):
    """Chroma answered that a request is wrong: a defect of this project, or of a filter."""

    title = "Chroma refused a request"


class Collection(Protocol):
    """A collection as it was when it was asked for: its id is another one after it was dropped and made anew.

    Arguments and answers are named as Chroma names them. Raises as ChromaApi does.
    """

    @property
    def metadata(self) -> Mapping[str, Any]: ...

    @property
    def configuration(self) -> Mapping[str, Any]:
        """As the server has it."""

    def count(self) -> int: ...

    def upsert(self, *, ids: list[str], embeddings: Vectors, metadatas: list[dict[str, Any]]) -> None: ...

    def query(self, *, query_embeddings: Vectors, **arguments: Any) -> Mapping[str, Any]: ...

    def get(self, **arguments: Any) -> Mapping[str, Any]: ...

    def delete(self, *, ids: list[str]) -> None: ...


class ChromaApi(Protocol):
    """The server. Safe for use from several threads.

    Raises NotFound for a collection that is not there, ChromaRefused for a request that the server calls wrong, and
    VectorStoreUnavailable for everything that is not an answer.
    """

    def heartbeat(self) -> None: ...

    def create(self, name: str, configuration: Mapping[str, Any], metadata: Mapping[str, Any] | None) -> Collection:
        """The collection of that name; made, with this configuration and metadata, when it is not there."""

    def collection(self, name: str) -> Collection: ...

    def names(self) -> list[str]:
        """Of all collections."""

    def drop(self, name: str) -> None: ...

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""


class ChromaWay(Protocol):
    """Makes a `ChromaApi` of the server's address, the timeout of each wait in seconds, and a login."""

    def __call__(self, url: str, timeout: float, login: Login = ...) -> ChromaApi: ...
