"""Whether the right document is found, by three ways to search on the same questions, and the right passage."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

import numpy as np

from evaluation.metrics import hit, ndcg, paired_bootstrap, recall, reciprocal_rank
from evaluation.workbench import Bench, VisibleFullText, search_of
from portfolio_rag.answering.generation.context_window import build_context
from portfolio_rag.answering.retrieval.fusion import fuse, missing_cosines
from portfolio_rag.answering.retrieval.search import MIN_HYBRID_WINDOWS
from portfolio_rag.ports.vectors import Vectors
from portfolio_rag.text.language.content_words import coverage, terms

AS_WRITTEN, DENSE, HYBRID = "one vector per chunk", "vectors of windows", "shipped: windows and words"
FIGURES: dict[str, Callable[[Sequence[str], Set[str]], float]] = {
    "hit@1": lambda ranked, relevant: hit(ranked, relevant, 1),
    "hit@5": lambda ranked, relevant: hit(ranked, relevant, 5),
    "MRR@10": reciprocal_rank,
    "nDCG@10": ndcg,
    "recall@10": lambda ranked, relevant: recall(ranked, relevant, 10),
}

ANSWER_SHARE = 0.8
PASSAGE_TOKENS = 1250

Rows = dict[str, list[float]]
"""Figure -> its value for each question."""


@dataclass(frozen=True)
class Retrieved:
    """What a set of questions came to: by way of searching, by figure, by question."""

    questions: int
    documents: int
    windows: int
    ways: dict[str, Rows]

    def mean(self, way: str, figure: str) -> float:
        return float(np.mean(self.ways[way][figure]))

    def gain(self, figure: str, over: str) -> tuple[float, float, float]:
        """Of the shipped search over another way, with its 95 % interval."""
        return paired_bootstrap(self.ways[over][figure], self.ways[HYBRID][figure])


def measure_retrieval(bench: Bench, *, as_written: bool = True) -> Retrieved:
    """Documents are ranked by the best of their chunks or windows; misleading questions are left out.

    `as_written` compares vectors of whole chunks too, which nothing else needs and a large set is slow to make.
    """
    chunks = list(bench.corpus.chunks.values()) if as_written else []
    chunk_vectors = bench.embedder.embed([chunk.content for chunk in chunks])
    chunk_names = [bench.corpus.names[chunk.document_id] for chunk in chunks]
    full_text = VisibleFullText(bench)
    compared = (AS_WRITTEN, DENSE, HYBRID) if as_written else (DENSE, HYBRID)
    ways: dict[str, Rows] = {way: {figure: [] for figure in FIGURES} for way in compared}
    asked = 0
    for question, vector in zip(bench.questions, bench.query_vectors, strict=True):
        if question.adversarial:
            continue
        asked += 1
        ranked = _window_rankings(bench, full_text, question.text, vector)
        if as_written:
            order = np.argsort(-(chunk_vectors @ vector), kind="stable")[:MIN_HYBRID_WINDOWS]
            ranked[AS_WRITTEN] = _first([chunk_names[index] for index in order])
        for way, names in ranked.items():
            for figure, of in FIGURES.items():
                ways[way][figure].append(of(names, question.relevant))
    return Retrieved(asked, len(bench.corpus.documents), len(bench.corpus.windows), ways)


def measure_passages(bench: Bench) -> dict[str, float]:
    """How often the answer is in what the search brings: in its first five passages, and in 1,250 tokens of them.

    It is there when a passage of the right document has `ANSWER_SHARE` of the answer's words. The second figure is as
    strict as five pieces of 250 tokens are.
    """
    search, names = search_of(bench), bench.corpus.names
    whole: list[float] = []
    excerpts: list[float] = []
    for question in bench.questions:
        wanted = frozenset(terms(question.gist))
        if question.adversarial or not wanted:
            continue
        right = [
            source
            for source in build_context(search.search(question.text), budget_tokens=PASSAGE_TOKENS)
            if names[source.passage.document.document_id] in question.relevant
        ]
        for found, texts in (
            (whole, [source.passage.chunk.content for source in right]),
            (excerpts, [source.text for source in right]),
        ):
            found.append(float(any(coverage(wanted, frozenset(terms(text))) >= ANSWER_SHARE for text in texts)))
    return {
        "questions": float(len(whole)),
        "in the first five passages": float(np.mean(whole)),
        "in 1,250 tokens of them": float(np.mean(excerpts)),
    }


def _window_rankings(bench: Bench, full_text: VisibleFullText, text: str, vector: Vectors) -> dict[str, list[str]]:
    dense = bench.corpus.query("", vector, limit=MIN_HYBRID_WINDOWS)
    words = full_text.search(text, limit=MIN_HYBRID_WINDOWS)
    cosines = bench.corpus.similarities("", missing_cosines(dense, words), vector)
    return {
        DENSE: _first([bench.owners[one.id] for one in dense]),
        HYBRID: _first([bench.owners[one.id] for one in fuse(dense, words, cosines)]),
    }


def _first(names: Sequence[str]) -> list[str]:
    """The first ten different ones."""
    return list(dict.fromkeys(names))[:10]
