"""A citation resolves as long as its text may be shown: through the real pipeline on the models."""

from __future__ import annotations

import json

import pytest

from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentVersion
from portfolio_rag.domain.errors import NotFound
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.pipeline.ingestion.cited_chunks import ChunkInContext
from tests.simulation.world import CONFIG, RAW, World

KEY = "guides/queues.md"
OLD = "# Queues\n\n" + "\n\n".join(
    f"Paragraph {n} tells how queue number {n} keeps its messages until a consumer has deleted them." for n in range(30)
)
NEW = OLD.replace("messages", "letters")
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def world() -> World:
    made = World()
    made.remember(versions=0, days=0)  # What is kept is found without being read again.
    made.upload(KEY, OLD)
    made.run()
    return made


@pytest.fixture
def document_id() -> str:
    return document_id_for(RAW, KEY)


def find(world: World, chunk: Chunk, version: int | None = None) -> ChunkInContext:
    return world.container.cited.find(chunk.document_id, chunk.chunk_id, version=version)


def test_a_live_chunk_with_its_neighbours(world: World, document_id: str) -> None:
    chunks = world.chunks(document_id)
    assert len(chunks) > 2
    for before, chunk, after in zip([None, *chunks], chunks, [*chunks[1:], None], strict=False):
        found = find(world, chunk)
        assert (found.chunk, found.previous, found.following) == (chunk, before, after)
        assert (found.live, found.restored, found.document.version) == (True, False, 1)


@pytest.mark.parametrize("named", [True, False])
def test_a_citation_of_a_replaced_version_resolves_to_the_same_text(
    world: World, document_id: str, named: bool
) -> None:
    cited = world.chunks(document_id)
    for text in (NEW, NEW + "\n\nMore."):
        world.upload(KEY, text)
        world.run()
    world.rest()
    world.check()
    assert world.live(document_id) == 3
    assert world.container.chunks.get([(cited[1].chunk_id, document_id)]) == []
    found = find(world, cited[1], 1 if named else None)
    assert (found.live, found.restored, found.document.version) == (False, True, 1)
    assert found.document.s3_key == "archived/guides/queues.v1.md"
    for made, was in ((found.chunk, cited[1]), (found.previous, cited[0]), (found.following, cited[2])):
        assert made is not None
        assert (made.chunk_id, made.content, made.span, made.windows) == (
            was.chunk_id,
            was.content,
            was.span,
            was.windows,
        )


def test_a_version_that_is_not_the_citations_does_not_hold_the_chunk(world: World, document_id: str) -> None:
    cited = world.chunks(document_id)[0]
    world.upload(KEY, NEW)
    world.rest()
    for version in (2, 7):
        with pytest.raises(NotFound, match=f"version {version}"):
            find(world, cited, version)


def test_a_deleted_document_is_not_shown(world: World, document_id: str) -> None:
    cited = world.chunks(document_id)[0]
    world.delete(f"processed/{KEY}")
    world.run()
    with pytest.raises(NotFound, match="was deleted on"):
        find(world, cited)
    world.upload(KEY, NEW)
    world.rest()
    assert world.live(document_id) == 2
    with pytest.raises(NotFound, match="There is no chunk"):
        find(world, cited, 1)


def test_bytes_that_have_expired(world: World, document_id: str) -> None:
    cited = world.chunks(document_id)[0]
    world.upload(KEY, NEW)
    world.rest()
    old = world.version(document_id, 1)
    world.s3.delete_object(Bucket=RAW, Key=old.s3_key, VersionId=old.s3_version_id)
    with pytest.raises(NotFound, match="expired"):
        find(world, cited, 1)


def test_rules_that_cut_otherwise_are_said_to_be_the_reason(world: World, document_id: str) -> None:
    cited = world.chunks(document_id)[0]
    world.upload(KEY, NEW)
    world.rest()
    rules = {"chunk_size_tokens": 200, "chunk_overlap_tokens": 8, "window_tokens": 64}
    world.s3.put_object(Bucket=CONFIG, Key="ingestion-rules/default.json", Body=json.dumps(rules).encode())
    del world.container.__dict__["config"]
    with pytest.raises(NotFound, match="rules have changed"):
        find(world, cited, 1)


def test_what_never_was(world: World, document_id: str) -> None:
    with pytest.raises(NotFound, match="There is no document"):
        world.container.cited.find(UNKNOWN, UNKNOWN)
    with pytest.raises(NotFound, match="There is no chunk"):
        world.container.cited.find(document_id, UNKNOWN)


@pytest.mark.parametrize("searchable", [True, False])
def test_the_chunks_of_every_version_that_is_kept(world: World, document_id: str, searchable: bool) -> None:
    """Those of one that is searchable as of a time are there; of others, they are made again."""
    world.remember(versions=10 if searchable else 0, days=1095)
    before = [chunk.content for chunk in world.chunks(document_id)]
    world.upload(KEY, NEW)
    world.rest()
    world.upload(KEY, b"%PDF-1.7 nothing of it")
    world.run()
    history = world.container.documents.history(document_id)
    failed, live, replaced = history.versions

    def chunks(version: DocumentVersion) -> tuple[list[str], bool]:
        found, restored = world.container.cited.of_version(version, history.head)
        assert [chunk.chunk_index for chunk in found] == list(range(len(found)))
        return [chunk.content for chunk in found], restored

    assert chunks(live) == ([chunk.content for chunk in world.chunks(document_id)], False)
    assert chunks(replaced) == (before, not searchable)
    assert chunks(failed) == ([], False)
    world.s3.delete_object(Bucket=RAW, Key=replaced.s3_key, VersionId=replaced.s3_version_id)
    assert chunks(replaced) == (before if searchable else [], False)
