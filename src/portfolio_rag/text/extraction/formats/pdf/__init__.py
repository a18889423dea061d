"""PDF by PDFium: text in reading order with page numbers, headings, tables, and what is filled in."""

from portfolio_rag.text.extraction.formats.pdf.document import dumps, extract, join, loads, read

__all__ = ["dumps", "extract", "join", "loads", "read"]
