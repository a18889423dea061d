from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from portfolio_rag.adapters.tantivy.full_text_index import TantivyFullTextIndex
from portfolio_rag.answering.retrieval.full_text_follower import FullTextFollower
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus, DocumentVersion
from portfolio_rag.domain.errors import StorageUnavailable
from portfolio_rag.ports.document_registry import Page
from tests.support.answers import chunk_of, document


class Stores:
    """A registry and a chunk store, as far as the follower reads them. Pages have two versions."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], DocumentVersion] = {}
        self.live: dict[str, int] = {}
        self.chunks: dict[tuple[str, int], list[Chunk]] = {}
        self.down = False
        self.scans = 0
        self.pages = 0

    def put(self, name: str, text: str, version: int = 1, *, uploaded: str = "2026-01-01", done: bool = True) -> str:
        row = replace(document(name, version), upload_timestamp=uploaded, chunk_count=1)
        self.rows[row.document_id, version] = replace(row, status=DocumentStatus.PROCESSING)
        self.chunks[row.document_id, version] = [chunk_of(row, text)]
        if done:
            self.complete(row.document_id, version)
        return row.document_id

    def complete(self, document_id: str, version: int = 1) -> None:
        key = (document_id, version)
        self.rows[key] = replace(self.rows[key], status=DocumentStatus.COMPLETED)
        self.live[document_id] = version

    def list_by_status(self, status: DocumentStatus, *, limit: int, cursor: str | None = None) -> Page:
        if self.down:
            raise StorageUnavailable("down")
        self.pages += 1
        rows = sorted((row for row in self.rows.values() if row.status is status), key=lambda row: row.upload_timestamp)
        rows.reverse()
        start = int(cursor or 0)
        return Page(rows[start : start + 2], str(start + 2) if start + 2 < len(rows) else None)

    def heads(self) -> Iterator[DocumentHead]:
        if self.down:
            raise StorageUnavailable("down")
        self.scans += 1
        for document_id in {key[0] for key in self.rows}:
            yield DocumentHead(document_id, "b", "k", 1, live_version=self.live.get(document_id, 0))

    def live_versions(self, pairs: Iterable[tuple[str, int]]) -> dict[tuple[str, int], DocumentVersion]:
        return {key: self.rows[key] for key in pairs if self.live.get(key[0]) == key[1]}

    def of_document(self, document_id: str, *, version: int | None = None) -> Iterator[Chunk]:
        assert version is not None
        yield from self.chunks[document_id, version]


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stores() -> Stores:
    return Stores()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def index(tmp_path: Path) -> TantivyFullTextIndex:
    return TantivyFullTextIndex(tmp_path / "index.sqlite")


@pytest.fixture
def follower(stores: Stores, index: TantivyFullTextIndex, time: Time) -> FullTextFollower:
    return FullTextFollower(index, stores, stores, poll_seconds=0.01, clock=time)  # type: ignore[arg-type]


def found(follower: FullTextFollower, query: str) -> list[tuple[str, int]]:
    return [(hit.document_id, hit.version) for hit in follower.search(query, limit=10)]


def test_the_first_step_builds_the_index_from_the_chunks(stores: Stores, follower: FullTextFollower) -> None:
    ids = {stores.put(f"{n}.md", f"elephant number {n}") for n in range(7)}
    assert found(follower, "elephant") == []
    assert not follower.whole
    follower.step()
    assert follower.whole
    assert {one for one, _ in found(follower, "elephant")} == ids


def test_a_new_document_is_found_after_one_look(stores: Stores, follower: FullTextFollower) -> None:
    follower.step()
    one = stores.put("a.md", "elephants")
    follower.step()
    assert found(follower, "elephants") == [(one, 1)]
    assert stores.scans == 1


def test_many_new_documents_are_found_over_several_pages(stores: Stores, follower: FullTextFollower) -> None:
    follower.step()
    ids = {stores.put(f"{n}.md", "elephants", uploaded=f"2026-01-{n + 10}") for n in range(9)}
    follower.step()
    assert {one for one, _ in found(follower, "elephants")} == ids


def test_an_update_replaces_the_old_version(stores: Stores, follower: FullTextFollower) -> None:
    one = stores.put("a.md", "elephants")
    follower.step()
    stores.put("a.md", "giraffes", 2, uploaded="2026-02-01")
    follower.step()
    assert found(follower, "elephants") == []
    assert found(follower, "giraffes") == [(one, 2)]


def test_a_late_end_of_an_old_upload_is_seen(stores: Stores, follower: FullTextFollower) -> None:
    slow = stores.put("slow.md", "elephants", uploaded="2025-01-01", done=False)
    for n in range(6):
        stores.put(f"{n}.md", "giraffes")
    follower.step()
    follower.step()
    stores.complete(slow)
    follower.step()
    assert found(follower, "elephants") == [(slow, 1)]
    assert stores.scans == 1


def test_a_version_that_failed_first_is_indexed_when_it_completes(stores: Stores, follower: FullTextFollower) -> None:
    one = stores.put("a.md", "elephants", done=False)
    follower.step()
    follower.step()
    stores.rows[one, 1] = replace(stores.rows[one, 1], status=DocumentStatus.FAILED)
    follower.step()
    stores.rows[one, 1] = replace(stores.rows[one, 1], status=DocumentStatus.PROCESSING)
    follower.step()
    stores.complete(one)
    follower.step()
    assert found(follower, "elephants") == [(one, 1)]


def test_chunks_that_are_not_all_to_be_seen_yet_are_waited_for(stores: Stores, follower: FullTextFollower) -> None:
    follower.step()
    one = stores.put("a.md", "elephants")
    held_back = stores.chunks.pop((one, 1))
    stores.chunks[one, 1] = []
    follower.step()
    assert found(follower, "elephants") == []
    stores.chunks[one, 1] = held_back
    follower.step()
    assert found(follower, "elephants") == [(one, 1)]


def test_what_was_replaced_or_deleted_is_not_asked_about_for_ever(stores: Stores, follower: FullTextFollower) -> None:
    for n in range(6):
        one = stores.put(f"{n}.md", "elephants")
        stores.live[one] = 0
    follower.step()
    follower.step()
    before = stores.pages
    follower.step()
    assert stores.pages - before == 3


def test_the_reconciliation_forgets_deleted_documents_and_finds_missed_ones(
    stores: Stores, follower: FullTextFollower, index: TantivyFullTextIndex, time: Time
) -> None:
    gone = stores.put("a.md", "elephants")
    follower.step()
    stores.live[gone] = 0
    missed = stores.put("b.md", "giraffes")
    stores.rows[missed, 1] = replace(stores.rows[missed, 1], status=DocumentStatus.FAILED)
    follower.step()
    assert index.versions() == {gone: 1}
    time.now = 301
    follower.step()
    assert index.versions() == {missed: 1}


def test_a_restart_indexes_only_what_changed_meanwhile(stores: Stores, index: TantivyFullTextIndex, time: Time) -> None:
    kept = stores.put("a.md", "elephants")
    first = FullTextFollower(index, stores, stores, clock=time)  # type: ignore[arg-type]
    first.step()
    del stores.chunks[kept, 1]  # reading it again would fail
    new = stores.put("b.md", "elephants")
    second = FullTextFollower(index, stores, stores, clock=time)  # type: ignore[arg-type]
    second.step()
    assert sorted(found(second, "elephants")) == sorted([(kept, 1), (new, 1)])


def test_the_thread_survives_an_outage_and_stops_when_told(stores: Stores, follower: FullTextFollower) -> None:
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
