"""COMPLETED means findable: the API's follower on the tables as the pipeline leaves them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from portfolio_rag.adapters.tantivy.full_text_index import TantivyFullTextIndex
from portfolio_rag.answering.retrieval.full_text_follower import FullTextFollower
from portfolio_rag.answering.retrieval.vector_follower import VectorFollower
from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.domain.filters import parse_filter
from tests.simulation.world import World

OTHERS = 40
TEAMS = {"startsWith": {"key": "team", "value": "team-"}}


@pytest.fixture
def index(tmp_path: Path) -> TantivyFullTextIndex:
    return TantivyFullTextIndex(tmp_path / "lexical.sqlite")


def follower_of(world: World, index: TantivyFullTextIndex) -> FullTextFollower:
    container = world.container
    vectors = VectorFollower(index.replica, container.vectors, container.index_aliases)
    return FullTextFollower(index, container.registry, container.chunks, world.clock, vectors)


def completed(world: World) -> set[str]:
    return {version.document_id for version in world.container.registry.iter_by_status(DocumentStatus.COMPLETED)}


def test_whatever_is_completed_is_found_by_its_words_and_under_a_filter_after_one_step(
    world: World, index: TantivyFullTextIndex
) -> None:
    follower = follower_of(world, index)
    while follower.step():
        pass
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


def test_an_update_and_a_deletion_are_followed(world: World, index: TantivyFullTextIndex) -> None:
    follower = follower_of(world, index)
    one = world.upload("a.md", "# Guide\n\nThe quay has bollards.\n")
    other = world.upload("b.md", "# Guide\n\nThe pier has bollards.\n")
    world.run()
    while follower.step():
        pass
    world.upload("a.md", "# Guide\n\nThe quay has cranes.\n")
    world.delete("processed/b.md")
    world.run()
    follower.step()
    assert [hit.version for hit in follower.search("cranes", limit=9)] == [2]
    assert follower.search("bollards", limit=9) == []
    assert index.versions() == {one: 2}
    assert other not in index.versions()
