"""A set that is left out has no part in the weights that are tried on it."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.calibrating import Measured, claim_sets, measure_calibration, origin_of
from evaluation.claims import Pair
from evaluation.fitting import NAMES, Floats


def readings(**features: float) -> Floats:
    return np.array([[features.get(name, 0.0) for name in NAMES]])


def claims_told_by(feature: str, number: int = 20) -> list[tuple[Pair, Floats]]:
    """True claims that lack the feature, false ones that have it."""
    return [(Pair("c", ("t",), True), readings()) for _ in range(number)] + [
        (Pair("c", ("t",), False), readings(**{feature: 1.0})) for _ in range(number)
    ]


@pytest.fixture
def against() -> tuple[str, str]:
    first, second = [name for name in NAMES if name != "verbatim"][:2]
    return first, second


def test_what_only_the_set_itself_teaches_is_not_known_when_it_is_left_out(against: tuple[str, str]) -> None:
    measured: Measured = {
        "wice": claims_told_by(against[0]),
        "scifact contradictions": claims_told_by(against[1]),
        "rgb_fact, verbatim": claims_told_by(against[1]),
    }
    figures = measure_calibration(measured)
    assert figures["wice"]["AUROC, fitted on all"] == 1.0
    assert figures["wice"]["AUROC, left out"] == 0.5
    assert figures["rgb_fact, verbatim"]["AUROC, fitted on all"] == 1.0
    assert figures["rgb_fact, verbatim"]["AUROC, left out"] == 1.0
    assert figures["wice"]["caught, fitted on all"] == 1.0
    assert figures["wice"]["false alarms, fitted on all"] == 0.0


def test_all_claims_of_a_set_are_left_out_together(against: tuple[str, str]) -> None:
    measured: Measured = {
        "wice": claims_told_by(against[0]),
        "wice, number elsewhere": claims_told_by(against[0]),
        "squad2 denied": claims_told_by(against[1]),
    }
    assert measure_calibration(measured)["wice"]["AUROC, left out"] == 0.5
    assert [origin_of(name) for name in measured] == ["wice", "wice", "squad2"]


def test_one_set_alone_leaves_nothing_to_fit_on(against: tuple[str, str]) -> None:
    assert measure_calibration({"wice": claims_told_by(against[0])}) == {}


def test_sets_that_are_not_there_are_not_read(tmp_path_factory: pytest.TempPathFactory) -> None:
    assert claim_sets(tmp_path_factory.mktemp("empty"), frozenset()) == {}
