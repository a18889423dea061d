"""What a search reads: which of its hits answer, and their chunks, in one call."""

from __future__ import annotations

from portfolio_rag.adapters.dynamodb.table import Table
from portfolio_rag.domain.documents import LiveDocument
from tests.simulation.schedule import text_of
from tests.simulation.world import COLLECTION, World

TEXT = text_of("topics", 40)


def test_reads_what_registry_and_chunk_store_tell_in_one_call() -> None:
    world = World()
    replaced, kept, deleted = (world.upload(name, f"{TEXT}{name}") for name in ("a.md", "b.md", "c.md"))
    world.run()
    world.upload("a.md", TEXT)
    world.delete("processed/c.md")
    world.run()
    built = world.container
    pairs = [(replaced, 1), (replaced, 2), (kept, 1), (kept, 1), (kept, 2), (deleted, 1), ("unknown", 1)]
    keys = [(chunk.chunk_id, chunk.document_id) for chunk in world.chunks(kept)]
    calls = world.faults.calls
    read = built.live_documents.read(pairs, [*keys, keys[0], ("unknown", kept)])
    assert world.faults.calls == calls + 1
    assert read.documents.keys() == {(replaced, 2), (kept, 1)}
    assert read.documents == {pair: LiveDocument.of(of) for pair, of in built.registry.live_versions(pairs).items()}
    assert len(keys) > 1
    assert read.chunks == {chunk.chunk_id: chunk for chunk in built.chunks.get(keys)}


def test_which_collection_answers_comes_in_the_same_call_also_when_nothing_was_found() -> None:
    world = World()
    reader, aliases = world.container.live_documents, world.container.index_aliases
    assert reader.read([], []).live_index == aliases.current().live == COLLECTION
    document_id = world.upload("a.md", TEXT)
    world.run()
    aliases.begin_build("rebuilt", "11111111-job", "2026-01-01", "2030-01-01")
    assert reader.read([(document_id, 1)], []).live_index == COLLECTION
    Table(world.dynamo, "ingestion_jobs").update(
        {"job_id": f"index#{COLLECTION}"},
        UpdateExpression="SET live = :live",
        ExpressionAttributeValues={":live": {"S": "rebuilt"}},
    )
    calls = world.faults.calls
    read = reader.read([(document_id, 1)], [])
    assert (read.live_index, set(read.documents)) == ("rebuilt", {(document_id, 1)})
    assert reader.read_as_of("2030-01-01", [], []).live_index == "rebuilt"
    assert world.faults.calls == calls + 2


def test_metadata_of_the_sidecar_comes_with_the_document() -> None:
    world = World()
    world.upload("a.md.metadata.json", '{"metadataAttributes": {"team": "storage", "tags": ["x", "y"]}}')
    document_id = world.upload("a.md", TEXT)
    world.run()
    [document] = world.container.live_documents.read([(document_id, 1)], []).documents.values()
    assert document.metadata == {"team": "storage", "tags": ["x", "y"]}
    assert (document.filename, document.s3_key, document.file_type) == ("a.md", "processed/a.md", "md")
