"""Chroma over HTTP behind `ports.VectorStore`.

Facts this rests on (chromadb 1.5.9, measured): the default space is l2; `ef_search` at its default gave recall@5 of
0.82 at 100,000 vectors; at most 5,461 records a call; documents stored in it slow writes by 2.5, so none are;
`get` with limit and offset goes in the order of insertion.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from portfolio_rag.adapters.chroma.api import ChromaApi, ChromaWay, Collection
from portfolio_rag.adapters.chroma.filters import to_chroma, within_quotas
from portfolio_rag.adapters.chroma.http import HttpApi
from portfolio_rag.adapters.chroma.login import NO_LOGIN, Login
from portfolio_rag.adapters.chroma.quotas import MAX_PREDICATES, MAX_RECORDS, WithinQuotas
from portfolio_rag.adapters.chroma.repeated_writes import differing, flat
from portfolio_rag.domain.errors import NotFound
from portfolio_rag.domain.filters import Filter, matches
from portfolio_rag.ports.vector_store import VectorHit, VectorRecord
from portfolio_rag.ports.vectors import Vectors

_BATCH = 5000
_WRITE = 300
"""Windows: as many as Chroma Cloud takes, and one node is no slower by it. So few that a busy one has written them
within the timeout of a call: of 600, with 25 processes on two cores, it had not once in 20,000."""
_GROWTH = 8
"""Times as many windows are looked at where Chroma's own filter lets more pass than ours."""
_PAGES = 20
"""Of MAX_RECORDS windows each, looked through for those that pass where a query may not return enough."""
_TIMEOUT_SECONDS = 30.0
"""Of a call, where nobody waits for an answer: writes and reads of thousands of records."""

_FINGERPRINT = "fingerprint"
"""In the metadata of a collection, written when it is made: Chroma ignores what a later get-or-create says (1.5.9)."""
_HNSW = {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 32}
"""With these, recall@5 was above 0.99 at 100,000 vectors (bench/search.py); Chroma's own are l2, 100, 100, 16."""
_CONFIGURATION = {"hnsw": _HNSW}

_log = logging.getLogger(__name__)


