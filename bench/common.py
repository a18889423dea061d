"""What the benchmarks share: a set, chunked and embedded as the pipeline does it, with its full-text index."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from portfolio_rag.adapters.onnx_embedder import OnnxEmbedder
from portfolio_rag.adapters.sqlite_lexical import SqliteLexicalIndex
from portfolio_rag.adapters.tokenizer import HuggingFaceTokenizer
from portfolio_rag.evaluation.cache import CachedEmbedder
from portfolio_rag.evaluation.corpus import EvalCorpus
from portfolio_rag.evaluation.datasets import EvalQuestion, load
from portfolio_rag.models import Chunk
from portfolio_rag.ports import LexicalHit, Vectors
from portfolio_rag.services.filters import Filter

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".portfolio"


@dataclass
class Bench:
    """One set, ready to be searched. `query_vectors`: (questions, dimensions); `owners`: window id -> document."""

    name: str
    corpus: EvalCorpus
    questions: list[EvalQuestion]
    query_vectors: Vectors
    embedder: CachedEmbedder
    lexical: SqliteLexicalIndex
    owners: dict[str, str]
    _directory: tempfile.TemporaryDirectory[str] = field(repr=False)


class VisibleLexical:
    """The full-text index without the groups that the corpus leaves out."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._groups = {window.chunk.document_id: window.group for window in bench.corpus.windows}

    def search(self, query: str, *, limit: int, where: Filter | None = None) -> list[LexicalHit]:
        hidden = self._bench.corpus.groups_left_out
        hits = self._bench.lexical.search(query, limit=limit * 20 if hidden else limit, where=where)
        return [hit for hit in hits if self._groups[hit.document_id] not in hidden][:limit]


def open_bench(name: str) -> Bench:
    """Reads the set from EVAL_DATA, the model from MODEL_DIR (default: the baked one); vectors are kept on disk."""
    model = Path(os.environ.get("MODEL_DIR", STATE / "model"))
    embedder = CachedEmbedder(
        OnnxEmbedder(model), Path(os.environ.get("EVAL_CACHE", STATE / "eval" / "vectors.sqlite"))
    )
    data = load(name)
    print(f"{name}: {len(data.documents)} documents, {len(data.questions)} questions", file=sys.stderr)
    corpus = EvalCorpus(data.documents, embedder, HuggingFaceTokenizer(model))
    directory = tempfile.TemporaryDirectory(prefix="bench-")
    lexical = SqliteLexicalIndex(Path(directory.name) / "lexical.sqlite")
    chunks: dict[str, list[Chunk]] = {}
    for window in corpus.windows:
        if window.n == 0:
            chunks.setdefault(window.chunk.document_id, []).append(window.chunk)
    for document_id, own in chunks.items():
        lexical.index(corpus.documents[document_id], own)
    queries = embedder.embed([question.text for question in data.questions])
    owners = {window.chunk.window_ids[window.n]: corpus.names[window.chunk.document_id] for window in corpus.windows}
    return Bench(name, corpus, data.questions, queries, embedder, lexical, owners, directory)
