"""How much was ingested and answered, what failed and how long it took: the published metrics over time, for plots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from portfolio_rag.ports.monitoring import MetricQuery, Monitoring
from portfolio_rag.ports.runtime import Clock

UNITS: Final = {
    MetricQuery("IngestedDocuments", "Sum"): "Count",
    MetricQuery("DocumentsWithWarnings", "Sum"): "Count",
    MetricQuery("FailureRate", "Average"): "Percent",
    MetricQuery("FailedChunks", "Sum"): "Count",
    MetricQuery("ChromaDBErrors", "Sum"): "Count",
    MetricQuery("ProcessingDuration", "Average"): "Seconds",
    MetricQuery("ProcessingDuration", "p95"): "Seconds",
    MetricQuery("AnswerDuration", "Average"): "Seconds",
    MetricQuery("AnswerDuration", "p95"): "Seconds",
    MetricQuery("QueueDepth", "Maximum"): "Count",
    MetricQuery("DeadLetters", "Maximum"): "Count",
    MetricQuery("StuckDocuments", "Maximum"): "Count",
}
"""What is shown, and in which unit."""


class Window(StrEnum):
    """How far back a history goes."""

    HOURS = "3h"
    DAY = "24h"
    WEEK = "7d"


_PERIODS: Final = {Window.HOURS: (300, 36), Window.DAY: (1800, 48), Window.WEEK: (10800, 56)}
"""Seconds and number. Of 300 s at least: check-health publishes every five minutes."""


@dataclass(frozen=True, slots=True)
class Series:
    """`values` has one for each time; None where nothing was published in the period."""

    query: MetricQuery
    unit: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class History:
    """`times`: the beginnings of the periods, oldest first; the last one is not over."""

    period_seconds: int
    times: Sequence[datetime]
    series: Sequence[Series]


class MetricHistory:
    def __init__(self, monitoring: Monitoring, clock: Clock) -> None:
        self._monitoring = monitoring
        self._clock = clock

    def last(self, window: Window) -> History:
        """Raises StorageUnavailable."""
        period, count = _PERIODS[window]
        now = self._clock.now()
        last = datetime.fromtimestamp(now.timestamp() // period * period, UTC)
        times = [last - timedelta(seconds=period * back) for back in reversed(range(count))]
        queries = list(UNITS)
        end = last + timedelta(seconds=period)
        found = self._monitoring.series(queries, start=times[0], end=end, period_seconds=period)
        return History(
            period,
            times,
            [
                Series(query, UNITS[query], [values.get(moment) for moment in times])
                for query, values in zip(queries, found, strict=True)
            ],
        )
