"""`rag cost` and `GET /api/cost`: the month so far and where it goes, from counts and dated prices."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from threading import Lock

from portfolio_rag.costs.usage_recorder import month_of
from portfolio_rag.domain.aws_prices import PRICED_ON, REGION
from portfolio_rag.domain.cost_lines import WINDOWS_PER_CHUNK, Activity, Line, cost_lines
from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.domain.identifiers import iso
from portfolio_rag.domain.model_usage import ModelUsage
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.runtime import Clock
from portfolio_rag.ports.usage import BilledUsage, UsageStore

_KEPT = timedelta(minutes=10)
"""Counting reads every version's row: a page that asks again and again shows the last count."""

_RATE_HOURS = 24.0
"""A month's first hours tell little of it: what was done in them is taken for a day's."""

_STANDS = (
    *("Fargate", "Load balancer", "Public IPv4", "NAT gateway hour", "EC2", "EBS gp3", "Secrets", "Route 53", "ECR"),
    *("CloudWatch metric", "CloudWatch alarm", "CloudWatch dashboard"),
)
"""Prices of what is there whether anything is done or not."""

PriceOf = Callable[[str], tuple[float, float] | None]
"""USD for a million tokens that a model reads and writes; None where nobody knows."""


class Basis(StrEnum):
    """How a quantity is known."""

    COUNTED = "counted"
    """By AWS, or by the API itself."""
    ESTIMATED = "estimated"
    """What one document or question takes by the design, times how many there are."""
    ASSUMED = "assumed"
    """Machines and what stands beside them: as deploy_services makes them, since the month began."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the registry holds. `versions` and `held_bytes` are of all, `documents` and `chunks` of what answers.

    `new_versions` and `new_chunks` are of those uploaded since the month began, failed ones included.
    """

    documents: int = 0
    versions: int = 0
    chunks: int = 0
    held_bytes: int = 0
    new_versions: int = 0
    new_chunks: int = 0


@dataclass(frozen=True, slots=True)
class CostLine:
    """`usage` is so far, in `unit`; money in USD."""

    service: str
    usage: float
    unit: str
    unit_price_usd: float
    so_far_usd: float
    forecast_usd: float
    basis: Basis


@dataclass(frozen=True, slots=True)
class MonthReport:
    """`month` as `2026-11`; `prices_dated` as `2026-03`; `counted_at` is when the counts were made."""

    month: str
    region: str
    prices_dated: str
    counted_at: str
    counts: Counts
    questions: int
    lines: list[CostLine]
    notes: list[str] = field(default_factory=list)

    @property
    def so_far_usd(self) -> float:
        return sum(line.so_far_usd for line in self.lines)

    @property
    def forecast_usd(self) -> float:
        return sum(line.forecast_usd for line in self.lines)


@dataclass(frozen=True, slots=True)
class Month:
    """How much of a month is over, in hours."""

    elapsed: float
    whole: float

    @classmethod
    def of(cls, now: datetime) -> Month:
        days = calendar.monthrange(now.year, now.month)[1]
        return cls((now - _beginning(now)).total_seconds() / 3600, 24.0 * days)

    def forecast(self, so_far: float) -> float:
        """What was done so far, and as much an hour until the month is over."""
        return so_far + so_far / max(self.elapsed, _RATE_HOURS) * (self.whole - self.elapsed)


class MonthlyCost:
    """Thread-safe: one caller counts, the others get what it has counted."""

    def __init__(
        self,
        registry: DocumentRegistry,
        usage: UsageStore,
        billed: BilledUsage,
        price_of: PriceOf,
        clock: Clock,
        *,
        own_chroma: bool,
    ) -> None:
        self._registry = registry
        self._usage = usage
        self._billed = billed
        self._price_of = price_of
        self._clock = clock
        self._own_chroma = own_chroma
        self._lock = Lock()
        self._counted: tuple[datetime, Counts] | None = None

    def report(self, *, tasks: int = 1) -> MonthReport:
        """The month so far; `tasks` of the API run. Raises StorageUnavailable."""
        now = self._clock.now().astimezone(UTC)
        at, counts = self._count(now)
        usage = self._usage.of_month(month_of(iso(now)))
        billed = self._billed.between(_beginning(now), now)
        lines = month_lines(
            Month.of(now), counts, usage, billed, self._price_of, tasks=tasks, own_chroma=self._own_chroma
        )
        return MonthReport(
            month=month_of(iso(now)),
            region=REGION,
            prices_dated=PRICED_ON,
            counted_at=iso(at),
            counts=counts,
            questions=_questions(usage),
            lines=lines,
            notes=self._notes(usage, billed),
        )

    def _count(self, now: datetime) -> tuple[datetime, Counts]:
        with self._lock:
            fresh = self._counted is not None and now - self._counted[0] < _KEPT
            if self._counted is None or not fresh or _beginning(self._counted[0]) != _beginning(now):
                self._counted = now, count_versions(self._registry, iso(_beginning(now)))
            return self._counted

    def _notes(self, usage: Mapping[str, ModelUsage], billed: Mapping[str, float]) -> list[str]:
        notes = []
        if not billed:
            notes.append(
                "CloudWatch tells of no invocations and messages here: they are estimated from what was ingested."
            )
        if not self._own_chroma:
            notes.append("Chroma Cloud bills what it holds and answers itself: it is not in these lines.")
        unpriced = [
            model
            for model, used in usage.items()
            if used.prompt_tokens + used.completion_tokens and not self._price_of(model)
        ]
        notes += [f"No price is known for {model}: its tokens count as 0 USD." for model in sorted(unpriced)]
        return notes


