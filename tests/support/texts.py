"""A tokenizer that needs no model, and documents made from scratch."""

from __future__ import annotations

import io
import re
import zipfile

from portfolio_rag.settings.ingestion_rules import FILE_TYPES
from portfolio_rag.text.extraction.document import ExtractionLimits

LIMITS = ExtractionLimits(
    allowed_types=FILE_TYPES,
    max_pages=50,
    max_characters=1_000_000,
    timeout_seconds=30,
    memory_mb=1024,
)

SQS = """Amazon SQS keeps messages in a queue for 4 days by default. You can set the retention period from 60 seconds \
to 14 days.

The visibility timeout hides a message after a consumer has received it. Its default is 30 seconds and its maximum \
is 12 hours.

Standard queues do not guarantee the order of messages. FIFO queues deliver messages in order."""

DYNAMO = """An item in DynamoDB may hold at most 400 KB, attribute names included.

Point-in-time recovery keeps continuous backups of a table for the last 35 days."""


class WordTokenizer:
    """Words in pieces of four letters, and every other sign: additive at blanks like a real one, with long words."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"\w{1,4}|[^\w\s]", text)]


def rewritten_zip(data: bytes, **entries: bytes | None) -> bytes:
    """A ZIP archive with some entries replaced, added, or (None) left out; `__` stands for a slash, `_DOT_` a dot."""
    changes = {name.replace("__", "/").replace("_DOT_", "."): body for name, body in entries.items()}
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename not in changes:
                new.writestr(entry, old.read(entry))
        for name, body in changes.items():
            if body is not None:
                new.writestr(name, body)
    return target.getvalue()
