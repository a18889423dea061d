"""What a document costs in calls: they are deterministic, so they are asserted. A call more is seen here first."""

from __future__ import annotations

import math

import pytest

from portfolio_rag.domain import messages
from tests.simulation.costs import calls_after, calls_of, ingest
from tests.simulation.fast import install

CHUNK_TOKENS = 64
"""What the simulation's settings allow: a message of 16 of its chunks is what the real limit makes of real ones."""


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    monkeypatch.setattr(messages, "MAX_TOKENS", 16 * CHUNK_TOKENS)


def test_the_calls_of_a_note_of_one_chunk() -> None:
    """In a process that has begun before: rules, model configuration, access lists and queue addresses are known."""
    world, _, first = ingest(3)
    metrics = world.metrics.calls
    _, chunks, calls = ingest(2, world)
    assert chunks == 1
    assert world.metrics.calls - metrics == 1
    assert dict(calls) == {
        # Intake: the head, the object with its beginning, a sidecar beside it, the registration, the message.
        # Processor: the start, the bytes, the chunks, the message. Generator: the state, known vectors, two objects
        # of the backup, the index alias, the vectors, their addresses, marks with the completion; then the move, which
        # lists the versions of the upload once, for whether it stands and for what is older.
        # Intake again, since the move is a removal from `incoming/`: the head.
        "dynamodb.get_item": 3,
        "s3.get_object": 2,
        "s3.head_object": 1,
        "dynamodb.transact_write_items": 3,
        "sqs.send_message_batch": 2,
        "dynamodb.update_item": 2,
        "dynamodb.batch_get_item": 2,
        "s3.put_object": 2,
        "chroma.upsert": 1,
        "dynamodb.batch_write_item": 1,
        "s3.copy_object": 1,
        "s3.list_object_versions": 1,
        "s3.delete_object": 1,
    }
    assert first - calls == {"s3.get_object": 3, "sqs.get_queue_url": 2}


@pytest.mark.parametrize("paragraphs", [40, 400])
def test_calls_grow_with_messages_and_transactions_not_with_chunks(paragraphs: int) -> None:
    _, note, cheap = ingest(2)
    _, chunks, calls = ingest(paragraphs)
    sent = math.ceil(chunks / 16) + (1 if chunks > 16 else 0)  # Chunks are not all of the full size.
    invocations = math.ceil(sent / 10)
    assert note == 1
    assert calls["chroma.upsert"] == invocations
    assert calls["s3.put_object"] <= 2 * sent
    assert calls["sqs.send_message_batch"] <= 1 + sent
    # The registration, chunks by 99, marks by 99 and, where the last ones are too many for it, the completion.
    assert calls["dynamodb.transact_write_items"] <= 2 + 2 * math.ceil(chunks / 98)
    assert calls["dynamodb.batch_write_item"] == math.ceil(chunks / 25)
    fixed = ("s3.head_object", "s3.get_object", "s3.copy_object", "s3.delete_object", "dynamodb.update_item")
    assert {name: calls[name] for name in fixed} == {name: cheap[name] for name in fixed}


def test_a_book_costs_less_than_half_a_call_for_each_chunk() -> None:
    _, chunks, calls = ingest(400)
    assert chunks == 134
    assert calls.total() <= 60


def test_documents_of_one_batch_share_what_can_be_shared() -> None:
    """Reads of states and known vectors, the alias, the upsert and the writes of addresses: once for ten notes."""
    world, _, alone = ingest(2)
    world.faults.trace.clear()
    for n in range(10):
        world.upload(f"batch-{n}.md", f"# Note {n}\n\nA note about queue {n}.")
    world.run()
    calls = calls_of(world)
    shared = ("chroma.upsert", "dynamodb.batch_get_item", "dynamodb.batch_write_item")
    assert {name: calls[name] for name in shared} == {name: alone[name] for name in shared}
    assert calls.total() <= 175


def test_a_document_costs_the_same_after_ten_thousand_others() -> None:
    """No call may walk over what other documents have left: every page of every listing is a call here."""
    cost = calls_after((1, 2, 100, 10_000))
    assert cost[2].total() == 22
    assert cost[100] == cost[2]
    assert cost[10_000] == cost[2]


def test_the_fortieth_document_costs_what_the_second_did() -> None:
    world, _, _ = ingest(3)
    _, _, second = ingest(4, world)
    for paragraphs in range(5, 42):
        ingest(paragraphs, world)
    _, chunks, last = ingest(2, world)
    assert chunks == 1
    assert last.total() <= second.total()
