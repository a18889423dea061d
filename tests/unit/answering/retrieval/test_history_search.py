"""The nearest windows as of a moment, against brute force, and what they cost."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, cast

import numpy as np
import pytest

from portfolio_rag.answering.retrieval import history_search
from portfolio_rag.answering.retrieval.history_search import HistorySearch
from portfolio_rag.answering.retrieval.vector_search import VectorSearch
from portfolio_rag.domain.filters import Condition, Filter, matches
from portfolio_rag.domain.versions import Period, history_collection, history_window
from portfolio_rag.ports.vector_replica import VectorReplica
from portfolio_rag.ports.vector_store import VectorHit, VectorRecord, VectorStore
from portfolio_rag.ports.vectors import Vectors
from tests.support.answers import MemoryVectors

LIVE = "knowledge"
HISTORY = history_collection(LIVE)
DAYS = [f"2026-01-{day:02}T00:00:00.000000Z" for day in range(1, 29)]
TEAM = Condition("equals", "team", "rare")
DIMENSIONS = 16


class FilteringVectors(MemoryVectors):
    def query(self, collection: str, vector: Vectors, *, limit: int, where: Filter | None = None) -> list[VectorHit]:
        hits = super().query(collection, vector, limit=10**6, where=where)
        self.calls[-1] = f"query {collection}"
        return [hit for hit in hits if where is None or matches(where, hit.metadata)][:limit]

    def nearest(self, collection: str, vector: Vectors, *, limit: int) -> list[tuple[str, float]]:
        found = super().nearest(collection, vector, limit=limit)
        self.calls[-1] = f"nearest {collection} {limit}"
        return found


class Owners:
    """Of a replica what says whose a window is; `unread` are documents that it has not seen yet."""

    def __init__(self, vectors: FilteringVectors) -> None:
        self._vectors = vectors
        self.unread: set[str] = set()

    def owners(self, chunk_ids: Sequence[str], where: Filter | None = None) -> dict[str, tuple[str, int]]:
        return {
            str(record.metadata["chunk_id"]): (str(record.metadata["document_id"]), int(record.metadata["version"]))
            for record in self._vectors.collections[LIVE].values()
            if record.metadata["chunk_id"] in chunk_ids
            and record.metadata["document_id"] not in self.unread
            and (where is None or matches(where, record.metadata))
        }

    def matches(self, collection: str, where: Filter) -> None:
        return None


class Library:
    """Documents of which each version has one chunk of two windows; every ninth is of the rare team."""

    def __init__(self, documents: int, versions: int) -> None:
        self.vectors = FilteringVectors()
        self.owners = Owners(self.vectors)
        self.windows: list[tuple[str, str, str | None, Vectors, Mapping[str, Any]]] = []
        self._random = np.random.default_rng(7)
        for number in range(documents):
            changes = [0, *sorted(self._random.choice(range(1, 27), versions - 1, replace=False).tolist())]
            for version, (day, following) in enumerate(zip(changes, [*changes[1:], None], strict=True), 1):
                self._put(f"document-{number}", number, version, DAYS[day], following)

    def _put(self, document_id: str, number: int, version: int, since: str, following: int | None) -> None:
        until = None if following is None else DAYS[following]
        for n in range(2):
            chunk_id = f"{document_id}-v{version}"
            vector = self._random.standard_normal(DIMENSIONS).astype(np.float32)
            vector /= np.linalg.norm(vector)
            metadata = {
                "chunk_id": chunk_id,
                "document_id": document_id,
                "version": version,
                "window": n,
                "upload_timestamp": since,
                "team": "rare" if number % 9 == 0 else "usual",
            }
            id_ = f"{chunk_id}#{n}"
            self.windows.append((id_, since, until, vector, metadata))
            if until is None:
                self.vectors.upsert(LIVE, [VectorRecord(id_, vector, metadata)])
            else:
                kept = history_window(id_, document_id, version, Period(since, until)).id
                self.vectors.upsert(HISTORY, [VectorRecord(kept, vector, metadata)])

    def expected(self, vector: Vectors, moment: str, where: Filter | None, limit: int) -> list[str]:
        passing = [
            (float(stored @ vector), id_)
            for id_, since, until, stored, metadata in self.windows
            if since <= moment and (until is None or moment < until) and (where is None or matches(where, metadata))
        ]
        return [id_ for _, id_ in sorted(passing, reverse=True)[:limit]]

    def questions(self) -> Iterator[Vectors]:
        for _ in range(5):
            vector = self._random.standard_normal(DIMENSIONS).astype(np.float32)
            yield vector / np.linalg.norm(vector)


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as made:
        yield made


def search_of(library: Library, pool: ThreadPoolExecutor, *, replica: bool = True) -> HistorySearch:
    store = cast(VectorStore, library.vectors)
    owners = cast(VectorReplica, library.owners) if replica else None

    def beside(function: Any, *arguments: Any) -> Future[Any]:
        return pool.submit(function, *arguments)

    return HistorySearch(store, VectorSearch(store, owners), beside)


@pytest.mark.parametrize("where", [None, TEAM], ids=["everything", "few pass"])
@pytest.mark.parametrize("replica", [True, False], ids=["replica", "Chroma alone"])
@pytest.mark.parametrize(("documents", "versions"), [(60, 1), (60, 2), (40, 6), (3, 2)])
def test_what_is_found_is_what_brute_force_finds(
    pool: ThreadPoolExecutor, documents: int, versions: int, replica: bool, where: Filter | None
) -> None:
    library = Library(documents, versions)
    search = search_of(library, pool, replica=replica)
    for vector in library.questions():
        for moment in (DAYS[0], DAYS[13], DAYS[27], "2025-12-31T00:00:00.000000Z"):
            found, exhausted = search.search(LIVE, vector, moment=moment, limit=10, where=where)
            wanted = library.expected(vector, moment, where, 1000)
            assert [hit.id for hit in found] == wanted[:10]
            # Where there are more it is never said that there are none.
            assert not (exhausted and len(wanted) > 10)
            assert exhausted or len(wanted) >= 10
            for hit in found:
                assert (hit.metadata["chunk_id"], hit.metadata["window"]) == tuple_of(hit.id)


def tuple_of(id_: str) -> tuple[str, int]:
    chunk_id, _, number = id_.rpartition("#")
    return chunk_id, int(number)


def test_each_collection_is_asked_once_for_ids_alone_where_half_has_changed(pool: ThreadPoolExecutor) -> None:
    library = Library(100, 2)
    search = search_of(library, pool)
    for vector in library.questions():
        library.vectors.calls.clear()
        search.search(LIVE, vector, moment=DAYS[13], limit=10)
        assert sorted(library.vectors.calls) == [f"nearest {LIVE} 20", f"nearest {HISTORY} 40"]


def test_both_are_asked_at_the_same_time(pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each side waits until the other has begun: one after the other, neither would ever end."""
    library = Library(20, 2)
    both = threading.Barrier(2, timeout=30)
    nearest = library.vectors.nearest

    def waiting(*arguments: Any, **named: Any) -> Any:
        both.wait()
        return nearest(*arguments, **named)

    monkeypatch.setattr(library.vectors, "nearest", waiting)
    found, _ = search_of(library, pool).search(LIVE, next(library.questions()), moment=DAYS[13], limit=3)
    assert len(found) == 3


