"""From a question to passages: windows are searched, chunks are returned, live versions only.

A query costs one embedding, one search of Chroma and one read of DynamoDB (heads with their versions, the chunks, and
the index alias); the full-text index and the replica of the vectors beside it are asked in this process. The embedding
and the words do not need each other's answers and run at once. What answered the last search is searched, and the read
tells whether it answers still. More calls only when a reindex has moved the alias since, or when the live check or the
grouping leaves too few chunks. An answer asks for the size of the index besides, once a minute.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import ParamSpec, Protocol, TypeVar

from portfolio_rag.answering.retrieval.fusion import Candidate, fuse, missing_cosines, vectors_only
from portfolio_rag.answering.retrieval.history_search import HistorySearch, uploaded_by
from portfolio_rag.answering.retrieval.passage_selection import Selection
from portfolio_rag.answering.retrieval.vector_search import VectorSearch
from portfolio_rag.domain import tracing
from portfolio_rag.domain.access import AccessFilter, access_filter_of
from portfolio_rag.domain.answers import Passage
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import LiveDocument
from portfolio_rag.domain.errors import IndexMismatch, InvalidRequest
from portfolio_rag.domain.filters import Filter, Group
from portfolio_rag.ports.embedder import Embedder
from portfolio_rag.ports.full_text_index import FullTextHit
from portfolio_rag.ports.index_alias import IndexAliases
from portfolio_rag.ports.live_document_reader import LiveDocumentReader, LiveRead
from portfolio_rag.ports.vector_replica import VectorReplica
from portfolio_rag.ports.vector_store import VectorHit, VectorStore
from portfolio_rag.ports.vectors import Vectors
from portfolio_rag.settings.ingestion_rules import ModelConfig

_P = ParamSpec("_P")
_R = TypeVar("_R")

MAX_TOP_K = 50
MAX_QUERY_CHARACTERS = 8000

WINDOWS_PER_PASSAGE = 5
"""Windows fetched per passage wanted: 25 to get 5, as several windows of a chunk are found together."""

LIMIT_GROWTH = 4
"""Times as many windows are looked at where the live check or the grouping leaves too few chunks."""

MIN_HYBRID_WINDOWS = 50
"""Each side brings at least so many windows, so that scaling has something to scale by (bench/compare_fusion.py)."""

_COUNT_SECONDS = 60.0

LIVE_CHECKS_PER_PASSAGE = 2
"""Chunks checked first for each passage wanted: nearly all hits are live, and each costs two keys of a read."""

_THREADS = 16
"""For what runs beside a question's own thread: at most two parts at a time."""

MAX_WINDOWS = 1600
"""Where growing stops: what is still dropped after that is an index far out of step, which check-health repairs."""


class FullTextSearch(Protocol):
    """The full-text side: an index, or the follower that keeps one."""

    def search(self, query: str, *, limit: int, where: Filter | None = None) -> list[FullTextHit]: ...


@dataclass(slots=True)
class _Group:
    """The windows of one chunk that were hit, best first."""

    chunk_id: str
    document_id: str
    version: int
    windows: list[Candidate] = field(default_factory=list)


