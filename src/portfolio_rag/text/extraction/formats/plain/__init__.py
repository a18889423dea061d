"""Plain text: paragraphs are what empty lines separate; lines inside a paragraph stay lines."""

from __future__ import annotations

from portfolio_rag.text.extraction.document import DocumentBuilder, ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.formats.plain.markup import marked_sections
from portfolio_rag.text.extraction.formats.plain.pages import without_page_breaks
from portfolio_rag.text.extraction.formats.plain.paragraphs import add_paragraphs
from portfolio_rag.text.extraction.sanitise import clean, decode


def extract(data: bytes, limits: ExtractionLimits) -> ExtractedDocument:
    builder = DocumentBuilder(limits.max_characters)
    for section in marked_sections(clean(without_page_breaks(decode(data)))):
        builder.heading(section.title, section.level)
        add_paragraphs(section.body, builder)
    return builder.build("txt")
