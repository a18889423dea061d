"""The weights and thresholds of answering/grounding/scoring.py and answering/grounding/check.py, chosen on open data.

    python -m bench.calibrate_validation

Fits the weights on all sets at once and prints them with what two thresholds make of every set. Then it leaves each
source of data out in turn, fits on the others and reports on what was left out: what the check can do on texts that
its weights have never seen. `make eval` keeps these figures in docs/quality.md.
"""

from __future__ import annotations

from evaluation import tables
from evaluation.calibrating import Measured, claim_sets, fit_all, measure_calibration, read, scores
from evaluation.datasets import data_directory, present_sets
from evaluation.fitting import Weights
from evaluation.metrics import auroc

THRESHOLDS = (0.05, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.35, 0.5)


def report(measured: Measured, weights: Weights) -> None:
    steps = " | ".join(f"below {threshold}" for threshold in THRESHOLDS)
    print(f"\n| | AUROC | {steps} |\n|---|---|{'---|' * len(THRESHOLDS)}")
    for name, pairs in measured.items():
        true, false = scores(pairs, weights)
        parts = [f"{(false < threshold).mean():.2f} / {(true < threshold).mean():.2f}" for threshold in THRESHOLDS]
        print(f"| {name} | {auroc(true, false):.3f} | {' | '.join(parts)} |")


if __name__ == "__main__":
    directory = data_directory()
    measured = read(claim_sets(directory, present_sets(directory)))
    weights = fit_all(measured)
    print("Weights, fitted on all sets:\n")
    for name, weight in weights.by_name.items():
        print(f'    "{name}": {weight:.2f},')
    print(f"    BIAS = {weights.bias:.2f}")
    print("\nFalse claims caught / true claims lost, by threshold:")
    report(measured, weights)
    print("\nWhat the weights make of data that they have seen, and of data that they have not:\n")
    print(tables.table(measure_calibration(measured)))
