"""Spans of the work, for whoever collects them: nothing until a tracer is installed (adapters/process/tracing.py).

Names and numbers only: no text of a document or a question is ever an attribute.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final, Protocol

Attributes = dict[str, str | int | float | bool]

TRACEPARENT: Final = "traceparent"
"""W3C's name for where a trace goes on, in headers, message attributes and object metadata."""

_NOTHING: Final = nullcontext()


class Started(Protocol):
    """A span that ends when it is told to, in whichever thread."""

    def end(self) -> None: ...


class Tracer(Protocol):
    """Spans of this process."""

    def span(self, name: str, parents: Sequence[str], attributes: Attributes) -> AbstractContextManager[None]:
        """Inside is the span: under the first of the parents and linked with the others; without, under the current."""

    def begin(self, name: str, attributes: Attributes) -> Started:
        """A span under the current one that does not become the current one."""

    def traceparent(self) -> str | None:
        """The current span, for whoever goes on elsewhere."""

    def flush(self) -> None:
        """Send what has ended: a function is frozen after its invocation."""


@contextmanager
def ending(started: Started) -> Iterator[None]:
    """`closing` for a span."""
    try:
        yield
    finally:
        started.end()


class _NotStarted:
    def end(self) -> None:
        """There is nothing to end."""


_OFF: Final = _NotStarted()
_installed: list[Tracer] = []


def install(tracer: Tracer | None) -> None:
    """From now on spans go to this tracer; None: nowhere again."""
    _installed[:] = [] if tracer is None else [tracer]


def span(
    name: str, parents: Sequence[str | None] = (), **attributes: str | int | float | bool
) -> AbstractContextManager[None]:
    """Inside is the span. `parents` are traceparents from elsewhere; where there is none, the current span is it."""
    if not _installed:
        return _NOTHING
    return _installed[0].span(name, [parent for parent in parents if parent], attributes)


def begin(name: str, **attributes: str | int | float | bool) -> Started:
    """A span to be ended by hand: for a generator, which its caller may drive from several threads."""
    return _installed[0].begin(name, attributes) if _installed else _OFF


def traceparent() -> str | None:
    """Of the current span; None while tracing is off, and outside of spans."""
    return _installed[0].traceparent() if _installed else None


def flush() -> None:
    if _installed:
        _installed[0].flush()
