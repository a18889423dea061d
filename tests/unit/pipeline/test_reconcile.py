"""The reconciler and what uses it: differences between the stores, redrive, what crashed jobs leave."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portfolio_rag.cli import repair
from portfolio_rag.errors import Conflict, InvalidRequest, NotFound, PortfolioRagError
from portfolio_rag.models import DocumentStatus, Job, JobStatus, JobType, Trigger, iso
from portfolio_rag.services.reconcile import Kind
from tests.simulation.world import COLLECTION, EMBEDDINGS, RAW, World

GUIDE = "# Topics\n\n" + "\n\n".join(f"Paragraph {n} says something about topic {n} at length." for n in range(40))


@pytest.fixture
def world() -> World:
    return World()


def kinds(world: World, *, repair: bool = False) -> set[Kind]:
    return {difference.kind for difference in world.container.reconciler.everything(repair=repair)}


def mended(world: World) -> None:
    """Repaired, brought to rest, and found without a difference."""
    assert kinds(world, repair=True)
    world.rest()
    world.check()
    assert kinds(world) == set()


def at_rest(world: World, key: str = "a.md") -> str:
    document_id = world.upload(key, GUIDE)
    world.rest()
    return document_id


def test_stores_that_agree_have_no_difference(world: World) -> None:
    at_rest(world)
    assert kinds(world) == set()


@pytest.mark.failure(27)
def test_a_vector_that_is_gone_comes_back_from_the_backup(world: World) -> None:
    document_id = at_rest(world)
    before = world.embedder.embedded.total()
    lost = sorted(world.chroma.data[COLLECTION])[:3]
    world.chroma.delete(COLLECTION, lost)
    assert kinds(world) == {Kind.VECTORS_MISSING}
    mended(world)
    assert set(lost) <= set(world.windows(document_id))
    assert world.embedder.embedded.total() == before


def test_a_chunk_that_is_gone_is_made_again(world: World) -> None:
    document_id = at_rest(world)
    table = world.dynamo.tables["embedding_chunks"]
    table.write(next(iter(table.items)), None, world.clock.now())
    assert Kind.CHUNKS_MISSING in kinds(world)
    mended(world)
    assert world.live(document_id) == 2


def test_a_backup_that_is_gone_is_made_again(world: World) -> None:
    at_rest(world)
    for key in world.s3.current_keys(EMBEDDINGS, "metadata/")[:1]:
        world.s3.delete_object(Bucket=EMBEDDINGS, Key=key)
    assert kinds(world) == {Kind.BACKUP_MISSING}
    mended(world)


def test_vectors_of_no_document_are_removed(world: World) -> None:
    at_rest(world)
    record = next(iter(world.chroma.data[COLLECTION].values()))
    stray = type(record)("stray#0", record.vector, {**record.metadata, "document_id": "nobody"})
    world.chroma.upsert(COLLECTION, [stray])
    assert kinds(world) == {Kind.UNKNOWN}
    mended(world)


def test_vectors_of_a_version_that_is_history_are_removed(world: World) -> None:
    document_id = at_rest(world)
    old = dict(world.chroma.data[COLLECTION])
    world.upload("a.md", "# One\n\nAnother text.")
    world.rest()
    world.chroma.data[COLLECTION].update(old)
    assert kinds(world) == {Kind.STALE}
    mended(world)
    assert set(world.windows(document_id).values()) == {2}


def test_a_deletion_whose_event_never_came_is_noticed(world: World) -> None:
    document_id = at_rest(world)
    world.delete("processed/a.md")
    world.notifications.clear()
    assert kinds(world) == {Kind.BYTES_GONE}
    mended(world)
    assert world.live(document_id) == 0


def test_a_document_that_the_registry_has_lost_is_taken_in_again(world: World) -> None:
    document_id = at_rest(world)
    for name in ("document_registry", "embedding_chunks"):
        table = world.dynamo.tables[name]
        for key in list(table.items):
            table.write(key, None, world.clock.now())
    assert Kind.UNKNOWN in kinds(world)
    mended(world)
    assert world.live(document_id) == 1


def test_verify_tells_of_differences_and_mends_them(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    at_rest(world)
    repair.verify(repair=False, container=world.container)
    assert "agree" in capsys.readouterr().out
    world.chroma.data[COLLECTION].popitem()
    with pytest.raises(PortfolioRagError, match=r"1 VECTORS_MISSING. `rag verify --repair`"):
        repair.verify(repair=False, container=world.container)
    repair.verify(repair=True, container=world.container)
    capsys.readouterr()
    repair.verify(repair=False, container=world.container)
    assert "agree" in capsys.readouterr().out


def failed(world: World, key: str = "a.md") -> str:
    """A document that failed because Chroma was down; its messages are dead letters."""
    world.chroma.down = True
    document_id = world.upload(key, GUIDE)
    world.run()
    world.chroma.down = False
    assert world.version(document_id, 1).status is DocumentStatus.FAILED
    return document_id


@pytest.mark.failure(33)
def test_a_redrive_completes_a_failed_document_and_forgets_its_dead_letters(world: World) -> None:
    document_id = failed(world)
    assert world.sqs.queues["portfolio-embedding-dlq"].messages
    assert world.container.redrive.document(document_id).attempt == 2
    assert not world.sqs.queues["portfolio-embedding-dlq"].messages
    world.run()
    assert world.live(document_id) == 2
    assert world.s3.current_keys(RAW, "processed/") == ["processed/a.md"]
    assert not world.s3.current_keys(RAW, "failed/")
    world.rest()
    world.check()


def test_a_redrive_leaves_the_dead_letters_of_others(world: World) -> None:
    first, _ = failed(world, "a.md"), failed(world, "b.md")
    before = len(world.sqs.queues["portfolio-embedding-dlq"].messages)
    world.container.redrive.document(first)
    left = world.sqs.queues["portfolio-embedding-dlq"].messages
    assert 0 < len(left) < before
    assert all(first not in message.body for message in left)
    assert all(message.visible_at <= world.clock.now() for message in left)


def test_a_redrive_of_all(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    ids = {failed(world, "a.md"), failed(world, "b.md")}
    repair.redrive([], everything=True, container=world.container)
    assert "2 on their way again" in capsys.readouterr().out
    world.run()
    assert {world.live(document_id) for document_id in ids} == {2}
    with pytest.raises(InvalidRequest):
        repair.redrive([], everything=False, container=world.container)


def test_what_cannot_be_redriven(world: World) -> None:
    with pytest.raises(NotFound):
        world.container.redrive.document("nobody")
    document_id = at_rest(world)
    with pytest.raises(Conflict, match="COMPLETED"):
        world.container.redrive.document(document_id)
    other = failed(world, "b.md")
    world.container.redrive.version(world.version(other, 1))
    assert world.container.redrive.version(world.version(other, 1)) is None


def test_a_job_that_has_vanished_is_launched_again_three_times_and_then_recorded_as_failed(world: World) -> None:
    now = iso(world.clock.now())
    world.container.jobs.create(
        Job("job-1", JobType.BATCH, JobStatus.RUNNING, "", Trigger.USER, started_at=now, updated_at=now)
    )
    assert world.container.leftovers.clear() == 0
    for launched in (1, 2, 3, 3):
        world.clock.advance(timedelta(minutes=11))
        assert world.container.leftovers.clear() == 1
        assert world.container.leftovers.clear() == 0
        assert len(world.invocations) == launched
    ended = world.container.jobs.get("job-1")
    assert ended is not None
    assert ended.status is JobStatus.FAILED
    assert "Start it again" in ended.error_details["job"]


def test_collections_that_nobody_asks_are_dropped(world: World) -> None:
    at_rest(world)
    world.chroma.ensure(f"{COLLECTION}-12345678")
    world.chroma.ensure("somebody-elses")
    assert world.container.leftovers.clear() == 1
    assert set(world.chroma.data) == {COLLECTION, "somebody-elses"}
