"""The replica of the vectors: filters against brute force, and what it says while it is not whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from portfolio_rag.adapters.sqlite.filters import attributes_of
from portfolio_rag.adapters.tantivy.full_text_index import TantivyFullTextIndex
from portfolio_rag.domain.attributes import AttributeValue
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentVersion
from portfolio_rag.domain.filters import Filter, matches, parse_filter
from portfolio_rag.domain.identifiers import window_id
from portfolio_rag.ports.vector_replica import PassingWindows
from portfolio_rag.ports.vectors import Vectors
from tests.support.answers import chunk_of, document
from tests.unit.adapters.tantivy.test_full_text_index import FILTERS

DIMENSIONS = 16
_random = np.random.default_rng(7)


def unit(*shape: int) -> Vectors:
    made = _random.standard_normal((*shape, DIMENSIONS)).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=-1, keepdims=True), dtype=np.float32)


class Library:
    """An index of 60 documents with two chunks each, their vectors stored, and the same in plain lists."""

    def __init__(self, path: Path) -> None:
        self.index = TantivyFullTextIndex(path)
        self.replica = self.index.replica
        self.documents: dict[str, DocumentVersion] = {}
        self.rows: dict[str, tuple[str, np.ndarray]] = {}
        self.replica.follow("live")
        made = [self._made(n) for n in range(60)]
        self.index.index(made)
        for _, chunks in made:
            self._store(chunks)

    def add(self, n: int, *, stored: bool = True) -> list[Chunk]:
        made, chunks = self._made(n)
        self.index.index([(made, chunks)])
        if stored:
            self._store(chunks)
        return chunks

    def _made(self, n: int) -> tuple[DocumentVersion, list[Chunk]]:
        metadata: dict[str, AttributeValue] = {"team": ("storage", "compute", "network")[n % 3], "final": n % 2 == 0}
        if n % 4:
            metadata |= {"year": 2022 + n % 4 + (0.5 if n % 5 == 0 else 0), "tags": ["alpha", "beta"][: n % 3]}
        made = replace(document(f"{n}.md"), metadata=metadata)
        chunks = [chunk_of(made, "one\n\ntwo\n\nthree", index=index) for index in range(2)]
        self.documents[made.document_id] = made
        return made, chunks

    def _store(self, chunks: list[Chunk]) -> None:
        vectors = {chunk.chunk_id: unit(3) for chunk in chunks}
        for chunk in chunks:
            for row, vector in enumerate(vectors[chunk.chunk_id]):
                self.rows[window_id(chunk.chunk_id, row)] = (chunk.document_id, vector)
        self.replica.store("live", vectors)

    def brute_force(self, vector: Vectors, where: Filter, limit: int) -> list[str]:
        scores = {
            one: float(row @ vector)
            for one, (document_id, row) in self.rows.items()
            if matches(where, attributes_of(self.documents[document_id]))
        }
        return sorted(scores, key=lambda one: -scores[one])[:limit]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(tmp_path_factory.mktemp("replica") / "index.sqlite")


def filter_of(raw: dict[str, Any]) -> Filter:
    parsed = parse_filter(raw)
    assert parsed is not None
    return parsed


@pytest.mark.parametrize("raw", FILTERS)
def test_a_filtered_search_is_exact(library: Library, raw: dict[str, Any]) -> None:
    where = filter_of(raw)
    for vector in unit(5):
        found = library.replica.search(vector, limit=10, where=where)
        expected = library.brute_force(vector, where, 10)
        # As near as the expected ones: half precision may let two that are nearly as near change places.
        cosines = [float(library.rows[one][1] @ vector) for one in expected]
        assert [one.score for one in found] == pytest.approx(cosines, abs=1e-3)
        for one in found:
            row = library.rows[window_id(one.chunk_id, one.window)]
            assert one.document_id == row[0]
            assert one.score == pytest.approx(float(row[1] @ vector), abs=1e-3)


@pytest.mark.parametrize("raw", FILTERS)
def test_what_passes_is_counted(library: Library, raw: dict[str, Any]) -> None:
    where = filter_of(raw)
    passing = len(library.brute_force(unit(), where, len(library.rows)))
    assert library.replica.matches("live", where) == PassingWindows(passing, len(library.rows))


@pytest.mark.parametrize("raw", FILTERS)
def test_only_owners_that_pass_are_named(library: Library, raw: dict[str, Any]) -> None:
    where = filter_of(raw)
    chunk_ids = list({one.partition("#")[0] for one in library.rows})
    passing = {one.partition("#")[0] for one in library.brute_force(unit(), where, len(library.rows))}
    assert set(library.replica.owners([*chunk_ids, "unknown"], where)) == passing


def test_similarities_are_those_of_the_vectors_and_unknown_ids_are_left_out(library: Library) -> None:
    vector, wanted = unit(), [*list(library.rows)[5:25:3], "unknown#0"]
    found = library.replica.similarities("live", wanted, vector)
    assert set(found) == set(wanted[:-1])
    for one, cosine in found.items():
        assert cosine == pytest.approx(float(library.rows[one][1] @ vector), abs=1e-3)


def test_another_collection_is_not_answered_from_the_replica(library: Library) -> None:
    where = filter_of({"equals": {"key": "team", "value": "storage"}})
    assert library.replica.matches("other", where) is None
    assert library.replica.similarities("other", list(library.rows)[:3], unit()) == {}


def test_while_a_document_that_passes_waits_for_its_vectors_the_replica_does_not_answer(tmp_path: Path) -> None:
    library = Library(tmp_path / "index.sqlite")
    late = library.add(100, stored=False)
    compute = filter_of({"equals": {"key": "team", "value": "compute"}})
    storage = filter_of({"equals": {"key": "team", "value": "storage"}})
    assert library.replica.matches("live", storage) is not None
    assert library.replica.matches("live", compute) is None
    assert [(chunk_id, windows) for _, chunk_id, windows in library.replica.waiting(limit=10)] == [
        (chunk.chunk_id, 3) for chunk in late
    ]
    library.replica.store("live", {chunk.chunk_id: unit(3) for chunk in late})
    assert library.replica.waiting(limit=10) == []
    assert library.replica.matches("live", compute) is not None


def test_after_a_switch_every_chunk_waits_for_the_vectors_of_the_new_collection(tmp_path: Path) -> None:
    library = Library(tmp_path / "index.sqlite")
    library.replica.follow("live")
    assert library.replica.waiting(limit=1) == []
    library.replica.follow("rebuilt")
    assert len(library.replica.waiting(limit=1000)) == 120
    first = library.replica.waiting(limit=5)
    assert library.replica.waiting(limit=5, after=first[-1][0])[0][0] > first[-1][0]
    assert library.replica.matches("rebuilt", filter_of(FILTERS[0])) is None
    # Vectors that were read from the old collection come too late.
    library.replica.store("live", {first[0][1]: unit(3)})
    assert len(library.replica.waiting(limit=1000)) == 120


def test_a_replaced_or_removed_document_leaves_nothing_behind(tmp_path: Path) -> None:
    library = Library(tmp_path / "index.sqlite")
    storage = filter_of({"equals": {"key": "team", "value": "storage"}})
    old = document("0.md")
    library.index.index([(replace(old, version=2), [])])
    library.index.remove([document("3.md").document_id])
    gone = {old.document_id, document("3.md").document_id}
    assert not gone & {one.document_id for one in library.replica.search(unit(), limit=1000, where=storage)}
    assert library.replica.matches("live", storage) == PassingWindows((20 - 2) * 6, (60 - 2) * 6)
    library.replica.store("live", {"unknown": unit(3)})
    database = library.index._file.connection()
    (orphans,) = database.execute("SELECT count(*) FROM vectors WHERE chunk NOT IN (SELECT id FROM chunks)").fetchone()
    assert orphans == 0


def test_more_than_one_read_of_vectors_keeps_the_best(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portfolio_rag.adapters.sqlite.vector_replica._READ", 7)
    where, vector = filter_of({"notEquals": {"key": "team", "value": "nobody"}}), unit()
    found = library.replica.search(vector, limit=20, where=where)
    assert [window_id(one.chunk_id, one.window) for one in found] == library.brute_force(vector, where, 20)
