"""A reindex copies the backup many documents at a time; what is deleted or replaced meanwhile is not copied wrongly."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from portfolio_rag.domain.jobs import JobStatus, JobType
from portfolio_rag.domain.versions import history_collection
from portfolio_rag.pipeline.documents.vector_backup import BackupEntry
from portfolio_rag.pipeline.jobs.backup_copy import BackupCopy
from tests.simulation.costs import calls_of
from tests.simulation.fast import install
from tests.simulation.schedule import TEXTS
from tests.simulation.test_job_steps import ingested, job_of
from tests.simulation.test_races import embed, together
from tests.simulation.world import COLLECTION, EMBEDDING, World, one_by_one

BUILDING = f"{COLLECTION}-11111111"
CALLS = 16
"""More than the copy of three documents makes."""


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


def building(world: World) -> Callable[[], int]:
    """The copy of all of the backup into an index that the alias names, as yet to be made."""
    container = world.container
    container.index_aliases.begin_build(BUILDING, "11111111-job", "2026-01-01", "2030-01-01")
    container.vectors.ensure(BUILDING, fingerprint=world.embedder.fingerprint)
    entries = list(container.backup.entries(world.embedder.fingerprint))
    copy = BackupCopy(container.stores, one_by_one)
    return lambda: copy.copy(BUILDING, entries)


def counted(world: World, task: Callable[[], object]) -> Counter[str]:
    """The calls that it makes, by operation."""
    world.faults.trace.clear()
    task()
    return calls_of(world)


def owners(world: World, collection: str) -> set[tuple[str, int]]:
    """(document_id, version) of all windows of a collection."""
    records = world.chroma.data.get(collection, {}).values()
    return {(record.metadata["document_id"], record.metadata["version"]) for record in records}


def test_many_documents_are_one_write() -> None:
    world = World()
    ids = ingested(world, 30)
    windows = world.windows()
    calls = counted(world, building(world))
    assert (calls["chroma.upsert"], calls["dynamodb.batch_get_item"]) == (1, 2)
    assert (calls["s3.get_object"], calls["s3.head_object"]) == (60, 30)
    assert calls.total() == 93
    assert owners(world, BUILDING) == {(document_id, 1) for document_id in ids}
    assert world.chroma.data[BUILDING].keys() == windows.keys()


def test_what_is_there_already_is_not_replaced() -> None:
    """A write whose answer nobody heard was done all the same, and to replace its windows costs many times as much."""
    world = World()
    ingested(world, 30)
    copy = building(world)
    lost = next(iter(world.windows()))
    first = copy()
    del world.chroma.data[BUILDING][lost]
    assert copy() == first
    assert world.chroma.replaced == []
    assert world.chroma.data[BUILDING].keys() == world.windows().keys()


def test_replaced_versions_are_copied_to_the_history_of_the_same_index() -> None:
    world = World()
    for name in ("short", "long", "other"):
        document_id = world.upload("a.md", TEXTS[name])
        world.run()
        world.clock.advance(timedelta(days=1))
    copied = building(world)()
    assert owners(world, BUILDING) == {(document_id, 3)}
    assert owners(world, history_collection(BUILDING)) == {(document_id, 1), (document_id, 2)}
    history = world.chroma.data[history_collection(BUILDING)]
    assert history.keys() == world.chroma.data[history_collection(COLLECTION)].keys()
    assert copied == len(history) + len(world.chroma.data[BUILDING])


@pytest.mark.failure(4, 28)
def test_a_deletion_at_any_moment_of_a_copy_leaves_nothing_of_the_document() -> None:
    for at in range(CALLS):
        world = World()
        gone, *others = ingested(world, 3)
        removal = functools.partial(world.container.documents.delete, gone)
        together(world, [at, 1000], [building(world), removal])
        assert owners(world, BUILDING) == {(document_id, 1) for document_id in others}, f"deleted after {at} calls"


@pytest.mark.failure(3, 28)
def test_a_version_that_is_replaced_at_any_moment_of_a_copy_ends_in_the_history() -> None:
    for at in range(CALLS):
        world = World()
        replaced, *others = ingested(world, 3)
        world.upload("00.md", TEXTS["other"])
        world.step()
        world.step()
        worker = embed(world, world.sqs.queues[EMBEDDING].messages[:])
        together(world, [at, 1000], [building(world), worker])
        assert world.live(replaced) == 2
        expected = {(replaced, 2), *((document_id, 1) for document_id in others)}
        assert owners(world, BUILDING) == expected, f"replaced after {at} calls"
        assert owners(world, history_collection(BUILDING)) == {(replaced, 1)}, f"replaced after {at} calls"


def test_a_batch_ends_where_its_metadata_are_many() -> None:
    copy = BackupCopy(World().container.stores, one_by_one, entries_a_time=4)
    sizes = [300_000, 700_000, 100_000, 3_000_000, 1, 1, 1, 1, 1]
    entries = [BackupEntry(str(n), 1, "model", f"metadata/{n}/1/model/a.json", size) for n, size in enumerate(sizes)]
    assert [[entry.size for entry in batch] for batch in copy.batches(entries)] == [
        [300_000, 700_000],
        [100_000],
        [3_000_000],
        [1, 1, 1, 1],
        [1],
    ]
    assert list(copy.batches([])) == []


def test_an_index_that_is_right_is_told_with_few_calls() -> None:
    world = World()
    ingested(world, 30)
    event = {"job_id": "22222222-job", "job_type": JobType.REINDEX, "triggered_by": "SCHEDULED", "if_needed": True}
    calls = counted(world, lambda: world.attempt("batch_reindex", event))
    assert job_of(world, "22222222-job").statistics["rebuilt"] == 0
    assert calls["chroma.upsert"] == 0
    assert calls["chroma.present"] == 2  # The windows that answer, and those of the history: none.
    assert calls["dynamodb.batch_get_item"] == 1


def test_an_index_that_cannot_be_told_in_one_invocation_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    ingested(world, 4)
    world.timeouts["batch_reindex"] = timedelta(seconds=61)
    event = {"job_id": "22222222-job", "job_type": JobType.REINDEX, "triggered_by": "SCHEDULED", "if_needed": True}
    assert world.attempt("batch_reindex", event)
    world.rest()
    world.check()
    job = job_of(world, "22222222-job")
    assert (job.status, job.statistics["rebuilt"]) == (JobStatus.COMPLETED, 1)
