"""From a question to passages: windows are searched, chunks are returned, live versions only.

A query costs one embedding, one search of Chroma and three batched reads of DynamoDB (index pointer, heads with
their versions, chunks); more only when the live check or the grouping leaves too few chunks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from portfolio_rag.answers import Passage
from portfolio_rag.errors import InvalidRequest
from portfolio_rag.models import Chunk, DocumentVersion
from portfolio_rag.ports import (
    ChunkStore,
    DocumentRegistry,
    Embedder,
    JobStore,
    VectorHit,
    VectorStore,
)
from portfolio_rag.services.filters import Filter, to_chroma

MAX_TOP_K = 50
MAX_QUERY_CHARACTERS = 8000

OVERFETCH = 5
"""Windows fetched per passage wanted: 25 to get 5 (design: grouping by chunk needs several windows a chunk)."""

GROWTH = 4
MAX_WINDOWS = 1600
"""Where growing stops: what is still dropped after that is an index far out of step, which check-health repairs."""


@dataclass(slots=True)
class _Group:
    """The windows of one chunk that were hit, best first."""

    chunk_id: str
    document_id: str
    version: int
    windows: list[tuple[int, float]] = field(default_factory=list)

    @property
    def score(self) -> float:
        return self.windows[0][1]


class Retrieval:
    """Search over what is live now."""

    def __init__(
        self,
        embedder: Embedder,
        vectors: VectorStore,
        chunks: ChunkStore,
        registry: DocumentRegistry,
        jobs: JobStore,
    ) -> None:
        self._embedder = embedder
        self._vectors = vectors
        self._chunks = chunks
        self._registry = registry
        self._jobs = jobs

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
        chroma_where = to_chroma(where) if where else None
        limit = top_k * OVERFETCH
        while True:
            hits = self._vectors.query(collection, vector, limit=limit, where=chroma_where)
            passages = self._live_passages(_group(hits), top_k)
            if len(passages) >= top_k or len(hits) < limit or limit >= MAX_WINDOWS:
                return passages
            limit = min(limit * GROWTH, MAX_WINDOWS)

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


def _group(hits: Iterable[VectorHit]) -> list[_Group]:
    """Windows by chunk, chunks by their best window."""
    groups: dict[str, _Group] = {}
    for hit in sorted(hits, key=lambda hit: -hit.score):
        chunk_id = str(hit.metadata["chunk_id"])
        group = groups.setdefault(
            chunk_id, _Group(chunk_id, str(hit.metadata["document_id"]), int(hit.metadata["version"]))
        )
        group.windows.append((int(hit.metadata["window"]), hit.score))
    return sorted(groups.values(), key=lambda group: -group.score)


def _passage(group: _Group, chunk: Chunk, document: DocumentVersion) -> Passage:
    hits = [(window, score) for window, score in group.windows if window < len(chunk.windows)]
    return Passage(
        chunk=chunk,
        document=document,
        score=group.score,
        windows=tuple(window for window, _ in hits),
        window_scores=tuple(score for _, score in hits),
    )
