"""Stand-ins for the embedding model and its tokenizer, and a clock that only moves when told."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from portfolio_rag.ports.monitoring import Alarm, MetricQuery
from portfolio_rag.ports.runtime import Clock, Metric
from portfolio_rag.ports.vectors import Vectors

_WORD = re.compile(r"\w+|[^\w\s]")


class SimClock(Clock):
    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        # Every look takes a moment, so that no two timestamps are equal.
        self.time += timedelta(milliseconds=1)
        return self.time

    def advance(self, step: timedelta) -> None:
        self.time += step


class HashEmbedder:
    """A vector that depends on the text alone; counts how often each text was embedded."""

    def __init__(self, fingerprint: str = "sim") -> None:
        self.fingerprint = fingerprint
        self.dimensions = 8
        self.embedded: Counter[str] = Counter()

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.embedded.update(texts)
        rows = [np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype=np.int8)[:8] for text in texts]
        vectors = np.asarray(rows, dtype=np.float32).reshape(len(texts), 8) + 0.5
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


class WordTokenizer:
    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in _WORD.finditer(text)]


class NoMonitoring:
    """`ports.Monitoring` of a deployment without alarms, whose metrics nobody has kept."""

    def alarms(self) -> list[Alarm]:
        return []

    def series(self, queries: Sequence[MetricQuery], **_: object) -> list[dict[datetime, float]]:
        return [{} for _ in queries]


class RecordedMetrics:
    def __init__(self) -> None:
        self.units: dict[str, str] = {}
        self.values: list[tuple[str, float]] = []
        self.calls = 0

    def put(self, name: str, value: float, unit: str, dimensions: object = None) -> None:
        self.put_all([Metric(name, value, unit)])

    def put_all(self, metrics: Sequence[Metric]) -> None:
        self.calls += 1
        self.units |= {metric.name: metric.unit for metric in metrics}
        self.values += [(metric.name, metric.value) for metric in metrics]

    def total(self, name: str) -> float:
        return sum(value for metric, value in self.values if metric == name)
