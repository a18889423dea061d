"""What only Chroma Cloud asks for: a key, names, and quotas; before a real server (support/strict_chroma.py)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import Any

import numpy as np
import pytest

from portfolio_rag.adapters.chroma import vector_store
from portfolio_rag.adapters.chroma.api import ChromaRefused, ChromaWay
from portfolio_rag.adapters.chroma.attributes import MAX_KEYS, MORE, packed, unpacked
from portfolio_rag.adapters.chroma.client import ClientApi
from portfolio_rag.adapters.chroma.http import HttpApi
from portfolio_rag.adapters.chroma.login import Login
from portfolio_rag.adapters.chroma.quotas import MAX_CALLS, WithinQuotas
from portfolio_rag.adapters.chroma.vector_store import ChromaVectorStore
from portfolio_rag.domain.errors import VectorStoreUnavailable
from portfolio_rag.domain.filters import matches, parse_filter
from portfolio_rag.domain.sidecar import BUILT_IN
from portfolio_rag.ports.vector_store import VectorRecord
from tests.support.chroma_server import running_chroma
from tests.support.serving import serving
from tests.support.strict_chroma import DATABASE, KEY, TENANT, StrictChroma

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

LOGIN = Login(KEY)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_chroma(tmp_path_factory.mktemp("chroma")) as (url, _):
        yield url


@pytest.fixture(scope="module")
def cloud(server: str) -> StrictChroma:
    return StrictChroma(server, databases=(DATABASE, "second"))


@pytest.fixture(scope="module")
def url(cloud: StrictChroma) -> Iterator[str]:
    with serving(cloud.app) as address:
        yield address


@pytest.fixture
def store(url: str, cloud: StrictChroma) -> Iterator[ChromaVectorStore]:
    """Its calls break no rule."""
    before = list(cloud.refused)
    with closing(ChromaVectorStore(url, login=Login(KEY, TENANT, DATABASE))) as store:
        yield store
    assert cloud.refused == before


def record(id_: str, near: float, **metadata: object) -> VectorRecord:
    row = np.array([near, 1.0], dtype=np.float32)
    return VectorRecord(id_, row / np.linalg.norm(row), {"document_id": "d1", "version": 1, **metadata})


QUESTION = np.array([1.0, 0.0], dtype=np.float32)


@pytest.mark.parametrize("way", [ClientApi, HttpApi])
@pytest.mark.parametrize(
    ("login", "problem"),
    [
        (Login("ck-wrong", TENANT, DATABASE), "check CHROMA_API_KEY"),
        (Login(KEY, "other", DATABASE), "check CHROMA_API_KEY, CHROMA_TENANT and CHROMA_DATABASE"),
        (Login(KEY), "opens more than one database: set CHROMA_DATABASE"),
    ],
)
def test_a_login_that_opens_nothing_is_an_outage_that_names_the_settings(
    url: str, way: ChromaWay, login: Login, problem: str
) -> None:
    """And no defect of the document that it was asked for: that one is tried again."""
    with closing(way(url, 5, login)) as api, pytest.raises(VectorStoreUnavailable, match=problem) as raised:
        api.names()
    assert login.key not in str(raised.value) + repr(login)


@pytest.mark.parametrize("way", [ClientApi, HttpApi])
def test_databases_do_not_see_each_others_collections(url: str, way: ChromaWay) -> None:
    with (
        closing(ChromaVectorStore(url, way, login=Login(KEY, TENANT, "second"))) as second,
        closing(ChromaVectorStore(url, way, login=Login(KEY, database=DATABASE))) as first,
    ):
        for n in range(3):
            second.ensure(f"only-there-{n}")
        assert {f"only-there-{n}" for n in range(3)} <= set(second.collections())
        assert not [name for name in first.collections() if name.startswith("only-there")]
        assert first.count("only-there-0") == 0


def test_tenant_and_database_are_quoted_and_asked_for_only_where_needed() -> None:
    def nobody() -> dict[str, Any]:
        raise AssertionError("no need to ask")

    assert Login().place(nobody) == ("default_tenant", "default_database")
    assert Login(database="mine").place(nobody) == ("default_tenant", "mine")
    assert Login("k", "a", "b").place(nobody) == ("a", "b")
    assert Login("k").place(lambda: {"tenant": "t", "databases": ["d"]}) == ("t", "d")
    for owner in ({"tenant": "*", "databases": ["d"]}, {"tenant": "t", "databases": ["*"]}, {"tenant": None}):
        with pytest.raises(VectorStoreUnavailable, match="set CHROMA_"):
            Login("k").place(lambda owner=owner: owner)  # type: ignore[misc]
    api = HttpApi("http://127.0.0.1:1", 1, Login("k", "a/b", "c d"))
    assert api._database == "/api/v2/tenants/a%2Fb/databases/c%20d"


def test_the_proxy_refuses_what_goes_beyond(url: str, cloud: StrictChroma) -> None:
    """Without the adapter's care: so the tests that pass through it prove something."""
    api = HttpApi(url, 5, Login(KEY, TENANT, DATABASE))
    made = api.create("beyond", {"hnsw": {"space": "cosine"}}, None)
    rows = np.ones((301, 2), dtype=np.float32)
    plain: dict[str, Any] = {"ids": ["a"], "embeddings": rows[:1]}
    ask: dict[str, Any] = {"query_embeddings": rows[:1], "include": []}
    for call in (
        lambda: made.upsert(ids=[str(n) for n in range(301)], embeddings=rows, metadatas=[{"a": 1}] * 301),
        lambda: made.upsert(**plain, metadatas=[{"k" * 37: 1}]),
        lambda: made.upsert(**plain, metadatas=[{"k": "ü" * 4092}]),
        lambda: made.upsert(**plain, metadatas=[{f"k{n}": 1 for n in range(33)}]),
        lambda: made.query(**ask, n_results=301),
        lambda: made.query(**ask, n_results=1, where={"$or": [{"a": {"$eq": n}} for n in range(9)]}),
    ):
        with pytest.raises(ChromaRefused, match="QuotaError"):
            call()
    del cloud.refused[-6:]
    api.close()


