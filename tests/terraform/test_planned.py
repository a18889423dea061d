"""The plan is the recorded one, to the statement; what may never change holds of it; and planted faults are seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.terraform.invariants import INVARIANTS, Invariant
from tests.terraform.plan import RECORD, Plan, differences, plan, working_copy
from tests.terraform.plants import PLANTS, Plant


def test_the_plan_is_the_recorded_one(planned: Plan) -> None:
    found = differences(planned, json.loads(RECORD.read_text(encoding="utf-8")))
    assert not found, "\n".join(["Read this, then run `python -m tests.terraform.plan`:", *found])


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda invariant: invariant.__name__)
def test_what_may_never_change_holds(planned: Plan, invariant: Invariant) -> None:
    assert list(invariant(planned)) == []


@pytest.fixture(scope="module")
def sabotaged() -> Plan:
    """The plan with all faults planted at once: each changes something else."""

    def plant(source: Path) -> None:
        for fault in PLANTS:
            path = source / fault.file
            text = path.read_text(encoding="utf-8")
            assert fault.old in text, f"{fault.name}: {fault.file} no longer says {fault.old!r}"
            path.write_text(text.replace(fault.old, fault.new, 1), encoding="utf-8")

    with working_copy(plant) as terraform:
        return plan(terraform)


@pytest.mark.parametrize("fault", PLANTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_seen(planned: Plan, sabotaged: Plan, fault: Plant) -> None:
    lines = [line for line in differences(sabotaged, planned) if line.startswith(fault.seen_at)]
    assert any(fault.words in line for line in lines), lines
    if fault.invariant is not None:
        complaints = list(fault.invariant(sabotaged))
        assert any(fault.words in complaint for complaint in complaints), complaints


def test_every_invariant_has_a_fault_that_breaks_it() -> None:
    assert {fault.invariant for fault in PLANTS} - {None} == set(INVARIANTS)
