"""What the metrics that were published have come to, and the alarms that watch them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class AlarmState(StrEnum):
    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@dataclass(frozen=True, slots=True)
class Alarm:
    """`reason` is why it is in this state, `since` when it came into it; `threshold` is in the metric's unit."""

    name: str
    description: str
    state: AlarmState
    reason: str
    since: datetime | None
    metric: str
    threshold: float | None


@dataclass(frozen=True, slots=True)
class MetricQuery:
    """`statistic` is CloudWatch's: Sum, Average, Maximum, p95."""

    metric: str
    statistic: str


class Monitoring(Protocol):
    """CloudWatch. Raises StorageUnavailable when it does not answer."""

    def alarms(self) -> list[Alarm]:
        """Those of this deployment, by name."""

    def series(
        self, queries: Sequence[MetricQuery], *, start: datetime, end: datetime, period_seconds: int
    ) -> list[dict[datetime, float]]:
        """For each query its values by the beginnings of the periods; a period without data is not there."""
