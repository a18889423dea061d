"""Who feeds the full-text index: a follower in each API process, which reads what the pipeline wrote anyway.

Two looks at the registry:

- what has changed: each change of a head stands in the status index with its time, so one query, about once a second,
  says which documents came, were replaced or went, however many there are;
- all heads, a slice at a time: at the start, and every few minutes for what a look can have missed (a change that was
  written a minute after the time that it bears).

What is found so waits in order and is indexed in batches, its vectors with it. Between the looks nothing wrong is
served: a query checks every hit against its head.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, islice

from portfolio_rag.answering.retrieval.unindexed_versions import UnindexedVersions
from portfolio_rag.answering.retrieval.vector_follower import VectorFollower
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.document_query import DocumentQuery
from portfolio_rag.domain.documents import DocumentHead, DocumentVersion
from portfolio_rag.domain.errors import PortfolioRagError
from portfolio_rag.domain.filters import Filter
from portfolio_rag.domain.identifiers import iso
from portfolio_rag.ports.chunk_store import ChunkStore
from portfolio_rag.ports.document_index import DocumentPlace
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.full_text_index import FullTextHit, FullTextIndex
from portfolio_rag.ports.runtime import Clock

_log = logging.getLogger(__name__)

POLL = timedelta(seconds=1)
RECONCILE = timedelta(minutes=5)

OVERLAP = timedelta(minutes=1)
"""A look asks for changes from so long before the last one on: clocks differ, a write that was tried again bears the
time of its first try, and the status index lags. What is known already costs nothing more."""

LAG = timedelta(seconds=10)
"""Being so far behind is worth telling."""

_BATCH = 50
"""Documents indexed in one go: a commit of words, and of vectors, for all of them."""

_BATCH_CHUNKS = 2000
"""… and chunks, which are in memory at a time, unless a single document has more."""

_RECENT = 100
"""Documents that a list takes from the registry, as the index has them not yet; where there are more, the registry
lists them all: it is then read for the pipeline's sake anyway."""

_SLICE = 1000
"""Heads of a reconciliation that are read between two looks."""

_READERS = 8
"""Documents whose chunks are read at once; each is a query of its own."""


@dataclass(frozen=True, slots=True)
class IndexState:
    """`whole`: every live document was indexed once. `behind` is how old what is searched may be."""

    whole: bool
    documents: int
    waiting: int
    behind: timedelta


