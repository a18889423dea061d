"""An index of several collections through the whole pipeline: what is live, found, repaired and gone is as with one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portfolio_rag.domain.filters import parse_filter
from portfolio_rag.domain.index_names import index_of, partition_names, partitions_of
from portfolio_rag.domain.jobs import JobStatus, JobType
from portfolio_rag.pipeline.maintenance.differences import DifferenceKind
from portfolio_rag.ports.vector_store import VectorRecord
from tests.simulation.world import COLLECTION, World

NAMES = [f"{letter}.md" for letter in "abcdefgh"]


def text(name: str, paragraphs: int = 12) -> str:
    return f"# {name}\n\n" + "\n\n".join(f"Paragraph {n} of {name} says something about it." for n in range(paragraphs))


def in_partitions(world: World, partitions: int) -> None:
    """New processes come up with another number."""
    world.partitions = partitions
    world.container = type(world.container)(world)


def reindex(world: World) -> str:
    job = world.start_job(JobType.REINDEX)
    world.rest()
    assert world.jobs.get(job).status is JobStatus.COMPLETED
    return world.container.index_aliases.current().live


def nightly(world: World, job_id: str) -> str:
    event = {"job_id": job_id, "job_type": "REINDEX", "triggered_by": "SCHEDULED", "if_needed": True}
    assert world.attempt("batch_reindex", event)
    world.run()
    return world.container.index_aliases.current().live


def found(world: World, **equals: str) -> set[str]:
    [where] = [parse_filter({"equals": {"key": key, "value": value}}) for key, value in equals.items()] or [None]
    return {
        passage.chunk.document_id for passage in world.container.retrieval.search("Paragraph", top_k=50, where=where)
    }


def fill(world: World) -> None:
    for name in NAMES:
        world.upload(name, text(name))
    world.rest()


def test_the_next_index_has_as_many_collections_as_are_asked_for(world: World) -> None:
    fill(world)
    assert list(world.chroma.data) == [COLLECTION]
    before, documents = set(world.windows()), found(world)
    for partitions in (3, 5, 1, 2):
        in_partitions(world, partitions)
        live = reindex(world)
        assert partitions_of(live) == partitions
        assert sorted(world.chroma.data) == sorted(partition_names(live))
        assert set(world.windows()) == before
        assert found(world) == documents
        world.check()


def test_the_nightly_reindex_moves_the_index_to_another_number_once(world: World) -> None:
    fill(world)
    assert nightly(world, "11111111-job") == COLLECTION
    in_partitions(world, 4)
    live = nightly(world, "22222222-job")
    assert partitions_of(live) == 4
    assert nightly(world, "33333333-job") == live


def test_documents_come_change_and_go(world: World) -> None:
    fill(world)
    in_partitions(world, 3)
    reindex(world)
    new = world.upload("new.md", text("new.md"))
    changed = world.upload("a.md", text("a.md", 20))
    world.rest()
    world.check()
    assert set(world.windows(new).values()) == {1}
    assert set(world.windows(changed).values()) == {2}
    assert found(world, document_id=new) == {new}
    for name in ("processed/a.md", "processed/b.md", "processed/new.md"):
        world.delete(name)
    world.rest()
    world.check()
    assert world.windows(new) == world.windows(changed) == {}


def test_what_is_written_during_the_move_is_in_the_new_index(world: World) -> None:
    fill(world)
    in_partitions(world, 3)
    world.start_job(JobType.REINDEX, work=timedelta(milliseconds=1))
    new = world.upload("new.md", text("new.md"))
    world.delete("processed/b.md")
    world.rest()
    assert partitions_of(world.container.index_aliases.current().live) == 3
    assert world.windows(new)
    world.check()


def test_another_number_in_the_middle_of_a_job_begins_it_anew(world: World) -> None:
    fill(world)
    in_partitions(world, 3)
    job = world.start_job(JobType.REINDEX, work=timedelta(milliseconds=1))
    while world.container.index_aliases.current().building is None:
        world.step()
    in_partitions(world, 2)
    world.rest()
    assert world.jobs.get(job).status is JobStatus.COMPLETED
    live = world.container.index_aliases.current().live
    assert partitions_of(live) == 2
    assert sorted(world.chroma.data) == partition_names(live)
    world.check()


@pytest.mark.parametrize("at", [10, 30, 50, 70, 90])
@pytest.mark.parametrize("kind", ["crash-before", "crash-after"])
def test_a_build_that_crashes_goes_on_and_leaves_nothing(world: World, at: int, kind: str) -> None:
    """`at`: percent of the calls of a whole build."""
    fill(world)
    in_partitions(world, 3)
    before = world.faults.calls
    reindex(world)
    whole = world.faults.calls - before
    in_partitions(world, 4)
    world.faults.plan = {world.faults.calls + whole * at // 100: kind}
    live = reindex(world)
    assert len(world.faults.injected) == 1
    assert sorted(world.chroma.data) == partition_names(live)
    world.check()


def test_lost_and_stray_windows_are_found_in_every_collection(world: World) -> None:
    fill(world)
    in_partitions(world, 3)
    live = reindex(world)
    expected = set(world.windows())
    for part in partition_names(live):
        [lost, other, *_] = list(world.chroma.data[part])
        world.chroma.delete(part, [lost])
        stray = world.chroma.data[part][other]
        metadata = {**stray.metadata, "document_id": "nobody"}
        world.chroma.upsert(part, [VectorRecord(f"{part}#0", stray.vector, metadata)])
    world.clock.advance(timedelta(hours=1))
    told = list(world.container.full_scan.run(repair=True))
    assert {difference.kind for difference in told} == {DifferenceKind.VECTORS_MISSING, DifferenceKind.UNKNOWN}
    assert any(f"{live} holds 3 vectors of no document" in difference.detail for difference in told)
    assert set(world.windows()) == expected
    world.check()


def test_a_lost_store_comes_back_from_the_backup_in_as_many_collections(world: World) -> None:
    fill(world)
    in_partitions(world, 3)
    live = reindex(world)
    expected = set(world.windows())
    world.chroma.data.clear()
    again = nightly(world, "44444444-job")
    assert again != live
    assert partitions_of(again) == 3
    assert {index_of(part) for part in world.chroma.data} == {again}
    assert set(world.windows()) == expected
    world.check()
