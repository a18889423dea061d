"""How busy an API task is, told to CloudWatch once a minute: by it an ECS service grows and shrinks."""

from __future__ import annotations

from portfolio_rag.answering.retrieval.fair_semaphore import FairSemaphore
from portfolio_rag.domain.periodic import Periodic
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
        self._reporting = Periodic(self._report, period_seconds, name="load-reporter")

    def start(self) -> None:
        self._reporting.start()

    def stop(self) -> None:
        self._reporting.stop()

    def _report(self) -> None:
        self._metrics.put("QuestionsWaiting", self._slots.take_peak(), "Count")