def count_versions(registry: DocumentRegistry, month_began: str) -> Counts:
    """All of the registry, a row at a time."""
    documents = versions = chunks = held_bytes = new_versions = new_chunks = 0
    for status in DocumentStatus:
        for version in registry.iter_by_status(status):
            versions += 1
            held_bytes += version.file_size
            of_version = version.chunk_count or 0
            if version.upload_timestamp >= month_began:
                new_versions += 1
                new_chunks += of_version
            if status is DocumentStatus.COMPLETED and not version.retired:
                documents += 1
                chunks += of_version
    return Counts(documents, versions, chunks, held_bytes, new_versions, new_chunks)


def month_lines(
    month: Month,
    counts: Counts,
    usage: Mapping[str, ModelUsage],
    billed: Mapping[str, float],
    price_of: PriceOf,
    *,
    tasks: int = 1,
    own_chroma: bool = True,
) -> list[CostLine]:
    """Every priced quantity of the month. What `billed` has is taken from there instead of from an estimate."""
    so_far = Activity(
        hours=month.elapsed,
        month_hours=month.whole,
        documents=counts.documents,
        held_bytes=counts.held_bytes,
        chunks=counts.chunks,
        windows=counts.chunks * WINDOWS_PER_CHUNK,
        new_documents=counts.new_versions,
        new_chunks=counts.new_chunks,
        new_windows=counts.new_chunks * WINDOWS_PER_CHUNK,
        questions=_questions(usage),
        tasks=tasks,
        own_chroma=own_chroma,
    )
    whole = replace(
        so_far,
        hours=month.whole,
        new_documents=month.forecast(so_far.new_documents),
        new_chunks=month.forecast(so_far.new_chunks),
        new_windows=month.forecast(so_far.new_windows),
        questions=month.forecast(so_far.questions),
    )
    lines = [
        _priced(line, forecast, month, billed)
        for line, forecast in zip(cost_lines(so_far), cost_lines(whole), strict=True)
    ]
    return lines + _token_lines(month, usage, price_of)


def _priced(line: Line, forecast: Line, month: Month, billed: Mapping[str, float]) -> CostLine:
    service, _, unit = line.price.rpartition(" ")
    quantity, expected, basis = line.quantity, forecast.quantity, Basis.ESTIMATED
    if line.price in billed:
        quantity, expected, basis = billed[line.price], month.forecast(billed[line.price]), Basis.COUNTED
    elif line.price.startswith(_STANDS):
        basis = Basis.ASSUMED
    price = line.unit_price
    return CostLine(service, quantity, unit, price, quantity * price, expected * price, basis)


def _token_lines(month: Month, usage: Mapping[str, ModelUsage], price_of: PriceOf) -> list[CostLine]:
    lines = []
    for model, used in sorted(usage.items()):
        read, written = price_of(model) or (0.0, 0.0)
        for service, tokens, price in (
            (f"{model}, read", used.prompt_tokens, read),
            (f"{model}, written", used.completion_tokens, written),
        ):
            millions = tokens / 1_000_000
            usd = millions * price
            forecast = month.forecast(usd)
            if tokens:
                lines.append(CostLine(service, millions, "million tokens", price, usd, forecast, Basis.COUNTED))
    return lines


def _questions(usage: Mapping[str, ModelUsage]) -> int:
    return sum(used.questions for used in usage.values())


def _beginning(now: datetime) -> datetime:
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
