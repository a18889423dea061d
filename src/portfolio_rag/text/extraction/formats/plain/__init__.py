"""Plain text: paragraphs are what empty lines separate; lines inside a paragraph stay lines."""

from __future__ import annotations

from portfolio_rag.text.extraction.document import DocumentBuilder, ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.formats.plain.markup import marked_sections
from portfolio_rag.text.extraction.formats.plain.pages import without_page_breaks
from portfolio_rag.text.extraction.formats.plain.paragraphs import add_paragraphs
from portfolio_rag.text.extraction.sanitise import clean, decode
from portfolio_rag.text.language.settings_lines import title_of_settings


def extract(data: bytes, limits: ExtractionLimits) -> ExtractedDocument:
    builder = DocumentBuilder(limits.max_characters)
    text = clean(without_page_breaks(decode(data)))
    for section in marked_sections(text):
        builder.heading(section.title, section.level)
        add_paragraphs(section.body, builder)
    return builder.build("txt", title_of_settings(text) or None)
