"""The Chroma adapter against a real Chroma server: by Chroma's own client and by plain requests, in the same tests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import chromadb
import httpx
import numpy as np
import psutil
import pytest

from portfolio_rag.adapters.chroma.api import ChromaRefused, ChromaWay
from portfolio_rag.adapters.chroma.client import ClientApi, ClientCollection
from portfolio_rag.adapters.chroma.http import HttpApi, HttpCollection
from portfolio_rag.adapters.chroma.login import NO_LOGIN, Login
from portfolio_rag.adapters.chroma.vector_store import ChromaVectorStore
from portfolio_rag.adapters.process.circuit_breaker import FAILURES, OPEN_SECONDS, CircuitBreaker, guarded
from portfolio_rag.adapters.tantivy.full_text_index import TantivyFullTextIndex
from portfolio_rag.answering.retrieval.vector_search import VectorSearch
from portfolio_rag.domain.access import (
    Access,
    AccessEntry,
    AccessRules,
    PrincipalType,
    access_attributes,
    viewer_of,
)
from portfolio_rag.domain.documents import LiveDocument
from portfolio_rag.domain.errors import VectorStoreUnavailable
from portfolio_rag.domain.filters import parse_filter
from portfolio_rag.local.isolation import free_ports
from portfolio_rag.pipeline.ingestion.embedding import window_records
from portfolio_rag.ports.vector_store import VectorRecord
from tests.support.answers import chunk_of, document
from tests.support.chroma_server import running_chroma
from tests.support.serving import serving
from tests.support.strict_chroma import KEY, StrictChroma

# chromadb's own start-up warns about deprecations of its dependencies.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module", params=["client", "http", "client-cloud", "http-cloud"])
def kind(request: pytest.FixtureRequest) -> str:
    """How Chroma is spoken to, and whether it is one node or has Chroma Cloud's rules (support/strict_chroma.py)."""
    return str(request.param)


@pytest.fixture(scope="module")
def way(kind: str) -> ChromaWay:
    return ClientApi if kind.startswith("client") else HttpApi


@pytest.fixture(scope="module")
def login(kind: str) -> Login:
    return Login(KEY) if kind.endswith("cloud") else NO_LOGIN


@dataclass(frozen=True)
class Server:
    url: str
    process: subprocess.Popen[bytes]


@pytest.fixture(scope="module")
def url(server: Server) -> str:
    return server.url


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, login: Login) -> Iterator[Server]:
    """One server for each kind."""
    with ExitStack() as running:
        address, process = running.enter_context(running_chroma(tmp_path_factory.mktemp("chroma")))
        if login.key:
            strict = StrictChroma(address)
            yield Server(running.enter_context(serving(strict.app)), process)
            assert strict.refused == []
        else:
            yield Server(address, process)


@pytest.fixture
def store(url: str, way: ChromaWay, login: Login) -> Iterator[ChromaVectorStore]:
    store = ChromaVectorStore(url, way, login=login)
    yield store
    store.close()


def unit(*values: float) -> np.ndarray:
    vector = np.asarray(values, dtype=np.float32)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def record(id_: str, *values: float, **metadata: object) -> VectorRecord:
    return VectorRecord(id_, unit(*values), {"document_id": "d1", **metadata})


def test_the_nearest_come_first_with_their_cosine(store: ChromaVectorStore) -> None:
    store.upsert("nearest", [record("a", 1, 0), record("b", 1, 1), record("c", 0, 1)])
    hits = store.query("nearest", unit(1, 0.1), limit=2)
    assert [hit.id for hit in hits] == ["a", "b"]
    assert hits[0].score == pytest.approx(float(unit(1, 0) @ unit(1, 0.1)), abs=1e-4)
    assert hits[0].metadata["document_id"] == "d1"


def test_the_same_ids_again_replace_and_do_not_add(store: ChromaVectorStore) -> None:
    store.upsert("again", [record("a", 1, 0), record("a", 0, 1)])
    store.upsert("again", [record("a", 1, 0, team="x", tags=["p", "q"], nothing=None, empty=[])])
    assert store.count("again") == 1
    metadata = store.query("again", unit(1, 0), limit=1)[0].metadata
    assert metadata["team"] == "x"
    assert metadata["tags"] == ["p", "q"]


