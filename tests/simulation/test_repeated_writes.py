"""Writes to Chroma that are tried again: nothing is replaced by the same, and nothing that differs is left out.

To replace windows costs Chroma many times what new ones do, so that a write whose answer did not come in time would be
answered later each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from portfolio_rag.domain.errors import VectorStoreUnavailable
from portfolio_rag.domain.versions import history_collection
from portfolio_rag.pipeline.documents.vector_backup import vector_id
from portfolio_rag.ports.vector_store import VectorRecord
from tests.simulation.fast import install
from tests.simulation.models import HashEmbedder
from tests.simulation.schedule import TEXTS
from tests.simulation.world import COLLECTION, World

BUILDING = f"{COLLECTION}-11111111"


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


class Writes:
    """What is written to Chroma. A write that is named in `unanswered` is done, in part, and not answered."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.repeated: list[bool] = []
        self.unanswered: dict[int, float] = {}
        """How much of it is done, by the number of the write."""
        self._upsert = world.chroma.upsert
        monkeypatch.setattr(world.chroma, "upsert", self._write)

    def _write(self, collection: str, records: Sequence[VectorRecord], *, repeated: bool = False, **more: Any) -> None:
        done = self.unanswered.get(len(self.repeated))
        self.repeated.append(repeated)
        if done is None:
            self._upsert(collection, records, repeated=repeated, **more)
            return
        self._upsert(collection, records[: round(done * len(records))], repeated=repeated, **more)
        raise VectorStoreUnavailable("Chroma does not answer in time.")


def test_the_first_write_of_a_message_asks_for_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    writes = Writes(world, monkeypatch)
    world.upload("a.md", TEXTS["long"])
    world.upload("again.md", TEXTS["long"])  # Its vectors are known, from another document.
    world.run()
    assert writes.repeated
    assert not any(writes.repeated)
    assert world.chroma.replaced == []


@pytest.mark.failure(22)
@pytest.mark.failure(21)
def test_a_write_that_was_done_and_not_answered_replaces_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    writes = Writes(world, monkeypatch)
    # All of it, half of it, nothing, and then the other half.
    writes.unanswered = {0: 1.0, 1: 0.5, 2: 0.0}
    document_id = world.upload("a.md", TEXTS["long"])
    world.rest()
    world.check()
    assert world.live(document_id) == 1
    assert writes.repeated[:4] == [False, True, True, True]
    assert world.chroma.replaced == []


def test_a_write_that_was_half_done_is_brought_to_its_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    writes = Writes(world, monkeypatch)
    writes.unanswered = {0: 0.5}
    document_id = world.upload("a.md", TEXTS["long"])
    world.rest()
    world.check()
    assert world.live(document_id) == 1
    assert world.chroma.replaced == []


def test_chunks_that_two_documents_share_hide_no_earlier_try(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The addresses of their vectors are those of the document that came last."""
    writes = Writes(world, monkeypatch)
    writes.unanswered = {0: 1.0}
    world.upload("a.md", TEXTS["long"])
    for _ in range(3):
        world.step()
    assert writes.repeated == [False]
    backup, locations = world.container.backup, world.container.embedding_locations
    [first, *_] = world.chroma.data[COLLECTION].values()
    # Every second one, so that each message has some.
    for chunk in list(world.container.chunks.of_document(first.metadata["document_id"]))[::2]:
        address = vector_id(world.embedder.fingerprint, chunk.embedding_hash)
        place = locations.find([address])[address]
        elsewhere = f"{place.s3_key.replace(chunk.document_id, 'another')}{chunk.chunk_index}"
        rows = backup.load({address: place})[address]
        backup.write(elsewhere, [VectorRecord(f"x#{n}", row) for n, row in enumerate(rows)])
        locations.add({address: replace(place, s3_key=elsewhere, row=0)})
    world.rest()
    assert writes.repeated[1] is True
    assert world.chroma.replaced == []


@pytest.mark.failure(28)
def test_windows_of_another_model_are_replaced_though_their_ids_are_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that still has the old model writes to the index that is being built for the new one."""
    world.upload("a.md", TEXTS["long"])
    world.rest()
    embedder = HashEmbedder("other")
    world.embedder = embedder
    world.container = type(world.container)(world)
    container = world.container
    old = list(world.chroma.data[COLLECTION].values())
    wanted = {record.id: record.vector.tolist() for record in old}
    ensure = world.chroma.ensure

    def ensured(collection: str, **more: Any) -> None:
        if collection == BUILDING and collection not in world.chroma.data:
            ensure(collection, **more)
            world.chroma.data[collection] = {
                record.id: VectorRecord(record.id, -record.vector, record.metadata) for record in old
            }
        ensure(collection, **more)

    monkeypatch.setattr(world.chroma, "ensure", ensured)
    world.attempt("batch_reindex", {"job_id": "11111111-job", "job_type": "REINDEX", "triggered_by": "SCHEDULED"})
    world.run()
    live = container.index_aliases.current().live
    assert (live, container.vectors.fingerprint(live)) == (BUILDING, "other")
    assert {id_: record.vector.tolist() for id_, record in world.chroma.data[live].items()} == wanted


def test_a_version_that_is_moved_to_the_history_again_replaces_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id = world.upload("a.md", TEXTS["long"])
    world.rest()
    windows = len(world.chroma.data[COLLECTION])
    world.clock.advance(timedelta(days=1))
    writes = Writes(world, monkeypatch)
    writes.unanswered = {1: 1.0, 2: 0.5}
    world.upload("a.md", TEXTS["short"])
    world.rest()
    world.check()
    assert world.live(document_id) == 2
    assert len(world.chroma.data[history_collection(COLLECTION)]) == windows
    assert writes.repeated[1:4] == [True, True, True]
    assert world.chroma.replaced == []
