"""What a document costs in calls to S3, SQS, DynamoDB and Chroma: counted on the models, so the same everywhere."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

from portfolio_rag.domain.identifiers import document_id_for

from .world import COLLECTION, RAW, World


def calls_of(world: World) -> Counter[str]:
    """By operation, since the trace was cleared."""
    lines = (line.split() for line in world.faults.trace if line.startswith("  "))
    return Counter(words[1] for words in lines if len(words) > 1 and "." in words[1])


def text(paragraphs: int) -> str:
    """Two paragraphs fit into a chunk of the simulation's settings, 400 make 134 chunks."""
    return "# Queues\n\n" + "\n\n".join(
        f"Paragraph {n} tells how queue number {n} keeps its messages until a consumer has deleted them."
        for n in range(paragraphs)
    )


def ingest(paragraphs: int, world: World | None = None) -> tuple[World, int, Counter[str]]:
    """The world, the number of chunks, and the calls by operation."""
    world = world or World()
    world.faults.trace.clear()
    document_id = world.upload(f"{paragraphs}.md", text(paragraphs))
    world.run()
    calls = calls_of(world)
    with world.faults.quiet():
        count = world.version(document_id, 1).chunk_count
    assert count is not None
    return world, count, calls


def calls_after(numbers: tuple[int, ...]) -> dict[int, Counter[str]]:
    """The calls of a note that comes as the n-th document, for each n."""
    world, cost = World(), {}
    for number in numbers:
        if number > 2:
            multiply(world, document_id_for(RAW, f"{numbers[0]}.md"), number)
        world.faults.trace.clear()
        document_id = world.upload(f"{number}.md", f"# Note {number}\n\nA note about queue {number}.")
        world.run()
        cost[number] = calls_of(world)
        assert world.live(document_id) == 1
    return cost


def multiply(world: World, document_id: str, documents: int) -> None:
    """Copies of a document in every store, until there are about so many."""
    (chunk_id,) = [key[0] for key in world.dynamo.tables["embedding_chunks"].items if key[1] == document_id]
    items = [
        (table, json.dumps(item))
        for name in ("document_registry", "embedding_chunks")
        for table in [world.dynamo.tables[name]]
        for key, item in table.items.items()
        if document_id in key
    ]
    (logical_key,) = {
        item["logical_key"]["S"]
        for key, item in world.dynamo.tables["document_registry"].items.items()
        if key[0] == document_id and "logical_key" in item
    }
    objects = [
        (bucket, key, versions)
        for bucket, found in world.s3.objects.items()
        for key, versions in found.items()
        if f"/{document_id}/" in key or key.endswith(f"/{logical_key}")
    ]
    windows = [record for id_, record in world.chroma.data[COLLECTION].items() if id_.partition("#")[0] == chunk_id]
    for number in range(len({key[0] for key in world.dynamo.tables["document_registry"].items}), documents):
        other, other_chunk = f"{document_id}-{number}", f"{chunk_id}-{number}"
        for table, body in items:
            item = json.loads(body.replace(document_id, other).replace(chunk_id, other_chunk))
            table.items[table.key_of(item)] = table.shown[table.key_of(item)] = item
        for bucket, key, versions in objects:
            target = key.replace(document_id, other).replace(f"/{logical_key}", f"/copy-{number}-{logical_key}")
            world.s3.objects[bucket][target] = list(versions)
        for record in windows:
            copied = replace(record, id=record.id.replace(chunk_id, other_chunk), metadata={"document_id": other})
            world.chroma.data[COLLECTION][copied.id] = copied
