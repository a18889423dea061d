"""How long answers take, told to CloudWatch once a minute."""

from __future__ import annotations

from collections import deque
from threading import Event, Thread

from portfolio_rag.ports.runtime import Metric, Metrics

PERIOD_SECONDS = 60.0
"""No answer waits for a call of CloudWatch, and a busy minute is one call, too."""

_POINTS = 500
"""In one call; PutMetricData takes 1000."""


class AnswerDurations:
    """Publishes `AnswerDuration`: seconds from a question to the end of its answer, a refusal's too. Thread-safe."""

    def __init__(self, metrics: Metrics, *, period_seconds: float = PERIOD_SECONDS) -> None:
        self._metrics = metrics
        self._period = period_seconds
        self._seconds: deque[float] = deque()
        self._stopped = Event()
        self._thread: Thread | None = None

    def add(self, seconds: float) -> None:
        self._seconds.append(seconds)

    def start(self) -> None:
        self._stopped.clear()
        self._thread = Thread(target=self._run, name="answer-durations", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Publishes what is left."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        self.publish()

    def publish(self) -> None:
        """What was added since the last time."""
        while self._seconds:
            points = [self._seconds.popleft() for _ in range(min(_POINTS, len(self._seconds)))]
            self._metrics.put_all([Metric("AnswerDuration", seconds, "Seconds") for seconds in points])

    def _run(self) -> None:
        while not self._stopped.wait(self._period):
            self.publish()
