from __future__ import annotations

import pytest
from typer.testing import CliRunner

from portfolio_rag.cli.main import app
from portfolio_rag.domain.cost_plan import SIZES, Size, plan_cost


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


def test_the_sizes_of_the_page(runner: CliRunner) -> None:
    shown = runner.invoke(app, ["cost", "--plan"])
    assert shown.exit_code == 0
    for size in SIZES.values():
        assert f"{plan_cost(size).total:,.2f}" in shown.output


def test_a_size_of_ones_own(runner: CliRunner) -> None:
    shown = runner.invoke(app, ["cost", "--plan", "--documents", "5000", "--questions", "200", "--tasks", "3"])
    expected = plan_cost(Size(documents=5_000, questions=200, new_documents=500, tasks=3))
    assert f"{expected.total:,.2f}" in shown.output
    assert "5,000 documents, 200 questions a day" in shown.output


def test_what_it_can_show_is_said(runner: CliRunner) -> None:
    shown = runner.invoke(app, ["cost"])
    assert shown.exit_code == 2
    assert "--plan" in shown.output


def test_more_documents_never_cost_less() -> None:
    totals = [
        plan_cost(Size(documents=10**power, questions=10, new_documents=10**power // 10)).total for power in range(7)
    ]
    assert totals == sorted(totals)
