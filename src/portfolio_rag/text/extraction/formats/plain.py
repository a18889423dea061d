"""Plain text: paragraphs are what empty lines separate; lines inside a paragraph stay lines."""

from __future__ import annotations

import re

from portfolio_rag.text.extraction.document import DocumentBuilder, ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.sanitise import clean, decode

_EMPTY_LINES = re.compile(r"\n[^\S\n]*\n\s*")


def extract(data: bytes, limits: ExtractionLimits) -> ExtractedDocument:
    builder = DocumentBuilder(limits.max_characters)
    for paragraph in _EMPTY_LINES.split(clean(decode(data))):
        builder.paragraph(paragraph)
    return builder.build("txt")
