"""`rag cost` against sheets made by hand: every quantity, its price and its sum are written out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portfolio_rag.costs.month import Basis, CostLine, Counts, Month, MonthlyCost, month_lines
from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.domain.model_usage import ModelUsage
from tests.simulation.schedule import text_of
from tests.simulation.world import World
from tests.support.api import MemoryUsage

HALF = Month.of(datetime(2026, 11, 16, tzinfo=UTC))
"""360 of November's 720 hours."""

PRICES = {"gpt-4o-mini": (0.15, 0.60)}

Row = tuple[str, str, float, float, float]
"""Service, unit, usage, USD a unit, USD so far."""

IDLE: list[Row] = [
    ("Fargate", "vCPU-hour", 360, 0.04048, 14.5728),
    ("Fargate", "GB-hour", 720, 0.004445, 3.2004),
    ("Load balancer", "hour", 360, 0.0225, 8.1),
    ("Public IPv4 address", "hour", 1080, 0.005, 5.4),
    ("NAT gateway", "hour", 360, 0.045, 16.2),
    ("NAT gateway", "GB", 1, 0.045, 0.045),
    ("EC2 t3.medium", "hour", 360, 0.0416, 14.976),
    ("EBS gp3", "GB-month", 15, 0.08, 1.2),
    ("EBS snapshot", "GB-month", 1, 0.05, 0.05),
    ("Lambda", "GB-second", 1857.75, 0.0000166667, 0.030962561925),  # 4,320 × 0.4 + 15 × 8.65
    ("Lambda", "request", 4335, 0.0000002, 0.000867),  # 4,320 checks and 15 nights
    ("S3", "GB-month", 0, 0.023, 0),
    ("S3", "write", 0, 0.000005, 0),
    ("S3", "read", 0, 0.0000004, 0),
    ("DynamoDB", "GB-month", 0, 0.25, 0),
    ("DynamoDB write", "unit", 0, 0.000000625, 0),
    ("DynamoDB read", "unit", 0, 0.000000125, 0),
    ("SQS", "request", 648_000, 0.0000004, 0.2592),  # 10 connections × 360 h × 180
    ("CloudWatch", "metric-month", 4.5, 0.30, 1.35),
    ("CloudWatch", "alarm-month", 2, 0.10, 0.2),
    ("CloudWatch", "dashboard-month", 0.5, 3.00, 1.5),
    ("CloudWatch log", "GB", 0.1, 0.50, 0.05),
    ("Secrets Manager", "secret-month", 0.5, 0.40, 0.2),
    ("Route 53", "zone-month", 0.5, 0.50, 0.25),
    ("ECR", "GB-month", 1.5, 0.10, 0.15),
]

# 1,000 documents of 60 KB with 5,000 chunks (15,000 windows); this month 50 of them with 250 chunks (750 windows),
# 150 questions, and 300,000 tokens read and 30,000 written by gpt-4o-mini.
SMALL: list[Row] = [
    ("Fargate", "vCPU-hour", 360, 0.04048, 14.5728),
    ("Fargate", "GB-hour", 720, 0.004445, 3.2004),
    ("Load balancer", "hour", 360, 0.0225, 8.1),
    ("Public IPv4 address", "hour", 1080, 0.005, 5.4),
    ("NAT gateway", "hour", 360, 0.045, 16.2),
    ("NAT gateway", "GB", 1.0065, 0.045, 0.0452925),  # 1 + 0.005 + 0.0015
    ("EC2 t3.medium", "hour", 360, 0.0416, 14.976),
    ("EBS gp3", "GB-month", 15, 0.08, 1.2),
    ("EBS snapshot", "GB-month", 1, 0.05, 0.05),
    ("Lambda", "GB-second", 2012.6375, 0.0000166667, 0.03354402542125),  # 122.45 + 32.4375 + 1,857.75
    ("Lambda", "request", 4535, 0.0000002, 0.000907),
    ("S3", "GB-month", 0.06, 0.023, 0.00138),
    ("S3", "write", 400, 0.000005, 0.002),
    ("S3", "read", 400, 0.0000004, 0.00016),
    ("DynamoDB", "GB-month", 0.03025, 0.25, 0.0075625),  # 4 + 22.5 + 3.75 MB, twice, half a month
    ("DynamoDB write", "unit", 7750, 0.000000625, 0.00484375),  # 2,000 + 5,000 + 750
    ("DynamoDB read", "unit", 11_000, 0.000000125, 0.001375),  # 9,000 + 2,000
    ("SQS", "request", 648_600, 0.0000004, 0.25944),
    ("CloudWatch", "metric-month", 4.5, 0.30, 1.35),
    ("CloudWatch", "alarm-month", 2, 0.10, 0.2),
    ("CloudWatch", "dashboard-month", 0.5, 3.00, 1.5),
    ("CloudWatch log", "GB", 0.10029, 0.50, 0.050145),
    ("Secrets Manager", "secret-month", 0.5, 0.40, 0.2),
    ("Route 53", "zone-month", 0.5, 0.50, 0.25),
    ("ECR", "GB-month", 1.5, 0.10, 0.15),
    ("gpt-4o-mini, read", "million tokens", 0.3, 0.15, 0.045),
    ("gpt-4o-mini, written", "million tokens", 0.03, 0.60, 0.018),
]

