"""COMPLETED means findable: the API's follower on the tables as the pipeline leaves them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from portfolio_rag.adapters.tantivy.full_text_index import TantivyFullTextIndex
from portfolio_rag.answering.retrieval.full_text_follower import RECONCILE, FullTextFollower
from portfolio_rag.answering.retrieval.vector_follower import VectorFollower
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus
from portfolio_rag.domain.errors import StorageUnavailable
from portfolio_rag.domain.filters import parse_filter
from tests.simulation.world import World

OTHERS = 40
TEAMS = {"startsWith": {"key": "team", "value": "team-"}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lexical.sqlite"


def follower_of(
    world: World, index: TantivyFullTextIndex, registry: Any = None, chunks: Any = None
) -> FullTextFollower:
    """Over the tables, or over `registry` and `chunks` in their place."""
    container = world.container
    vectors = VectorFollower(index.replica, container.vectors, container.index_aliases)
    return FullTextFollower(index, registry or container.registry, chunks or container.chunks, world.clock, vectors)


def settle(follower: FullTextFollower) -> None:
    while follower.step():
        pass


def found(follower: FullTextFollower, query: str, limit: int = 9) -> set[tuple[str, int]]:
    return {(hit.document_id, hit.version) for hit in follower.search(query, limit=limit)}


class Registry:
    """The world's, which may be down, or not say what has changed."""

    def __init__(self, world: World) -> None:
        self._registry = world.container.registry
        self.down = False
        self.silent = False

    def __getattr__(self, name: str) -> Any:
        if self.down:
            raise StorageUnavailable("DynamoDB does not answer.")
        return getattr(self._registry, name)

    def pending_reconciliation(self, *, changed_after: str) -> Iterator[DocumentHead]:
        if self.down:
            raise StorageUnavailable("DynamoDB does not answer.")
        return iter(()) if self.silent else self._registry.pending_reconciliation(changed_after=changed_after)


class LaggingChunks:
    """The world's, of which the last one of each document is not to be seen yet."""

    def __init__(self, world: World) -> None:
        self._chunks = world.container.chunks
        self.lagging = True

    def of_document(self, document_id: str, *, version: int) -> list[Chunk]:
        chunks = list(self._chunks.of_document(document_id, version=version))
        return chunks[:-1] if self.lagging else chunks


def completed(world: World) -> set[str]:
    return {version.document_id for version in world.container.registry.iter_by_status(DocumentStatus.COMPLETED)}


def test_whatever_is_completed_is_found_by_its_words_and_under_a_filter_after_one_step(
    world: World, path: Path
) -> None:
    follower = follower_of(world, TantivyFullTextIndex(path))
    settle(follower)
    for n in range(OTHERS):
        world.upload(f"guides/{n}.md.metadata.json", json.dumps({"metadataAttributes": {"team": f"team-{n}"}}))
        world.upload(f"guides/{n}.md", f"# Guide\n\nThe quay of harbour{n} has bollards.\n")
    shown: set[str] = set()
    while world.step():
        if (now := completed(world)) > shown:
            follower.step()
            hits = follower.search("bollards", limit=100, where=parse_filter(TEAMS))
            assert {hit.document_id for hit in hits} == now
            shown = now
    assert len(shown) == OTHERS
    assert follower.state().waiting == 0


def test_an_update_and_a_deletion_are_followed(world: World, path: Path) -> None:
    index = TantivyFullTextIndex(path)
    follower = follower_of(world, index)
    one = world.upload("a.md", "# Guide\n\nThe quay has bollards.\n")
    other = world.upload("b.md", "# Guide\n\nThe pier has bollards.\n")
    world.run()
    settle(follower)
    world.upload("a.md", "# Guide\n\nThe quay has cranes.\n")
    world.delete("processed/b.md")
    world.run()
    follower.step()
    assert [hit.version for hit in follower.search("cranes", limit=9)] == [2]
    assert follower.search("bollards", limit=9) == []
    assert index.versions() == {one: 2}
    assert other not in index.versions()


