"""Who feeds the full-text index: a follower in each API process, which reads what the pipeline wrote anyway.

Three looks at the registry, from cheap and frequent to whole and rare:

- the newest COMPLETED versions: whatever was uploaded lately and is done;
- the versions in flight: one that is no longer there has ended, however long ago it was uploaded;
- all heads: at the start, and every few minutes for what the others missed (a redrive between two looks, a deletion).

Between the looks nothing wrong is served: a query checks every hit against its head.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable

from portfolio_rag.answering.retrieval.vector_follower import VectorFollower
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion
from portfolio_rag.domain.errors import PortfolioRagError
from portfolio_rag.domain.filters import Filter
from portfolio_rag.ports.chunk_store import ChunkStore
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.full_text_index import FullTextHit, FullTextIndex

_log = logging.getLogger(__name__)

POLL_SECONDS = 2.0
RECONCILE_SECONDS = 300.0

_PAGE = 50
_MAX_PAGES = 20
"""A look reads at most 1,000 versions of a status; what a larger upload leaves over, the reconciliation finds."""

_BATCH = 50

_MAX_TRIES = 10
"""Looks at a version whose chunks are not all to be seen; after that the next reconciliation tries."""

Key = tuple[str, int]


class FullTextFollower:
    """Keeps one index in step with the registry, and searches it once it is whole."""

    def __init__(
        self,
        index: FullTextIndex,
        registry: DocumentRegistry,
        chunks: ChunkStore,
        vectors: VectorFollower | None = None,
        *,
        poll_seconds: float = POLL_SECONDS,
        reconcile_seconds: float = RECONCILE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._index = index
        self._registry = registry
        self._chunks = chunks
        self._vectors = vectors
        self._poll_seconds = poll_seconds
        self._reconcile_seconds = reconcile_seconds
        self._clock = clock
        self._known: dict[str, int] = {}
        self._in_flight: set[Key] = set()
        self._unfinished: dict[Key, int] = {}
        self._replaced: set[Key] = set()
        self._next_reconcile: float | None = None
        self._whole = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def whole(self) -> bool:
        """Whether every live document was indexed once; before that a search finds nothing, rather than a part."""
        return self._whole

    def search(self, query: str, *, limit: int, where: Filter | None = None) -> list[FullTextHit]:
        """As the index, or nothing while it is being built: half an index would favour the half that it has."""
        return self._index.search(query, limit=limit, where=where) if self._whole else []

    def start(self) -> None:
        """Follow in a thread of its own until `stop`."""
        self._thread = threading.Thread(target=self._run, name="full-text-follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns when the thread has ended; a document that is being indexed is finished first."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def step(self) -> None:
        """One look, or a reconciliation when it is due. Raises what the stores raise."""
        while not self._stop.is_set() and self._index.repair():
            pass
        if self._next_reconcile is None or self._clock() >= self._next_reconcile:
            self._reconcile()
            self._next_reconcile = self._clock() + self._reconcile_seconds
        else:
            self._look()
        if self._vectors is not None and self._whole:
            self._vectors.step(self._stop)

    def _run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self.step()
            except PortfolioRagError as error:
                _log.warning("The full-text index cannot follow for now: %s", error)
            except Exception:
                # The thread must outlive whatever a damaged file or row does: dense retrieval goes on without it.
                _log.exception("The full-text index failed.")
            # Never busier than half of the time, however much there is to do.
            self._stop.wait(max(self._poll_seconds, time.monotonic() - began))

    def _look(self) -> None:
        completed = self._completed_lately()
        # COMPLETED and not live: replaced or deleted, and never live again.
        self._replaced |= completed - self._take(completed)
        in_flight = self._now_in_flight()
        ended = self._in_flight - in_flight
        self._in_flight = in_flight
        self._take(key for key in ended | self._unfinished.keys() if self._is_news(key))

    def _completed_lately(self) -> set[Key]:
        completed: set[Key] = set()
        cursor = None
        for _ in range(_MAX_PAGES):
            page = self._registry.list_by_status(DocumentStatus.COMPLETED, limit=_PAGE, cursor=cursor)
            news = {key for key in map(_key, page.items) if self._is_news(key)}
            completed |= news
            cursor = page.cursor
            if not news or cursor is None:
                break
        return completed

    def _is_news(self, key: Key) -> bool:
        return key not in self._replaced and self._known.get(key[0]) != key[1]

    def _now_in_flight(self) -> set[Key]:
        in_flight: set[Key] = set()
        for status in (DocumentStatus.PENDING, DocumentStatus.PROCESSING):
            cursor = None
            for _ in range(_MAX_PAGES):
                page = self._registry.list_by_status(status, limit=_PAGE, cursor=cursor)
                in_flight.update(map(_key, page.items))
                cursor = page.cursor
                if cursor is None:
                    break
        return in_flight

    def _reconcile(self) -> None:
        live = {
            head.document_id: head.live_version
            for head in self._registry.heads()
            if head.live_version and head.deleted_at is None
        }
        self._known = self._index.versions()
        gone = [document_id for document_id in self._known if document_id not in live]
        self._index.remove(gone)
        for document_id in gone:
            del self._known[document_id]
        self._replaced.clear()
        self._unfinished.clear()
        missing = sorted(key for key in live.items() if self._known.get(key[0]) != key[1])
        for start in range(0, len(missing), _BATCH):
            if self._stop.is_set():
                return
            self._take(missing[start : start + _BATCH])
        if missing:
            _log.info("The full-text index took %d documents and has %d.", len(missing), len(self._known))
        self._whole = True

    def _take(self, keys: Iterable[Key]) -> set[Key]:
        """Index those that are live, and return them."""
        wanted = set(keys)
        if not wanted:
            return set()
        live = self._registry.live_versions(wanted)
        for key in wanted - live.keys():
            self._unfinished.pop(key, None)
        complete: list[tuple[DocumentVersion, list[Chunk]]] = []
        for key, version in live.items():
            tries = self._unfinished.pop(key, 0) + 1
            chunks = list(self._chunks.of_document(version.document_id, version=version.version))
            if len(chunks) == version.chunk_count:
                complete.append((version, chunks))
            elif tries < _MAX_TRIES:
                # The index of the chunk table lags behind the write, or the version was purged while we read.
                self._unfinished[key] = tries
        self._index.index(complete)
        self._known |= {version.document_id: version.version for version, _ in complete}
        return set(live)


def _key(version: DocumentVersion) -> Key:
    return version.document_id, version.version
