"""JSON Lines: a block for each record."""

from __future__ import annotations

from portfolio_rag.domain.errors import DocumentRejected
from portfolio_rag.text.extraction.document import DocumentBuilder, ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.json_values import add_record, parse
from portfolio_rag.text.extraction.sanitise import decode


def extract(data: bytes, limits: ExtractionLimits) -> ExtractedDocument:
    builder = DocumentBuilder(limits.max_characters)
    for number, line in enumerate(decode(data).split("\n"), 1):
        if line.strip():
            add_record(parse(line, first_line=number), builder)
    return builder.build("jsonl")


def is_lines(text: str) -> bool:
    """Whether the first two lines that hold something are JSON each: records in a file that calls itself JSON."""
    lines = [line for line in text[:1_000_000].split("\n") if line.strip()][:2]
    try:
        for line in lines:
            parse(line)
    except DocumentRejected:
        return False
    return len(lines) == 2