class PassageSearch:
    """Search over what is live now."""

    def __init__(
        self,
        embedder: Embedder,
        vectors: VectorStore,
        live: LiveDocumentReader,
        aliases: IndexAliases,
        full_text: FullTextSearch | None = None,
        replica: VectorReplica | None = None,
        compute_slots: AbstractContextManager[object] | None = None,
        config: Callable[[], ModelConfig] = ModelConfig,
    ) -> None:
        """`compute_slots` is held while a search is under way: it bounds how many there are at once.

        `config` is asked for the `top_k` of a search that names none.
        """
        self._config = config
        self._compute_slots = compute_slots or nullcontext()
        self._embedder = embedder
        self._vectors = vectors
        self._live = live
        self._aliases = aliases
        self._full_text = full_text
        self._vector_search = VectorSearch(vectors, replica)
        self._history = HistorySearch(vectors, self._vector_search, self._beside)
        self._has_replica = replica is not None
        self._index: str | None = None
        self._counted = (0, 0.0)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="search")

    def search(
        self, query: str, *, top_k: int | None = None, where: Filter | None = None, as_of: str | None = None
    ) -> list[Passage]:
        """The `top_k` best passages of live versions, best first; fewer when the corpus holds fewer.

        A passage is a chunk, or neighbouring chunks that were all found; copies of a text are found once. Without
        `top_k` that of the model configuration holds.

        With `as_of`, a time in the past as it is stored: of the versions that answered then, as far as they are kept,
        of documents that are still there and that the viewer may see today, too.

        `where` comes from `filters.parse_filter`. Raises InvalidRequest for an empty or overlong query or a `top_k`
        outside 1 to 50, IndexMismatch when the live index was made by another model, and DependencyUnavailable when
        Chroma or DynamoDB does not answer.
        """
        query = check_query(query)
        top_k = self._config().top_k if top_k is None else top_k
        if not 1 <= top_k <= MAX_TOP_K:
            raise InvalidRequest(f"top_k must be between 1 and {MAX_TOP_K}, not {top_k}.")
        filtered = where is not None
        with self._compute_slots, tracing.span("retrieval", top_k=top_k, filtered=filtered, as_of=as_of or ""):
            if as_of is not None:
                return self._search_as_of(query, top_k, where, as_of)
            return self._search(query, top_k, where)

    def _search_as_of(self, query: str, top_k: int, where: Filter | None, moment: str) -> list[Passage]:
        """What answers still of what answered then is found as ever, what was replaced since in the history."""
        limit = top_k * WINDOWS_PER_PASSAGE
        then = uploaded_by(moment)
        filter_ = then if where is None else Group("andAll", (where, then))
        words = self._words(query, limit, filter_)
        collection = self._index_of_last_search()
        vector = self._embedder.embed([query])[0]
        access = access_filter_of(where)
        read = partial(self._live.read_as_of, moment, current=access is not None)
        while True:
            found = self._history.search(collection, vector, moment=moment, limit=self._depth(limit), where=where)
            candidates, exhausted = self._fused(words, vector, collection, limit, *found)
            passages, _, answering = self._live_passages(_group(candidates), top_k, access, read)
            if answering != collection:
                collection = self._checked(answering)
            elif len(passages) >= top_k or exhausted or limit >= MAX_WINDOWS:
                return passages
            else:
                limit = min(limit * LIMIT_GROWTH, MAX_WINDOWS)
            words = self._words(query, limit, filter_)

    def _search(self, query: str, top_k: int, where: Filter | None) -> list[Passage]:
        limit = top_k * WINDOWS_PER_PASSAGE
        words = self._words(query, limit, where)
        collection = self._index_of_last_search()
        with tracing.span("embed question"):
            vector = self._embedder.embed([query])[0]
        exact_filter = not self._has_replica
        while True:
            with tracing.span("candidates", windows=limit):
                candidates, exhausted = self._candidates(words, vector, collection, limit, where, exact_filter)
            with tracing.span("live passages"):
                passages, stale, answering = self._live_passages(_group(candidates), top_k, access_filter_of(where))
            if answering != collection:
                collection = self._checked(answering)
            elif stale and where is not None and not exact_filter:
                # The replica lags behind: what took the place of a stale document may pass the filter and be unknown.
                exact_filter = True
            elif len(passages) >= top_k or exhausted or limit >= MAX_WINDOWS:
                return passages
            else:
                limit = min(limit * LIMIT_GROWTH, MAX_WINDOWS)
            words = self._words(query, limit, where)

    def _index_of_last_search(self) -> str:
        """The collection that answered then. Whether it does so still is read with what is found in it."""
        return self._checked(self._index or self._aliases.current().live)

    def _checked(self, collection: str) -> str:
        """It is searched first from now on. Raises IndexMismatch, and then the next search asks which one answers."""
        try:
            self.check_model(collection)
        except IndexMismatch:
            self._index = None
            raise
        self._index = collection
        return collection

    def window_count(self) -> int:
        """How many windows the live index holds, at most a minute ago.

        Raises DependencyUnavailable when Chroma or DynamoDB does not answer.
        """
        count, expires = self._counted
        if time.monotonic() >= expires:
            count = self._vectors.count(self._aliases.current().live)
            self._counted = (count, time.monotonic() + _COUNT_SECONDS)
        return count

    def _words(self, query: str, limit: int, where: Filter | None) -> Future[list[FullTextHit]]:
        """The hits of the full-text index, which is asked in another thread."""
        if self._full_text is None:
            none: Future[list[FullTextHit]] = Future()
            none.set_result([])
            return none
        return self._beside(self._full_text.search, query, limit=self._depth(limit), where=where)

    def _depth(self, limit: int) -> int:
        return max(limit, MIN_HYBRID_WINDOWS) if self._full_text is not None else limit

    def check_model(self, collection: str) -> None:
        """Refuse to compare the query with vectors of another model: any two such vectors look alike or not by chance.

        A collection that does not say how it was made is taken for ours. It says so once, so this costs no call.
        Raises IndexMismatch.
        """
        made = self._vectors.fingerprint(collection)
        if made not in (None, self._embedder.fingerprint):
            raise IndexMismatch(
                f"The index {collection} was made by another embedding model, or with other settings of it, than this "
                "process has. Start a job of type REINDEX (`rag ingest --type REINDEX`), or configure the model that "
                "the index was made with, and start this process again."
            )

    def _candidates(
        self,
        words: Future[list[FullTextHit]],
        vector: Vectors,
        collection: str,
        limit: int,
        where: Filter | None,
        exact_filter: bool,
    ) -> tuple[list[Candidate], bool]:
        """Windows, best first, and whether there are no more."""
        depth = self._depth(limit)
        by_vector = self._vector_search.search(collection, vector, limit=depth, where=where, exact_filter=exact_filter)
        return self._fused(words, vector, collection, limit, by_vector, len(by_vector) < depth)

    def _fused(
        self,
        words: Future[list[FullTextHit]],
        vector: Vectors,
        collection: str,
        limit: int,
        by_vector: list[VectorHit],
        exhausted: bool,
    ) -> tuple[list[Candidate], bool]:
        """The same of what was found by vectors, which is all that there is where `exhausted`."""
        by_words = words.result()
        if not by_words:
            return vectors_only(by_vector), exhausted
        missing = missing_cosines(by_vector, by_words)
        cosines = self._vector_search.similarities(collection, missing, vector) if missing else {}
        return fuse(by_vector, by_words, cosines), exhausted and len(by_words) < self._depth(limit)

    def _live_passages(
        self,
        groups: list[_Group],
        top_k: int,
        access: AccessFilter | None,
        read_live: Callable[[Iterable[tuple[str, int]], Iterable[tuple[str, str]]], LiveRead] | None = None,
    ) -> tuple[list[Passage], bool, str]:
        """`top_k` passages of the first live groups that may be seen, whether a better one was neither, and the alias.

        That is the collection that answered when the groups were looked up.
        """
        selection = Selection(top_k)
        stale = False
        read_live = read_live or self._live.read
        first = LIVE_CHECKS_PER_PASSAGE * top_k
        checked = groups[:first]
        while True:
            wanted = selection.room
            read = read_live(map(_version, checked), map(_chunk, checked[:wanted]))
            shown = {
                key: document
                for key, document in read.documents.items()
                if access is None or (access.sees(document) and access.sees(read.current.get(key[0], document)))
            }
            standing = [group for group in checked if _version(group) in shown]
            stale = stale or standing[:wanted] != checked[:wanted]
            chunks = dict(read.chunks)
            while standing and not selection.full:
                wanted = selection.room
                taken, standing = standing[:wanted], standing[wanted:]
                if unread := [_chunk(group) for group in taken if group.chunk_id not in chunks]:
                    chunks |= self._live.read((), unread).chunks
                for group in taken:
                    # A chunk that is gone was deleted after its document was looked at: it no longer answers.
                    if group.chunk_id in chunks:
                        selection.add(_passage(group, chunks[group.chunk_id], shown[_version(group)]))
            checked, groups = groups[first:], []
            if not checked or selection.full:
                return selection.passages, stale, read.live_index

    def _beside(self, function: Callable[_P, _R], *arguments: _P.args, **named: _P.kwargs) -> Future[_R]:
        """Call it in another thread, with this one's context (the request that the log lines name)."""
        context, call = copy_context(), partial(function, *arguments, **named)
        return self._pool.submit(lambda: context.run(call))


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
    for candidate in candidates:
        empty = _Group(candidate.chunk_id, candidate.document_id, candidate.version)
        groups.setdefault(candidate.chunk_id, empty).windows.append(candidate)
    return list(groups.values())


def _version(group: _Group) -> tuple[str, int]:
    return group.document_id, group.version


def _chunk(group: _Group) -> tuple[str, str]:
    return group.chunk_id, group.document_id


def _passage(group: _Group, chunk: Chunk, document: LiveDocument) -> Passage:
    hits = [candidate for candidate in group.windows if candidate.window < len(chunk.windows)]
    return Passage(
        chunk=chunk,
        document=document,
        score=max(candidate.cosine for candidate in group.windows),
        windows=tuple(candidate.window for candidate in hits),
        window_scores=tuple(candidate.cosine for candidate in hits),
        window_ranks=tuple(candidate.rank for candidate in hits),
    )
