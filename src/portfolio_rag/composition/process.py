"""What a Lambda function's process keeps from one invocation to the next."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeVar

from portfolio_rag.adapters.process.json_logs import configure_logging
from portfolio_rag.composition.clients import Clients

_Parts = TypeVar("_Parts", bound=Clients)


def once_per_process(kind: type[_Parts]) -> Callable[[], _Parts]:
    """A function that answers the parts: built, with logging set up, by the first invocation, kept for the warm ones.

    It raises ConfigurationError when a variable has a value that cannot work.
    """

    @cache
    def parts() -> _Parts:
        built = kind.from_env()
        configure_logging(built.settings.log_level, secrets=built.settings.secrets)
        return built

    return parts
