"""SEARCH_REPLICA: what of the index is kept beside the API, against a real Chroma, with the same answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from portfolio_rag.adapters.chroma.client import ClientApi
from portfolio_rag.adapters.chroma.vector_store import ChromaVectorStore
from portfolio_rag.adapters.sqlite.filters import attributes_of
from portfolio_rag.adapters.tantivy.full_text_index import TantivyFullTextIndex
from portfolio_rag.answering.retrieval.vector_follower import VectorFollower
from portfolio_rag.cli.overview import Overview, as_object
from portfolio_rag.cli.status_tables import tables
from portfolio_rag.composition.answering import AnsweringParts
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentVersion
from portfolio_rag.domain.filters import Filter, matches, parse_filter
from portfolio_rag.ports.vector_store import VectorRecord
from portfolio_rag.settings.environment import Settings
from tests.support.answers import Corpus, chunk_of, document
from tests.support.chroma_server import running_chroma

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

COLLECTION = "knowledge"
QUESTIONS = ("how is a pump of type kestrel7 drained", "valves and filters of the boiler", "number11 of the heron")
FILTERS: tuple[dict[str, Any] | None, ...] = (
    None,
    {"equals": {"key": "site", "value": "north"}},
    {"greaterThan": {"key": "year", "value": 2021}},
)
BIRDS = ("kestrel", "heron", "plover", "wren")
WORDS = ["pump", "valve", "filter", "boiler", "sensor", "gasket", "turbine", "heron", "type", "gauge", "hatch", "crane"]


class Plant:
    """40 documents in the stores of a search, their vectors in a real Chroma."""

    def __init__(self, chroma_url: str) -> None:
        self.url = chroma_url
        self.store = ChromaVectorStore(chroma_url, ClientApi)
        self.corpus = Corpus()
        self.documents: list[tuple[DocumentVersion, Chunk]] = []
        for n in range(40):
            metadata = {"site": ("north", "south")[n % 2], "year": 2020 + n % 4}
            made = replace(document(f"{n}.md"), metadata=metadata)
            words = Random(n).choices(WORDS, k=12 + n % 7)
            text = f"a {BIRDS[n % 4]}{n} is drained: {' '.join(words[:6])}\n\nnumber{n} {' '.join(words[6:])}"
            chunk = chunk_of(made, text)
            self.corpus.add(made, chunk)
            self.documents.append((made, chunk))
        self.store.upsert(
            COLLECTION,
            [
                VectorRecord(window.id, window.vector, {**window.metadata, **self._attributes(window)})
                for window in self.corpus.vectors.collections[COLLECTION].values()
            ],
        )

    def parts(self, mode: str, path: Path) -> AnsweringParts:
        """An API's parts over these stores, with all indexed that its mode keeps."""
        settings = Settings(search_replica=mode, chroma_url=self.url, lexical_index_path=str(path))
        parts = AnsweringParts(settings)
        parts.__dict__ |= {
            "embedder": self.corpus.embedder,
            "live_documents": self.corpus.reads,
            "index_aliases": self.corpus.index_aliases,
            "vectors": self.store,
            "registry": None,
            "chunks": None,
        }
        if mode != "off":
            parts.full_text_index.index([(version, [chunk]) for version, chunk in self.documents])
        if mode == "whole":
            VectorFollower(parts.full_text_index.replica, self.store, self.corpus.index_aliases).step(threading.Event())
        if parts.full_text_follower is not None:
            parts.full_text_follower._whole = True
        return parts

    def nearest(self, question: str, where: Filter | None, limit: int) -> list[float]:
        """Cosines of the best windows of the documents that pass, by brute force."""
        vector = self.corpus.embedder.embed([question])[0]
        versions = {version.document_id: version for version, _ in self.documents}
        windows = self.corpus.vectors.collections[COLLECTION].values()
        best: dict[str, float] = {}
        for window in windows:
            version = versions[str(window.metadata["document_id"])]
            if where is None or matches(where, attributes_of(version)):
                cosine = float(window.vector @ vector)
                best[version.document_id] = max(best.get(version.document_id, -1.0), cosine)
        return sorted(best.values(), reverse=True)[:limit]

    def _attributes(self, window: VectorRecord) -> dict[str, Any]:
        """Those that the pipeline gives a window for filters."""
        document_id = window.metadata["document_id"]
        (version,) = [version for version, _ in self.documents if version.document_id == document_id]
        return dict(attributes_of(version))


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    with running_chroma(tmp_path_factory.mktemp("chroma")) as (address, _):
        made = Plant(address)
        yield made
        made.store.close()