LONG, WIDE = "the-name-of-this-attribute-has-more-than-36-bytes", "Zürich \u2603 " * 900


def test_attributes_beyond_the_quotas_are_kept_and_found(store: ChromaVectorStore) -> None:
    many = {f"field-{n}": n for n in range(40)}
    given: dict[str, dict[str, object]] = {
        "long": {LONG: "x", "team": "storage"},
        "wide": {"summary": WIDE, "team": "compute"},
        "many": {**many, "team": "storage", "tags": ["a", "b"], "weight": 0.5, "draft": True},
        "taken": {MORE: 3, f"{MORE}_0": "not ours", "team": "network"},
        "plain": {"team": "storage", "field-39": 39},
    }
    store.upsert("attributes", [record(id_, n, **metadata) for n, (id_, metadata) in enumerate(given.items())])
    whole = {id_: {"document_id": "d1", "version": 1, **metadata} for id_, metadata in given.items()}
    assert store.metadata("attributes", list(given)) == whole
    assert dict(store.page("attributes", offset=0, limit=9)) == whole
    assert {hit.id: hit.metadata for hit in store.query("attributes", QUESTION, limit=9)} == whole

    for raw in (
        {"equals": {"key": LONG, "value": "x"}},
        {"notEquals": {"key": LONG, "value": "x"}},
        {"equals": {"key": "field-39", "value": 39}},
        {"equals": {"key": "team", "value": "storage"}},
        {"equals": {"key": MORE, "value": 3}},
        {"listContains": {"key": "tags", "value": "b"}},
        {"startsWith": {"key": "summary", "value": "Zürich"}},
        {"andAll": [{"equals": {"key": "team", "value": "storage"}}, {"greaterThan": {"key": "field-20", "value": 1}}]},
    ):
        where = parse_filter(raw)
        assert where is not None
        found = {hit.id for hit in store.query("attributes", QUESTION, limit=9, where=where)}
        assert found == {id_ for id_, metadata in whole.items() if matches(where, metadata)}, raw


def test_what_is_packed_fits_and_comes_back() -> None:
    own = dict.fromkeys(BUILT_IN, "v")
    for custom in (
        {},
        {f"k{n}": n for n in range(20)},
        {f"k{n}": n for n in range(21)},
        {f"k{n:03}": "ü" * 60 for n in range(400)},
        {"k": "x" * 8183, "tags": ["y" * 4000] * 3},
    ):
        stored = packed({**custom, **own})
        assert len(stored) <= MAX_KEYS
        assert all(len(str(value).encode()) <= 8182 for value in stored.values())
        assert own.items() <= stored.items()
        assert unpacked(stored) == {**custom, **own}
    assert packed({"a": 1}) == {"a": 1}
    with pytest.raises(ChromaRefused, match="larger than Chroma Cloud stores"):
        packed({"k": "x" * 200_000, **own})


def test_filters_with_more_comparisons_than_are_allowed(store: ChromaVectorStore) -> None:
    rows = [record(f"w{n}", n / 10, **{f"a{k}": (n + k) % 2 for k in range(12)}, number=n) for n in range(40)]
    store.upsert("comparisons", rows)
    wide: dict[str, Any] = {"orAll": [{"equals": {"key": "number", "value": n}} for n in range(30, 40)]}
    narrow: dict[str, Any] = {"andAll": [{"equals": {"key": f"a{k}", "value": k % 2}} for k in range(12)]}
    for raw in (wide, narrow, {"andAll": [narrow, wide]}, {"orAll": [narrow, wide]}):
        where = parse_filter(raw)
        assert where is not None
        found = [hit.id for hit in store.query("comparisons", QUESTION, limit=50, where=where)]
        assert found == [row.id for row in reversed(rows) if matches(where, row.metadata)], raw


