"""An index of several collections on a real Chroma, and within Chroma Cloud's quotas: it answers as one does."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass

import numpy as np
import pytest

from portfolio_rag.adapters.chroma.api import ChromaRefused
from portfolio_rag.adapters.chroma.login import NO_LOGIN, Login
from portfolio_rag.adapters.chroma.partitions import PartitionedVectorStore
from portfolio_rag.adapters.chroma.quotas import MAX_CALLS
from portfolio_rag.adapters.chroma.vector_store import ChromaVectorStore
from portfolio_rag.adapters.process.threads import Threads
from portfolio_rag.domain.errors import VectorStoreUnavailable
from portfolio_rag.domain.filters import matches, parse_filter
from portfolio_rag.domain.index_names import partition_name, partition_names
from portfolio_rag.ports.vector_store import VectorRecord
from portfolio_rag.ports.vectors import Vectors
from tests.support.chroma_server import running_chroma
from tests.support.serving import serving
from tests.support.strict_chroma import KEY, StrictChroma

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ROOM = 600
"""Records that a collection of the strict server takes."""

DOCUMENTS, WINDOWS = 40, 25


@dataclass(frozen=True)
class Stores:
    """The same server: by its collections, and by indexes."""

    plain: ChromaVectorStore
    partitioned: PartitionedVectorStore
    strict: StrictChroma | None


@pytest.fixture(scope="module", params=["node", "cloud"])
def stores(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with ExitStack() as running:
        url, _ = running.enter_context(running_chroma(tmp_path_factory.mktemp("chroma")))
        strict = StrictChroma(url, records=ROOM) if request.param == "cloud" else None
        if strict is not None:
            url = running.enter_context(serving(strict.app))
        plain = running.enter_context(closing(ChromaVectorStore(url, login=Login(KEY) if strict else NO_LOGIN)))
        yield Stores(plain, PartitionedVectorStore(plain, Threads(16)), strict)


def records(documents: int = DOCUMENTS) -> list[VectorRecord]:
    rows = np.random.default_rng(5).standard_normal((documents * WINDOWS, 24)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return [
        VectorRecord(
            f"{n // WINDOWS}-{n % WINDOWS}#0",
            row,
            {"document_id": f"d{n // WINDOWS}", "version": 1, "group": n % 3, "path": f"guides/{n % 50}.md"},
        )
        for n, row in enumerate(rows)
    ]


def filled(stores: Stores, name: str, partitions: int) -> tuple[str, list[VectorRecord]]:
    """1,000 windows, more than ROOM."""
    index = f"{name}-1a2b3c4d-of{partitions}"
    given = records()
    stores.partitioned.ensure(index, fingerprint="f")
    stores.partitioned.upsert(index, given, fingerprint="f")
    return index, given


def question(given: list[VectorRecord], number: int) -> Vectors:
    return np.asarray(given[number].vector + np.float32(0.02), dtype=np.float32)


def test_what_one_collection_has_no_room_for_lies_in_several(stores: Stores) -> None:
    index, given = filled(stores, "room", 4)
    assert stores.partitioned.count(index) == len(given) == 1000
    for part in stores.partitioned.parts(index):
        documents = {metadata["document_id"] for _, metadata in stores.plain.page(part, offset=0, limit=1000)}
        assert documents == {f"d{n}" for n in range(DOCUMENTS) if partition_name(index, f"d{n}") == part}
        assert 0 < stores.plain.count(part) <= ROOM
    if stores.strict is not None:
        with pytest.raises(ChromaRefused, match="records of a collection, 600 are allowed"):
            stores.partitioned.upsert("room", given)
        stores.partitioned.drop("room")
        assert len(stores.strict.refused) == 1
        stores.strict.refused.clear()


def test_the_nearest_are_those_of_all_collections(stores: Stores) -> None:
    index, given = filled(stores, "nearest", 3)
    matrix = np.stack([record.vector for record in given])
    filters: list[dict[str, object] | None] = [
        None,
        {"equals": {"key": "group", "value": 1}},
        {"startsWith": {"key": "path", "value": "guides/1"}},
    ]
    for raw in filters:
        where = parse_filter(raw)
        passes = np.array([where is None or matches(where, record.metadata) for record in given])
        for number in range(0, 1000, 100):
            vector = question(given, number)
            exact = np.where(passes, matrix @ (vector / np.linalg.norm(vector)), -np.inf)
            wanted = [given[row].id for row in np.argsort(-exact)[:10]]
            hits = stores.partitioned.query(index, vector, limit=10, where=where)
            assert [hit.id for hit in hits] == wanted, raw
            assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
            by_id = {record.id: record.metadata for record in given}
            assert all(hit.metadata == by_id[hit.id] for hit in hits)
            if raw is None:
                assert stores.partitioned.nearest(index, vector, limit=10) == [(hit.id, hit.score) for hit in hits]
    assert stores.strict is None or stores.strict.refused == []


def test_reads_by_id_find_what_lies_anywhere(stores: Stores) -> None:
    index, given = filled(stores, "reads", 3)
    asked = [record.id for record in given[::40]]
    assert stores.partitioned.present(index, [*asked, "unknown"]) == set(asked)
    assert stores.partitioned.metadata(index, asked) == {record.id: record.metadata for record in given[::40]}
    vectors = stores.partitioned.vectors(index, [*asked, "unknown"])
    similarities = stores.partitioned.similarities(index, asked, given[0].vector)
    for record in given[::40]:
        assert vectors[record.id] == pytest.approx(record.vector, abs=1e-6)
        assert similarities[record.id] == pytest.approx(float(record.vector @ given[0].vector), abs=1e-5)
    assert len(vectors) == len(asked)


def test_what_concerns_a_document_goes_to_its_collection_alone(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    index, given = filled(stores, "alone", 3)
    mine = [record.id for record in given if record.metadata["document_id"] == "d7"]
    asked: Counter[str] = Counter()
    original = stores.plain._with

    def counted(collection: str, operation: str, **arguments: object) -> object:
        asked[collection] += 1
        return original(collection, operation, **arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(stores.plain, "_with", counted)
    assert stores.partitioned.windows_of(index, "d7") == dict.fromkeys(mine, 1)
    assert stores.partitioned.present(index, mine, document_id="d7") == set(mine)
    stores.partitioned.upsert(index, [record for record in given if record.metadata["document_id"] == "d7"])
    stores.partitioned.delete(index, mine, document_id="d7")
    assert asked.keys() == {partition_name(index, "d7")}
    assert stores.partitioned.windows_of(index, "d7") == {}
    assert stores.partitioned.count(index) == len(given) - len(mine)


def test_a_window_in_the_wrong_collection_is_deleted_where_it_is(stores: Stores) -> None:
    index, given = filled(stores, "wrong", 2)
    right = partition_name(index, "d0")
    [wrong] = set(partition_names(index)) - {right}
    stores.plain.upsert(wrong, [given[0]])
    assert stores.partitioned.count(index) == len(given) + 1
    stores.partitioned.delete(index, [given[0].id])
    assert stores.partitioned.count(index) == len(given) - 1


def test_an_index_is_listed_and_dropped_as_one(stores: Stores) -> None:
    index = "listed-1a2b3c4d-of3"
    stores.partitioned.ensure(index, fingerprint="f")
    stores.partitioned.ensure("listed")
    assert set(partition_names(index)) < set(stores.plain.collections())
    assert [name for name in stores.partitioned.collections() if name.startswith("listed")].count(index) == 1
    # A drop that broke off is gone on with.
    stores.plain.drop(f"{index}-0")
    assert index in stores.partitioned.collections()
    stores.partitioned.drop(index)
    stores.partitioned.drop(index)
    assert [name for name in stores.plain.collections() if name.startswith("listed")] == ["listed"]
    assert stores.partitioned.count(index) == 0
    assert stores.partitioned.query(index, np.ones(24, dtype=np.float32), limit=5) == []
    assert stores.partitioned.fingerprint(index) is None


def test_collections_of_different_models_are_an_index_of_none(stores: Stores) -> None:
    index = "labels-1a2b3c4d-of2"
    stores.partitioned.ensure(index, fingerprint="first")
    assert stores.partitioned.fingerprint(index) == "first"
    stores.plain.drop(f"{index}-1")
    assert stores.partitioned.fingerprint(index) == "first"
    stores.plain.ensure(f"{index}-1", fingerprint="second")
    assert stores.partitioned.fingerprint(index) == "first+second"


class OneAway:
    """A store one of whose collections does not answer."""

    def nearest(self, collection: str, vector: Vectors, *, limit: int) -> list[tuple[str, float]]:
        if collection.endswith("-1"):
            raise VectorStoreUnavailable("away")
        return [("a#0", 0.5)]


def test_hits_of_some_collections_are_not_taken_for_those_of_all() -> None:
    store = PartitionedVectorStore(OneAway(), Threads())  # type: ignore[arg-type]
    with pytest.raises(VectorStoreUnavailable, match="away"):
        store.nearest("kb-1a2b3c4d-of3", np.ones(2, dtype=np.float32), limit=3)
    assert store.nearest("kb", np.ones(2, dtype=np.float32), limit=3) == [("a#0", 0.5)]


class Together:
    """Answers when as many searches wait as there are collections."""

    def __init__(self, parties: int) -> None:
        self._barrier = threading.Barrier(parties, timeout=20)

    def nearest(self, collection: str, vector: Vectors, *, limit: int) -> list[tuple[str, float]]:
        self._barrier.wait()
        return [(f"{collection}#0", float(collection[-1]))]


def test_a_search_asks_all_collections_side_by_side() -> None:
    store = PartitionedVectorStore(Together(5), Threads())  # type: ignore[arg-type]
    hits = store.nearest("kb-1a2b3c4d-of5", np.ones(2, dtype=np.float32), limit=2)
    assert hits == [("kb-1a2b3c4d-of5-4#0", 4.0), ("kb-1a2b3c4d-of5-3#0", 3.0)]


def test_many_searches_stay_within_the_calls_of_each_collection(stores: Stores) -> None:
    index, given = filled(stores, "crowded", 3)
    with ThreadPoolExecutor(30) as threads:
        found = threads.map(lambda n: stores.partitioned.nearest(index, question(given, n), limit=5), range(30))
        assert [hits[0][0] for hits in found] == [record.id for record in given[:30]]
    if stores.strict is not None:
        assert stores.strict.refused == []
        assert stores.strict.most_calls <= MAX_CALLS
