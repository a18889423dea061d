"""The process and what runs it: clock, threads, metrics, the next invocation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from portfolio_rag.domain.identifiers import iso

_T = TypeVar("_T")


class Clock(Protocol):
    def now(self) -> datetime:
        """The current time, aware, in UTC."""

    def now_iso(self) -> str:
        """The current time in the form in which it is stored (domain/identifiers.py)."""
        return iso(self.now())


class Parallel(Protocol):
    """Runs waits beside each other: a function on every item, each independent of the others."""

    def __call__(self, function: Callable[[_T], None], items: Iterable[_T]) -> None:
        """Return when all are done; raises what the first of the failed ones has raised."""


class Repeating(Protocol):
    """Does something again and again beside the work."""

    def __call__(self, action: Callable[[], None], seconds: float) -> AbstractContextManager[None]:
        """Inside, the action is run each time that so many seconds have passed; it is not begun after the block."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One data point; `unit` is CloudWatch's: Count, Percent, Seconds."""

    name: str
    value: float
    unit: str


class Metrics(Protocol):
    """CloudWatch custom metrics. Never raises: a lost data point must not fail a document."""

    def put(self, name: str, value: float, unit: str, dimensions: Mapping[str, str] | None = None) -> None: ...

    def put_all(self, metrics: Sequence[Metric]) -> None:
        """In one call."""


class JobLauncher(Protocol):
    def launch(self, payload: Mapping[str, Any]) -> None:
        """Start the batch-reindex function asynchronously."""
