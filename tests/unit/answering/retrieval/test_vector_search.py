"""Retrieval with a replica of the vectors: what a query costs, and that a filter loses nothing and lets nothing in."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portfolio_rag.adapters.sqlite.filters import attributes_of
from portfolio_rag.adapters.tantivy.full_text_index import TantivyFullTextIndex
from portfolio_rag.answering.retrieval import vector_search as dense
from portfolio_rag.answering.retrieval.search import PassageSearch
from portfolio_rag.answering.retrieval.vector_follower import VectorFollower
from portfolio_rag.answering.retrieval.vector_search import VectorSearch
from portfolio_rag.domain.attributes import AttributeValue
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentVersion
from portfolio_rag.domain.filters import Filter, matches, parse_filter
from portfolio_rag.ports.index_alias import IndexAlias
from tests.support.answers import Corpus, chunk_of, document
from tests.unit.adapters.tantivy.test_full_text_index import FILTERS

WORDS = ["queue", "bucket", "table", "function", "stream", "topic", "role", "key", "event", "alarm"]


class Shelf:
    """60 documents with attributes, in the stores, in the full-text index and in the replica of the vectors."""

    def __init__(self, path: Path) -> None:
        self.corpus = Corpus()
        self.index = TantivyFullTextIndex(path)
        self.versions: dict[str, DocumentVersion] = {}
        for n in range(60):
            self.put(n)
        self.follower = VectorFollower(self.index.replica, self.corpus.vector_store, self.corpus.index_aliases)
        self.follower.step(threading.Event())

    def put(self, n: int, version: int = 1, *, indexed: bool = True, **changed: AttributeValue) -> Chunk:
        metadata: dict[str, AttributeValue] = {"team": ("storage", "compute", "network")[n % 3], "final": n % 2 == 0}
        if n % 4:
            metadata |= {"year": 2022 + n % 4, "tags": ["alpha", "beta"][: n % 3]}
        made = replace(document(f"{n}.md", version), metadata={**metadata, **changed})
        text = " ".join(WORDS[(n * step) % len(WORDS)] for step in range(1, 6))
        chunk = chunk_of(made, f"{text} number{n}\n\nanother {text} paragraph{n} about {WORDS[n % 7]}")
        self.corpus.add(made, chunk)
        if indexed:
            self.index.index([(made, [chunk])])
        self.versions[made.document_id] = made
        return chunk

    def retrieval(self) -> PassageSearch:
        return self.corpus.retrieval(self.index, self.index.replica)

    def expected(self, question: str, where: Filter, limit: int) -> list[float]:
        """Cosines of the nearest windows that pass, by brute force."""
        vector = self.corpus.embedder.embed([question])[0]
        return sorted(
            (
                float(record.vector @ vector)
                for record in self.corpus.vectors.collections["knowledge"].values()
                if matches(where, attributes_of(self.versions[str(record.metadata["document_id"])]))
            ),
            reverse=True,
        )[:limit]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("shelf") / "index.sqlite")


@pytest.fixture
def own(tmp_path: Path) -> Shelf:
    """One that a test may change."""
    return Shelf(tmp_path / "index.sqlite")


def filter_of(raw: Mapping[str, object]) -> Filter:
    parsed = parse_filter(raw)
    assert parsed is not None
    return parsed


def calls_of(shelf: Shelf, question: str, where: Filter | None = None) -> list[str]:
    corpus = shelf.corpus
    corpus.vectors.calls.clear()
    corpus.reads.calls = corpus.aliases.calls = 0
    assert len(shelf.retrieval().search(question, where=where)) == 5
    assert (corpus.aliases.calls, corpus.reads.calls) == (1, 1)
    return corpus.vectors.calls


def test_a_query_asks_chroma_once_for_ids_and_each_table_once(shelf: Shelf) -> None:
    assert calls_of(shelf, "queue events and alarms of a table") == ["nearest"]


def test_a_filter_that_lets_few_pass_does_not_ask_chroma(shelf: Shelf) -> None:
    assert calls_of(shelf, "queue events", filter_of(FILTERS[0])) == []


def test_a_filter_that_lets_many_pass_asks_chroma_once_without_it(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense, "_MIN_SCAN", 0)
    monkeypatch.setattr(dense, "_HIT_IN_SCANS", 0)
    assert calls_of(shelf, "queue events", filter_of({"in": {"key": "team", "value": ["storage", "compute"]}})) == [
        "nearest"
    ]


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("raw", FILTERS)
def test_a_filtered_search_is_what_brute_force_finds(
    shelf: Shelf, raw: dict[str, Any], many: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if many:  # over-fetch whenever anything passes
        monkeypatch.setattr(dense, "_MIN_SCAN", 0)
        monkeypatch.setattr(dense, "_HIT_IN_SCANS", 0)
    where = filter_of(raw)
    search = VectorSearch(shelf.corpus.vector_store, shelf.index.replica)
    for question in ("queue events and alarms", "role of a key", "bucket paragraph7"):
        vector = shelf.corpus.embedder.embed([question])[0]
        hits = search.search("knowledge", vector, limit=15, where=where)
        assert [hit.score for hit in hits] == pytest.approx(shelf.expected(question, where, 15), abs=1e-3)
        for hit in hits:
            record = shelf.corpus.vectors.collections["knowledge"][hit.id]
            assert matches(where, attributes_of(shelf.versions[str(record.metadata["document_id"])]))
            assert {key: record.metadata[key] for key in hit.metadata} == hit.metadata


def test_what_the_replica_does_not_know_yet_is_found_all_the_same(own: Shelf) -> None:
    new = own.put(70, indexed=False)
    own.corpus.vectors.calls.clear()
    assert new in [one.chunk for one in own.retrieval().search("number70 paragraph70")]
    assert own.corpus.vectors.calls[:2] == ["nearest", "metadata"]


def test_while_the_replica_waits_for_vectors_of_what_passes_chroma_filters(own: Shelf) -> None:
    own.put(70)
    where = filter_of({"equals": {"key": "s3_key", "value": "70.md"}})
    own.retrieval().search("queue", where=where)
    assert own.corpus.vectors.where == where
    own.follower.step(threading.Event())
    own.corpus.vectors.where = None
    assert len(own.retrieval().search("queue", where=where)) == 1
    assert own.corpus.vectors.where is None


def test_a_document_that_was_replaced_a_moment_ago_is_filtered_by_chroma(own: Shelf) -> None:
    """The replica still has the old version, which is not live: its attributes say nothing of the new one."""
    new = own.put(6, version=2, indexed=False, team="moved")
    where = filter_of({"equals": {"key": "s3_key", "value": "6.md"}})
    own.corpus.vectors.where = None
    assert [one.chunk for one in own.retrieval().search("number6", where=where)][:1] == [new]
    assert own.corpus.vectors.where == where


def test_after_a_switch_the_old_vectors_are_not_compared_with(own: Shelf) -> None:
    where = filter_of(FILTERS[0])
    own.corpus.vectors.collections["rebuilt"] = dict(own.corpus.vectors.collections["knowledge"])
    own.corpus.aliases.alias = IndexAlias("rebuilt")
    own.retrieval().search("queue", where=where)
    assert own.corpus.vectors.where == where
    own.follower.step(threading.Event())
    own.corpus.vectors.where = None
    own.retrieval().search("queue", where=where)
    assert own.corpus.vectors.where is None


def test_a_chunk_of_which_chroma_lacks_a_window_goes_on_waiting(own: Shelf) -> None:
    chunk = own.put(70)
    lost = own.corpus.vectors.collections["knowledge"].pop(chunk.window_ids[1])
    own.follower.step(threading.Event())
    assert [chunk_id for _, chunk_id, _ in own.index.replica.waiting(limit=10)] == [chunk.chunk_id]
    own.corpus.vectors.collections["knowledge"][lost.id] = lost
    own.follower.step(threading.Event())
    assert own.index.replica.waiting(limit=10) == []


def test_nothing_is_read_after_the_follower_was_stopped(own: Shelf) -> None:
    own.put(70)
    stop = threading.Event()
    stop.set()
    own.follower.step(stop)
    assert len(own.index.replica.waiting(limit=10)) == 1


def test_a_file_of_another_process_does_not_answer_before_it_was_compared(tmp_path: Path) -> None:
    Shelf(tmp_path / "index.sqlite")
    again = TantivyFullTextIndex(tmp_path / "index.sqlite").replica
    assert again.matches("knowledge", filter_of(FILTERS[0])) is None
    again.follow("knowledge")
    assert again.matches("knowledge", filter_of(FILTERS[0])) is not None
    assert again.waiting(limit=1) == []


def test_the_words_are_looked_up_while_chroma_searches(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each side waits until the other has begun: one after the other, neither would ever end."""
    both = threading.Barrier(2, timeout=30)
    nearest, search = shelf.corpus.vectors.nearest, shelf.index.search

    def with_chroma(*arguments: Any, **named: Any) -> Any:
        both.wait()
        return nearest(*arguments, **named)

    def with_words(*arguments: Any, **named: Any) -> Any:
        both.wait()
        return search(*arguments, **named)

    monkeypatch.setattr(shelf.corpus.vectors, "nearest", with_chroma)
    monkeypatch.setattr(shelf.index, "search", with_words)
    assert len(shelf.retrieval().search("queue events")) == 5


def test_a_document_that_the_index_has_not_read_yet_is_found_and_known_for_new(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "index.sqlite")
    new = shelf.put(99, indexed=False)
    vector = shelf.corpus.embedder.embed([new.window_texts[0]])[0]
    search = VectorSearch(shelf.corpus.vector_store, shelf.index.replica)
    first, *others = search.search(shelf.corpus.aliases.current().live, vector, limit=5)
    assert first.metadata["chunk_id"] == new.chunk_id
    assert first.unread
    assert not any(hit.unread for hit in others if hit.metadata["chunk_id"] != new.chunk_id)
