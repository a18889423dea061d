"""Races at the places where they hurt: the last chunk, a late failure, a batch cut short, a query during a switch."""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from portfolio_rag.domain.chunks import ChunkStatus
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion
from portfolio_rag.domain.errors import ConditionFailed
from portfolio_rag.domain.messages import EmbeddingMessage
from portfolio_rag.pipeline.documents.catalog import DocumentDetail
from portfolio_rag.pipeline.documents.object_moves import ObjectMoves
from portfolio_rag.ports.object_store import KeyVersions

from .fast import install
from .faults import Crash
from .interleaving import Interleaving
from .s3 import s3_event
from .schedule import TEXTS, name_of, text_of
from .world import EMBEDDING, RAW, World


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


class Script:
    """Chooses workers as written: `turns` says how many calls one makes before the other goes on."""

    def __init__(self, turns: Sequence[int]) -> None:
        self._order = [number % 2 for number, calls in enumerate(turns) for _ in range(calls)]

    def choice(self, alive: Sequence[Any]) -> Any:
        wanted = self._order.pop(0) if self._order else 0
        return next((worker for worker in alive if worker.thread.name == f"worker-{wanted}"), alive[0])


def with_messages(count: int) -> tuple[World, str]:
    """A document whose messages wait for the embedding-generator."""
    world = World()
    document_id = world.upload("a.md", TEXTS["long"])
    world.step()
    world.step()
    assert len(world.sqs.queues[EMBEDDING].messages) >= count
    return world, document_id


def together(world: World, turns: Sequence[int], tasks: Sequence[Callable[[], object]]) -> None:
    scheduler = Interleaving(Script(turns))  # type: ignore[arg-type]
    world.faults.gate = scheduler.gate
    try:
        scheduler.run(tasks)
    finally:
        world.faults.gate = None


def embed(world: World, messages: Sequence[Any]) -> Callable[[], None]:
    event = world.sqs.receive(EMBEDDING, messages)
    return lambda: world.sqs.acknowledge(EMBEDDING, messages, world.invoke("embedding_generator", event))


CALLS = 14
"""More than a worker makes from its first call to the end of the completion."""


@pytest.mark.failure(8)
@pytest.mark.failure(6)
@pytest.mark.parametrize("same", [False, True], ids=["two halves", "the same message"])
def test_the_last_chunk_race_in_every_interleaving_of_two_switches(same: bool) -> None:
    for first, second in itertools.product(range(CALLS), repeat=2):
        world, document_id = with_messages(2)
        messages = world.sqs.queues[EMBEDDING].messages[:]
        half = len(messages) // 2
        left = embed(world, messages if same else messages[:half])
        right = embed(world, messages if same else messages[half:])
        together(world, [first, second], [left, right])
        version = world.version(document_id, 1)
        assert (version.status, version.embedded_count) == (DocumentStatus.COMPLETED, version.chunk_count)
        assert world.metrics.total("IngestedDocuments") == 1
        world.run()
        world.check()


@pytest.mark.failure(3)
def test_a_version_that_was_replaced_a_moment_ago_completes_in_neither_way() -> None:
    """The worker has looked at the head before; only the write itself can still see that it has changed."""
    for deleted in (False, True):
        world, document_id = with_messages(1)
        registry, store = world.container.registry, world.container.chunks
        head, version = registry.head(document_id), world.version(document_id, 1)
        assert head is not None
        marks = [(chunk, "s3://backup/vectors.npy") for chunk in store.of_document(document_id)]
        now = world.clock.now_iso()
        if deleted:
            registry.mark_deleted(head, now)
        else:
            newer = replace(version, version=2, status=DocumentStatus.PENDING, source_version_id="newer")
            registry.register(newer, head.logical_key, head)
        assert not store.mark_last(version, marks, now)
        assert world.version(document_id, 1) == version
        assert {chunk.status for chunk in store.of_document(document_id)} == {ChunkStatus.PENDING}

        store.mark_embedded(version, marks, now)
        with pytest.raises(ConditionFailed):
            registry.complete(world.version(document_id, 1), now)
        assert world.live(document_id) == 0


