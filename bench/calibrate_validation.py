"""The weights and thresholds of answering/grounding/scoring.py and answering/grounding/check.py, chosen on open data.

    python -m bench.calibrate_validation

Fits the weights on all sets at once and prints them with what two thresholds make of every set. Then it leaves each
source of data out in turn, fits on the others and reports on what was left out: what the check can do on texts that
its weights have never seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from evaluation import claims
from evaluation.claims import Pair
from evaluation.datasets import data_directory
from evaluation.fitting import Floats, Weights, fit, readings_of
from evaluation.metrics import auroc
from portfolio_rag.answering.grounding.check import DROP_BELOW, SUPPORTED_FROM

EACH = 100
GUIDES = 400
UNSEEN = frozenset({"rgb_fact, question not known"})
"""Reported, never fitted on: the same claims as another set."""

SHARES = {
    "scifact contradictions": 0.1,
    "wice": 2.0,
    "squad2 astray": 1.5,
    "aws_qa astray": 1.5,
    "squad2 extended": 2.0,
    "aws_qa extended": 2.0,
}
"""Contradictions are beyond these features and would only blur them; what a model invents matters most."""

THRESHOLDS = (0.05, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.5)

Measured = Mapping[str, Sequence[tuple[Pair, Floats]]]


def sets() -> dict[str, list[Pair]]:
    """Each named by the data that it is made of."""
    directory = data_directory()
    squad, guides = claims.squad_texts(directory), claims.guide_texts(directory, GUIDES)
    made = {
        "rgb_fact verbatim": claims.rgb_verbatim(directory),
        "rgb_fact rephrased": claims.rgb_rephrased(directory),
        "rgb_fact, question not known": claims.rgb_rephrased(directory, asked=False),
        "squad2 answers, planted one absent": claims.answers_planted(directory, EACH, elsewhere=False),
        "squad2 answers, planted one elsewhere": claims.answers_planted(directory, EACH, elsewhere=True),
        "squad2 astray": claims.astray(directory, EACH),
        "aws_qa astray": claims.astray_sentences(guides, EACH),
        "wice": claims.wice(directory),
        "wice, number elsewhere": claims.wice_elsewhere(directory),
        "scifact contradictions": claims.scifact(directory, 2 * EACH),
    }
    for name, texts in (("squad2", squad), ("aws_qa", guides)):
        made[f"{name} number absent"] = claims.planted_absent(texts, EACH)
        made[f"{name} number elsewhere"] = claims.planted_elsewhere(texts, EACH)
        made[f"{name} denied"] = claims.denied(texts, EACH)
        made[f"{name} extended"] = claims.extended(texts, EACH)
    return made


def scores(pairs: Sequence[tuple[Pair, Floats]], weights: Weights) -> tuple[Floats, Floats]:
    """Of the true and of the false claims, 0 to 1."""
    both = [
        1 / (1 + np.exp(-np.array([weights.score(readings) for pair, readings in pairs if pair.holds is holds])))
        for holds in (True, False)
    ]
    return both[0], both[1]


def report(measured: Measured, weights: Weights) -> None:
    steps = " | ".join(f"below {threshold}" for threshold in THRESHOLDS)
    print(f"\n| | AUROC | {steps} |\n|---|---|{'---|' * len(THRESHOLDS)}")
    for name, pairs in measured.items():
        true, false = scores(pairs, weights)
        parts = [f"{(false < one).mean():.2f} / {(true < one).mean():.2f}" for one in THRESHOLDS]
        print(f"| {name} | {auroc(true, false):.3f} | {' | '.join(parts)} |")


def held_out(measured: Measured) -> None:
    print(
        f"\n| left out of the fit | AUROC | caught below {DROP_BELOW} / {SUPPORTED_FROM} | false alarms |"
        "\n|---|---|---|---|"
    )
    origins = dict.fromkeys(origin_of(name) for name in measured)
    for origin in origins:
        rest = {name: pairs for name, pairs in measured.items() if origin_of(name) != origin and name not in UNSEEN}
        weights = fit(rest, SHARES)
        for name, pairs in measured.items():
            if origin_of(name) == origin:
                true, false = scores(pairs, weights)
                caught, alarms = (
                    " / ".join(f"{(group < one).mean():.2f}" for one in (DROP_BELOW, SUPPORTED_FROM))
                    for group in (false, true)
                )
                print(f"| {name} | {auroc(true, false):.3f} | {caught} | {alarms} |")


def origin_of(name: str) -> str:
    return name.replace(",", " ").split()[0]


if __name__ == "__main__":
    measured = {name: [(pair, readings_of(pair)) for pair in pairs] for name, pairs in sets().items()}
    weights = fit({name: pairs for name, pairs in measured.items() if name not in UNSEEN}, SHARES)
    print("Weights, fitted on all sets:\n")
    for name, weight in weights.by_name.items():
        print(f'    "{name}": {weight:.2f},')
    print(f"    BIAS = {weights.bias:.2f}")
    print("\nFalse claims caught / true claims lost, by threshold:")
    report(measured, weights)
    print("\nWhat the weights make of data that they have not seen:")
    held_out(measured)
