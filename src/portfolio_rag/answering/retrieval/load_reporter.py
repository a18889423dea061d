"""How busy an API task is, told to CloudWatch once a minute: by it an ECS service grows and shrinks."""

from __future__ import annotations

from threading import Event, Thread

from portfolio_rag.answering.retrieval.fair_semaphore import FairSemaphore
from portfolio_rag.ports.runtime import Metrics

PERIOD_SECONDS = 60.0
"""CloudWatch keeps what is not of high resolution by the minute."""


class LoadReporter:
    """Publishes `QuestionsWaiting`, the most questions that waited for a slot at a time in the minute before.

    CPU alone does not show it: a question that waits for Chroma or DynamoDB holds its slot and computes nothing.
    """

    def __init__(self, slots: FairSemaphore, metrics: Metrics, *, period_seconds: float = PERIOD_SECONDS) -> None:
        self._slots = slots
        self._metrics = metrics
        self._period = period_seconds
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="load-reporter", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._period):
            self._metrics.put("QuestionsWaiting", self._slots.take_peak(), "Count")
