"""A set, chunked and embedded as the pipeline does it, with its full-text index and the shipped search over it."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evaluation.cache import CachedEmbedder
from evaluation.corpus import EvalCorpus
from evaluation.datasets import EvalQuestion, EvalSet, load
from portfolio_rag.adapters.models.manifest import READER_FILE, Manifest
from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder
from portfolio_rag.adapters.models.onnx_reader import OnnxReader
from portfolio_rag.adapters.models.tokenizer import HuggingFaceTokenizer
from portfolio_rag.adapters.tantivy.full_text_index import TantivyFullTextIndex
from portfolio_rag.answering.retrieval.search import PassageSearch
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.filters import Filter
from portfolio_rag.ports.embedder import Embedder, Tokenizer
from portfolio_rag.ports.full_text_index import FullTextHit
from portfolio_rag.ports.reader import Reader
from portfolio_rag.ports.vectors import Vectors
from portfolio_rag.settings.ingestion_rules import Rules

ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / ".portfolio"


@dataclass
class Bench:
    """One set, ready to be searched. `query_vectors`: (questions, dimensions); `owners`: window id -> document."""

    name: str
    corpus: EvalCorpus
    questions: list[EvalQuestion]
    query_vectors: Vectors
    embedder: Embedder
    full_text: TantivyFullTextIndex
    owners: dict[str, str]
    _directory: tempfile.TemporaryDirectory[str] = field(repr=False)
    reader: Reader | None = None

    def close(self) -> None:
        """Remove the full-text index from disk."""
        self.full_text.close()
        self._directory.cleanup()


class VisibleFullText:
    """The full-text index without the groups that the corpus leaves out."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._groups = {window.chunk.document_id: window.group for window in bench.corpus.windows}

    def search(self, query: str, *, limit: int, where: Filter | None = None) -> list[FullTextHit]:
        hidden = self._bench.corpus.groups_left_out
        hits = self._bench.full_text.search(query, limit=limit * 10 if hidden else limit, where=where)
        return [hit for hit in hits if self._groups[hit.document_id] not in hidden][:limit]


def open_embedder() -> CachedEmbedder:
    """The model of MODEL_DIR (default: the baked one); its vectors are kept in EVAL_CACHE.

    Raises ConfigurationError when there is no model.
    """
    cache = os.environ.get("EVAL_CACHE", STATE / "eval" / "vectors.sqlite")
    return CachedEmbedder(OnnxEmbedder(_model()), Path(cache))


def open_tokenizer() -> HuggingFaceTokenizer:
    return HuggingFaceTokenizer(_model())


def open_reader() -> Reader | None:
    """That of the same model, if it has one."""
    return OnnxReader(_model()) if READER_FILE in Manifest.load(_model()).sha256 else None


def open_bench(name: str, rules: Rules | None = None) -> Bench:
    """The set of that name in EVAL_DATA."""
    data = load(name)
    print(f"{name}: {len(data.documents)} documents, {len(data.questions)} questions", file=sys.stderr)
    return build(data, open_embedder(), open_tokenizer(), rules, open_reader())


def build(
    data: EvalSet, embedder: Embedder, tokenizer: Tokenizer, rules: Rules | None = None, reader: Reader | None = None
) -> Bench:
    """The set as the pipeline would leave it, under the rules given or the default ones."""
    corpus = EvalCorpus(data.documents, embedder, tokenizer, rules)
    directory = tempfile.TemporaryDirectory(prefix="bench-")
    full_text = TantivyFullTextIndex(Path(directory.name) / "lexical.sqlite")
    chunks: dict[str, list[Chunk]] = {}
    for window in corpus.windows:
        if window.n == 0:
            chunks.setdefault(window.chunk.document_id, []).append(window.chunk)
    full_text.index([(corpus.documents[document_id], own) for document_id, own in chunks.items()])
    queries = embedder.embed([question.text for question in data.questions])
    owners = {window.chunk.window_ids[window.n]: corpus.names[window.chunk.document_id] for window in corpus.windows}
    return Bench(data.name, corpus, data.questions, queries, embedder, full_text, owners, directory, reader)


def search_of(bench: Bench) -> PassageSearch:
    """The shipped search, over what the corpus does not leave out."""
    corpus: Any = bench.corpus  # stands for four ports, as far as a query needs them
    return PassageSearch(bench.embedder, corpus, corpus, corpus, VisibleFullText(bench))


def _model() -> Path:
    return Path(os.environ.get("MODEL_DIR", STATE / "model"))
