"""How to fuse vectors and words: every candidate way on the same questions, against vectors alone.

    python -m bench.compare_fusion aws_qa scifact squad2

Documents are ranked by their best window. The interval is a paired bootstrap over the questions.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from evaluation.metrics import hit, ndcg, paired_bootstrap, reciprocal_rank
from evaluation.workbench import Bench, VisibleFullText, open_bench
from portfolio_rag.answering.retrieval.fusion import CHUNK, MEANING, WORDS, fuse, missing_cosines
from portfolio_rag.domain.identifiers import window_id
from portfolio_rag.ports.full_text_index import FullTextHit
from portfolio_rag.ports.vector_store import VectorHit
from portfolio_rag.ports.vectors import Vectors

Scores = Mapping[str, float]
Ranking = Callable[[Sequence[VectorHit], Sequence[FullTextHit], Mapping[str, float]], Scores]
DEPTHS = (25, 50, 100, 1000)


def scaled(scores: Scores) -> dict[str, float]:
    low, high = min(scores.values(), default=0.0), max(scores.values(), default=0.0)
    return {one: (score - low) / (high - low) if high > low else 1.0 for one, score in scores.items()}


def windows(by_words: Sequence[FullTextHit]) -> dict[str, float]:
    """Words of each window."""
    return {window_id(hit.chunk_id, n): score for hit in by_words for n, score in hit.windows}


def chunks(by_words: Sequence[FullTextHit]) -> dict[str, float]:
    """BM25 of the chunk around each window."""
    return {window_id(hit.chunk_id, n): hit.score for hit in by_words for n, _ in hit.windows}


def vectors_alone(by_vector: Sequence[VectorHit], _: Sequence[FullTextHit], __: Mapping[str, float]) -> Scores:
    return {one.id: one.score for one in by_vector}


def words_alone(_: Sequence[VectorHit], by_words: Sequence[FullTextHit], __: Mapping[str, float]) -> Scores:
    return chunks(by_words)


def reciprocal(k: int) -> Ranking:
    def rank(by_vector: Sequence[VectorHit], by_words: Sequence[FullTextHit], _: Mapping[str, float]) -> Scores:
        best = [window_id(hit.chunk_id, hit.windows[0][0]) for hit in by_words if hit.windows]
        scores: dict[str, float] = {}
        for ids in ([one.id for one in by_vector], best):
            for place, one in enumerate(ids):
                scores[one] = scores.get(one, 0.0) + 1 / (k + place)
        return scores

    return rank


def weighted(meaning: float, in_window: float, in_chunk: float) -> Ranking:
    """Cosines of all candidates, those that only the words found included; words where the index has them."""

    def rank(by_vector: Sequence[VectorHit], by_words: Sequence[FullTextHit], cosines: Mapping[str, float]) -> Scores:
        known = scaled({**{one.id: one.score for one in by_vector}, **cosines})
        near = scaled({one: score for one, score in windows(by_words).items() if one in known})
        around = scaled({one: score for one, score in chunks(by_words).items() if one in known})
        return {
            one: meaning * score + in_window * near.get(one, 0.0) + in_chunk * around.get(one, 0.0)
            for one, score in known.items()
        }

    return rank


def shipped(by_vector: Sequence[VectorHit], by_words: Sequence[FullTextHit], cosines: Mapping[str, float]) -> Scores:
    return {one.id: one.rank for one in fuse(by_vector, by_words, dict(cosines))}


WEIGHTS = (
    (0.5, 0.5, 0.0),
    (0.6, 0.4, 0.0),
    (0.6, 0.0, 0.4),
    (0.5, 0.25, 0.25),
    (0.6, 0.25, 0.15),
    (0.6, 0.15, 0.25),
    (0.7, 0.15, 0.15),
)
WAYS: dict[str, Ranking] = {
    "vectors alone": vectors_alone,
    "words alone": words_alone,
    "reciprocal rank, k=60": reciprocal(60),
    "reciprocal rank, k=10": reciprocal(10),
    **{f"meaning {one}, window {two}, chunk {three}": weighted(one, two, three) for one, two, three in WEIGHTS},
    f"shipped ({MEANING}, {WORDS}, {CHUNK})": shipped,
}


def documents(bench: Bench, scores: Scores) -> list[str]:
    """Names of the documents by their best window."""
    ordered = sorted(scores, key=lambda one: -scores[one])
    return list(dict.fromkeys(bench.owners[one] for one in ordered))[:10]


def compare(bench: Bench) -> None:
    full_text = VisibleFullText(bench)
    rows: dict[tuple[str, int], list[tuple[float, float, float, float]]] = {}
    for question, vector in zip(bench.questions, bench.query_vectors, strict=True):
        if question.adversarial:
            continue
        for depth in DEPTHS:
            for name, ranked in rankings(bench, full_text, question.text, vector, depth).items():
                rows.setdefault((name, depth), []).append(
                    (
                        hit(ranked, question.relevant, 1),
                        hit(ranked, question.relevant, 5),
                        reciprocal_rank(ranked, question.relevant),
                        ndcg(ranked, question.relevant),
                    )
                )
    print(f"\n## {bench.name}: {len(next(iter(rows.values())))} questions, {len(bench.corpus.windows)} windows\n")
    print("| way | depth | hit@1 | hit@5 | MRR@10 | nDCG@10 | gain in nDCG@10 over vectors |\n" + "|---" * 7 + "|")
    for (name, depth), found in rows.items():
        means = [sum(column) / len(found) for column in zip(*found, strict=True)]
        base = [row[3] for row in rows["vectors alone", depth]]
        gain, low, high = paired_bootstrap(base, [row[3] for row in found])
        figures = " | ".join(f"{mean:.3f}" for mean in means)
        print(f"| {name} | {depth} | {figures} | {gain:+.3f} [{low:+.3f}, {high:+.3f}] |")


def rankings(bench: Bench, full_text: VisibleFullText, text: str, vector: Vectors, depth: int) -> dict[str, list[str]]:
    dense = bench.corpus.query("", vector, limit=depth)
    words = full_text.search(text, limit=depth)
    cosines = bench.corpus.similarities("", missing_cosines(dense, words), vector)
    return {name: documents(bench, way(dense, words, cosines)) for name, way in WAYS.items()}


if __name__ == "__main__":
    for chosen in sys.argv[1:] or ["aws_qa", "scifact", "squad2"]:
        compare(open_bench(chosen))
