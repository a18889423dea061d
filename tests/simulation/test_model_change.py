"""Another embedding model, or the same one with other settings: never a query against vectors that are not its own."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
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
    assert not embedder.embedded  # Nor the refused query.
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


HALF, FOREIGN = "0123abcd", "4567abcd"
"""The same model in another precision, and another model."""


def leave_backups(world: World) -> None:
    """The backup as a GPU in bfloat16 and another model would have left it: nothing under the embedder's own."""
    backup = world.container.backup
    for entry in list(backup.entries("sim")):
        records = backup.read(entry)
        for fingerprint, scale in ((HALF, 1.004), (FOREIGN, -1.0)):
            key = backup.adopted(entry, fingerprint).key.replace("metadata/", "vectors/").replace(".json", ".npy")
            backup.write(key, [type(found)(found.id, found.vector * scale, found.metadata) for found in records])
        for key in (entry.key, entry.key.replace("metadata/", "vectors/").replace(".json", ".npy")):
            world.s3.delete_object(Bucket="portfolio-embeddings", Key=key)


def test_vectors_of_another_precision_are_taken_over_where_they_are_declared_and_normalised_again(world: World) -> None:
    at_rest(world)
    before = {id_: record.vector for id_, record in world.chroma.data["portfolio_knowledge"].items()}
    leave_backups(world)
    world.compatible = HALF
    embedder = change_model(world, "sim")
    reindex(world, "11111111-job")
    assert not embedder.embedded
    live = world.container.index_aliases.current().live
    assert live != "portfolio_knowledge"
    assert world.chroma.data[live].keys() == before.keys()
    for id_, record in world.chroma.data[live].items():
        assert np.linalg.norm(record.vector) == pytest.approx(1.0, abs=1e-6)
        assert record.vector == pytest.approx(before[id_], abs=1e-6)
    world.clock.advance(timedelta(minutes=6))
    assert kinds(world) == set()
    world.check()
    # Nothing is left to do, and the next night does nothing.
    reindex(world, "22222222-job", if_needed=True)
    assert world.container.index_aliases.current().live == live


def test_vectors_that_nobody_has_declared_compatible_are_never_taken(world: World) -> None:
    at_rest(world)
    leave_backups(world)
    embedder = change_model(world, "sim")
    reindex(world, "11111111-job")
    assert sum(embedder.embedded.values()) == len(world.windows()) > 0
    world.check()
