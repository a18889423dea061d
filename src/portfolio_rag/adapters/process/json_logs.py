"""JSON lines on standard output, one object a record: what CloudWatch Logs Insights reads without parsing."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Collection

from pythonjsonlogger.json import JsonFormatter

from portfolio_rag.domain.log_context import log_fields

_REDACTED = "[redacted]"


class RedactingFormatter(JsonFormatter):
    """Writes no secret, wherever in a record it stands: a server that refuses a key may repeat it in its error."""

    def __init__(self, secrets: Collection[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s", rename_fields={"asctime": "timestamp"})
        # As they stand inside a JSON text.
        self._secrets = [json.dumps(secret)[1:-1] for secret in secrets if secret]

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, _REDACTED)
        return line


class LogContextFilter(logging.Filter):
    """Adds the fields of the current work (domain/log_context.py), where the record has no value of its own."""

    def filter(self, record: logging.LogRecord) -> bool:
        for name, text in log_fields().items():
            if not hasattr(record, name):
                setattr(record, name, text)
        return True


def configure_logging(level: str, secrets: Collection[str] = ()) -> None:
    """Replace the root handlers (Lambda's runtime client sets its own) by one that writes JSON, without `secrets`."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(RedactingFormatter(secrets))
    handler.addFilter(LogContextFilter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # A line for every request of every client would bury what the pipeline says.
    for chatty in ("httpx", "httpcore", "botocore"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))
