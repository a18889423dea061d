"""The month's cost."""

from __future__ import annotations

from dataclasses import asdict

from pydantic import BaseModel, Field

from portfolio_rag.costs.month import Basis, CostLine, MonthReport

_MICRO = 6
"""Digits of a dollar that are told: a single request costs less than a cent's hundredth."""


class CostLineOut(BaseModel):
    """One quantity with its price."""

    service: str = Field(description="What is billed.", examples=["Lambda"])
    usage: float = Field(description="How much of it so far.", examples=[5120.5])
    unit: str = Field(description="Of what.", examples=["GB-second"])
    unit_price_usd: float = Field(description="USD a unit.", examples=[0.0000166667])
    so_far_usd: float = Field(description="USD since the month began.", examples=[0.085342])
    forecast_usd: float = Field(description="USD for the whole month.", examples=[0.102417])
    basis: Basis = Field(
        description=(
            "`counted`: by AWS or by this API. `estimated`: what a document or a question takes, times how many there "
            "were. `assumed`: what stands whether it is used or not, since the month began."
        ),
        examples=["counted"],
    )

    @classmethod
    def of(cls, line: CostLine) -> CostLineOut:
        values = asdict(line)
        rounded = {name: round(values[name], _MICRO) for name in ("usage", "so_far_usd", "forecast_usd")}
        return cls(**{**values, **rounded})


class CountsOut(BaseModel):
    """What was counted."""

    documents: int = Field(description="Documents that answer.", examples=[1000])
    versions: int = Field(description="Versions that are kept, failed and replaced ones included.", examples=[1130])
    chunks: int = Field(description="Chunks of the documents that answer.", examples=[5200])
    held_bytes: int = Field(description="Bytes of all versions' originals.", examples=[67800000])
    new_versions: int = Field(description="Versions uploaded this month.", examples=[100])
    new_chunks: int = Field(description="Their chunks.", examples=[520])
    questions: int = Field(description="Questions answered this month.", examples=[300])


class CostOut(BaseModel):
    """The month so far on AWS, and for the whole month if it goes on like this."""

    month: str = Field(description="UTC.", examples=["2026-11"])
    region: str = Field(description="Whose prices these are.", examples=["us-east-1"])
    prices_dated: str = Field(description="When these were the prices.", examples=["2026-03"])
    so_far_usd: float = Field(description="USD since the month began.", examples=[121.4])
    forecast_usd: float = Field(description="USD for the whole month.", examples=[137.26])
    lines: list[CostLineOut]
    counted_at: str = Field(description="UTC; kept for ten minutes.", examples=["2026-01-05T10:12:00.000000Z"])
    counts: CountsOut
    notes: list[str] = Field(description="What to know of these figures.", examples=[[]])

    @classmethod
    def of(cls, report: MonthReport) -> CostOut:
        return cls(
            month=report.month,
            region=report.region,
            prices_dated=report.prices_dated,
            so_far_usd=round(report.so_far_usd, _MICRO),
            forecast_usd=round(report.forecast_usd, _MICRO),
            lines=[CostLineOut.of(line) for line in report.lines],
            counted_at=report.counted_at,
            counts=CountsOut(**asdict(report.counts), questions=report.questions),
            notes=report.notes,
        )
