"""What every log line of a piece of work says: which document it is about, and with what it began."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_fields: ContextVar[Mapping[str, str]] = ContextVar("log_fields", default={})  # noqa: B039 - never changed in place

_CORRELATION_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


def log_fields() -> Mapping[str, str]:
    """Those of the current work: also in the threads that do a part of it."""
    return _fields.get()


def correlation_id() -> str | None:
    """The id that all work for one upload or one request shares."""
    return _fields.get().get("correlation_id")


@contextmanager
def log_context(**fields: str | None) -> Iterator[None]:
    """Inside, log lines have these fields as well; None leaves one as it is."""
    token = _fields.set(_with(fields))
    try:
        yield
    finally:
        _fields.reset(token)


def bind_log_context(**fields: str | None) -> None:
    """The same for the rest of the current task."""
    _fields.set(_with(fields))


def valid_correlation_id(text: str | None) -> str | None:
    """The id, where it came from outside, or None: anybody who may upload may send one."""
    return text if text and _CORRELATION_ID.fullmatch(text) else None


def _with(fields: Mapping[str, str | None]) -> Mapping[str, str]:
    return {**_fields.get(), **{name: text for name, text in fields.items() if text is not None}}
