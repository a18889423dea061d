from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from portfolio_rag.cli.cost import show_month
from portfolio_rag.cli.http import ApiClient
from portfolio_rag.cli.main import app
from portfolio_rag.domain.aws_prices import PRICED_ON
from portfolio_rag.domain.cost_plan import SIZES, Size, plan_cost
from portfolio_rag.local.config import StackConfig


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


def test_a_plan_as_json(runner: CliRunner) -> None:
    shown = json.loads(runner.invoke(app, ["cost", "--plan", "--documents", "5000", "--json"]).output)
    expected = plan_cost(Size(documents=5_000, questions=10, new_documents=500))
    plan = shown["plans"]["5,000 documents, 10 questions a day"]
    assert (plan["total_usd"], plan["items_usd"]["S3"]) == (expected.total, expected.items["S3"])
    assert shown["prices_dated"] == PRICED_ON


MONTH: dict[str, Any] = {
    "month": "2026-11",
    "region": "us-east-1",
    "prices_dated": "2026-03",
    "so_far_usd": 14.577343,
    "forecast_usd": 29.154686,
    "lines": [
        {
            "service": "Fargate",
            "usage": 360.0,
            "unit": "vCPU-hour",
            "unit_price_usd": 0.04048,
            "so_far_usd": 14.5728,
            "forecast_usd": 29.1456,
            "basis": "assumed",
        },
        {
            "service": "DynamoDB write",
            "usage": 7269.0,
            "unit": "unit",
            "unit_price_usd": 6.25e-07,
            "so_far_usd": 0.004543,
            "forecast_usd": 0.009086,
            "basis": "estimated",
        },
    ],
    "counted_at": "2026-11-16T00:00:00.000000Z",
    "counts": {
        "documents": 1000,
        "versions": 1130,
        "chunks": 5000,
        "held_bytes": 60_000_000,
        "new_versions": 50,
        "new_chunks": 250,
        "questions": 150,
    },
    "notes": ["[Chroma Cloud] bills itself."],
}


def api_of(folder: Path, asked: list[str]) -> ApiClient:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.raw_path.decode()}")
        return httpx.Response(200, json=MONTH)

    return ApiClient(StackConfig.load({}, project=folder), transport=httpx.MockTransport(answer))


def test_the_month(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[str] = []
    show_month(tasks=2, as_json=False, api=api_of(tmp_path, asked))
    assert asked == ["GET /api/cost?tasks=2"]
    shown = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines() if "│" in line]
    assert rows == [
        ["Fargate", "360.000 vCPU-hour", "0.04048", "14.57", "29.15", "assumed"],
        ["DynamoDB write", "7,269.000 unit", "0.000000625", "0.00", "0.01", "estimated"],
        ["Total, USD", "", "", "14.58", "29.15", ""],
    ]
    assert "1,000 documents in 1,130 versions, 5,000 chunks; this month 50 versions and 150 questions." in shown
    assert "2 tasks" in shown
    assert "[Chroma Cloud] bills itself." in shown


def test_the_month_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_month(tasks=1, as_json=True, api=api_of(tmp_path, []))
    assert json.loads(capsys.readouterr().out) == MONTH


def test_more_documents_never_cost_less() -> None:
    totals = [
        plan_cost(Size(documents=10**power, questions=10, new_documents=10**power // 10)).total for power in range(7)
    ]
    assert totals == sorted(totals)
