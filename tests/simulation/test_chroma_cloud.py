"""The pipeline on a real Chroma behind Chroma Cloud's rules: ingestion, filters, repair and a rebuilt index."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from portfolio_rag.adapters.chroma.client import ClientApi
from portfolio_rag.adapters.chroma.http import HttpApi
from portfolio_rag.adapters.chroma.login import Login
from portfolio_rag.adapters.chroma.vector_store import ChromaVectorStore
from portfolio_rag.domain.filters import parse_filter
from portfolio_rag.domain.jobs import JobStatus, JobType
from portfolio_rag.ports.vector_store import VectorRecord
from tests.simulation.world import COLLECTION, RAW, World
from tests.support.chroma_server import running_chroma
from tests.support.serving import serving
from tests.support.strict_chroma import DATABASE, KEY, TENANT, StrictChroma

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

LONG = "the-name-of-this-attribute-has-more-than-36-bytes"


class Cloud(ChromaVectorStore):
    """With what a world looks at of its own model of Chroma."""

    @property
    def data(self) -> dict[str, dict[str, VectorRecord]]:
        found = {}
        for name in self.collections():
            page = self.page(name, offset=0, limit=self.count(name))
            vectors = self.vectors(name, [id_ for id_, _ in page])
            found[name] = {id_: VectorRecord(id_, vectors[id_], metadata) for id_, metadata in page}
        return found


@pytest.fixture(params=[ClientApi, HttpApi])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cloud]:
    with ExitStack() as running:
        upstream, _ = running.enter_context(running_chroma(tmp_path))
        strict = StrictChroma(upstream)
        store = Cloud(running.enter_context(serving(strict.app)), request.param, login=Login(KEY, TENANT, DATABASE))
        running.callback(store.close)
        yield store
        assert strict.refused == []


@pytest.fixture
def cloud_world(store: Cloud) -> World:
    world = World()
    world.chroma = store  # type: ignore[assignment]
    world.container = type(world.container)(world)
    return world


ROOM = 100
"""Records that a collection of the small cloud takes: a test has more."""


@pytest.fixture
def small_cloud(tmp_path: Path) -> Iterator[tuple[World, StrictChroma]]:
    with ExitStack() as running:
        upstream, _ = running.enter_context(running_chroma(tmp_path))
        strict = StrictChroma(upstream, records=ROOM)
        store = Cloud(running.enter_context(serving(strict.app)), login=Login(KEY, TENANT, DATABASE))
        running.callback(store.close)
        world = World()
        world.chroma = store  # type: ignore[assignment]
        world.container = type(world.container)(world)
        yield world, strict


def guide(topic: str, paragraphs: int) -> str:
    texts = (f"Paragraph {n} says something of its own about {topic} {n}, at some length." for n in range(paragraphs))
    return f"# {topic}\n\n" + "\n\n".join(texts)


def found(world: World, raw: dict[str, object]) -> set[str]:
    passages = world.container.retrieval.search("Paragraph 7", top_k=20, where=parse_filter(raw))
    return {passage.chunk.document_id for passage in passages}


def test_the_whole_pipeline_stays_within_the_quotas(cloud_world: World, store: Cloud) -> None:
    world = cloud_world
    attributes = {LONG: "kept", **{f"field-{n}": n for n in range(40)}}
    sidecar = json.dumps({"metadataAttributes": attributes})
    world.s3.put_object(Bucket=RAW, Key="incoming/large.md.metadata.json", Body=sidecar.encode())
    large = world.upload("large.md", guide("queues", 1500))
    small = world.upload("small.md", guide("tables", 12))
    gone = world.upload("gone.md", guide("buckets", 400))
    world.rest()
    world.check()
    assert len(world.windows(large)) > 300
    assert len(world.windows(gone)) > 0
    [metadata] = store.metadata(COLLECTION, [next(iter(world.windows(large)))]).values()
    assert attributes.items() <= metadata.items()

    assert found(world, {"equals": {"key": LONG, "value": "kept"}}) == {large}
    others: dict[str, object] = {
        "andAll": [{"notEquals": {"key": LONG, "value": "kept"}}, {"equals": {"key": "s3_key", "value": "small.md"}}]
    }
    assert found(world, others) == {small}
    nine: dict[str, object] = {"andAll": [{"equals": {"key": f"field-{n}", "value": n}} for n in range(9)]}
    assert found(world, nine) == {large}

    world.delete("processed/gone.md")
    world.upload("small.md", guide("tables again", 15))
    world.rest()
    world.check()
    assert world.windows(gone) == {}
    assert set(world.windows(small).values()) == {2}

    lost = sorted(world.windows(large))[:350]
    store.delete(COLLECTION, lost)
    world.clock.advance(timedelta(hours=1))
    differences = list(world.container.full_scan.run(repair=True))
    assert any("has lost 350 vectors" in difference.detail for difference in differences)
    world.check()
    assert list(world.container.full_scan.run(repair=False)) == []

    before = set(world.windows())
    job = world.start_job(JobType.REINDEX)
    world.rest()
    assert world.jobs.get(job).status is JobStatus.COMPLETED
    assert world.container.index_aliases.current().live != COLLECTION
    assert COLLECTION not in store.collections()
    assert set(world.windows()) == before
    world.check()
    assert found(world, nine) == {large}


def test_more_windows_than_a_collection_takes_lie_in_several(small_cloud: tuple[World, StrictChroma]) -> None:
    world, strict = small_cloud
    world.partitions = 4
    world.container = type(world.container)(world)
    job = world.start_job(JobType.REINDEX)
    world.rest()
    assert world.jobs.get(job).status is JobStatus.COMPLETED
    documents = {
        name: world.upload(f"{name}.md", guide(name, 150)) for name in ("queues", "tables", "buckets", "roles")
    }
    world.rest()
    world.check()
    assert len(world.windows()) > ROOM
    assert found(world, {"equals": {"key": "s3_key", "value": "processed/tables.md"}}) <= {documents["tables"]}
    assert found(world, {"in": {"key": "document_id", "value": list(documents.values())}}) == set(documents.values())

    world.delete("processed/tables.md")
    world.partitions = 7
    world.container = type(world.container)(world)
    before = set(world.windows()) - set(world.windows(documents["tables"]))
    job = world.start_job(JobType.REINDEX)
    world.rest()
    assert world.jobs.get(job).status is JobStatus.COMPLETED
    assert set(world.windows()) == before
    world.check()
    assert list(world.container.full_scan.run(repair=False)) == []
    assert strict.refused == []

    world.partitions = 1
    world.container = type(world.container)(world)
    job = world.start_job(JobType.REINDEX)
    world.rest()
    assert world.jobs.get(job).status is JobStatus.FAILED
    assert any("records of a collection" in refusal for refusal in strict.refused)
    assert set(world.windows()) == before
    world.check()
