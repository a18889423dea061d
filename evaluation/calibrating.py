"""The check before display on claims that its weights have seen, and on claims that they have not.

The weights are fitted on the claims of all sets; then each set is left out in turn with every claim made of it, and
the weights that the others give are tried on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from evaluation import claims
from evaluation.claims import Pair
from evaluation.fitting import Floats, Weights, fit, readings_of
from evaluation.metrics import auroc
from portfolio_rag.answering.grounding.check import SUPPORTED_FROM

EACH = 100
GUIDES = 400
SHARES = {
    "scifact contradictions": 0.1,
    "wice": 2.0,
    "squad2 astray": 1.5,
    "aws_qa astray": 1.5,
    "squad2 extended": 2.0,
    "aws_qa extended": 2.0,
}
"""Contradictions are beyond these features and would only blur them; what a model invents matters most."""

Measured = Mapping[str, Sequence[tuple[Pair, Floats]]]
"""By name: claims with the features of the sources that speak of them."""


def claim_sets(directory: Path, present: frozenset[str]) -> dict[str, list[Pair]]:
    """Each named by the set that it is made of, of those that are present and large enough for claims of both kinds."""
    squad = cache(lambda: claims.squad_texts(directory))
    guides = cache(lambda: claims.guide_texts(directory, GUIDES))
    makers: dict[str, Callable[[], list[Pair]]] = {
        "rgb_fact verbatim": lambda: claims.rgb_verbatim(directory),
        "rgb_fact rephrased": lambda: claims.rgb_rephrased(directory),
        "rgb_fact, question not known": lambda: claims.rgb_rephrased(directory, asked=False),
        "squad2 answers, planted one absent": lambda: claims.answers_planted(directory, EACH, elsewhere=False),
        "squad2 answers, planted one elsewhere": lambda: claims.answers_planted(directory, EACH, elsewhere=True),
        "squad2 astray": lambda: claims.astray(directory, EACH),
        "aws_qa astray": lambda: claims.astray_sentences(guides(), EACH),
        "wice": lambda: claims.wice(directory),
        "wice, number elsewhere": lambda: claims.wice_elsewhere(directory),
        "scifact contradictions": lambda: claims.scifact(directory, 2 * EACH),
        "squad2 number absent": lambda: claims.planted_absent(squad(), EACH),
        "squad2 number elsewhere": lambda: claims.planted_elsewhere(squad(), EACH),
        "squad2 denied": lambda: claims.denied(squad(), EACH),
        "squad2 extended": lambda: claims.extended(squad(), EACH),
        "aws_qa number absent": lambda: claims.planted_absent(guides(), EACH),
        "aws_qa number elsewhere": lambda: claims.planted_elsewhere(guides(), EACH),
        "aws_qa denied": lambda: claims.denied(guides(), EACH),
        "aws_qa extended": lambda: claims.extended(guides(), EACH),
    }
    made = {name: make() for name, make in makers.items() if origin_of(name) in present}
    return {name: pairs for name, pairs in made.items() if claims.has_both(pairs)}


def read(sets: Mapping[str, Sequence[Pair]]) -> Measured:
    return {name: [(pair, readings_of(pair)) for pair in pairs] for name, pairs in sets.items()}


def fit_all(measured: Measured, *, without: str = "") -> Weights:
    """Fitted on all claims but those made of the set `without`."""
    return fit({name: pairs for name, pairs in measured.items() if origin_of(name) != without}, SHARES)


def measure_calibration(measured: Measured) -> dict[str, dict[str, float]]:
    """By claims: figures of the weights fitted on all sets, and of those fitted while that set was left out.

    Nothing where there is one set only: then no other is left to fit on.
    """
    origins = dict.fromkeys(origin_of(name) for name in measured)
    if len(origins) < 2:
        return {}
    fitted = fit_all(measured)
    left_out = {origin: fit_all(measured, without=origin) for origin in origins}
    return {
        name: {
            figure: value
            for label, weights in (("fitted on all", fitted), ("left out", left_out[origin_of(name)]))
            for figure, value in _figures(pairs, weights, label).items()
        }
        for name, pairs in measured.items()
    }


def scores(pairs: Sequence[tuple[Pair, Floats]], weights: Weights) -> tuple[Floats, Floats]:
    """Of the true and of the false claims, 0 to 1."""
    true, false = (
        1 / (1 + np.exp(-np.array([weights.score(readings) for pair, readings in pairs if pair.holds is holds])))
        for holds in (True, False)
    )
    return true, false


def origin_of(name: str) -> str:
    """The set that claims of this name are made of."""
    return name.replace(",", " ").split()[0]


def _figures(pairs: Sequence[tuple[Pair, Floats]], weights: Weights, label: str) -> dict[str, float]:
    true, false = scores(pairs, weights)
    return {
        f"AUROC, {label}": auroc(true, false),
        f"caught, {label}": float((false < SUPPORTED_FROM).mean()),
        f"false alarms, {label}": float((true < SUPPORTED_FROM).mean()),
    }
