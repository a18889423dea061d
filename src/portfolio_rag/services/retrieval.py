"""From a question to passages: windows are searched, chunks are returned, live versions only.

A query costs one embedding, one search of Chroma and three batched reads of DynamoDB (index pointer, heads with
their versions, chunks); with a full-text index also its search and one read of vectors. More only when the live check
or the grouping leaves too few chunks. An answer asks for the size of the index besides, once a minute.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from portfolio_rag.answers import Passage
from portfolio_rag.errors import InvalidRequest
from portfolio_rag.models import Chunk, DocumentVersion
from portfolio_rag.ports import (
    ChunkStore,
    DocumentRegistry,
    Embedder,
    JobStore,
    LexicalHit,
    Vectors,
    VectorStore,
)
from portfolio_rag.services.filters import Filter, to_chroma
from portfolio_rag.services.fusion import Candidate, dense_only, fuse, missing_cosines

MAX_TOP_K = 50
MAX_QUERY_CHARACTERS = 8000

OVERFETCH = 5
"""Windows fetched per passage wanted: 25 to get 5 (design: grouping by chunk needs several windows a chunk)."""

GROWTH = 4
MIN_HYBRID_WINDOWS = 50
"""Each side brings at least so many windows, so that scaling has something to scale by (bench/compare_fusion.py)."""

_COUNT_SECONDS = 60.0

MAX_WINDOWS = 1600
"""Where growing stops: what is still dropped after that is an index far out of step, which check-health repairs."""


class LexicalSearch(Protocol):
    """The full-text side: an index, or the follower that keeps one."""

    def search(self, query: str, *, limit: int, where: Filter | None = None) -> list[LexicalHit]: ...


@dataclass(slots=True)
class _Group:
    """The windows of one chunk that were hit, best first."""

    chunk_id: str
    document_id: str
    version: int
    windows: list[Candidate] = field(default_factory=list)


class Retrieval:
    """Search over what is live now."""

    def __init__(
        self,
        embedder: Embedder,
        vectors: VectorStore,
        chunks: ChunkStore,
        registry: DocumentRegistry,
        jobs: JobStore,
        lexical: LexicalSearch | None = None,
    ) -> None:
        self._embedder = embedder
        self._vectors = vectors
        self._chunks = chunks
        self._registry = registry
        self._jobs = jobs
        self._lexical = lexical
        self._counted = (0, 0.0)

    def search(self, query: str, *, top_k: int = 5, where: Filter | None = None) -> list[Passage]:
        """The `top_k` best chunks of live versions, best first; fewer when the corpus holds fewer.

        `where` comes from `filters.parse_filter`. Raises InvalidRequest for an empty or overlong query or a `top_k`
        outside 1 to 50, and DependencyUnavailable when Chroma or DynamoDB does not answer.
        """
        query = check_query(query)
        if not 1 <= top_k <= MAX_TOP_K:
            raise InvalidRequest(f"top_k must be between 1 and {MAX_TOP_K}, not {top_k}.")
        vector = self._embedder.embed([query])[0]
        collection = self._jobs.index_pointer().live
        limit = top_k * OVERFETCH
        while True:
            candidates, exhausted = self._candidates(query, vector, collection, limit, where)
            passages = self._live_passages(_group(candidates), top_k)
            if len(passages) >= top_k or exhausted or limit >= MAX_WINDOWS:
                return passages
            limit = min(limit * GROWTH, MAX_WINDOWS)

    def window_count(self) -> int:
        """How many windows the live index holds, at most a minute ago.

        Raises DependencyUnavailable when Chroma or DynamoDB does not answer.
        """
        count, expires = self._counted
        if time.monotonic() >= expires:
            count = self._vectors.count(self._jobs.index_pointer().live)
            self._counted = (count, time.monotonic() + _COUNT_SECONDS)
        return count

    def _candidates(
        self, query: str, vector: Vectors, collection: str, limit: int, where: Filter | None
    ) -> tuple[list[Candidate], bool]:
        """Windows, best first, and whether there are no more."""
        if self._lexical is not None:
            limit = max(limit, MIN_HYBRID_WINDOWS)
        dense = self._vectors.query(collection, vector, limit=limit, where=to_chroma(where) if where else None)
        lexical = self._lexical.search(query, limit=limit, where=where) if self._lexical else []
        if not lexical:
            return dense_only(dense), len(dense) < limit
        missing = missing_cosines(dense, lexical)
        cosines = self._vectors.similarities(collection, missing, vector) if missing else {}
        return fuse(dense, lexical, cosines), len(dense) < limit and len(lexical) < limit

    def _live_passages(self, groups: list[_Group], top_k: int) -> list[Passage]:
        live = self._registry.live_versions({(group.document_id, group.version) for group in groups})
        candidates = [group for group in groups if (group.document_id, group.version) in live][:top_k]
        chunks = {
            chunk.chunk_id: chunk
            for chunk in self._chunks.get([(group.chunk_id, group.document_id) for group in candidates])
        }
        # A chunk that is gone was deleted between the two reads: its document no longer answers.
        return [
            _passage(group, chunks[group.chunk_id], live[group.document_id, group.version])
            for group in candidates
            if group.chunk_id in chunks
        ]


def check_query(query: str) -> str:
    """The query without surrounding white space. Raises InvalidRequest when it is empty or too long."""
    query = query.strip()
    if not query:
        raise InvalidRequest("The question is empty. Write what you want to know.")
    if len(query) > MAX_QUERY_CHARACTERS:
        raise InvalidRequest(
            f"The question has {len(query)} characters; at most {MAX_QUERY_CHARACTERS} are allowed. Shorten it."
        )
    return query


def _group(candidates: Iterable[Candidate]) -> list[_Group]:
    """Windows by chunk, chunks by their best window."""
    groups: dict[str, _Group] = {}
    for one in candidates:
        groups.setdefault(one.chunk_id, _Group(one.chunk_id, one.document_id, one.version)).windows.append(one)
    return list(groups.values())


def _passage(group: _Group, chunk: Chunk, document: DocumentVersion) -> Passage:
    hits = [one for one in group.windows if one.window < len(chunk.windows)]
    return Passage(
        chunk=chunk,
        document=document,
        score=max(one.cosine for one in group.windows),
        windows=tuple(one.window for one in hits),
        window_scores=tuple(one.cosine for one in hits),
        window_ranks=tuple(one.rank for one in hits),
    )
