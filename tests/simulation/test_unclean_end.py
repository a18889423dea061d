"""The emulator is killed: tables and queues go back to their last snapshot, S3 and Chroma do not."""

from __future__ import annotations

import pytest

from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.domain.identifiers import document_id_for
from tests.simulation.world import EMBEDDINGS, RAW, World

BAD = b"\x00\x01\x02\x03" * 300
A = document_id_for(RAW, "a.md")


def note(words: str) -> str:
    return f"# A note\n\nThis note is about {words} and nothing else."


def test_an_upload_whose_event_was_lost_is_ingested(world: World) -> None:
    snapshot = world.snapshot()
    world.upload("a.md", note("queues"))
    world.lose_what_came_after(snapshot)
    assert len(world.recover(snapshot)) == 1
    world.rest()
    world.check()
    assert "queues" in world.texts(A)


@pytest.mark.parametrize("deliveries", range(1, 6))
def test_a_document_goes_on_wherever_it_was(world: World, deliveries: int) -> None:
    snapshot = world.snapshot()
    world.upload("a.md", note("queues"))
    for _ in range(deliveries):
        world.step()
    world.lose_what_came_after(snapshot)
    world.recover(snapshot)
    world.rest()
    world.check()
    assert "queues" in world.texts(A)


@pytest.mark.parametrize("deliveries", range(1, 6))
def test_a_new_version_is_not_lost_though_the_old_one_is_all_that_is_known(world: World, deliveries: int) -> None:
    world.upload("a.md", note("queues"))
    world.rest()
    snapshot = world.snapshot()
    world.upload("a.md", note("tables"))
    for _ in range(deliveries):
        world.step()
    world.lose_what_came_after(snapshot)
    world.recover(snapshot)
    world.rest()
    world.check()
    assert "tables" in world.texts(A)


@pytest.mark.parametrize("before", [False, True])
def test_a_failure_is_recorded_again(world: World, before: bool) -> None:
    if before:
        world.upload("a.md", note("queues"))
        world.rest()
    snapshot = world.snapshot()
    world.upload("a.md", BAD)
    world.run()
    assert world.s3.current_keys(RAW, "failed/") == ["failed/a.md"]
    world.lose_what_came_after(snapshot)
    world.recover(snapshot)
    world.rest()
    world.check()
    newest = world.container.registry.versions(A)[0]
    assert (newest.status, newest.error_code) == (DocumentStatus.FAILED, "UNSUPPORTED_TYPE")
    assert world.s3.current_keys(RAW, "failed/") == ["failed/a.md"]
    assert bool(world.live(A)) == before


def test_a_deletion_stays_one(world: World) -> None:
    world.upload("a.md", note("queues"))
    world.rest()
    snapshot = world.snapshot()
    world.delete("processed/a.md")
    world.run()
    assert not world.windows()
    world.lose_what_came_after(snapshot)
    world.recover(snapshot)
    world.rest()
    world.check()
    assert world.live(A) == 0


def test_where_nothing_was_lost_nothing_is_done_twice(world: World) -> None:
    world.upload("a.md", note("queues"))
    world.rest()
    snapshot = world.snapshot()
    world.lose_what_came_after(snapshot)
    assert world.recover(snapshot) == []
    world.rest()
    assert len(world.container.registry.versions(A)) == 1


@pytest.mark.parametrize("document_id", [A, document_id_for(RAW, "b.md")], ids=["known", "unknown"])
def test_what_a_version_had_left_that_nobody_knows_of_any_more_goes(world: World, document_id: str) -> None:
    world.upload("a.md", note("queues"))
    world.rest()
    snapshot = world.snapshot()
    world.s3.put_object(Bucket=EMBEDDINGS, Key=f"staging/{document_id}/4/text", Body=b"of a version that is lost")
    world.lose_what_came_after(snapshot)
    world.recover(snapshot)
    world.rest()
    world.check()
    assert world.live(A) == 1
