"""What a Lambda function's process keeps from one invocation to the next."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

from portfolio_rag.adapters.process.json_logs import configure_logging
from portfolio_rag.adapters.process.tracing import configure_tracing
from portfolio_rag.composition.clients import Clients
from portfolio_rag.domain import tracing
from portfolio_rag.domain.log_context import log_context

_Parts = TypeVar("_Parts", bound=Clients)


@contextmanager
def invocation(correlation_id: str | None = None) -> Iterator[None]:
    """One invocation: its log lines have that id, and its spans have left the process before it is frozen."""
    try:
        with log_context(correlation_id=correlation_id):
            yield
    finally:
        tracing.flush()


def _function_name() -> str:
    return os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "portfolio-rag")


def once_per_process(kind: type[_Parts]) -> Callable[[], _Parts]:
    """A function that answers the parts: built, with logging set up, by the first invocation, kept for the warm ones.

    It raises ConfigurationError when a variable has a value that cannot work.
    """

    @cache
    def parts() -> _Parts:
        built = kind.from_env()
        configure_logging(built.settings.log_level, secrets=built.settings.secrets)
        configure_tracing(built.settings.otel_exporter_otlp_endpoint, _function_name())
        return built

    return parts
