"""How long answers take, told to CloudWatch once a minute."""

from __future__ import annotations

from collections import deque

from portfolio_rag.domain.periodic import Periodic
from portfolio_rag.ports.runtime import Metric, Metrics

PERIOD_SECONDS = 60.0
"""No answer waits for a call of CloudWatch, and a busy minute is one call, too."""

_POINTS = 500
"""In one call; PutMetricData takes 1000."""


class AnswerDurations:
    """Publishes `AnswerDuration`: seconds from a question to the end of its answer, a refusal's too. Thread-safe."""

    def __init__(self, metrics: Metrics, *, period_seconds: float = PERIOD_SECONDS) -> None:
        self._metrics = metrics
        self._seconds: deque[float] = deque()
        self._publishing = Periodic(self.publish, period_seconds, name="answer-durations")

    def add(self, seconds: float) -> None:
        self._seconds.append(seconds)

    def start(self) -> None:
        self._publishing.start()

    def stop(self) -> None:
        """Publishes what is left."""
        self._publishing.stop()
        self.publish()

    def publish(self) -> None:
        """What was added since the last time."""
        while self._seconds:
            points = [self._seconds.popleft() for _ in range(min(_POINTS, len(self._seconds)))]
            self._metrics.put_all([Metric("AnswerDuration", seconds, "Seconds") for seconds in points])