def test_attributes_of_what_lies_too_far_away_are_not_read(pool: ThreadPoolExecutor) -> None:
    library = Library(100, 2)
    search = search_of(library, pool)
    read: list[int] = []
    metadata = library.vectors.metadata

    def counted(collection: str, ids: Sequence[str]) -> Any:
        read.append(len(ids))
        return metadata(collection, ids)

    library.vectors.metadata = counted  # type: ignore[method-assign]
    usual = Condition("equals", "team", "usual")
    for vector in library.questions():
        search.search(LIVE, vector, moment=DAYS[13], limit=10, where=usual)
    # Of forty that are found in the history, some ten lie nearer than the last one of what answers still.
    assert read
    assert max(read) < 30


def test_of_a_document_that_the_replica_has_not_read_yet_chroma_tells_when_it_was_uploaded(
    pool: ThreadPoolExecutor,
) -> None:
    """An answer that was made a moment ago has the same sources when it is asked for again."""
    library = Library(30, 2)
    library.owners.unread = {f"document-{number}" for number in range(0, 30, 2)}
    search = search_of(library, pool)
    for vector in library.questions():
        for moment in (DAYS[13], DAYS[27]):
            found, _ = search.search(LIVE, vector, moment=moment, limit=10)
            assert [hit.id for hit in found] == library.expected(vector, moment, None, 10)


def test_what_the_full_text_index_cannot_know_counts_as_not_read(pool: ThreadPoolExecutor) -> None:
    library = Library(20, 2)
    found, _ = search_of(library, pool).search(LIVE, next(library.questions()), moment=DAYS[13], limit=20)
    assert {hit.unread for hit in found if hit.metadata["version"] == 1} == {True}
    assert {hit.unread for hit in found if hit.metadata["version"] == 2} == {False}


def test_growing_is_bounded(pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_search, "MOST", 80)
    library = Library(100, 8)
    vector = next(library.questions())
    found, _ = search_of(library, pool).search(LIVE, vector, moment=DAYS[0], limit=40)
    assert len(found) <= 40
    limits = [int(call.rsplit(" ", 1)[1]) for call in library.vectors.calls]
    assert max(limits) <= 2 * 80
    assert {hit.id for hit in found} <= set(library.expected(vector, DAYS[0], None, 10**6))
