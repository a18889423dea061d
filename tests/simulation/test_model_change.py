"""Another embedding model, or the same one with other settings: never a query against vectors that are not its own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portfolio_rag.domain.errors import IndexMismatch
from portfolio_rag.pipeline.maintenance.differences import DifferenceKind
from tests.simulation.models import HashEmbedder
from tests.simulation.world import World

GUIDE = "# Topics\n\n" + "\n\n".join(f"Paragraph {n} says something about topic {n} at length." for n in range(40))


def at_rest(world: World) -> None:
    world.upload("a.md", GUIDE)
    world.rest()


def change_model(world: World, fingerprint: str) -> HashEmbedder:
    """New processes come up with another model."""
    world.embedder = HashEmbedder(fingerprint)
    world.container = type(world.container)(world)
    return world.embedder


def reindex(world: World, job_id: str, *, if_needed: bool = False) -> None:
    event = {"job_id": job_id, "job_type": "REINDEX", "triggered_by": "SCHEDULED", "if_needed": if_needed}
    world.attempt("batch_reindex", event)
    world.run()


def search(world: World) -> list[str]:
    return [passage.chunk.content for passage in world.container.retrieval.search("topic", top_k=3)]


def kinds(world: World, *, repair: bool = False) -> set[DifferenceKind]:
    return {difference.kind for difference in world.container.full_scan.run(repair=repair)}


def test_a_query_of_another_model_is_refused_until_the_index_is_built_for_it(world: World) -> None:
    at_rest(world)
    assert search(world)
    change_model(world, "other")
    with pytest.raises(IndexMismatch, match="REINDEX"):
        search(world)
    reindex(world, "11111111-job", if_needed=True)
    assert search(world)
    world.clock.advance(timedelta(minutes=6))
    assert kinds(world) == set()


def test_back_to_the_first_model_the_index_is_built_again_from_its_backup(world: World) -> None:
    at_rest(world)
    change_model(world, "other")
    reindex(world, "11111111-job")
    embedder = change_model(world, "sim")
    with pytest.raises(IndexMismatch):
        search(world)
    # The ids are the same ones: only the label tells that the vectors are not.
    reindex(world, "22222222-job", if_needed=True)
    assert set(embedder.embedded) == {"topic"}  # The refused query alone.
    assert search(world)


def test_a_lost_vector_comes_back_as_the_model_of_its_index_made_it(world: World) -> None:
    at_rest(world)
    change_model(world, "other")
    reindex(world, "11111111-job")
    live = world.container.index_aliases.current().live
    lost = next(iter(world.chroma.data[live]))
    world.chroma.delete(live, [lost])
    world.clock.advance(timedelta(minutes=6))
    entry = next(
        entry for entry in world.container.backup.entries("other") if lost in world.container.backup.window_ids(entry)
    )
    backed_up = {found.id: found.vector.tolist() for found in world.container.backup.read(entry)}
    # The stand-in makes the same vectors under any name: told apart by a mark in the backup of the first.
    for first in world.container.backup.entries("sim"):
        records = [type(found)(found.id, -found.vector, found.metadata) for found in world.container.backup.read(first)]
        world.container.backup.write(first.key.replace("metadata/", "vectors/").replace(".json", ".npy"), records)
    assert kinds(world, repair=True) == {DifferenceKind.VECTORS_MISSING}
    assert world.chroma.data[live][lost].vector.tolist() == backed_up[lost]


def test_a_wiped_index_takes_the_label_of_what_is_written_next(world: World) -> None:
    at_rest(world)
    live = world.container.index_aliases.current().live
    world.chroma.drop(live)
    world.clock.advance(timedelta(minutes=6))
    assert kinds(world, repair=True) == {DifferenceKind.VECTORS_MISSING}
    assert world.container.vectors.fingerprint(live) == "sim"