class ChromaVectorStore:
    """Connects when first used, so that a process starts while Chroma is still down.

    `way` leads to the server, each wait of a call at most `timeout` seconds: HttpApi or ClientApi. With a key in
    `login` Chroma Cloud's quotas are kept; one node of one's own has none, and is faster without.
    """

    def __init__(
        self, url: str, way: ChromaWay = HttpApi, *, timeout: float = _TIMEOUT_SECONDS, login: Login = NO_LOGIN
    ) -> None:
        api = way(url, timeout, login)
        self._metered = bool(login.key)
        self._api: ChromaApi = WithinQuotas(api, timeout) if self._metered else api
        self._collections: dict[str, Collection] = {}

    def ping(self) -> None:
        self._api.heartbeat()

    def parts(self, collection: str) -> list[str]:
        return [collection]

    def ensure(self, collection: str, *, fingerprint: str | None = None) -> None:
        self._collection(collection, create=True, fingerprint=fingerprint)

    def upsert(
        self,
        collection: str,
        records: Sequence[VectorRecord],
        *,
        fingerprint: str | None = None,
        repeated: bool = False,
    ) -> None:
        # Duplicate ids in one call raise: the last one wins, as in two calls.
        unique = list({record.id: record for record in records}.values())
        if repeated:
            unique = self._unwritten(collection, unique)
        for start in range(0, len(unique), _WRITE):
            batch = unique[start : start + _WRITE]
            self._with(
                collection,
                "upsert",
                create=True,
                fingerprint=fingerprint,
                ids=[record.id for record in batch],
                embeddings=_matrix([record.vector for record in batch]),
                metadatas=[flat(record.metadata) for record in batch],
            )

    def _unwritten(self, collection: str, records: Sequence[VectorRecord]) -> list[VectorRecord]:
        """Those of the records that the collection does not have as they are."""
        present_ids = self.present(collection, [record.id for record in records])
        unwritten = [record for record in records if record.id not in present_ids]
        present = [record for record in records if record.id in present_ids]
        for start in range(0, len(present), _WRITE):
            batch = present[start : start + _WRITE]
            answer = self._with(
                collection, "get", ids=[record.id for record in batch], include=["embeddings", "metadatas"]
            )
            stored = {}
            if answer is not None and answer["ids"]:
                rows = zip(answer["ids"], _matrix(answer["embeddings"]), answer["metadatas"], strict=True)
                stored = {id_: VectorRecord(id_, vector, metadata or {}) for id_, vector, metadata in rows}
            unwritten += differing(batch, stored)
        return unwritten

    def fingerprint(self, collection: str) -> str | None:
        handle = self._collection(collection, create=False)
        return handle.metadata.get(_FINGERPRINT) if handle is not None else None

    def query(self, collection: str, vector: Vectors, *, limit: int, where: Filter | None = None) -> list[VectorHit]:
        if where is None:
            return self._hits(collection, vector, limit, None)
        asked = within_quotas(where, MAX_PREDICATES) if self._metered else to_chroma(where)
        most = MAX_RECORDS if self._metered else None
        wanted = limit if most is None else min(limit, most)
        while True:
            hits = self._hits(collection, vector, wanted, asked.where)
            if asked.is_exact:
                return hits
            passing = [hit for hit in hits if matches(where, hit.metadata)]
            if len(passing) >= limit or len(hits) < wanted:
                return passing[:limit]
            if wanted == most:
                return self._looked_through(collection, vector, limit, where, asked.where, passing)
            # Until there are enough, or no more: a filter never hides what passes it.
            wanted = wanted * _GROWTH if most is None else min(wanted * _GROWTH, most)

    def _looked_through(
        self,
        collection: str,
        vector: Vectors,
        limit: int,
        where: Filter,
        asked: dict[str, Any] | None,
        nearest: list[VectorHit],
    ) -> list[VectorHit]:
        """Those of `nearest`, and of the first windows that Chroma's own filter lets pass, that ours does, too."""
        found = {hit.id: hit.metadata for hit in nearest}
        for page in range(_PAGES):
            answer = self._with(
                collection,
                "get",
                where=asked,
                offset=page * MAX_RECORDS,
                limit=MAX_RECORDS,
                include=["metadatas"],
            )
            if answer is None:
                return nearest
            rows = zip(answer["ids"], answer["metadatas"], strict=True)
            found |= {id_: metadata for id_, metadata in rows if metadata and matches(where, metadata)}
            if len(answer["ids"]) < MAX_RECORDS:
                break
        else:
            _log.warning(
                "A filter that Chroma cannot answer lets more than %s windows of %s pass: only so many were looked at.",
                _PAGES * MAX_RECORDS,
                collection,
            )
        scores = {hit.id: hit.score for hit in nearest}
        scores |= self.similarities(collection, [id_ for id_ in found if id_ not in scores], vector)
        best = sorted(scores, key=lambda id_: -scores[id_])[:limit]
        return [VectorHit(id_, scores[id_], found[id_]) for id_ in best]

    def _hits(self, collection: str, vector: Vectors, limit: int, where: dict[str, Any] | None) -> list[VectorHit]:
        answer = self._with(
            collection,
            "query",
            query_embeddings=_matrix([vector]),
            n_results=limit,
            where=where,
            include=["metadatas", "distances"],
        )
        if answer is None:
            return []
        rows = zip(answer["ids"][0], answer["distances"][0], answer["metadatas"][0], strict=True)
        # Chroma's cosine distance is 1 - similarity.
        return [VectorHit(id_, 1.0 - distance, metadata or {}) for id_, distance, metadata in rows]

    def nearest(self, collection: str, vector: Vectors, *, limit: int) -> list[tuple[str, float]]:
        answer = self._with(
            collection,
            "query",
            query_embeddings=_matrix([vector]),
            n_results=limit,
            include=["distances"],
        )
        if answer is None:
            return []
        return [(id_, 1.0 - distance) for id_, distance in zip(answer["ids"][0], answer["distances"][0], strict=True)]

    def metadata(self, collection: str, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        by_id: dict[str, Mapping[str, Any]] = {}
        for start in range(0, len(ids), _BATCH):
            answer = self._with(collection, "get", ids=list(ids[start : start + _BATCH]), include=["metadatas"])
            if answer is not None:
                pairs = zip(answer["ids"], answer["metadatas"], strict=True)
                by_id.update({id_: metadata or {} for id_, metadata in pairs})
        return by_id

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        by_id: dict[str, Vectors] = {}
        for start in range(0, len(ids), _BATCH):
            batch = list(dict.fromkeys(ids[start : start + _BATCH]))
            answer = self._with(collection, "get", ids=batch, include=["embeddings"])
            if answer is not None and answer["ids"]:
                by_id.update(zip(answer["ids"], _matrix(answer["embeddings"]), strict=True))
        return by_id

    def similarities(self, collection: str, ids: Sequence[str], vector: Vectors) -> dict[str, float]:
        vectors = self.vectors(collection, ids)
        if not vectors:
            return {}
        cosines = _matrix(list(vectors.values())) @ vector
        return dict(zip(vectors, cosines.tolist(), strict=True))

    def delete(self, collection: str, ids: Sequence[str], *, document_id: str | None = None) -> None:
        del document_id  # One collection has all.
        for start in range(0, len(ids), _BATCH):
            self._with(collection, "delete", ids=list(ids[start : start + _BATCH]))

    def windows_of(self, collection: str, document_id: str) -> dict[str, int]:
        answer = self._with(collection, "get", where={"document_id": document_id}, include=["metadatas"])
        if answer is None:
            return {}
        return {id_: int(metadata["version"]) for id_, metadata in zip(answer["ids"], answer["metadatas"], strict=True)}

    def present(self, collection: str, ids: Sequence[str], *, document_id: str | None = None) -> set[str]:
        del document_id
        present_ids: set[str] = set()
        for start in range(0, len(ids), _BATCH):
            answer = self._with(collection, "get", ids=list(ids[start : start + _BATCH]), include=[])
            present_ids.update(answer["ids"] if answer else ())
        return present_ids

    def page(self, collection: str, *, offset: int, limit: int) -> list[tuple[str, Mapping[str, Any]]]:
        answer = self._with(collection, "get", offset=offset, limit=limit, include=["metadatas"])
        if answer is None:
            return []
        return [(id_, metadata or {}) for id_, metadata in zip(answer["ids"], answer["metadatas"], strict=True)]

    def count(self, collection: str) -> int:
        return int(self._with(collection, "count") or 0)

    def drop(self, collection: str) -> None:
        handle = self._collection(collection, create=False)
        # A collection that is dropped whole leaves its lists behind on one node, and its record numbers are given out
        # again: tags of what is gone would come back on the next records, of any collection (1.5.9).
        if handle is not None and not handle.configuration.get("spann"):
            while page := self.page(collection, offset=0, limit=_BATCH):
                self.delete(collection, [id_ for id_, _ in page])
        with suppress(NotFound):
            self._api.drop(collection)
        self._collections.pop(collection, None)

    def collections(self) -> list[str]:
        """The names of all collections on the server."""
        return self._api.names()

    def _with(
        self,
        collection: str,
        operation: str,
        *,
        create: bool = False,
        fingerprint: str | None = None,
        **arguments: Any,
    ) -> Any:
        """Call one operation of a collection; None where it does not exist.

        The handle is cached with the collection's id. After a wipe of the server, or a reindex elsewhere, that id is
        gone: look the name up once more before believing it.
        """
        for cached in (True, False):
            if not cached:
                self._collections.pop(collection, None)
            handle = self._collection(collection, create=create, fingerprint=fingerprint)
            if handle is None:
                return None
            try:
                return getattr(handle, operation)(**arguments)
            except NotFound:
                continue
        return None

    def _collection(self, name: str, *, create: bool, fingerprint: str | None = None) -> Collection | None:
        if name in self._collections:
            return self._collections[name]
        if create:
            handle = self._api.create(name, _CONFIGURATION, {_FINGERPRINT: fingerprint} if fingerprint else None)
        else:
            try:
                handle = self._api.collection(name)
            except NotFound:
                return None
        _compare_settings(name, handle.configuration)
        self._collections[name] = handle
        return handle

    def close(self) -> None:
        """Close the connections to the server; the next call opens new ones."""
        self._api.close()


def _compare_settings(name: str, configuration: Mapping[str, Any]) -> None:
    """Say so when a collection was made with other settings: by hand, by another program, by an older version.

    A collection keeps what it was made with, so only a rebuilt one can have ours; until then it goes on answering. The
    distributed engine has an index of its own kind, which takes the distance alone from ours.
    """
    distributed = configuration.get("spann")
    stored = distributed or configuration.get("hnsw") or {}
    wanted = {"space": _HNSW["space"]} if distributed else _HNSW
    differences = [f"{key} {stored.get(key)} and not {ours}" for key, ours in wanted.items() if stored.get(key) != ours]
    if differences:
        _log.warning(
            "The collection %s has %s: searches miss passages that they should find. "
            'Build it anew with POST /api/reindex {"job_type": "REINDEX"}.',
            name,
            ", ".join(differences),
        )


def _matrix(rows: Sequence[Any]) -> Vectors:
    """The vectors as float32, shape (rows, dimensions)."""
    import numpy as np  # not at the top: functions that ask for no vector start without it

    return np.asarray(rows, dtype=np.float32)
