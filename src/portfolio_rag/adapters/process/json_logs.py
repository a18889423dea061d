"""JSON lines on standard output, one object a record: what CloudWatch Logs Insights reads without parsing."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Collection

from pythonjsonlogger.json import JsonFormatter

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


def configure_logging(level: str, secrets: Collection[str] = ()) -> None:
    """Replace the root handlers (Lambda's runtime client sets its own) by one that writes JSON, without `secrets`."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(RedactingFormatter(secrets))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # A line for every request of every client would bury what the pipeline says.
    for chatty in ("httpx", "httpcore", "botocore"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))