def test_a_document_that_changes_often_stands_in_nobodys_way(world: World, path: Path) -> None:
    follower = follower_of(world, TantivyFullTextIndex(path))
    settle(follower)
    for n in range(4):
        world.upload("a.md", f"# Guide\n\nThe quay has bollards, and bollards, and {n} bollards.\n")
        world.run()
        follower.step()
    other = world.upload("b.md", "# Guide\n\nThe pier has one of the bollards.\n")
    world.run()
    follower.step()
    assert len(found(follower, "bollards", limit=2)) == 2
    assert (other, 1) in found(follower, "bollards", limit=2)


def test_what_changes_during_an_outage_is_seen_after_it(world: World, path: Path) -> None:
    registry = Registry(world)
    follower = follower_of(world, TantivyFullTextIndex(path), registry)
    settle(follower)
    one = world.upload("a.md", "# Guide\n\nThe quay has bollards.\n")
    world.run()
    registry.down = True
    for _ in range(3):
        world.clock.advance(timedelta(seconds=61))
        with pytest.raises(StorageUnavailable):
            follower.step()
    registry.down = False
    follower.step()
    assert found(follower, "bollards") == {(one, 1)}


def test_what_is_written_half_a_minute_late_is_seen(world: World, path: Path) -> None:
    registry = Registry(world)
    follower = follower_of(world, TantivyFullTextIndex(path), registry)
    settle(follower)
    one = world.upload("a.md", "# Guide\n\nThe quay has bollards.\n")
    world.run()
    registry.silent = True
    world.clock.advance(timedelta(seconds=30))
    follower.step()
    assert found(follower, "bollards") == set()
    registry.silent = False
    follower.step()
    assert found(follower, "bollards") == {(one, 1)}


def test_a_deletion_that_no_look_saw_is_noticed_within_minutes(world: World, path: Path) -> None:
    registry = Registry(world)
    follower = follower_of(world, TantivyFullTextIndex(path), registry)
    one = world.upload("a.md", "# Guide\n\nThe quay has bollards.\n")
    world.run()
    settle(follower)
    assert found(follower, "bollards") == {(one, 1)}
    registry.silent = True
    world.delete("processed/a.md")
    world.run()
    world.clock.advance(RECONCILE)
    settle(follower)
    assert found(follower, "bollards") == set()


def test_half_an_index_finds_nothing(world: World, path: Path) -> None:
    for n in range(60):
        world.upload(f"{n}.md", f"# Guide\n\nThe quay of harbour{n} has bollards.\n")
    world.run()
    follower = follower_of(world, TantivyFullTextIndex(path))
    follower.step()
    assert found(follower, "bollards", limit=99) == set()
    settle(follower)
    assert len(found(follower, "bollards", limit=99)) == 60


def test_a_document_is_indexed_once_all_its_chunks_are_to_be_seen(world: World, path: Path) -> None:
    chunks = LaggingChunks(world)
    follower = follower_of(world, TantivyFullTextIndex(path), chunks=chunks)
    settle(follower)
    one = world.upload("a.md", "# Guide\n\nThe quay has bollards.\n\n# Other\n\nThe pier has cranes.\n" * 2)
    world.run()
    follower.step()
    assert follower.state().waiting == 1
    chunks.lagging = False
    world.clock.advance(timedelta(seconds=30))
    settle(follower)
    assert found(follower, "bollards") == {(one, 1)}
    assert follower.state().waiting == 0


def test_the_replica_answers_a_filter_once_it_has_all_vectors_that_pass(world: World, path: Path) -> None:
    index = TantivyFullTextIndex(path)
    container = world.container
    world.upload("a.md.metadata.json", json.dumps({"metadataAttributes": {"team": "team-1"}}))
    world.upload("a.md", "# Guide\n\nThe quay has bollards.\n")
    world.run()
    settle(FullTextFollower(index, container.registry, container.chunks, world.clock))
    live, where = container.index_aliases.current().live, parse_filter(TEAMS)
    assert where is not None
    index.replica.follow(live)
    assert index.replica.matches(live, where) is None
    vectors = VectorFollower(index.replica, container.vectors, container.index_aliases)
    vectors.step(threading.Event())
    passing = index.replica.matches(live, where)
    assert passing is not None
    assert passing.windows == passing.total > 0
    index.replica.follow("rebuilt")
    assert index.replica.matches("rebuilt", where) is None
