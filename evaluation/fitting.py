"""The weights of the check before display, fitted on claims of which it is known whether their source holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from evaluation.claims import Pair
from portfolio_rag.answering.grounding.claim import Claim
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.answering.grounding.features import Features
from portfolio_rag.answering.grounding.scoring import rank_sources, speaks_of_it

Floats = NDArray[np.float64]

NAMES = tuple(field.name for field in fields(Features))
SPEAK_FOR = frozenset({"verbatim"})
"""Features whose weight may not be negative; that of the others may not be positive."""

PENALTY = 0.01
"""Of large weights, on features scaled to a standard deviation of 1."""

_ROUNDS = 4
_STEPS = 60


@dataclass(frozen=True)
class Weights:
    by_name: dict[str, float]
    bias: float

    def score(self, readings: Floats) -> float:
        """Of the best of a claim's sources, in logits; `readings` has a row for each source, perhaps none."""
        vector = np.array([self.by_name[name] for name in NAMES])
        return float((readings @ vector + self.bias).max()) if len(readings) else -10.0


def readings_of(pair: Pair) -> Floats:
    """The features of each of the pair's texts that speaks of the claim: (texts, features)."""
    sources = [SourceText.build(number, text, "") for number, text in enumerate(pair.texts, start=1)]
    supports = rank_sources(Claim(pair.claim, pair.question), sources)
    spoken = [support.span for support in supports if speaks_of_it(support.span)]
    return np.array([span.features.vector() for span in spoken]).reshape(-1, len(NAMES))


def fit(sets: Mapping[str, Sequence[tuple[Pair, Floats]]], shares: Mapping[str, float]) -> Weights:
    """Logistic regression over all sets, each with its share (default 1) halved between true and false claims.

    A claim with several sources counts with the one that the weights of the round before make the best.
    """
    rows: list[Floats] = []
    held: list[float] = []
    share: list[float] = []
    for name, pairs in sets.items():
        spoken = [(pair.holds, readings) for pair, readings in pairs if len(readings)]
        for holds, readings in spoken:
            rows.append(readings)
            held.append(float(holds))
            share.append(shares.get(name, 1.0) / 2 / sum(other is holds for other, _ in spoken))
    target, weight = np.array(held), np.array(share) / sum(share)
    chosen = np.stack([readings[0] for readings in rows])
    vector, bias = np.zeros(len(NAMES)), 0.0
    for _ in range(_ROUNDS):
        vector, bias = _solve(chosen, target, weight)
        chosen = np.stack([readings[int(np.argmax(readings @ vector))] for readings in rows])
    return Weights({name: float(one) for name, one in zip(NAMES, vector, strict=True)}, bias)


def _solve(rows: Floats, target: Floats, share: Floats) -> tuple[Floats, float]:
    """Newton's method; a feature whose weight takes the wrong sign is left out and the rest solved again."""
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    design = np.c_[(rows - mean) / scale, np.ones(len(rows))]
    sign = np.array([1.0 if name in SPEAK_FOR else -1.0 for name in NAMES])
    kept = np.ones(len(NAMES) + 1, bool)
    while True:
        penalty = np.r_[np.full(kept.sum() - 1, PENALTY), 1e-9]
        part, solved = design[:, kept], np.zeros(kept.sum())
        for _ in range(_STEPS):
            chance = 1 / (1 + np.exp(-part @ solved))
            gradient = part.T @ (share * (chance - target)) + penalty * solved
            curvature = (part * (share * chance * (1 - chance))[:, None]).T @ part + np.diag(penalty)
            solved -= np.linalg.solve(curvature, gradient)
        whole = np.zeros(len(NAMES) + 1)
        whole[kept] = solved
        wrong = whole[:-1] * sign < -1e-9
        if not wrong.any():
            break
        kept[:-1] &= ~wrong
    vector = whole[:-1] / scale
    return vector, float(whole[-1] - vector @ mean)
