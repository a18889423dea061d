"""The chunking strategy of a prefix, through the real pipeline on the models."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.pipeline.ingestion import chunking
from tests.simulation.world import CONFIG, World

TEXT = "\n\n".join(
    f"# Part {part}\n\n" + " ".join(f"Sentence {n} of part {part} tells {'more ' * (n % 3)}of it." for n in range(12))
    for part in range(4)
)
RULES = {
    "prefixes": {
        "fixed/": {"chunking_strategy": "fixed"},
        "topics/": {"chunking_strategy": "semantic", "semantic_breakpoint_percentile": 75},
    }
}


@pytest.fixture
def world() -> World:
    made = World()
    made.s3.put_object(Bucket=CONFIG, Key="ingestion-rules/default.json", Body=json.dumps(RULES).encode())
    return made


def ingested(world: World, key: str, text: str = TEXT) -> list[Chunk]:
    document_id = world.upload(key, text)
    world.run()
    world.check()
    assert world.live(document_id)
    return world.chunks(document_id)


def starts(chunks: list[Chunk]) -> set[int]:
    """Where the own text of each chunk begins."""
    return {chunk.span[0] + chunk.windows[0][0] for chunk in chunks}


def test_each_prefix_is_cut_by_its_strategy(world: World) -> None:
    structure, fixed, semantic = (ingested(world, f"{prefix}a.md") for prefix in ("", "fixed/", "topics/"))
    assert {chunk.heading_path for chunk in fixed} == {()}
    assert [{chunk.heading_path[-1] for chunk in made} for made in (structure, semantic)] == [
        {f"Part {n}" for n in range(4)}
    ] * 2
    # Topics add places to cut at to those of the structure: a quarter of the 47 between sentences.
    assert len(semantic) > len(structure)
    assert len(fixed) <= len(structure)


def test_a_citation_of_a_replaced_version_that_was_cut_by_topics_resolves(world: World) -> None:
    world.remember(versions=0, days=0)  # What is kept is found without being read again.
    cited = ingested(world, "topics/a.md")
    ingested(world, "topics/a.md", TEXT.replace("tells", "says"))
    world.rest()
    for chunk in cited:
        found = world.container.cited.find(chunk.document_id, chunk.chunk_id, version=1)
        assert found.restored
        assert found.chunk.content == chunk.content


def test_topics_stay_where_they_are_when_the_document_takes_several_invocations(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ingested(world, "topics/whole.md")
    hurried = World()
    hurried.s3.put_object(Bucket=CONFIG, Key="ingestion-rules/default.json", Body=json.dumps(RULES).encode())
    processor = hurried.container.processor
    monkeypatch.setattr(processor, "_slice_chunks", 2)
    drive = processor._run_step
    steps = []

    def at_once(version, progress, until):  # type: ignore[no-untyped-def]
        steps.append(progress.steps)
        drive(version, progress, hurried.clock.now() - timedelta(seconds=1))

    monkeypatch.setattr(processor, "_run_step", at_once)
    embedded = hurried.embedder.embedded
    parts = ingested(hurried, "topics/whole.md")
    assert max(steps) > 2
    assert [chunk.content for chunk in parts] == [chunk.content for chunk in whole]
    # Sentences were embedded once, by the first invocation alone.
    assert embedded["Sentence 5 of part 2 tells more more of it."] == 1


def test_a_document_too_long_for_topics_says_what_to_do(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunking, "MAX_TOPIC_UNITS", 47)
    document_id = world.upload("topics/long.md", TEXT)
    world.run()
    world.check()
    version = world.version(document_id, 1)
    assert (version.status, version.error_code) == (DocumentStatus.FAILED, "LIMIT_EXCEEDED")
    assert "48 sentences" in (version.error_message or "")
    assert "`structure`" in (version.error_message or "")
    ingested(world, "long.md")


def test_other_strategies_ask_for_no_model(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise AssertionError("asked for the model")

    monkeypatch.setattr(world.container.processor._chunker, "_embedder", refused)
    assert ingested(world, "a.md")
    assert ingested(world, "fixed/a.md")