# 100,000 documents, 6 GB, 700,000 chunks (2.1 million windows: the larger machine); 5,000 new ones with 35,000 chunks;
# 15,000 questions, 30 million tokens read and 3 million written; two tasks; CloudWatch has counted.
LARGE: list[Row] = [
    ("Fargate", "vCPU-hour", 720, 0.04048, 29.1456),
    ("Fargate", "GB-hour", 1440, 0.004445, 6.4008),
    ("Load balancer", "hour", 360, 0.0225, 8.1),
    ("Public IPv4 address", "hour", 1080, 0.005, 5.4),
    ("NAT gateway", "hour", 360, 0.045, 16.2),
    ("NAT gateway", "GB", 1.65, 0.045, 0.07425),  # 1 + 0.5 + 0.15
    ("EC2 m7i.xlarge", "hour", 360, 0.2016, 72.576),
    ("EBS gp3", "GB-month", 15, 0.08, 1.2),
    ("EBS snapshot", "GB-month", 5.25, 0.05, 0.2625),
    ("Lambda", "GB-second", 50_000, 0.0000166667, 0.833335),
    ("Lambda", "request", 90_000, 0.0000002, 0.018),
    ("S3", "GB-month", 6, 0.023, 0.138),
    ("S3", "write", 40_000, 0.000005, 0.2),
    ("S3", "read", 40_000, 0.0000004, 0.016),
    ("DynamoDB", "GB-month", 4.075, 0.25, 1.01875),  # 0.4 + 3.15 + 0.525 GB, twice, half a month
    ("DynamoDB write", "unit", 1_005_000, 0.000000625, 0.628125),
    ("DynamoDB read", "unit", 1_100_000, 0.000000125, 0.1375),
    ("SQS", "request", 1_000_000, 0.0000004, 0.4),
    ("CloudWatch", "metric-month", 4.5, 0.30, 1.35),
    ("CloudWatch", "alarm-month", 2, 0.10, 0.2),
    ("CloudWatch", "dashboard-month", 0.5, 3.00, 1.5),
    ("CloudWatch log", "GB", 0.129, 0.50, 0.0645),
    ("Secrets Manager", "secret-month", 0.5, 0.40, 0.2),
    ("Route 53", "zone-month", 0.5, 0.50, 0.25),
    ("ECR", "GB-month", 1.5, 0.10, 0.15),
    ("gpt-4o-mini, read", "million tokens", 30, 0.15, 4.5),
    ("gpt-4o-mini, written", "million tokens", 3, 0.60, 1.8),
]


def lines_of(
    counts: Counts, usage: ModelUsage, *, billed: dict[str, float] | None = None, tasks: int = 1, month: Month = HALF
) -> list[CostLine]:
    return month_lines(month, counts, {"gpt-4o-mini": usage}, billed or {}, PRICES.get, tasks=tasks)


SMALL_LINES = lines_of(
    Counts(documents=1_000, versions=1_130, chunks=5_000, held_bytes=60_000_000, new_versions=50, new_chunks=250),
    ModelUsage(150, 300_000, 30_000),
)
LARGE_LINES = lines_of(
    Counts(100_000, 130_000, 700_000, 6_000_000_000, 5_000, 35_000),
    ModelUsage(15_000, 30_000_000, 3_000_000),
    billed={"Lambda GB-second": 50_000, "Lambda request": 90_000, "SQS request": 1_000_000},
    tasks=2,
)


@pytest.mark.parametrize(
    ("lines", "sheet", "total"),
    [
        (lines_of(Counts(), ModelUsage()), IDLE, 67.735229561925),
        (SMALL_LINES, SMALL, 67.81884977542125),
        (LARGE_LINES, LARGE, 152.76336),
    ],
    ids=["idle", "1,000 documents", "100,000 documents"],
)
def test_the_sheet_made_by_hand(lines: list[CostLine], sheet: list[Row], total: float) -> None:
    for line, (service, unit, usage, price, so_far) in zip(lines, sheet, strict=True):
        assert (line.service, line.unit, line.unit_price_usd) == (service, unit, price)
        assert line.usage == pytest.approx(usage, abs=1e-12), service
        assert line.so_far_usd == pytest.approx(so_far, abs=1e-12), service
        # Half of the month is over.
        assert line.forecast_usd == pytest.approx(2 * so_far, abs=1e-12), service
    assert sum(line.so_far_usd for line in lines) == pytest.approx(total, abs=1e-9)
    assert sum(row[-1] for row in sheet) == pytest.approx(total, abs=1e-9)


