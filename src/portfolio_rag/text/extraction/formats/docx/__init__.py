"""Word documents (.docx and its kin): all text that a reader sees, in order, with its structure."""

from __future__ import annotations

from portfolio_rag.text.extraction.document import DocumentBuilder, ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.formats.docx.body import BodyReader
from portfolio_rag.text.extraction.formats.docx.document import WordDocument
from portfolio_rag.text.extraction.formats.docx.margins import Margins
from portfolio_rag.text.extraction.formats.docx.package import Package, own_title


def extract(data: bytes, limits: ExtractionLimits) -> ExtractedDocument:
    package = Package(data)
    builder = DocumentBuilder(limits.max_characters)
    word = WordDocument(package, builder)
    margins = Margins(word)
    margins.next_section()
    BodyReader(word, margins.next_section).blocks(word.body)
    return builder.build("docx", own_title(package))
