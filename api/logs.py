"""Logs as one JSON object a line on standard output, each with the id of the request that it belongs to."""

from __future__ import annotations

import logging
from collections.abc import Collection
from contextvars import ContextVar

from portfolio_rag.adapters.process.json_logs import configure_logging
from portfolio_rag.domain.log_context import bind_log_context

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_request_id() -> str | None:
    """The id of the request being served, also in the worker threads that serve it; None outside of one."""
    return _request_id.get()


def bind_request_id(value: str) -> None:
    """Set the id for the current task: the server runs each request in a task of its own."""
    _request_id.set(value)
    bind_log_context(correlation_id=value)


class RequestIdFilter(logging.Filter):
    """Adds `request_id` to records written while a request is served."""

    def filter(self, record: logging.LogRecord) -> bool:
        request_id = current_request_id()
        if request_id is not None:
            record.request_id = request_id
        return True


def configure_api_logging(level: str, secrets: Collection[str] = ()) -> None:
    """Send every logger of the process, uvicorn's included, to standard output as JSON without `secrets`.

    uvicorn's own access log is switched off: `api.access` says the same and more.
    """
    configure_logging(level, secrets)
    for handler in logging.getLogger().handlers:
        handler.addFilter(RequestIdFilter())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"
    # One line for each call to OpenAI or Chroma, or of an agent, would bury the rest.
    for name in ("httpx", "httpx2", "mcp"):
        logging.getLogger(name).setLevel(logging.WARNING)
