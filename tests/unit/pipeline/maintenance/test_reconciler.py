"""The reconciler and what uses it: differences between the stores, redrive, what crashed jobs leave."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from portfolio_rag.cli import repair
from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.domain.errors import Conflict, InvalidRequest, NotFound, PortfolioRagError
from portfolio_rag.domain.jobs import Job, JobStatus, JobType, Trigger
from portfolio_rag.pipeline.maintenance import full_scan as verification
from portfolio_rag.pipeline.maintenance.differences import DifferenceKind
from portfolio_rag.ports.embedding_locations import VectorLocation
from portfolio_rag.ports.vector_store import VectorRecord
from tests.simulation.world import COLLECTION, CONFIG, EMBEDDINGS, RAW, World

GUIDE = "# Topics\n\n" + "\n\n".join(f"Paragraph {n} says something about topic {n} at length." for n in range(40))


def kinds(world: World, *, repair: bool = False) -> set[DifferenceKind]:
    return {difference.kind for difference in world.container.full_scan.run(repair=repair)}


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
    assert kinds(world) == {DifferenceKind.VECTORS_MISSING}
    mended(world)
    assert set(lost) <= set(world.windows(document_id))
    assert world.embedder.embedded.total() == before


def test_a_chunk_that_is_gone_is_made_again(world: World) -> None:
    document_id = at_rest(world)
    table = world.dynamo.tables["embedding_chunks"]
    table.write(next(iter(table.items)), None, world.clock.now())
    assert DifferenceKind.CHUNKS_MISSING in kinds(world)
    mended(world)
    assert world.live(document_id) == 2


def lose_chunks(world: World) -> None:
    table = world.dynamo.tables["embedding_chunks"]
    for key in list(table.items):
        table.write(key, None, world.clock.now())


def test_what_answers_is_mended_also_when_a_later_upload_has_failed(world: World) -> None:
    document_id = at_rest(world)
    world.upload("a.md", b"\x00\x01\x02" * 400)
    world.rest()
    assert (world.live(document_id), world.version(document_id, 2).status) == (1, DocumentStatus.FAILED)
    lose_chunks(world)
    mended(world)
    assert world.live(document_id) == 3
    assert "topic 39" in world.texts(document_id)
    assert world.version(document_id, 2).error_code == "UNSUPPORTED_TYPE"


def test_a_lost_backup_of_what_answers_is_mended_also_when_a_later_upload_has_failed(world: World) -> None:
    document_id = at_rest(world)
    world.upload("a.md", b"\x00\x01\x02" * 400)
    world.rest()
    for key in world.s3.current_keys(EMBEDDINGS, "metadata/"):
        world.s3.delete_object(Bucket=EMBEDDINGS, Key=key)
    assert kinds(world) == {DifferenceKind.BACKUP_MISSING}
    mended(world)
    assert (world.live(document_id), world.version(document_id, 2).status) == (3, DocumentStatus.FAILED)


def test_a_repair_does_not_take_the_place_of_an_upload_that_is_tried_again(world: World) -> None:
    document_id = at_rest(world)
    world.upload("a.md", GUIDE.replace("topic", "matter"))
    world.invoke(*world.next_event())
    world.container.registry.fail(
        world.version(document_id, 2), "DEPENDENCY_UNAVAILABLE", "Chroma is down.", world.clock.now_iso()
    )
    world.run()
    world.clock.advance(timedelta(minutes=10))
    lose_chunks(world)
    assert DifferenceKind.CHUNKS_MISSING in kinds(world, repair=True)
    assert len(world.container.registry.versions(document_id)) == 2
    world.rest()
    world.check()
    assert world.live(document_id) == 3
    assert "matter 39" in world.texts(document_id)


def test_what_cannot_be_mended_is_given_up_after_a_few_tries(world: World) -> None:
    document_id = at_rest(world)
    rules = json.dumps({"allowed_types": ["txt"]}).encode()
    world.s3.put_object(Bucket=CONFIG, Key="ingestion-rules/default.json", Body=rules)
    world.container = type(world.container)(world)  # A new process reads the rules anew.
    lose_chunks(world)
    assert DifferenceKind.CHUNKS_MISSING in kinds(world, repair=True)
    for _ in range(20):
        world.clock.advance(timedelta(minutes=5))
        world.invoke("check_health", {})
        world.run()
    tries = world.container.registry.versions(document_id)
    assert [version.attempt for version in tries] == [5, 4, 3, 2, 1]
    assert world.live(document_id) == 1


def test_a_backup_that_is_gone_is_made_again(world: World) -> None:
    at_rest(world)
    for key in world.s3.current_keys(EMBEDDINGS, "metadata/")[:1]:
        world.s3.delete_object(Bucket=EMBEDDINGS, Key=key)
    assert kinds(world) == {DifferenceKind.BACKUP_MISSING}
    mended(world)


def test_vectors_of_no_document_are_removed(world: World) -> None:
    at_rest(world)
    record = next(iter(world.chroma.data[COLLECTION].values()))
    stray = type(record)("stray#0", record.vector, {**record.metadata, "document_id": "nobody"})
    world.chroma.upsert(COLLECTION, [stray])
    assert kinds(world) == {DifferenceKind.UNKNOWN}
    mended(world)


def lose_the_registration(world: World, document_id: str) -> None:
    table = world.dynamo.tables["document_registry"]
    for key in [key for key in table.items if key[0] == document_id]:
        table.write(key, None, world.clock.now())


def test_what_the_stores_hold_of_no_document_is_removed(world: World) -> None:
    lost, kept = world.upload("lost.md", GUIDE.replace("topic", "matter")), at_rest(world, "kept.md")
    lose_the_registration(world, lost)
    world.s3.delete_object(Bucket=RAW, Key="processed/lost.md")
    world.notifications.clear()
    assert kinds(world) == {DifferenceKind.UNKNOWN}
    # The addresses of its vectors come to light when the vectors are gone.
    assert kinds(world, repair=True) == {DifferenceKind.UNKNOWN, DifferenceKind.DANGLING}
    assert kinds(world) == set()
    assert all(key[1] == kept for key in world.dynamo.tables["embedding_chunks"].items)
    assert not any(lost in key for key in world.s3.current_keys(EMBEDDINGS, ""))
    assert set(world.windows(kept)) == set(world.windows()) != set()


def test_addresses_of_vectors_that_are_gone_are_removed(world: World) -> None:
    document_id = at_rest(world)
    addresses = dict(world.dynamo.tables["embedding_vectors"].items)
    world.container.embedding_locations.add(
        {f"gone-{n}": VectorLocation("vectors/x/1/f/y.npy", n, 1) for n in range(3)}
    )
    assert kinds(world) == {DifferenceKind.DANGLING}
    mended(world)
    assert world.dynamo.tables["embedding_vectors"].items == addresses
    assert world.live(document_id) == 1


def test_an_address_that_points_elsewhere_by_now_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    at_rest(world)
    (address, place), *_ = world.container.embedding_locations.all()
    world.container.embedding_locations.add({address: VectorLocation("vectors/x/1/f/y.npy", 0, 1)})
    forget = world.container.embedding_locations.remove

    def remembered_meanwhile(vector_ids: Iterable[str], prefix: str) -> None:
        world.container.embedding_locations.add({address: place})
        forget(vector_ids, prefix)

    monkeypatch.setattr(world.container.embedding_locations, "remove", remembered_meanwhile)
    assert kinds(world, repair=True) == {DifferenceKind.DANGLING}
    assert world.container.embedding_locations.find([address]) == {address: place}


def test_backed_up_windows_of_no_chunk_make_the_document_anew(world: World) -> None:
    document_id = at_rest(world)
    (key, *_) = world.s3.current_keys(EMBEDDINGS, "vectors/")
    record = VectorRecord("stray#0", world.container.embedder.embed(["stray"])[0], {})
    world.container.backup.write(key.replace(".npy", "0.npy"), [record])
    assert kinds(world) == {DifferenceKind.BACKUP_MISSING}
    mended(world)
    assert world.live(document_id) == 2


def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WINDOWS_A_PAGE", "ROWS_A_PAGE", "ADDRESSES_A_PAGE"):
        monkeypatch.setattr(verification, name, 2)


def strays(world: World, count: int) -> list[VectorRecord]:
    record = next(iter(world.chroma.data[COLLECTION].values()))
    return [VectorRecord(f"stray{n}#0", record.vector, {"document_id": f"nobody{n}"}) for n in range(count)]


def test_pages_skip_nothing_while_they_are_mended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    small_pages(monkeypatch)
    at_rest(world)
    ours = dict(world.chroma.data[COLLECTION])
    first, second = strays(world, 21)[:11], strays(world, 21)[11:]
    world.chroma.data[COLLECTION] = {}
    world.chroma.upsert(COLLECTION, first)
    world.chroma.data[COLLECTION].update(ours)
    world.chroma.upsert(COLLECTION, second)
    world.container.embedding_locations.add({f"gone-{n}": VectorLocation(f"vectors/{n}", 0, 1) for n in range(9)})
    assert kinds(world) == {DifferenceKind.UNKNOWN, DifferenceKind.DANGLING}
    assert kinds(world, repair=True) == {DifferenceKind.UNKNOWN, DifferenceKind.DANGLING}
    assert world.chroma.data[COLLECTION] == ours
    assert kinds(world) == set()


def test_pages_skip_nothing_when_windows_come_and_go_between_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pages(monkeypatch)
    at_rest(world)
    ours = list(world.chroma.data[COLLECTION].values())
    world.chroma.upsert(COLLECTION, strays(world, 8))
    page, passing = world.chroma.page, list(ours)

    def page_and_change(collection: str, *, offset: int, limit: int) -> list[tuple[str, Mapping[str, Any]]]:
        found = page(collection, offset=offset, limit=limit)
        if passing:
            # One window leaves its place and comes back at the end.
            moved = passing.pop(0)
            world.chroma.delete(collection, [moved.id])
            world.chroma.upsert(collection, [moved])
        return found

    monkeypatch.setattr(world.chroma, "page", page_and_change)
    kinds(world, repair=True)
    assert set(world.chroma.data[COLLECTION]) == {record.id for record in ours}


def test_memory_does_not_grow_with_the_index(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    at_rest(world)
    monkeypatch.setattr(world.chroma, "count", lambda collection: 50_000 if collection == COLLECTION else 0)
    (_, record), *_ = world.chroma.data[COLLECTION].items()

    def page(collection: str, *, offset: int, limit: int) -> list[tuple[str, Mapping[str, Any]]]:
        return [(f"{n // 50:036d}#{n % 50}", dict(record.metadata)) for n in range(offset, offset + limit)]

    monkeypatch.setattr(world.chroma, "page", page)
    monkeypatch.setattr(world.chroma, "windows_of", None)
    tracemalloc.start()
    found = list(world.container.full_scan.run(repair=False))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(int(difference.detail.split()[2]) for difference in found) == 50_000
    # A page with its metadata takes 2 MB; the ids of all windows would take 5 MB.
    assert peak < 4_000_000


def test_vectors_of_a_version_that_is_history_are_removed(world: World) -> None:
    document_id = at_rest(world)
    old = dict(world.chroma.data[COLLECTION])
    world.upload("a.md", "# One\n\nAnother text.")
    world.rest()
    world.chroma.data[COLLECTION].update(old)
    assert kinds(world) == {DifferenceKind.STALE}
    mended(world)
    assert set(world.windows(document_id).values()) == {2}


def test_a_deletion_whose_event_never_came_is_noticed(world: World) -> None:
    document_id = at_rest(world)
    world.delete("processed/a.md")
    world.notifications.clear()
    assert kinds(world) == {DifferenceKind.BYTES_GONE}
    mended(world)
    assert world.live(document_id) == 0


def test_a_document_that_the_registry_has_lost_is_taken_in_again(world: World) -> None:
    document_id = at_rest(world)
    for name in ("document_registry", "embedding_chunks"):
        table = world.dynamo.tables[name]
        for key in list(table.items):
            table.write(key, None, world.clock.now())
    assert DifferenceKind.UNKNOWN in kinds(world)
    mended(world)
    assert world.live(document_id) == 1


def test_verify_tells_of_differences_and_mends_them(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    at_rest(world)
    repair.verify(repair=False, parts=world.container)
    assert "agree" in capsys.readouterr().out
    world.chroma.data[COLLECTION].popitem()
    with pytest.raises(PortfolioRagError, match=r"1 VECTORS_MISSING. `rag verify --repair`"):
        repair.verify(repair=False, parts=world.container)
    repair.verify(repair=True, parts=world.container)
    capsys.readouterr()
    repair.verify(repair=False, parts=world.container)
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
    repair.redrive([], everything=True, parts=world.container)
    assert "2 on their way again" in capsys.readouterr().out
    world.run()
    assert {world.live(document_id) for document_id in ids} == {2}
    with pytest.raises(InvalidRequest):
        repair.redrive([], everything=False, parts=world.container)


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
    now = world.clock.now_iso()
    world.container.jobs.create(
        Job("job-1", JobType.BATCH, JobStatus.RUNNING, "", Trigger.USER, started_at=now, updated_at=now)
    )
    assert world.container.abandoned_work.recover() == 0
    for launched in (1, 2, 3, 3):
        world.clock.advance(timedelta(minutes=11))
        assert world.container.abandoned_work.recover() == 1
        assert world.container.abandoned_work.recover() == 0
        assert len(world.invocations) == launched
    ended = world.container.jobs.get("job-1")
    assert ended is not None
    assert ended.status is JobStatus.FAILED
    assert "Start it again" in ended.error_details["job"]


def test_collections_that_nobody_asks_are_dropped(world: World) -> None:
    at_rest(world)
    world.chroma.ensure(f"{COLLECTION}-12345678")
    world.chroma.ensure("somebody-elses")
    assert world.container.abandoned_work.recover() == 1
    assert set(world.chroma.data) == {COLLECTION, "somebody-elses"}
