"""Every planted bug is caught by the check that docs/mutations.md names."""

from __future__ import annotations

import json

import pytest

from .fast import install
from .mutations import CAUGHT, MUTATIONS, TABLE, Mutation, planted, run_check, still_caught, table

CHECKS: dict[str, str] = json.loads(CAUGHT.read_text())


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


def test_there_are_enough_and_the_table_names_them_all() -> None:
    assert len(MUTATIONS) >= 25
    assert CHECKS.keys() == {mutation.name for mutation in MUTATIONS}
    assert TABLE.read_text() == table(CHECKS), "run python -m tests.simulation.mutations"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_planted_bug_is_caught(mutation: Mutation) -> None:
    assert still_caught(mutation, CHECKS[mutation.name])


def test_what_is_planted_is_taken_out_again() -> None:
    with planted(MUTATIONS[0]):
        pass
    for check in dict.fromkeys(CHECKS.values()):
        run_check(check)
