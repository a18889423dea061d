"""Meaning and words together: the windows that vectors and BM25 found, under one score.

Cosines are scaled over all candidates, BM25 over what it found, both to 0..1, and added half and half. Measured
against reciprocal rank, other weights and other depths on questions that nobody here wrote:
bench/compare_fusion.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portfolio_rag.models import window_id
from portfolio_rag.ports import LexicalHit, VectorHit

DENSE_WEIGHT = 0.5


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


def dense_only(hits: Iterable[VectorHit]) -> list[Candidate]:
    """Candidates in the order of their cosines."""
    return sorted((_candidate(hit) for hit in hits), key=lambda one: -one.rank)


def missing_cosines(dense: Iterable[VectorHit], lexical: Iterable[LexicalHit]) -> list[str]:
    """The windows that BM25 found and the vector search did not."""
    known = {hit.id for hit in dense}
    return [one for one in (window_id(hit.chunk_id, hit.window) for hit in lexical) if one not in known]


def fuse(dense: Sequence[VectorHit], lexical: Sequence[LexicalHit], cosines: dict[str, float]) -> list[Candidate]:
    """All candidates, best first. `cosines` has those of `missing_cosines`; a window without one is left out:
    it is in the full-text index and not, or no longer, in the collection that answers.
    """
    found = {hit.id: _candidate(hit) for hit in dense}
    words: dict[str, float] = {}
    for hit in lexical:
        one = window_id(hit.chunk_id, hit.window)
        if one in cosines and one not in found:
            cosine = cosines[one]
            found[one] = Candidate(hit.chunk_id, hit.document_id, hit.version, hit.window, cosine, cosine)
        if one in found:
            words[one] = hit.score
    meaning = _scaled({one: candidate.cosine for one, candidate in found.items()})
    words = _scaled(words)
    fused = [
        Candidate(
            candidate.chunk_id,
            candidate.document_id,
            candidate.version,
            candidate.window,
            candidate.cosine,
            DENSE_WEIGHT * meaning[one] + (1 - DENSE_WEIGHT) * words.get(one, 0.0),
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