def test_numbers_in_lists_are_found_however_they_are_stored(store: ChromaVectorStore) -> None:
    stored = {"int": 3, "float": 3.0, "half": 2.5, "big": 2**53 + 1, "true": True, "text": "3", "none": None}
    store.upsert("numbers", [record(id_, n, value=value) for n, (id_, value) in enumerate(stored.items())])
    for values in ([3, 4], [3.0], [2.5, 3], [2**53 + 1], [2**53], [9]):
        for operator in ("in", "notIn"):
            where = parse_filter({operator: {"key": "value", "value": values}})
            assert where is not None
            found = {hit.id for hit in store.query("numbers", QUESTION, limit=9, where=where)}
            assert found == {id_ for id_, value in stored.items() if matches(where, {"value": value})}, (
                operator,
                values,
            )


def test_what_passes_lies_beyond_the_results_of_one_query(
    store: ChromaVectorStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The nearest 300 do not pass: the windows are looked through, and where they are too many it is said."""
    rows = [record(f"w{n}", 700 - n, path=f"{'wanted' if n >= 690 else 'other'}/{n}") for n in range(700)]
    store.upsert("beyond-one", rows)
    where = parse_filter({"startsWith": {"key": "path", "value": "wanted"}})
    assert [hit.id for hit in store.query("beyond-one", QUESTION, limit=5, where=where)] == [
        f"w{n}" for n in range(690, 695)
    ]
    assert caplog.messages == []
    monkeypatch.setattr(vector_store, "_PAGES", 2)
    assert store.query("beyond-one", QUESTION, limit=5, where=where) == []
    assert "more than 600 windows of beyond-one pass" in caplog.text


def test_reads_and_writes_of_more_than_a_quota(store: ChromaVectorStore) -> None:
    names = [f"w{n}" for n in range(650)]
    store.upsert("large", [record(name, n, n=n) for n, name in enumerate(names)], fingerprint="f")
    assert store.count("large") == 650
    assert set(store.windows_of("large", "d1")) == set(names)
    assert [id_ for id_, _ in store.page("large", offset=10, limit=620)] == names[10:630]
    assert [id_ for id_, _ in store.page("large", offset=600, limit=620)] == names[600:]
    assert store.present("large", names) == set(names)
    assert list(store.vectors("large", names)) == names
    assert len(store.nearest("large", QUESTION, limit=500)) == 300
    store.delete("large", names[:400])
    assert store.count("large") == 250


def test_a_collection_of_the_distributed_engine_is_dropped_in_one_call(
    store: ChromaVectorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.upsert("dropped", [record("a", 1)])
    monkeypatch.setattr(store, "delete", lambda *_: pytest.fail("its records go with it"))
    store.drop("dropped")
    assert "dropped" not in store.collections()


def test_so_many_calls_at_a_time_reach_a_collection(store: ChromaVectorStore, cloud: StrictChroma) -> None:
    store.upsert("crowded", [record(f"w{n}", n) for n in range(50)])
    with ThreadPoolExecutor(40) as threads:
        found = list(threads.map(lambda n: len(store.nearest("crowded", QUESTION, limit=n)), range(1, 41)))
        list(threads.map(lambda n: store.upsert("crowded", [record(f"w{n}", n)]), range(40)))
    assert found == list(range(1, 41))
    assert cloud.most_calls <= MAX_CALLS


class Stuck:
    """A collection whose reads end when they are told to."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.began = threading.Semaphore(0)

    def count(self) -> int:
        self.began.release()
        self.go_on.wait()
        return 7

    def collection(self, name: str) -> Stuck:
        return self


def test_nobody_waits_longer_for_a_turn_than_for_an_answer() -> None:
    stuck = Stuck()
    handle = WithinQuotas(stuck, 0.05).collection("any")  # type: ignore[arg-type]
    with ExitStack() as ending, ThreadPoolExecutor(MAX_CALLS) as threads:
        ending.callback(stuck.go_on.set)
        under_way = [threads.submit(handle.count) for _ in range(MAX_CALLS)]
        for _ in under_way:
            stuck.began.acquire()
        with pytest.raises(VectorStoreUnavailable, match="none has ended"):
            handle.count()
        stuck.go_on.set()
        assert [call.result() for call in under_way] == [7] * MAX_CALLS
    assert handle.count() == 7