@pytest.fixture
def written(kind: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids that reach Chroma in writes, in order."""
    collection: Any = ClientCollection if kind.startswith("client") else HttpCollection
    upsert, seen = collection.upsert, []

    def noted(self: Any, *, ids: list[str], **rows: Any) -> None:
        seen.extend(ids)
        upsert(self, ids=ids, **rows)

    monkeypatch.setattr(collection, "upsert", noted)
    return seen


def test_a_write_that_is_repeated_leaves_out_what_is_there_and_the_same(
    store: ChromaVectorStore, written: list[str]
) -> None:
    rng = np.random.default_rng(5)
    access = access_attributes(document("d1"))
    attributes = {**access, "tags": ["p", "q"], "pages": [1, 2], "weight": 0.1, "draft": False, "nothing": None}
    attributes |= {f"attribute {n}": n for n in range(40)} | {"long": "x" * 9000}
    given = [record(str(n), *rng.normal(size=384), **attributes, window=n) for n in range(620)]
    store.upsert("repeats", given[:610])
    assert written == [str(n) for n in range(610)]
    given[3] = replace(given[3], vector=unit(*rng.normal(size=384)))
    given[605] = replace(given[605], metadata={**given[605].metadata, "weight": 0.2})
    written.clear()
    store.upsert("repeats", given, fingerprint="f", repeated=True)
    assert sorted(written, key=int) == ["3", "605", *(str(n) for n in range(610, 620))]
    written.clear()
    store.upsert("repeats", given, repeated=True)
    assert written == []
    assert store.count("repeats") == 620
    assert store.metadata("repeats", ["605"])["605"]["weight"] == 0.2
    assert store.similarities("repeats", ["3"], given[3].vector)["3"] == pytest.approx(1.0, abs=1e-5)
    assert store.query("repeats", given[3].vector, limit=1)[0].id == "3"


def test_a_write_that_is_repeated_makes_a_collection_that_is_gone(store: ChromaVectorStore, written: list[str]) -> None:
    store.upsert("repeats-anew", [record("a", 1, 0)], fingerprint="f")
    store.drop("repeats-anew")
    written.clear()
    store.upsert("repeats-anew", [record("a", 1, 0)], fingerprint="g", repeated=True)
    assert written == ["a"]
    assert store.fingerprint("repeats-anew") == "g"


def test_filters_and_deletes(store: ChromaVectorStore) -> None:
    store.upsert("filters", [record("a", 1, 0, version=1), record("b", 1, 0, version=2), record("c", 0, 1, version=2)])
    second = parse_filter(
        {"andAll": [{"equals": {"key": "document_id", "value": "d1"}}, {"equals": {"key": "version", "value": 2}}]}
    )
    assert store.windows_of("filters", "d1") == {"a": 1, "b": 2, "c": 2}
    assert store.windows_of("filters", "d2") == {}
    assert [hit.id for hit in store.query("filters", unit(1, 0), limit=5, where=second)] == ["b", "c"]
    store.delete("filters", ["b", "unknown"])
    assert store.windows_of("filters", "d1") == {"a": 1, "c": 2}


def test_access_lists_are_filtered_by_chroma_as_the_domain_says(store: ChromaVectorStore) -> None:
    board = AccessEntry("board", PrincipalType.GROUP, Access.ALLOW)
    not_ann = AccessEntry("ann", PrincipalType.USER, Access.DENY)
    documents = {
        "a": LiveDocument("a", 1, "a.md", "processed/acme/a.md", "", "md", access_list=(board,)),
        "b": LiveDocument("b", 1, "b.md", "processed/globex/b.md", "", "md", access_list=(board, not_ann)),
        "c": LiveDocument("c", 1, "c.md", "processed/c.md", "", "md"),
    }
    store.upsert("lists", [record(name, 1, 0, **access_attributes(of)) for name, of in documents.items()])
    for viewer in (
        viewer_of("ann", ["board"], None, AccessRules()),
        viewer_of("bob", ["board"], None, AccessRules()),
        viewer_of("bob", ["board"], "globex", AccessRules()),
        viewer_of("bob", [], None, AccessRules()),
        viewer_of("bob", [], "acme", None),
    ):
        found = store.query("lists", unit(1, 0), limit=5, where=viewer.restrict(None))
        assert {hit.id for hit in found} == {name for name, of in documents.items() if viewer.sees(of)}


def test_filters_that_chroma_cannot_answer_find_all_that_passes(store: ChromaVectorStore) -> None:
    """Those that pass are the farthest of 60, so that one look is not enough."""
    far = [record(f"far-{n}", 0, 1, s3_key=f"guides/{n}.md", team="storage") for n in range(3)]
    near = [record(f"near-{n}", 1, n / 100, s3_key="other/guides/x.md") for n in range(57)]
    store.upsert("bedrock", [*near, *far])

    def found(raw: dict[str, object], limit: int = 5) -> set[str]:
        return {hit.id for hit in store.query("bedrock", unit(1, 0), limit=limit, where=parse_filter(raw))}

    ids = {one.id for one in far}
    starts: dict[str, object] = {"startsWith": {"key": "s3_key", "value": "guides/"}}
    assert found(starts) == ids
    assert found({"notIn": {"key": "team", "value": ["compute"]}}) == ids
    assert found({"notIn": {"key": "team", "value": ["storage"]}}) == set()
    assert found({"stringContains": {"key": "s3_key", "value": "/1.md"}}) == {"far-1"}
    assert found({"andAll": [{"equals": {"key": "team", "value": "storage"}}, starts]}, limit=2) < ids
    assert len(found({"orAll": [{"equals": {"key": "team", "value": "storage"}}, starts]}, limit=50)) == 3
    assert len(found({"stringContains": {"key": "s3_key", "value": "guides"}}, limit=100)) == 60


def test_a_missing_collection_is_empty_and_is_made_by_the_first_write(store: ChromaVectorStore) -> None:
    assert store.query("missing", unit(1, 0), limit=5) == []
    assert store.count("missing") == 0
    assert store.windows_of("missing", "d1") == {}
    store.delete("missing", ["a"])
    store.drop("missing")
    assert "missing" not in store.collections()
    store.upsert("missing", [record("a", 1, 0)])
    assert store.count("missing") == 1


def test_the_tags_of_a_dropped_collection_do_not_come_back_on_others(store: ChromaVectorStore) -> None:
    store.upsert("cancelled", [record(f"old-{n}", 1, n, tags=["gone", f"old-{n}"]) for n in range(20)])
    store.drop("cancelled")
    store.upsert("kept", [record(f"new-{n}", 1, n) for n in range(20)])
    told = store.metadata("kept", [f"new-{n}" for n in range(20)])
    assert told == {f"new-{n}": {"document_id": "d1"} for n in range(20)}
    gone = parse_filter({"listContains": {"key": "tags", "value": "gone"}})
    assert store.query("kept", unit(1, 0), limit=20, where=gone) == []


def test_a_frozen_server_costs_the_first_calls_their_deadline_and_the_next_ones_nothing(
    server: Server, way: ChromaWay, login: Login
) -> None:
    now = [0.0]
    store = guarded(
        ChromaVectorStore(server.url, way, timeout=0.3, login=login), CircuitBreaker("Chroma", clock=lambda: now[0])
    )
    store.upsert("frozen", [record("a", 1, 0)])
    server.process.send_signal(signal.SIGSTOP)
    os.waitpid(server.process.pid, os.WUNTRACED)  # until its last thread has stopped
    try:
        for _ in range(FAILURES):
            with pytest.raises(VectorStoreUnavailable, match="does not answer"):
                store.nearest("frozen", unit(1, 0), limit=1)
        with pytest.raises(VectorStoreUnavailable) as refusal:
            store.nearest("frozen", unit(1, 0), limit=1)
        assert refusal.value.retry_after_seconds == OPEN_SECONDS
    finally:
        server.process.send_signal(signal.SIGCONT)
    now[0] += OPEN_SECONDS
    assert [id_ for id_, _ in store.nearest("frozen", unit(1, 0), limit=1)] == ["a"]


def test_a_collection_made_anew_behind_our_back_is_found_again(
    store: ChromaVectorStore, url: str, way: ChromaWay, login: Login
) -> None:
    store.upsert("renewed", [record("a", 1, 0)])
    other = ChromaVectorStore(url, way, login=login)
    other.drop("renewed")
    assert store.query("renewed", unit(1, 0), limit=1) == []
    other.upsert("renewed", [record("b", 1, 0)])
    assert [hit.id for hit in store.query("renewed", unit(1, 0), limit=1)] == ["b"]
    other.drop("renewed")
    store.upsert("renewed", [record("c", 1, 0)])
    assert store.present("renewed", ["a", "b", "c"]) == {"c"}
    other.close()


@pytest.mark.parametrize("other_way", [ClientApi, HttpApi])
def test_one_way_reads_what_the_other_has_written(
    store: ChromaVectorStore, url: str, other_way: ChromaWay, login: Login
) -> None:
    collection = f"shared-{'http' if other_way is HttpApi else 'client'}"
    metadata = {"tags": ["p", "q"], "size": 3, "weight": 0.1, "draft": True, "title": "Zürich \u2603"}
    store.upsert(collection, [record("a b/\u00fc#0", 0.1, 0.7, **metadata), record("b", 1, 0)], fingerprint="f")
    with closing(ChromaVectorStore(url, other_way, login=login)) as other:
        assert other.fingerprint(collection) == "f"
        assert other.count(collection) == 2
        assert other.metadata(collection, ["a b/\u00fc#0"]) == {"a b/\u00fc#0": {"document_id": "d1", **metadata}}
        for id_, vector in store.vectors(collection, ["a b/\u00fc#0", "b"]).items():
            assert np.array_equal(other.vectors(collection, [id_])[id_], vector)
        assert other.query(collection, unit(1, 0.2), limit=2) == store.query(collection, unit(1, 0.2), limit=2)
        mine, theirs = (reader._api.collection(collection).configuration for reader in (store, other))
        assert (mine["hnsw"], mine["spann"]) == (theirs["hnsw"], theirs["spann"])
        other.drop(collection)
    assert collection not in store.collections()


def test_more_than_one_call_can_hold(store: ChromaVectorStore) -> None:
    rng = np.random.default_rng(1)
    store.upsert("many", [record(f"id{n}", *rng.normal(size=4)) for n in range(5600)])
    assert store.count("many") == 5600


def test_a_server_that_stalls_is_given_up(way: ChromaWay) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(VectorStoreUnavailable, match=r"does not answer: .*timed out"):
            way(f"http://127.0.0.1:{silent.getsockname()[1]}", 0.05).heartbeat()


@pytest.mark.parametrize(
    ("status", "body", "length", "problem"),
    [
        ("502 Bad Gateway", b"<p>no</p>", 9, "does not answer: .*502"),
        ("503 Busy", b"{}", 2, "does not answer: .*503"),
        ("429 Slow", b'{"error": "RateLimitError"}', 27, "does not answer: .*429"),
        ("500 Oh", b'{"error": "InternalError"}', 26, "does not answer: .*500"),
        ("200 OK", b"{", 40, "does not answer"),
    ],
)
def test_what_is_no_answer_can_be_tried_again(
    status: str, body: bytes, length: int, problem: str, way: ChromaWay
) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def reply() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n".encode() + body)

        thread = threading.Thread(target=reply)
        thread.start()
        api = way(f"http://127.0.0.1:{server.getsockname()[1]}", 5)
        with pytest.raises(VectorStoreUnavailable, match=problem):
            api.heartbeat()
        thread.join()
        api.close()


def test_a_wrong_request_is_a_defect_and_not_an_outage(store: ChromaVectorStore) -> None:
    store.upsert("wrong", [record("a", 1, 0)])
    with pytest.raises(ChromaRefused, match="InvalidArgument"):
        store.query("wrong", unit(1, 0, 0), limit=1)


@pytest.mark.parametrize(("scheme", "verified"), [("https", True), ("http", False)])
def test_certificates_are_read_and_verified_with_https_alone(
    scheme: str, verified: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}
    made: dict[str, Any] = {}

    def get(url: str, **named: Any) -> httpx.Response:
        asked.update(named, url=url)
        return httpx.Response(200, request=httpx.Request("GET", url))

    def client(**named: Any) -> Any:
        made.update(named)
        raise httpx.ConnectError("far enough")

    monkeypatch.setattr(httpx, "get", get)
    monkeypatch.setattr(chromadb, "HttpClient", client)
    with pytest.raises(VectorStoreUnavailable):
        ClientApi(f"{scheme}://chroma.example", timeout=5).heartbeat()
    assert (asked["url"], asked["verify"]) == (f"{scheme}://chroma.example/api/v2/heartbeat", verified)
    assert made["ssl"] is verified
    assert made["settings"].chroma_server_ssl_verify is (None if verified else False)


def test_all_connections_are_closed(url: str, way: ChromaWay, login: Login) -> None:
    def connections() -> int:
        own = psutil.Process().net_connections("tcp")
        return sum(one.raddr.port == httpx.URL(url).port for one in own if one.raddr and one.status == "ESTABLISHED")

    before = connections()
    with closing(ChromaVectorStore(url, way, login=login)) as store:
        store.ping()
        assert connections() > before
    assert connections() == before


def test_a_server_that_is_not_there(way: ChromaWay) -> None:
    store = ChromaVectorStore(f"http://127.0.0.1:{free_ports(1)[0]}", way)
    with pytest.raises(VectorStoreUnavailable, match="does not answer"):
        store.ping()
    with pytest.raises(VectorStoreUnavailable):
        store.upsert("any", [record("a", 1, 0)])


def test_similarities_of_named_windows(store: ChromaVectorStore) -> None:
    store.upsert("similar", [record("a", 1, 0), record("b", 1, 1), record("c", 0, 1)])
    found = store.similarities("similar", ["c", "b", "unknown", "b"], unit(1, 0))
    assert found == {"b": pytest.approx(0.5**0.5, abs=1e-5), "c": pytest.approx(0.0, abs=1e-5)}
    assert store.similarities("nowhere", ["a"], unit(1, 0)) == {}
    assert store.similarities("similar", [], unit(1, 0)) == {}


def test_ids_cosines_vectors_and_metadata_are_those_of_a_query(store: ChromaVectorStore) -> None:
    store.upsert("parts", [record("a", 1, 0, team="x"), record("b", 1, 1), record("c", 0, 1)])
    wanted = store.query("parts", unit(1, 0.1), limit=2)
    assert store.nearest("parts", unit(1, 0.1), limit=2) == [(hit.id, hit.score) for hit in wanted]
    assert store.metadata("parts", ["a", "unknown"]) == {"a": {"document_id": "d1", "team": "x"}}
    vectors = store.vectors("parts", ["c", "unknown", "c"])
    assert list(vectors) == ["c"]
    assert vectors["c"] == pytest.approx(unit(0, 1))
    for nothing in (store.nearest("nowhere", unit(1, 0), limit=2), store.vectors("nowhere", ["a"])):
        assert not nothing
    assert store.metadata("nowhere", ["a"]) == {}


def test_a_collection_has_our_settings_and_one_with_chromas_own_is_named(
    store: ChromaVectorStore, url: str, way: ChromaWay, login: Login, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("WARNING"):
        store.ensure("settings")
        with closing(ChromaVectorStore(url, way, login=login)) as other:
            assert other.count("settings") == 0
    assert caplog.messages == []
    made = store._api.collection("settings").configuration
    if login.key:
        assert made["spann"]["space"] == "cosine"
    else:
        names = ("space", "ef_construction", "ef_search", "max_neighbors")
        assert [made["hnsw"][name] for name in names] == ["cosine", 200, 200, 32]
    store._api.create("defaults", {}, None)
    with caplog.at_level("WARNING"):
        store.count("defaults")
    [message] = caplog.messages
    assert "defaults has space l2 and not cosine" in message
    assert ("ef_search 100 and not 200" in message) is not bool(login.key)
    assert "REINDEX" in message


def test_what_is_found_is_what_exact_search_finds(store: ChromaVectorStore, tmp_path: Path) -> None:
    """3,000 windows around 60 centres, and filters that let a few, a third and nearly all of them pass."""
    random = np.random.default_rng(3)
    centres = random.standard_normal((60, 48))
    rows = centres[random.integers(0, 60, 3000)] + 0.6 * random.standard_normal((3000, 48))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    index = TantivyFullTextIndex(tmp_path / "index.sqlite")
    index.replica.follow("recall")
    ids: list[str] = []
    groups: list[int] = []
    for n in range(300):
        version = replace(document(f"{n}.md"), metadata={"group": n % 30})
        chunk = chunk_of(version, "\n\n".join(["a window"] * 10))
        index.index([(version, [chunk])])
        own = rows[n * 10 : n * 10 + 10]
        store.upsert("recall", window_records(version, chunk, own))
        index.replica.store("recall", {chunk.chunk_id: own})
        ids += chunk.window_ids
        groups += [n % 30] * 10
    search = VectorSearch(store, index.replica)
    filters: list[tuple[dict[str, object] | None, np.ndarray]] = [
        (None, np.ones(3000, bool)),
        ({"equals": {"key": "group", "value": 7}}, np.array(groups) == 7),
        ({"lessThan": {"key": "group", "value": 10}}, np.array(groups) < 10),
        ({"notEquals": {"key": "group", "value": 3}}, np.array(groups) != 3),
    ]
    for raw, passes in filters:
        found = []
        for query in rows[::150] + np.float32(0.02):
            exact = np.where(passes, rows @ query, -np.inf)
            wanted = {ids[row] for row in np.argsort(-exact)[:5]}
            hits = search.search("recall", query, limit=5, where=parse_filter(raw))
            assert all(passes[ids.index(hit.id)] for hit in hits)
            found.append(len(wanted & {hit.id for hit in hits}) / 5)
        assert np.mean(found) >= 0.98, raw


def test_a_collection_keeps_the_label_that_it_was_made_with(
    store: ChromaVectorStore, url: str, way: ChromaWay, login: Login
) -> None:
    store.upsert("labelled", [record("a", 1, 0)], fingerprint="first")
    store.upsert("labelled", [record("b", 1, 0)], fingerprint="second")
    store.ensure("plain")
    other = ChromaVectorStore(url, way, login=login)
    assert [other.fingerprint(name) for name in ("labelled", "plain", "nowhere")] == ["first", None, None]
    other.close()


def test_a_label_is_asked_for_once(store: ChromaVectorStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.ensure("asked", fingerprint="first")
    store._collections.clear()
    assert store.fingerprint("asked") == "first"
    monkeypatch.setattr(store, "_api", None)
    assert store.fingerprint("asked") == "first"


def test_which_ids_are_there(store: ChromaVectorStore) -> None:
    store.upsert("there", [record("a", 1, 0), record("b", 1, 0)])
    assert store.present("there", ["a", "c"]) == {"a"}
    assert store.present("there", []) == set()
    assert store.present("nowhere-at-all", ["a"]) == set()


def test_pages_go_by_insertion_whatever_is_replaced_or_deleted(store: ChromaVectorStore) -> None:
    store.upsert("paged", [record(name, 1, 0, version=1) for name in "zaymb"])
    store.upsert("paged", [record("a", 0, 1, version=2)])
    second = store.page("paged", offset=1, limit=2)
    assert [(id_, metadata["version"]) for id_, metadata in second] == [("a", 2), ("y", 1)]
    store.delete("paged", ["z"])
    store.upsert("paged", [record("z", 1, 0, version=1)])
    assert [id_ for id_, _ in store.page("paged", offset=0, limit=9)] == ["a", "y", "m", "b", "z"]
    assert store.page("nowhere-at-all", offset=0, limit=9) == []
