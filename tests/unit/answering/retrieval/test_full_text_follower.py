from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from portfolio_rag.adapters.tantivy.full_text_index import TantivyFullTextIndex
from portfolio_rag.answering.retrieval.full_text_follower import FullTextFollower
from portfolio_rag.answering.retrieval.vector_follower import VectorFollower
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.document_query import EVERYTHING, DocumentQuery
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus, DocumentVersion
from portfolio_rag.domain.errors import StorageUnavailable
from portfolio_rag.domain.filters import parse_filter
from portfolio_rag.domain.identifiers import iso, window_id
from portfolio_rag.ports.chunk_store import ChunkStore
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.full_text_index import FullTextIndex
from tests.support.answers import Corpus, chunk_of, document


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def now_iso(self) -> str:
        return iso(self._now)

    def go_on(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


class Stores:
    """A registry and a chunk store, as far as the follower reads them, with what they were asked for."""

    def __init__(self, time: Time) -> None:
        self.time = time
        self.rows: dict[tuple[str, int], DocumentVersion] = {}
        self.live: dict[str, int] = {}
        self.deleted: set[str] = set()
        self.changed: dict[str, str] = {}
        self.chunks: dict[tuple[str, int], list[Chunk]] = {}
        self.down = False
        self.scans = self.looks = self.seen = self.live_reads = self.chunk_reads = 0

    def put(self, name: str, text: str, version: int = 1, *, done: bool = True) -> str:
        row = replace(document(name, version), chunk_count=1)
        self.rows[row.document_id, version] = replace(row, status=DocumentStatus.PROCESSING)
        self.chunks[row.document_id, version] = [chunk_of(row, text)]
        if done:
            self.complete(row.document_id, version)
        return row.document_id

    def complete(self, document_id: str, version: int = 1) -> None:
        key = (document_id, version)
        self.rows[key] = replace(self.rows[key], status=DocumentStatus.COMPLETED)
        self.live[document_id] = version
        self.changed[document_id] = self.time.now_iso()

    def delete(self, document_id: str) -> None:
        self.live[document_id] = 0
        self.deleted.add(document_id)
        self.changed[document_id] = self.time.now_iso()

    def pending_reconciliation(self, *, changed_after: str = "") -> Iterator[DocumentHead]:
        if self.down:
            raise StorageUnavailable("down")
        self.looks += 1
        for head in self.heads_of(list(self.changed)).values():
            if (head.due or "") > changed_after:
                self.seen += 1
                yield head

    def heads_of(self, document_ids: Iterable[str]) -> dict[str, DocumentHead]:
        return {document_id: self._head(document_id) for document_id in document_ids}

    def heads(self) -> Iterator[DocumentHead]:
        self.scans += 1
        for document_id in sorted({key[0] for key in self.rows}):
            if self.down:
                raise StorageUnavailable("down")
            yield self._head(document_id)

    def _head(self, document_id: str) -> DocumentHead:
        return DocumentHead(
            document_id,
            "b",
            "k",
            1,
            live_version=self.live.get(document_id, 0),
            deleted_at="2026-01-01" if document_id in self.deleted else None,
            due=self.changed.get(document_id),
        )

    def live_versions(self, pairs: Iterable[tuple[str, int]]) -> dict[tuple[str, int], DocumentVersion]:
        self.live_reads += 1
        return {key: self.rows[key] for key in pairs if self.live.get(key[0]) == key[1]}

    def of_document(self, document_id: str, *, version: int | None = None) -> Iterator[Chunk]:
        assert version is not None
        self.chunk_reads += 1
        yield from self.chunks[document_id, version]


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def stores(time: Time) -> Stores:
    return Stores(time)


@pytest.fixture
def index(tmp_path: Path) -> TantivyFullTextIndex:
    return TantivyFullTextIndex(tmp_path / "index.sqlite")


def made(index: FullTextIndex, stores: Stores, vectors: VectorFollower | None = None) -> FullTextFollower:
    # The stores are of their ports what a follower reads.
    return FullTextFollower(index, cast(DocumentRegistry, stores), cast(ChunkStore, stores), stores.time, vectors)


@pytest.fixture
def follower(stores: Stores, index: TantivyFullTextIndex) -> FullTextFollower:
    return made(index, stores)


def settle(follower: FullTextFollower) -> None:
    """Steps without a wait between them until there is nothing to do."""
    while follower.step():
        pass


def found(follower: FullTextFollower, query: str, limit: int = 10) -> list[tuple[str, int]]:
    return [(hit.document_id, hit.version) for hit in follower.search(query, limit=limit)]


def test_the_index_is_built_from_the_chunks_and_searched_once_it_is_whole(
    stores: Stores, follower: FullTextFollower
) -> None:
    ids = {stores.put(f"{n}.md", f"elephant number {n}") for n in range(60)}
    assert found(follower, "elephant") == []
    follower.step()
    assert not follower.whole
    assert found(follower, "elephant") == []
    settle(follower)
    assert follower.whole
    assert {one for one, _ in found(follower, "elephant", limit=100)} == ids
    assert stores.scans == 1


def test_a_new_document_is_found_after_one_look(stores: Stores, follower: FullTextFollower) -> None:
    settle(follower)
    one = stores.put("a.md", "elephants")
    follower.step()
    assert found(follower, "elephants") == [(one, 1)]
    assert stores.scans == 1


def test_an_update_replaces_the_old_version_and_a_deletion_ends_it(stores: Stores, follower: FullTextFollower) -> None:
    one = stores.put("a.md", "elephants")
    settle(follower)
    stores.put("a.md", "giraffes", 2)
    follower.step()
    assert found(follower, "elephants") == []
    assert found(follower, "giraffes") == [(one, 2)]
    stores.delete(one)
    follower.step()
    assert found(follower, "giraffes") == []


def test_a_late_end_of_an_old_upload_is_seen(stores: Stores, time: Time, follower: FullTextFollower) -> None:
    slow = stores.put("slow.md", "elephants", done=False)
    settle(follower)
    time.go_on(200)
    follower.step()
    stores.complete(slow)
    follower.step()
    assert found(follower, "elephants") == [(slow, 1)]
    assert stores.scans == 1


def test_a_change_that_is_written_late_is_seen(stores: Stores, time: Time, follower: FullTextFollower) -> None:
    settle(follower)
    time.go_on(100)
    follower.step()
    one = stores.put("a.md", "elephants")
    stores.changed[one] = iso(time.now() - timedelta(seconds=50))
    follower.step()
    assert found(follower, "elephants") == [(one, 1)]


def test_after_an_outage_nothing_that_changed_during_it_is_missed(
    stores: Stores, time: Time, follower: FullTextFollower
) -> None:
    settle(follower)
    stores.down = True
    one = stores.put("a.md", "elephants")
    for _ in range(3):
        time.go_on(60)
        with pytest.raises(StorageUnavailable):
            follower.step()
    assert follower.state().behind == timedelta(seconds=180)
    stores.down = False
    follower.step()
    assert found(follower, "elephants") == [(one, 1)]
    assert stores.scans == 1
    assert follower.state().behind == timedelta()


def test_what_a_new_document_costs_does_not_depend_on_how_many_there_are(
    stores: Stores, time: Time, follower: FullTextFollower
) -> None:
    for n in range(300):
        stores.put(f"old-{n}.md", "giraffes")
    settle(follower)
    time.go_on(100)
    settle(follower)
    before = (stores.looks, stores.seen, stores.live_reads, stores.chunk_reads)
    one = stores.put("a.md", "elephants")
    assert not follower.step()
    assert found(follower, "elephants") == [(one, 1)]
    after = (stores.looks, stores.seen, stores.live_reads, stores.chunk_reads)
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 1, 1, 1]
    assert not follower.step()
    assert (stores.live_reads, stores.chunk_reads) == after[2:]