@pytest.mark.failure(32)
def test_a_failure_that_is_reported_late_never_overwrites_a_success() -> None:
    for at in range(6):
        world, document_id = with_messages(2)
        generator = world.container.embedding_generator
        late = EmbeddingMessage.from_json(world.sqs.queues[EMBEDDING].messages[0].body)
        messages = world.sqs.queues[EMBEDDING].messages[:]
        together(
            world,
            [at, 100],
            [lambda e=generator, m=late: e.record_failure(m, RuntimeError("late")), embed(world, messages)],  # type: ignore[misc]
        )
        ended = world.version(document_id, 1)
        completed = world.metrics.total("IngestedDocuments")
        assert (ended.status is DocumentStatus.COMPLETED) == bool(completed)
        assert world.live(document_id) == completed
        world.rest()
        world.check()


@pytest.mark.failure(34)
def test_a_batch_that_runs_out_of_time_repeats_nothing_that_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    world, document_id = with_messages(2)
    messages = world.sqs.queues[EMBEDDING].messages[:]
    embed(world, messages[:1])()
    done = world.embedder.embedded.copy()
    upsert = world.chroma.upsert

    def slow(*args: Any, **options: Any) -> None:
        upsert(*args, **options)
        world.clock.advance(timedelta(seconds=121))

    monkeypatch.setattr(world.chroma, "upsert", slow)
    with pytest.raises(Crash, match="out of time"):
        embed(world, messages[1:])()
    monkeypatch.undo()
    install(monkeypatch)
    world.rest()
    world.check()
    assert world.live(document_id) == 1
    assert all(world.embedder.embedded[text] == times for text, times in done.items())


@pytest.mark.failure(40)
def test_a_query_at_any_moment_of_a_switch_sees_one_version_and_whole_chunks() -> None:
    world = World()
    document_id = world.upload("a.md", TEXTS["long"])
    world.rest()
    world.upload("a.md", TEXTS["short"])
    seen: list[int] = []

    def look() -> None:
        with world.faults.quiet():
            passages = world.container.retrieval.search("messages", top_k=5)
        versions = {passage.chunk.version for passage in passages}
        assert len(versions) == 1, f"answers mix the versions {versions}"
        for passage in passages:
            assert passage.chunk.content
        seen.extend(versions)

    world.faults.gate = look
    world.run()
    world.faults.gate = None
    assert seen == sorted(seen)
    assert set(seen) == {1, 2}
    assert world.live(document_id) == 2
    assert world.s3.current_keys(RAW, "processed/") == ["processed/a.md"]


@pytest.mark.parametrize("replaces", [False, True], ids=["first version", "second version"])
def test_a_document_looked_at_while_a_version_ends_is_shown_as_of_one_moment(replaces: bool) -> None:
    for before in range(CALLS):
        world = World()
        document_id = world.upload("a.md", TEXTS["other"])
        if replaces:
            world.run()
            world.upload("a.md", TEXTS["long"])
        world.step()
        world.step()
        worker = embed(world, world.sqs.queues[EMBEDDING].messages[:])
        seen: list[DocumentDetail] = []
        together(world, [before, 100, 100], [functools.partial(look_at, world, document_id, seen), worker])
        [shown] = seen
        live = {version.version: version for version in shown.versions}.get(shown.head.live_version)
        assert (live is not None) == (shown.versions[0].status is DocumentStatus.COMPLETED or replaces)
        if live is not None:
            assert live.status is DocumentStatus.COMPLETED
            assert {chunk.version for chunk in shown.chunks} == {live.version}
            assert len(shown.chunks) == live.chunk_count


