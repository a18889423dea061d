"""What a document costs in calls: they are deterministic, so they are asserted. A call more is seen here first."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from portfolio_rag.messages import MAX_CHUNKS
from tests.simulation.fast import install
from tests.simulation.world import World


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


def ingest(paragraphs: int, *, uploads: int = 1, world: World | None = None) -> tuple[World, int, Counter[str]]:
    """The world, the number of chunks, and the calls by operation of the last upload."""
    world = world or World()
    text = "# Queues\n\n" + "\n\n".join(
        f"Paragraph {n} tells how queue number {n} keeps its messages until a consumer has deleted them."
        for n in range(paragraphs)
    )
    for _ in range(uploads):
        world.faults.trace.clear()
        document_id = world.upload(f"{paragraphs}.md", text)
        world.run()
    calls = Counter(line.split()[1] for line in world.faults.trace if line.startswith("  ") and "." in line)
    count = world.version(document_id, uploads).chunk_count
    assert count is not None
    return world, count, Counter({operation: n for operation, n in calls.items() if "." in operation})


def test_a_note_of_one_chunk_is_cheap() -> None:
    _, chunks, calls = ingest(2)
    assert chunks == 1
    assert calls.total() <= 40
    assert calls["chroma.upsert"] == 1
    assert calls["sqs.send_message_batch"] == 2
    assert calls["s3.put_object"] == 2


@pytest.mark.parametrize("paragraphs", [40, 400])
def test_calls_grow_with_messages_and_transactions_not_with_chunks(paragraphs: int) -> None:
    _, note, cheap = ingest(2)
    _, chunks, calls = ingest(paragraphs)
    messages = math.ceil(chunks / MAX_CHUNKS)
    invocations = math.ceil(messages / 10)
    assert note == 1
    assert calls["chroma.upsert"] == invocations
    assert calls["s3.put_object"] == 2 * messages
    assert calls["sqs.send_message_batch"] <= 1 + math.ceil(messages / 2)
    # Creating them by 99, marking them by message, and the three of every document.
    assert calls["dynamodb.transact_write_items"] <= 3 + math.ceil(chunks / 99) + messages
    assert calls["dynamodb.batch_write_item"] <= invocations + math.ceil(chunks / 25)
    fixed = ("s3.head_object", "s3.get_object", "s3.copy_object", "s3.delete_object", "dynamodb.update_item")
    assert {name: calls[name] for name in fixed} == {name: cheap[name] for name in fixed}


def test_the_fortieth_document_costs_what_the_second_did() -> None:
    world, _, _ = ingest(3)
    _, _, second = ingest(4, world=world)
    for paragraphs in range(5, 42):
        ingest(paragraphs, world=world)
    _, chunks, last = ingest(2, world=world)
    assert chunks == 1
    assert last.total() <= second.total()


def test_clients_and_queue_addresses_are_looked_up_once() -> None:
    world, _, _ = ingest(2)
    _, _, second = ingest(3, world=world)
    assert second["sqs.get_queue_url"] == 0
