"""How soon everything is at its end after what was away is back, on the clock of the models."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.local.deployment import VISIBILITY_SECONDS
from tests.simulation.faults import Crash
from tests.simulation.world import CONSUMERS, EMBEDDING, INGESTION, World

DOCUMENTS = 60
WITHIN = timedelta(seconds=30)
"""Of the return of a dependency."""


def upload(world: World, number: int = DOCUMENTS) -> list[str]:
    return [world.upload(f"{n}.md", f"# Note {n}\n\nA note about queue {n}.") for n in range(number)]


def ended(world: World, document_id: str) -> datetime:
    """When its first version was COMPLETED, at its first attempt."""
    version = world.version(document_id, 1)
    assert (version.status, version.attempt) == (DocumentStatus.COMPLETED, 1)
    assert version.processing_completed_at is not None
    return datetime.fromisoformat(version.processing_completed_at)


@pytest.mark.failure(21)
@pytest.mark.parametrize("seconds", [2, 20, 90, 600])
def test_all_are_complete_soon_after_chroma_is_back(world: World, seconds: int) -> None:
    documents = upload(world)
    back = world.clock.time + timedelta(seconds=seconds)
    world.chroma.away_until = back
    world.run()
    world.check()
    assert max(ended(world, document_id) for document_id in documents) <= back + WITHIN
    assert not world.sqs.queues["portfolio-embedding-dlq"].messages
    assert max(world.embedder.embedded.values()) == 1


@pytest.mark.failure(21)
def test_chroma_away_again_and_again_costs_no_document(world: World) -> None:
    documents = upload(world)
    for _ in range(20):
        world.chroma.away_until = world.clock.time + timedelta(seconds=30)
        while world.clock.time < world.chroma.away_until and world.sqs.next_visible_at() is not None:
            if not world.step():
                world.clock.advance(timedelta(seconds=1))
        world.step()
    back = world.clock.time
    world.run()
    world.check()
    assert max(ended(world, document_id) for document_id in documents) <= back + WITHIN


@pytest.mark.failure(34)
@pytest.mark.parametrize("queue", [INGESTION, EMBEDDING])
def test_a_lambda_host_that_was_killed_costs_less_than_a_minute(world: World, queue: str) -> None:
    for name in CONSUMERS:
        world.sqs.queues[name].visibility = timedelta(seconds=VISIBILITY_SECONDS)
    (document_id,) = upload(world, 1)
    while not world.sqs.visible(queue):
        world.step()
    killed = world.clock.time
    world.faults.plan = {world.faults.calls + 2: "crash-before"}
    with pytest.raises(Crash):
        world.invoke(CONSUMERS[queue], world.sqs.receive(queue, world.sqs.visible(queue)))
    world.run()
    world.check()
    assert ended(world, document_id) <= killed + timedelta(seconds=60)


def test_a_slow_document_delays_none_that_came_with_it(world: World) -> None:
    """Each is handed over alone: while one takes long the others go on beside it."""
    upload(world, 16)
    while world.notifications:
        world.step()
    taken: list[int] = []
    received = world.sqs.receive
    world.sqs.receive = lambda name, messages: taken.append(len(messages)) or received(name, messages)  # type: ignore[method-assign, func-returns-value]
    for _ in range(16):
        world._deliver_batch(INGESTION)
    assert taken == [1] * 16
    world.run()
    world.check()