def filter_of(raw: dict[str, Any] | None) -> Filter | None:
    return None if raw is None else parse_filter(raw)


def found(parts: AnsweringParts, question: str, where: Filter | None) -> list[tuple[str, tuple[int, ...]]]:
    return [
        (passage.chunk.chunk_id, passage.windows) for passage in parts.retrieval.search(question, top_k=5, where=where)
    ]


def test_words_without_vectors_answer_with_the_same_passages(plant: Plant, tmp_path: Path) -> None:
    whole, words = plant.parts("whole", tmp_path / "whole.sqlite"), plant.parts("words", tmp_path / "words.sqlite")
    for question in QUESTIONS:
        for raw in FILTERS:
            expected = found(whole, question, filter_of(raw))
            assert len(expected) == 5
            assert found(words, question, filter_of(raw)) == expected


def test_nothing_beside_the_api_answers_by_vectors_alone(plant: Plant, tmp_path: Path) -> None:
    off = plant.parts("off", tmp_path / "off.sqlite")
    for question in QUESTIONS:
        for raw in FILTERS:
            where = filter_of(raw)
            passages = off.retrieval.search(question, top_k=5, where=where)
            expected = plant.nearest(question, where, 5)
            assert [passage.score for passage in passages] == pytest.approx(expected, abs=1e-3)
    assert off.full_text_follower is None
    assert not (tmp_path / "off.sqlite").exists()


def test_words_give_the_disk_of_the_vectors_back_and_the_whole_reads_them_again(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    index = TantivyFullTextIndex(path)
    made = [document(f"{n}.md") for n in range(30)]
    chunks = [chunk_of(version, f"gasket {version.s3_key} of a turbine") for version in made]
    index.index([(version, [chunk]) for version, chunk in zip(made, chunks, strict=True)])
    index.replica.follow(COLLECTION)
    vectors = {chunk.chunk_id: np.ones((len(chunk.windows), 4096), np.float32) for chunk in chunks}
    index.replica.store(COLLECTION, vectors)
    before = path_size(path)
    index.close()

    parts = AnsweringParts(Settings(search_replica="words", lexical_index_path=str(path)))
    assert len(parts.full_text_index.search("gasket", limit=50)) == 30
    assert len(parts.full_text_index.replica.waiting(limit=100)) == 30
    assert path_size(path) < before - 30 * 4096 * 2 / 2
    parts.full_text_index.close()

    again = TantivyFullTextIndex(path)
    again.replica.follow(COLLECTION)
    again.replica.store(COLLECTION, vectors)
    assert again.replica.waiting(limit=100) == []


def path_size(path: Path) -> int:
    """Bytes of the file, what is still in its log included."""
    return sum(file.stat().st_size for file in (path, path.with_name(path.name + "-wal")) if file.exists())


@pytest.mark.parametrize(
    ("mode", "kept"), [("whole", "words and vectors"), ("words", "words, without vectors"), ("off", "nothing")]
)
def test_the_status_says_what_is_kept(mode: str, kept: str) -> None:
    seen = Overview([], mode, None)
    assert f"Index beside the API: {kept}." in map(str, tables(seen))
    assert as_object(seen)["search_replica"] == mode
