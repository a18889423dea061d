"""Markdown (CommonMark and what writers add to it) by markdown-it: structure and reading text."""

from __future__ import annotations

from functools import cache

from portfolio_rag.text.extraction.document import DocumentBuilder, ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.formats.markdown.front_matter import split_front_matter
from portfolio_rag.text.extraction.formats.markdown.parser import parser
from portfolio_rag.text.extraction.formats.markdown.walk import Walk
from portfolio_rag.text.extraction.sanitise import clean, decode


def extract(data: bytes, limits: ExtractionLimits) -> ExtractedDocument:
    matter, text = split_front_matter(clean(decode(data)))
    builder = DocumentBuilder(limits.max_characters)
    builder.paragraph(matter.text)
    _add(text, builder)
    return builder.build("md", matter.title, attributes=matter.attributes)


def add_fragment(content: str, builder: DocumentBuilder) -> None:
    """Add what is readable in a piece of Markdown inside another document."""
    _add(clean(content), builder)


def _add(text: str, builder: DocumentBuilder) -> None:
    markdown = _parser()
    environment: dict[str, object] = {}
    Walk(builder, markdown).run(markdown.parse(text, environment), environment)


_parser = cache(parser)
