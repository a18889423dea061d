"""Logs as one JSON object a line on standard output, each with the id of the request that it belongs to."""

from __future__ import annotations

import logging
import logging.config
from contextvars import ContextVar

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_request_id() -> str | None:
    """The id of the request being served, also in the worker threads that serve it; None outside of one."""
    return _request_id.get()


def bind_request_id(value: str) -> None:
    """Set the id for the current task: the server runs each request in a task of its own."""
    _request_id.set(value)


class RequestIdFilter(logging.Filter):
    """Adds `request_id` to records written while a request is served."""

    def filter(self, record: logging.LogRecord) -> bool:
        request_id = current_request_id()
        if request_id is not None:
            record.request_id = request_id
        return True


def configure_logging(level: str) -> None:
    """Send every logger of the process, uvicorn's included, to standard output as JSON.

    uvicorn's own access log is switched off: `api.access` says the same and more.
    """
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"request_id": {"()": RequestIdFilter}},
            "formatters": {
                "json": {
                    "()": "pythonjsonlogger.json.JsonFormatter",
                    "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
                    "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
                }
            },
            "handlers": {
                "stdout": {
                    "class": "logging.StreamHandler",
                    "stream": "ext://sys.stdout",
                    "formatter": "json",
                    "filters": ["request_id"],
                }
            },
            "root": {"level": level.upper(), "handlers": ["stdout"]},
            "loggers": {
                "uvicorn": {"handlers": [], "propagate": True},
                "uvicorn.error": {"handlers": [], "propagate": True},
                "uvicorn.access": {"handlers": [], "propagate": False},
                # One line for each call to OpenAI or Chroma would bury the rest.
                "httpx": {"level": "WARNING"},
                "httpx2": {"level": "WARNING"},
            },
        }
    )
