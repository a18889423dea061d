"""The figures of an evaluation, and how sure they are."""

from __future__ import annotations

from collections.abc import Sequence, Set

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_RESAMPLES = 2000


def hit(ranked: Sequence[str], relevant: Set[str], k: int) -> float:
    """1.0 when one of the first `k` is relevant, else 0.0."""
    return float(any(one in relevant for one in ranked[:k]))


def reciprocal_rank(ranked: Sequence[str], relevant: Set[str], k: int = 10) -> float:
    return next((1 / place for place, one in enumerate(ranked[:k], start=1) if one in relevant), 0.0)


def recall(ranked: Sequence[str], relevant: Set[str], k: int) -> float:
    return len(relevant & set(ranked[:k])) / len(relevant) if relevant else 0.0


def ndcg(ranked: Sequence[str], relevant: Set[str], k: int = 10) -> float:
    """With gains of 0 and 1."""
    gained = sum(1 / np.log2(place + 1) for place, one in enumerate(ranked[:k], start=1) if one in relevant)
    ideal = sum(1 / np.log2(place + 1) for place in range(1, min(k, len(relevant)) + 1))
    return float(gained / ideal) if ideal else 0.0


def auroc(positives: Sequence[float] | Floats, negatives: Sequence[float] | Floats) -> float:
    """The chance that a positive scores above a negative; ties count half."""
    high, low = np.asarray(positives, float), np.sort(np.asarray(negatives, float))
    below = np.searchsorted(low, high, side="left")
    equal = np.searchsorted(low, high, side="right") - below
    return float((below + equal / 2).mean() / len(low))


def paired_bootstrap(one: Sequence[float], other: Sequence[float], seed: int = 0) -> tuple[float, float, float]:
    """Mean gain of `other` over `one` on the same questions, with its 95 % interval."""
    gains = np.asarray(other, float) - np.asarray(one, float)
    draws = np.random.default_rng(seed).integers(0, len(gains), (_RESAMPLES, len(gains)))
    low, high = np.percentile(gains[draws].mean(axis=1), [2.5, 97.5])
    return float(gains.mean()), float(low), float(high)
