"""Meaning and words together: the windows that vectors and BM25 found, under one score.

Three parts, each scaled to 0..1 over the candidates and added by weight: the window's cosine, the words of the question
in the window, and BM25 of the chunk around it. Measured against reciprocal rank, other weights and other depths on
questions that nobody here wrote: bench/compare_fusion.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from portfolio_rag.domain.identifiers import window_id
from portfolio_rag.ports.full_text_index import FullTextHit
from portfolio_rag.ports.vector_store import VectorHit

MEANING, WORDS, CHUNK = 0.6, 0.2, 0.2
"""Weights of the window's cosine, of the words in the window and of those in its chunk."""

WINDOWS_PER_CHUNK = 2
"""Of a chunk that BM25 found, so many windows become candidates beside those that the vectors found."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One window. `cosine` is its similarity to the query, `rank` what candidates are ordered by."""

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
    return sorted((_candidate(hit) for hit in hits), key=lambda one: -one.rank)


def missing_cosines(by_vector: Iterable[VectorHit], by_words: Iterable[FullTextHit]) -> list[str]:
    """The windows that BM25 makes candidates and the vector search did not find."""
    known = {hit.id for hit in by_vector}
    brought = (window_id(hit.chunk_id, n) for hit in by_words for n, _ in hit.windows[:WINDOWS_PER_CHUNK])
    return [one for one in brought if one not in known]


def fuse(by_vector: Sequence[VectorHit], by_words: Sequence[FullTextHit], cosines: dict[str, float]) -> list[Candidate]:
    """All candidates, best first. `cosines` has those of `missing_cosines`; a window without one is left out:
    it is in the full-text index and not, or no longer, in the collection that answers. Of a window whose words nobody
    has read yet, the meaning stands for them too: a new document must not stand behind old ones for that.
    """
    found = {hit.id: _candidate(hit) for hit in by_vector}
    in_window: dict[str, float] = {}
    for hit in by_words:
        for n, score in hit.windows:
            one = window_id(hit.chunk_id, n)
            if one in cosines and one not in found:
                cosine = cosines[one]
                found[one] = Candidate(hit.chunk_id, hit.document_id, hit.version, n, cosine, cosine)
            if one in found:
                in_window[one] = score
    held = {candidate.chunk_id for candidate in found.values()}
    meaning = _scaled({one: candidate.cosine for one, candidate in found.items()})
    words = _scaled(in_window)
    chunks = _scaled({hit.chunk_id: hit.score for hit in by_words if hit.chunk_id in held})
    unread = {hit.id for hit in by_vector if hit.unread}
    fused = [
        replace(
            candidate,
            rank=meaning[one]
            if one in unread
            else MEANING * meaning[one] + WORDS * words.get(one, 0.0) + CHUNK * chunks.get(candidate.chunk_id, 0.0),
        )
        for one, candidate in found.items()
    ]
    return sorted(fused, key=lambda one: -one.rank)


def _candidate(hit: VectorHit) -> Candidate:
    found = hit.metadata
    return Candidate(
        str(found["chunk_id"]),
        str(found["document_id"]),
        int(found["version"]),
        int(found["window"]),
        hit.score,
        hit.score,
    )


def _scaled(scores: dict[str, float]) -> dict[str, float]:
    low, high = min(scores.values(), default=0.0), max(scores.values(), default=0.0)
    return {one: (score - low) / (high - low) if high > low else 1.0 for one, score in scores.items()}
