"""TSV: delimited text whose fields are apart by tabs, if its name is right."""

from __future__ import annotations

from portfolio_rag.text.extraction.document import ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.formats import delimited


def extract(data: bytes, limits: ExtractionLimits) -> ExtractedDocument:
    return delimited.read(data, limits, "tsv")