def test_a_thousand_others_are_indexed_in_batches_in_the_order_of_their_end(
    stores: Stores, follower: FullTextFollower, index: TantivyFullTextIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(follower)
    sizes: list[int] = []
    inner = index.index

    def counted(documents: Sequence[tuple[DocumentVersion, Sequence[Chunk]]]) -> None:
        sizes.append(len(documents))
        inner(documents)

    monkeypatch.setattr(index, "index", counted)
    first = stores.put("first.md", "elephants")
    for n in range(1000):
        stores.put(f"{n}.md", "giraffes")
    looks, reads = stores.looks, stores.chunk_reads
    assert follower.step()
    assert found(follower, "elephants") == [(first, 1)]
    late = stores.put("late.md", "lions")
    settle(follower)
    assert found(follower, "lions") == [(late, 1)]
    assert len(found(follower, "giraffes", limit=2000)) == 1000
    assert sizes == [50] * 20 + [2]
    assert stores.looks - looks == 21
    assert stores.chunk_reads - reads == 1002


def test_a_batch_is_found_with_filters_before_the_next_one_is_read(stores: Stores, index: TantivyFullTextIndex) -> None:
    corpus = Corpus()
    vectors = VectorFollower(index.replica, corpus.vector_store, corpus.index_aliases)
    follower = made(index, stores, vectors)
    settle(follower)
    for n in range(120):
        document_id = stores.put(f"{n}.md", "elephants")
        corpus.add(stores.rows[document_id, 1], *stores.chunks[document_id, 1])
    for passing in (50, 100, 120):
        follower.step()
        where = parse_filter({"startsWith": {"key": "s3_key", "value": ""}})
        assert where is not None
        matched = index.replica.matches("knowledge", where)
        assert matched is not None
        assert matched.windows == passing
        assert len(follower.search("elephants", limit=200, where=where)) == passing


def test_after_a_switch_of_the_index_new_documents_are_seen_while_the_vectors_are_read_anew(
    stores: Stores, index: TantivyFullTextIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portfolio_rag.answering.retrieval.vector_follower._CHUNKS", 2)
    corpus = Corpus()
    follower = made(index, stores, VectorFollower(index.replica, corpus.vector_store, corpus.index_aliases))
    for n in range(50):
        document_id = stores.put(f"{n}.md", "giraffes")
        corpus.add(stores.rows[document_id, 1], *stores.chunks[document_id, 1])
    while not follower.whole:
        follower.step()
    looks = stores.looks
    assert follower.step()
    new = stores.put("new.md", "elephants")
    assert follower.step()
    assert found(follower, "elephants") == [(new, 1)]
    corpus.add(stores.rows[new, 1], *stores.chunks[new, 1])
    settle(follower)
    settle(follower)
    assert stores.looks - looks > 3
    assert index.replica.waiting(limit=1) == []
    ids = [window_id(stores.chunks[new, 1][0].chunk_id, 0)]
    assert index.replica.similarities("knowledge", ids, corpus.embedder.embed(["elephants"])[0])


def test_long_documents_are_not_in_memory_together(stores: Stores, follower: FullTextFollower) -> None:
    settle(follower)
    for n in range(3):
        one = stores.put(f"{n}.md", "")
        row = replace(stores.rows[one, 1], chunk_count=900)
        stores.rows[one, 1] = row
        stores.chunks[one, 1] = [chunk_of(row, f"elephants {part}", index=part) for part in range(900)]
    follower.step()
    assert follower.state().documents == 2
    follower.step()
    assert follower.state().documents == 3


def test_chunks_that_are_not_all_to_be_seen_yet_are_waited_for(
    stores: Stores, time: Time, follower: FullTextFollower
) -> None:
    settle(follower)
    one = stores.put("a.md", "elephants")
    held_back = stores.chunks.pop((one, 1))
    stores.chunks[one, 1] = []
    assert not follower.step()
    assert found(follower, "elephants") == []
    time.go_on(12)
    assert follower.state().behind == timedelta(seconds=12)
    assert follower.state().waiting == 1
    stores.chunks[one, 1] = held_back
    follower.step()
    assert found(follower, "elephants") == [(one, 1)]
    assert follower.state().behind == timedelta()


def listed(
    follower: FullTextFollower, limit: int = 10, query: DocumentQuery = EVERYTHING
) -> list[tuple[str, int]] | None:
    """All that answer, page after page."""
    pages: list[tuple[str, int]] = []
    place = None
    while True:
        places = follower.documents(query, limit=limit, after=place)
        if places is None:
            return None
        pages += [(place.document_id, place.version) for place in places]
        if len(places) < limit:
            return pages
        place = places[-1]


def test_what_was_completed_since_the_last_look_is_listed_and_counted_soon(
    stores: Stores, follower: FullTextFollower
) -> None:
    old, newer = (stores.put(f"guides/{name}.md", "elephants") for name in ("old", "newer"))
    settle(follower)
    stores.put("guides/old.md", "giraffes", 2)
    key = (stores.put("guides/newest.md", "giraffes"), 1)
    stores.rows[key] = replace(stores.rows[key], upload_timestamp="2026-01-03T00:00:00.000000Z")
    for limit in (1, 2, 10):
        shown = listed(follower, limit)
        assert shown is not None
        assert shown[0] == key
        assert sorted(shown) == sorted([key, (old, 2), (newer, 1)])
    assert listed(follower, query=DocumentQuery("NEWEST")) == [key]
    stores.delete(key[0])
    assert listed(follower, query=DocumentQuery("newest")) == []


def test_what_cannot_be_indexed_is_listed_and_counted_nevertheless(
    stores: Stores, time: Time, follower: FullTextFollower
) -> None:
    settle(follower)
    broken = stores.put("a.md", "elephants")
    stores.chunks[broken, 1] = []
    for _ in range(100):
        time.go_on(1)
        settle(follower)
    assert follower.state().waiting == 0
    assert listed(follower) == [(broken, 1)]
    assert follower.count() == 1
    stores.delete(broken)
    follower.step()
    assert listed(follower) == []
    assert follower.count() == 0


def test_where_many_are_not_indexed_yet_the_registry_lists_them(
    stores: Stores, follower: FullTextFollower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portfolio_rag.answering.retrieval.full_text_follower._RECENT", 2)
    settle(follower)
    for number in range(2):
        stores.put(f"{number}.md", "elephants")
    assert len(listed(follower) or []) == 2
    stores.put("2.md", "elephants")
    assert listed(follower) is None
    settle(follower)
    assert len(listed(follower) or []) == 3


def test_what_never_shows_all_its_chunks_is_given_up_and_does_not_hold_up_the_others(
    stores: Stores, time: Time, follower: FullTextFollower
) -> None:
    broken = stores.put("a.md", "elephants")
    stores.chunks[broken, 1] = []
    one = stores.put("b.md", "elephants")
    settle(follower)
    assert follower.whole
    assert found(follower, "elephants") == [(one, 1)]
    for _ in range(100):
        time.go_on(1)
        settle(follower)
    reads = stores.chunk_reads
    time.go_on(1)
    settle(follower)
    assert stores.chunk_reads == reads
    assert follower.state().waiting == 0


def test_the_reconciliation_forgets_deleted_documents_and_finds_missed_ones(
    stores: Stores, follower: FullTextFollower, index: TantivyFullTextIndex, time: Time
) -> None:
    gone = stores.put("a.md", "elephants")
    settle(follower)
    stores.delete(gone)
    missed = stores.put("b.md", "giraffes")
    stores.changed.clear()
    settle(follower)
    assert index.versions() == {gone: 1}
    time.go_on(301)
    settle(follower)
    assert index.versions() == {missed: 1}


def test_what_comes_while_a_reconciliation_is_under_way_is_not_forgotten_by_it(
    stores: Stores, follower: FullTextFollower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portfolio_rag.answering.retrieval.full_text_follower._SLICE", 2)
    for n in range(5):
        stores.put(f"{n}.md", "giraffes")
    heads = stores.heads

    def as_they_are_now() -> Iterator[DocumentHead]:
        yield from list(heads())

    monkeypatch.setattr(stores, "heads", as_they_are_now)
    follower.step()
    one = stores.put("new.md", "elephants")
    settle(follower)
    assert found(follower, "elephants") == [(one, 1)]


def test_a_reconciliation_that_an_outage_ended_is_begun_anew(stores: Stores, follower: FullTextFollower) -> None:
    for n in range(3):
        stores.put(f"{n}.md", "giraffes")
    looks = stores.pending_reconciliation

    def then_down(*, changed_after: str = "") -> Iterator[DocumentHead]:
        yield from looks(changed_after=changed_after)
        stores.down = True

    stores.changed.clear()
    stores.pending_reconciliation = then_down  # type: ignore[method-assign]
    with pytest.raises(StorageUnavailable):
        follower.step()
    assert not follower.whole
    stores.down = False
    stores.pending_reconciliation = looks  # type: ignore[method-assign]
    settle(follower)
    assert len(found(follower, "giraffes")) == 3


def test_a_restart_indexes_only_what_changed_meanwhile(stores: Stores, index: TantivyFullTextIndex) -> None:
    kept = stores.put("a.md", "elephants")
    settle(made(index, stores))
    new = stores.put("b.md", "elephants")
    reads = stores.chunk_reads
    second = made(index, stores)
    settle(second)
    assert sorted(found(second, "elephants")) == sorted([(kept, 1), (new, 1)])
    assert stores.chunk_reads - reads == 1


def test_a_damaged_index_of_words_is_built_again_without_a_read_of_the_tables(
    stores: Stores, index: TantivyFullTextIndex, tmp_path: Path
) -> None:
    one = stores.put("a.md", "elephants")
    settle(made(index, stores))
    index.close()
    next(tmp_path.glob("*-words-*/*.term")).write_bytes(b"")
    again = made(TantivyFullTextIndex(tmp_path / "index.sqlite"), stores)
    reads = stores.chunk_reads
    settle(again)
    assert found(again, "elephants") == [(one, 1)]
    assert stores.chunk_reads == reads


def test_the_thread_survives_an_outage_and_stops_when_told(stores: Stores, index: TantivyFullTextIndex) -> None:
    follower = FullTextFollower(
        index,
        cast(DocumentRegistry, stores),
        cast(ChunkStore, stores),
        stores.time,
        poll=timedelta(milliseconds=10),
    )
    stores.down = True
    one = stores.put("a.md", "elephants")
    follower.start()
    stores.down = False
    waiting = threading.Event()
    for _ in range(500):
        if found(follower, "elephants"):
            break
        waiting.wait(0.01)
    assert found(follower, "elephants") == [(one, 1)]
    follower.stop()
    assert not any(thread.name == "full-text-follower" for thread in threading.enumerate())