class FullTextFollower:
    """Keeps one index in step with the registry, and searches it once it is whole."""

    def __init__(
        self,
        index: FullTextIndex,
        registry: DocumentRegistry,
        chunks: ChunkStore,
        clock: Clock,
        vectors: VectorFollower | None = None,
        *,
        poll: timedelta = POLL,
        reconcile: timedelta = RECONCILE,
    ) -> None:
        self._index = index
        self._registry = registry
        self._chunks = chunks
        self._clock = clock
        self._vectors = vectors
        self._poll = poll
        self._reconcile = reconcile
        self._known: dict[str, int] | None = None
        self._unindexed = UnindexedVersions(poll)
        self._looked = clock.now()
        self._scan: Iterator[DocumentHead] | None = None
        self._scanned: set[str] = set()
        self._next_scan = self._looked
        self._whole = False
        self._has_scanned = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def whole(self) -> bool:
        """Whether every live document was indexed once; before that a search finds nothing, rather than a part."""
        return self._whole

    def state(self) -> IndexState:
        now = self._clock.now()
        since = min(self._unindexed.since() or now, self._looked)
        return IndexState(self._whole, len(self._known or ()), len(self._unindexed), now - since)

    def search(self, query: str, *, limit: int, where: Filter | None = None) -> list[FullTextHit]:
        """As the index, or nothing while it is being built: half an index would favour the half that it has."""
        return self._index.search(query, limit=limit, where=where) if self._whole else []

    def count(self) -> int | None:
        """As `ports.DocumentIndex`."""
        return len({*(self._known or {}), *self._unindexed.versions()}) if self._whole else None

    def documents(
        self, query: DocumentQuery, *, limit: int, after: DocumentPlace | None = None
    ) -> list[DocumentPlace] | None:
        """As `ports.DocumentIndex`; None also where many are not indexed yet."""
        recent = self._recent() if self._whole else None
        if recent is None:
            return None
        # As many more as may be left out: fewer than `limit` say that there are no others.
        found = self._index.documents(query, limit=limit + len(recent), after=after)
        places = [place for place in found if place.document_id not in recent]
        for version in self._registry.live_versions(recent.items()).values():
            place = DocumentPlace(version.upload_timestamp, version.document_id, version.version)
            if query.passes(version) and (after is None or place.order < after.order):
                places.append(place)
        return sorted(places, key=lambda place: place.order, reverse=True)[:limit]

    def _recent(self) -> dict[str, int] | None:
        """Live versions that the index does not have, by document; None where they are many.

        Those that were found and wait, and those that changed after the last look: a document whose version has just
        been completed is no more among those in work, and must not be missing until the next look.
        """
        recent = self._unindexed.versions()
        if len(recent) > _RECENT:
            return None
        known, since = self._known or {}, iso(self._looked - OVERLAP)
        for head in self._registry.pending_reconciliation(changed_after=since):
            if head.live_version and head.deleted_at is None and known.get(head.document_id) != head.live_version:
                recent[head.document_id] = head.live_version
        return recent if len(recent) <= _RECENT else None

    def start(self) -> None:
        """Follow in a thread of its own until `stop`."""
        self._thread = threading.Thread(target=self._run, name="full-text-follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns when the thread has ended; a batch that is being indexed is finished first."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def step(self) -> bool:
        """One look, and a part of what is to be done; whether there is more. Raises what the stores raise."""
        while self._index.repair():
            if self._stop.is_set():
                return False
        if self._known is None:
            self._known = self._index.versions()
        self._look(self._known)
        self._go_on_scanning(self._known)
        self._index_some(self._known)
        if self._has_scanned and not self._unindexed.untried:
            self._whole = True
        has_more_vectors = self._vectors.step(self._stop) if self._vectors is not None and self._whole else False
        return has_more_vectors or self._scan is not None or bool(self._unindexed.ready(self._clock.now(), 1))

    def _run(self) -> None:
        while not self._stop.is_set():
            has_more = False
            try:
                has_more = self.step()
            except PortfolioRagError as error:
                _log.warning("The full-text index cannot follow for now: %s", error)
            except Exception:
                # The thread must outlive whatever a damaged file or row does: dense retrieval goes on without it.
                _log.exception("The full-text index failed.")
            if not has_more:
                self._stop.wait(self._poll.total_seconds())

    def _look(self, known: dict[str, int]) -> None:
        began = self._clock.now()
        gone = []
        for head in self._registry.pending_reconciliation(changed_after=iso(self._looked - OVERLAP)):
            if not self._note(head, known, began) and head.document_id in known:
                gone.append(head.document_id)
        self._remove(gone, known)
        self._looked = began

    def _note(self, head: DocumentHead, known: dict[str, int], now: datetime) -> bool:
        """Whether the document is live; if it is and the index has not this version, it waits from now on."""
        if not head.live_version or head.deleted_at is not None:
            self._unindexed.forget(head.document_id)
            return False
        if known.get(head.document_id) != head.live_version:
            self._unindexed.add(head.document_id, head.live_version, now)
        return True

    def _go_on_scanning(self, known: dict[str, int]) -> None:
        """The next slice of all heads, when a reconciliation is due and what the last slice brought is done."""
        now = self._clock.now()
        if len(self._unindexed) >= _SLICE or (self._scan is None and now < self._next_scan):
            return
        if self._scan is None:
            self._scan, self._scanned = iter(self._registry.heads()), set()
        try:
            heads = list(islice(self._scan, _SLICE))
        except BaseException:
            self._scan = None  # an iterator that raised is at its end: begin anew
            raise
        self._scanned.update(head.document_id for head in heads if self._note(head, known, now))
        if len(heads) < _SLICE:
            self._scan = None
            self._next_scan = now + self._reconcile
            self._has_scanned = True
            self._forget_gone(known)

    def _forget_gone(self, known: dict[str, int]) -> None:
        """Remove what the scan has not seen alive, unless it has come since."""
        missing = [document_id for document_id in known if document_id not in self._scanned]
        heads = self._registry.heads_of(missing)
        alive = {id_ for id_, head in heads.items() if head.live_version and head.deleted_at is None}
        self._remove([document_id for document_id in missing if document_id not in alive], known)

    def _remove(self, document_ids: list[str], known: dict[str, int]) -> None:
        if document_ids:
            self._index.remove(document_ids)
            for document_id in document_ids:
                del known[document_id]

    def _index_some(self, known: dict[str, int]) -> None:
        """One batch of what waits."""
        wanted = self._unindexed.ready(self._clock.now(), _BATCH)
        if not wanted:
            return
        live = self._registry.live_versions(wanted)
        for document_id, _ in set(wanted) - set(live):
            self._unindexed.forget(document_id)
        versions = _that_fit([live[key] for key in wanted if key in live])
        if not versions:
            return
        with ThreadPoolExecutor(min(_READERS, len(versions)), thread_name_prefix="full-text-reader") as pool:
            read = list(zip(versions, pool.map(self._chunks_of, versions), strict=True))
        # Too few: the index of the chunk table lags behind the write, or the version was purged while we read.
        complete = [(version, chunks) for version, chunks in read if len(chunks) == version.chunk_count]
        self._index.index(complete)
        for version, _ in complete:
            known[version.document_id] = version.version
            self._unindexed.forget(version.document_id)
        self._unindexed.failed(
            [version.document_id for version, chunks in read if len(chunks) != version.chunk_count], self._clock.now()
        )

    def _chunks_of(self, version: DocumentVersion) -> list[Chunk]:
        return list(self._chunks.of_document(version.document_id, version=version.version))


def _that_fit(versions: list[DocumentVersion]) -> list[DocumentVersion]:
    """The first ones that have no more than `_BATCH_CHUNKS` together, at least one."""
    ends = accumulate(version.chunk_count or 0 for version in versions)
    fitting = sum(end <= _BATCH_CHUNKS for end in ends)
    return versions[: max(1, fitting)]