@pytest.mark.failure(25)
def test_with_redeliveries_hardly_anything_is_embedded_twice() -> None:
    embedded, texts = 0, 0
    for seed in range(5):
        world = World(random.Random(seed), duplicates=0.05)
        for number in range(12):
            world.upload(f"{number}.md", text_of(f"name{number}", 20))
        world.run()
        world.check()
        embedded += world.embedder.embedded.total()
        texts += len(world.embedder.embedded)
    assert texts > 400
    assert embedded <= 1.05 * texts


def look_at(world: World, document_id: str, seen: list[DocumentDetail]) -> None:
    seen.append(world.container.documents.get(document_id))


def delete_and_look(world: World, document_id: str) -> None:
    world.container.documents.delete(document_id)
    world.attempt("check_health", {})


@pytest.mark.failure(5)
def test_attributes_that_come_at_any_moment_of_a_move_are_taken_in() -> None:
    for at in range(3 * CALLS):
        world, document_id = with_messages(1)
        worker = embed(world, world.sqs.queues[EMBEDDING].messages[:])
        world.upload("a.md.metadata.json", '{"metadataAttributes": {"team": "platform"}}')
        together(world, [at, 100], [worker, functools.partial(world.attempt, *world.next_event())])
        world.rest()
        world.check()
        live = world.version(document_id, world.live(document_id))
        assert live.metadata == {"team": "platform"}
        assert world.bytes_of(live) == TEXTS["long"].encode()


@pytest.mark.failure(4)
def test_a_deletion_at_any_moment_of_the_last_embedding_leaves_nothing() -> None:
    for at in range(CALLS):
        world, document_id = with_messages(1)
        worker = embed(world, world.sqs.queues[EMBEDDING].messages[:])
        together(world, [at, 100], [worker, functools.partial(delete_and_look, world, document_id)])
        assert world.live(document_id) == 0
        world.rest()
        world.check()
        assert not world.windows()


@pytest.mark.failure(3)
def test_two_workers_that_settle_at_once_lose_nothing() -> None:
    for at in range(3 * CALLS):
        world, document_id = with_messages(2)
        messages = world.sqs.queues[EMBEDDING].messages[:]
        together(world, [at, 100], [embed(world, messages), embed(world, messages)])
        world.rest()
        world.check()
        assert world.live(document_id) == 1
        assert world.bytes_of(world.version(document_id, 1)) == TEXTS["long"].encode()


@pytest.mark.failure(5)
def test_an_upload_that_is_deleted_just_before_its_move_does_not_answer() -> None:
    world, document_id = with_messages(1)
    look = ObjectMoves.found_original
    deleted: list[DocumentVersion] = []

    def deleted_first(moves: ObjectMoves, version: DocumentVersion) -> KeyVersions | None:
        if not deleted:
            deleted.append(version)
            world.delete(version.s3_key)
        return look(moves, version)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(ObjectMoves, "found_original", deleted_first)
        world.rest()
    world.check()
    assert len(deleted) == 1
    assert world.live(document_id) == 0


@pytest.mark.failure(5)
def test_a_late_removal_beside_a_move_takes_nothing_out() -> None:
    for before, between in itertools.product(range(4), range(12, 40, 2)):
        world, document_id = with_messages(1)
        worker = embed(world, world.sqs.queues[EMBEDDING].messages[:])
        event = s3_event(RAW, "processed/a.md", "ObjectRemoved:Delete", "v000001")
        together(world, [before, between], [functools.partial(world.attempt, "document_intake", event), worker])
        world.rest()
        world.check()
        assert world.live(document_id) == 1


@pytest.mark.failure(37)
def test_a_late_removal_beside_a_new_upload_takes_nothing_out() -> None:
    for before, between in itertools.product(range(6), range(12)):
        world = World()
        document_id = world.upload("a.md", TEXTS["other"])
        world.run()
        world.upload("a.md", TEXTS["long"])
        upload = functools.partial(world.attempt, *world.next_event())
        removed = s3_event(RAW, "incoming/a.md", "ObjectRemoved:Delete", "v000001")
        together(world, [before, between], [functools.partial(world.attempt, "document_intake", removed), upload])
        world.rest()
        world.check()
        assert name_of(world, document_id) == "long"
