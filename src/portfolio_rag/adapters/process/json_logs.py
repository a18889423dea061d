"""JSON lines on standard output, one object a record: what CloudWatch Logs Insights reads without parsing."""

from __future__ import annotations

import logging
import sys

from pythonjsonlogger.json import JsonFormatter


def configure_logging(level: str) -> None:
    """Replace the root handlers (Lambda's runtime client sets its own) by one that writes JSON."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s", rename_fields={"asctime": "timestamp"})
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # A line for every request of every client would bury what the pipeline says.
    for chatty in ("httpx", "httpcore", "botocore"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))