def test_what_aws_counts_is_told_from_what_is_estimated() -> None:
    basis = {(line.service, line.unit): line.basis for line in LARGE_LINES}
    assert basis["Lambda", "GB-second"] is basis["SQS", "request"] is Basis.COUNTED
    assert basis["gpt-4o-mini, read", "million tokens"] is Basis.COUNTED
    assert basis["DynamoDB write", "unit"] is basis["S3", "GB-month"] is basis["NAT gateway", "GB"] is Basis.ESTIMATED
    assert basis["Fargate", "vCPU-hour"] is basis["NAT gateway", "hour"] is basis["ECR", "GB-month"] is Basis.ASSUMED
    assert {line.basis for line in SMALL_LINES if line.service in ("Lambda", "SQS")} == {Basis.ESTIMATED}


def test_the_first_hours_of_a_month_are_taken_for_a_day() -> None:
    """A hundred documents in its first hour are not 72,000 in the month."""
    first = Month.of(datetime(2026, 11, 1, 1, tzinfo=UTC))
    assert first.forecast(100) == pytest.approx(100 + 100 / 24 * 719)
    assert HALF.forecast(100) == pytest.approx(200)


def monthly_cost(world: World, usage: MemoryUsage, billed: dict[str, float], own_chroma: bool = True) -> MonthlyCost:
    class Billed:
        def between(self, start: datetime, end: datetime) -> dict[str, float]:
            assert (start.day, start.hour) == (1, 0)
            assert start < end
            return billed

    return MonthlyCost(world.container.registry, usage, Billed(), PRICES.get, world.clock, own_chroma=own_chroma)


def test_the_counts_are_those_of_the_registry(world: World) -> None:
    texts = [text_of("a", 1), text_of("b", 3), text_of("c", 1)]
    for name, text in zip("abc", texts, strict=True):
        world.upload(f"{name}.md", text)
    world.rest()
    world.upload("a.md", text_of("other", 2))
    world.upload("picture.png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 64)
    world.rest()
    registry = world.container.registry
    stored = [version for status in DocumentStatus for version in registry.iter_by_status(status)]
    counts = monthly_cost(world, MemoryUsage(), {}).report().counts
    assert (counts.documents, counts.versions, counts.new_versions) == (3, 5, 5)
    assert counts.held_bytes == sum(version.file_size for version in stored)
    live = [version for version in stored if version.status is DocumentStatus.COMPLETED and not version.retired]
    assert counts.chunks == sum(version.chunk_count or 0 for version in live) > 0


def test_a_new_month_begins_with_nothing_new_and_all_that_is_held(world: World) -> None:
    world.upload("a.md", text_of("a", 1))
    world.rest()
    costs = monthly_cost(world, MemoryUsage(), {})
    before = costs.report()
    world.clock.advance(timedelta(days=31))
    after = costs.report()
    assert before.counts.new_versions == 1
    assert (after.counts.documents, after.counts.new_versions) == (1, 0)
    assert after.month > before.month


def test_counts_of_a_month_s_last_minutes_do_not_stand_in_the_next(world: World) -> None:
    world.clock.time = datetime(2026, 11, 30, 23, 55, tzinfo=UTC)
    world.upload("a.md", text_of("a", 1))
    world.run()
    costs = monthly_cost(world, MemoryUsage(), {})
    assert costs.report().counts.new_versions == 1
    world.clock.time = datetime(2026, 12, 1, 0, 1, tzinfo=UTC)
    assert costs.report().counts.new_versions == 0


def test_counts_are_kept_for_minutes_and_questions_are_not(world: World) -> None:
    usage = MemoryUsage()
    costs = monthly_cost(world, usage, {})
    assert costs.report().counts.versions == 0
    world.upload("a.md", text_of("a", 1))
    world.run()
    usage.add(world.clock.now_iso()[:7], {"gpt-4o-mini": ModelUsage(2, 10, 5)})
    assert (costs.report().counts.versions, costs.report().questions) == (0, 2)
    world.clock.advance(timedelta(minutes=11))
    assert costs.report().counts.versions == 1


def test_the_notes_say_what_the_figures_lack(world: World) -> None:
    usage = MemoryUsage()
    usage.add(world.clock.now_iso()[:7], {"my-model": ModelUsage(1, 10, 5), "extractive": ModelUsage(3)})
    report = monthly_cost(world, usage, {}, own_chroma=False).report()
    assert [note.split(":")[0] for note in report.notes] == [
        "CloudWatch tells of no invocations and messages here",
        "Chroma Cloud bills what it holds and answers itself",
        "No price is known for my-model",
    ]
    assert not [line for line in report.lines if line.service.startswith(("EC2", "EBS"))]
    assert monthly_cost(world, MemoryUsage(), {"SQS request": 5.0}).report().notes == []
