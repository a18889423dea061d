"""Questions and tokens of all callers, counted by the month."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock

from portfolio_rag.domain.answers import Answer, Usage
from portfolio_rag.domain.errors import PortfolioRagError
from portfolio_rag.domain.model_usage import ModelUsage
from portfolio_rag.domain.periodic import Periodic
from portfolio_rag.ports.runtime import Clock
from portfolio_rag.ports.usage import UsageStore

PERIOD_SECONDS = 15.0
"""So many seconds' counts are lost with a process that dies; in exchange no answer waits for a write."""

_log = logging.getLogger(__name__)


class UsageRecorder:
    """Adds up in memory and writes from a thread of its own, once a period and at the end. Thread-safe.

    `model` names the one that writes now: an answer that was cut short does not say which it was.
    """

    def __init__(
        self, store: UsageStore, clock: Clock, model: Callable[[], str], *, period_seconds: float = PERIOD_SECONDS
    ) -> None:
        self._store = store
        self._clock = clock
        self._model = model
        self._lock = Lock()
        self._counts: dict[tuple[str, str], ModelUsage] = {}
        self._writing = Periodic(self.flush, period_seconds, name="usage-recorder")

    def count(self, answer: Answer) -> None:
        """Count a question and the tokens of its answer."""
        self._add(answer.model, answer.usage)

    def count_cut_short(self, usage: Usage) -> None:
        """Count a question whose answer nobody has waited for."""
        self._add(self._model(), usage)

    def start(self) -> None:
        self._writing.start()

    def stop(self) -> None:
        self._writing.stop()
        self.flush()

    def flush(self) -> None:
        """Write what was counted since the last time. What cannot be written is kept for the next."""
        with self._lock:
            counts, self._counts = self._counts, {}
        for month in sorted({month for month, _ in counts}):
            usage = {model: count for (at, model), count in counts.items() if at == month}
            try:
                self._store.add(month, usage)
            except PortfolioRagError:
                _log.warning("The usage of %s cannot be written now.", month, exc_info=True)
                with self._lock:
                    for model, count in usage.items():
                        self._counts[month, model] = self._counts.get((month, model), ModelUsage()) + count

    def _add(self, model: str, usage: Usage) -> None:
        month = month_of(self._clock.now_iso())
        one = ModelUsage(1, usage.prompt_tokens, usage.completion_tokens)
        with self._lock:
            self._counts[month, model] = self._counts.get((month, model), ModelUsage()) + one


def month_of(moment: str) -> str:
    """`2026-11` of a stored time."""
    return moment[:7]
