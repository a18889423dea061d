"""Meaning and words together: the windows that vectors and BM25 found, under one score.

Three parts, each scaled to 0..1 over the candidates and added by weight: the window's cosine, the words of the question
in the window, and BM25 of the chunk around it. Measured against reciprocal rank, other weights and other depths on
questions that nobody here wrote: bench/compare_fusion.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portfolio_rag.domain.identifiers import window_id
from portfolio_rag.ports.full_text_index import FullTextHit
from portfolio_rag.ports.vector_store import VectorHit

MEANING, WORDS, CHUNK = 0.6, 0.2, 0.2
"""Weights of the window's cosine, of the words in the window and of those in its chunk."""

WINDOWS_PER_CHUNK = 2
"""Of a chunk that BM25 found, so many windows become candidates beside those that the vectors found."""


@dataclass(slots=True)
class Candidate:
    """One window. `cosine` is its similarity to the query, `rank` what candidates are ordered by.

    Not frozen: a search makes a hundred of them, and ranks them once all are known.
    """

    chunk_id: str
    document_id: str
    version: int
    window: int
    cosine: float
    rank: float

    @property
    def id(self) -> str:
        return window_id(self.chunk_id, self.window)


def vectors_only(hits: Iterable[VectorHit]) -> list[Candidate]:
    """Candidates in the order of their cosines."""
    return sorted((_candidate(hit) for hit in hits), key=lambda candidate: -candidate.rank)


def missing_cosines(by_vector: Iterable[VectorHit], by_words: Iterable[FullTextHit]) -> list[str]:
    """The windows that BM25 makes candidates and the vector search did not find."""
    known = {hit.id for hit in by_vector}
    brought = (window_id(hit.chunk_id, n) for hit in by_words for n, _ in hit.windows[:WINDOWS_PER_CHUNK])
    return [id_ for id_ in brought if id_ not in known]


def fuse(by_vector: Sequence[VectorHit], by_words: Sequence[FullTextHit], cosines: dict[str, float]) -> list[Candidate]:
    """All candidates, best first. `cosines` has those of `missing_cosines`; a window without one is left out:
    it is in the full-text index and not, or no longer, in the collection that answers. Of a window whose words nobody
    has read yet, the meaning stands for them too: a new document must not stand behind old ones for that.
    """
    candidates = {hit.id: _candidate(hit) for hit in by_vector}
    in_window: dict[str, float] = {}
    for hit in by_words:
        for n, score in hit.windows:
            id_ = window_id(hit.chunk_id, n)
            if id_ in cosines and id_ not in candidates:
                cosine = cosines[id_]
                candidates[id_] = Candidate(hit.chunk_id, hit.document_id, hit.version, n, cosine, cosine)
            if id_ in candidates:
                in_window[id_] = score
    held = {candidate.chunk_id for candidate in candidates.values()}
    meaning = _scaled({id_: candidate.cosine for id_, candidate in candidates.items()})
    words = _scaled(in_window)
    chunks = _scaled({hit.chunk_id: hit.score for hit in by_words if hit.chunk_id in held})
    unread = {hit.id for hit in by_vector if hit.unread}
    for id_, candidate in candidates.items():
        candidate.rank = (
            meaning[id_]
            if id_ in unread
            else MEANING * meaning[id_] + WORDS * words.get(id_, 0.0) + CHUNK * chunks.get(candidate.chunk_id, 0.0)
        )
    return sorted(candidates.values(), key=lambda candidate: -candidate.rank)


def _candidate(hit: VectorHit) -> Candidate:
    metadata = hit.metadata
    return Candidate(
        str(metadata["chunk_id"]),
        str(metadata["document_id"]),
        int(metadata["version"]),
        int(metadata["window"]),
        hit.score,
        hit.score,
    )


def _scaled(scores: dict[str, float]) -> dict[str, float]:
    low, high = min(scores.values(), default=0.0), max(scores.values(), default=0.0)
    return {key: (score - low) / (high - low) if high > low else 1.0 for key, score in scores.items()}
