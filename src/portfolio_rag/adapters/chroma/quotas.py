"""Chroma Cloud's published quotas, kept before its server has to refuse anything (docs/scaling.md names them).

`WithinQuotas` stands between the vector store and either way to Chroma: it cuts writes and reads into parts, stores
attributes as attributes.py says, and lets so many calls at a time reach a collection. The number of calls is that of
this process: the server refuses the excess of several as overload, which callers try again.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from portfolio_rag.adapters.chroma.api import ChromaApi, Collection
from portfolio_rag.adapters.chroma.attributes import packed, unpacked
from portfolio_rag.domain.errors import VectorStoreUnavailable
from portfolio_rag.ports.vectors import Vectors

MAX_RECORDS = 300
"""Of one write, and results of one read."""
MAX_PREDICATES = 8
"""Comparisons in one filter."""
MAX_CALLS = 10
"""Reads of one collection at a time, and as many writes."""


class WithinQuotas:
    """`ChromaApi` over another one; a call waits at most `seconds` for its turn."""

    def __init__(self, api: ChromaApi, seconds: float) -> None:
        self._api = api
        self._turns: dict[str, _Turns] = defaultdict(lambda: _Turns(seconds))

    def heartbeat(self) -> None:
        self._api.heartbeat()

    def create(self, name: str, configuration: Mapping[str, Any], metadata: Mapping[str, Any] | None) -> Collection:
        return _Metered(self._api.create(name, configuration, metadata), self._turns[name])

    def collection(self, name: str) -> Collection:
        return _Metered(self._api.collection(name), self._turns[name])

    def names(self) -> list[str]:
        return self._api.names()

    def drop(self, name: str) -> None:
        self._api.drop(name)

    def close(self) -> None:
        self._api.close()


class _Turns:
    """Of one collection, whichever handle it is reached by."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.reads = threading.BoundedSemaphore(MAX_CALLS)
        self.writes = threading.BoundedSemaphore(MAX_CALLS)

    @contextmanager
    def one_of(self, kind: threading.Semaphore) -> Iterator[None]:
        if not kind.acquire(timeout=self._seconds):
            raise VectorStoreUnavailable(f"{MAX_CALLS} calls to the collection are under way, and none has ended.")
        try:
            yield
        finally:
            kind.release()


@dataclass(frozen=True, slots=True)
class _Metered:
    """`Collection` over another one."""

    _collection: Collection
    _turns: _Turns = field(repr=False)

    @property
    def metadata(self) -> Mapping[str, Any]:
        return self._collection.metadata

    @property
    def configuration(self) -> Mapping[str, Any]:
        return self._collection.configuration

    def count(self) -> int:
        return int(self._read(self._collection.count))

    def upsert(self, *, ids: list[str], embeddings: Vectors, metadatas: list[dict[str, Any]]) -> None:
        for part in _parts(len(ids)):
            rows = [packed(metadata) for metadata in metadatas[part]]
            with self._turns.one_of(self._turns.writes):
                self._collection.upsert(ids=ids[part], embeddings=embeddings[part], metadatas=rows)

    def delete(self, *, ids: list[str]) -> None:
        for part in _parts(len(ids)):
            with self._turns.one_of(self._turns.writes):
                self._collection.delete(ids=ids[part])

    def query(self, *, query_embeddings: Vectors, **arguments: Any) -> Mapping[str, Any]:
        """`n_results` beyond the quota gets as many as that allows."""
        arguments["n_results"] = min(arguments["n_results"], MAX_RECORDS)
        answer: Mapping[str, Any] = self._read(
            lambda: self._collection.query(query_embeddings=query_embeddings, **arguments)
        )
        if not answer.get("metadatas"):
            return answer
        return {**answer, "metadatas": [_restored(rows) for rows in answer["metadatas"]]}

    def get(self, **arguments: Any) -> Mapping[str, Any]:
        """By `ids`; or from `offset` on, `limit` of them or, without one, all."""
        if "ids" in arguments:
            ids = arguments.pop("ids")
            return self._joined(self._answers(arguments, [{"ids": ids[part]} for part in _parts(len(ids))]))
        if "limit" in arguments:
            offset, limit = arguments.pop("offset", 0), arguments.pop("limit")
            spans = [{"offset": offset + part.start, "limit": part.stop - part.start} for part in _parts(limit)]
            # From the last to the first, as in a scan of the whole: what is deleted meanwhile moves those after it
            # forward, into parts that were read already, and none is skipped.
            return self._joined([*self._answers(arguments, spans[::-1])][::-1])
        return self._joined(self._all(arguments))

    def _all(self, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        offset = 0
        while True:
            span = {"offset": offset, "limit": MAX_RECORDS}
            answer = next(self._answers(arguments, [span]))
            yield answer
            if len(answer["ids"]) < MAX_RECORDS:
                return
            offset += MAX_RECORDS

    def _answers(self, arguments: Mapping[str, Any], spans: list[dict[str, Any]]) -> Iterator[Mapping[str, Any]]:
        for span in spans:
            yield self._read(lambda span=span: self._collection.get(**arguments, **span))  # type: ignore[misc]

    def _joined(self, answers: Any) -> Mapping[str, Any]:
        ids: list[str] = []
        columns: dict[str, list[Any]] = {"metadatas": [], "embeddings": []}
        for answer in answers:
            ids += answer["ids"]
            for name, rows in columns.items():
                found = answer.get(name)
                rows.extend(found if found is not None else ())
        return {"ids": ids, "embeddings": columns["embeddings"], "metadatas": _restored(columns["metadatas"])}

    def _read(self, call: Callable[[], Any]) -> Any:
        with self._turns.one_of(self._turns.reads):
            return call()


def _parts(total: int) -> list[slice]:
    return [slice(start, min(start + MAX_RECORDS, total)) for start in range(0, total, MAX_RECORDS)]


def _restored(rows: list[Any]) -> list[Any]:
    return [unpacked(metadata) if metadata else metadata for metadata in rows]
