"""What was used in a month: counted by the API itself, and by AWS."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from portfolio_rag.domain.model_usage import ModelUsage


class UsageStore(Protocol):
    """Questions and tokens by month (`2026-11`) and model. Raises StorageUnavailable."""

    def add(self, month: str, usage: Mapping[str, ModelUsage]) -> None:
        """Count these, by model, in one write. A write that is repeated after a lost answer counts twice."""

    def of_month(self, month: str) -> dict[str, ModelUsage]:
        """By model; empty for a month in which nothing was asked."""


class BilledUsage(Protocol):
    """What AWS itself counts."""

    def between(self, start: datetime, end: datetime) -> dict[str, float]:
        """Quantities by their name in PRICES; those that AWS does not tell are left out, as an emulator leaves all."""
