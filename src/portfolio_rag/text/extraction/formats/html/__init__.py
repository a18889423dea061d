"""HTML by lexbor: what a reader of the page sees, in reading order; nothing active, hidden or navigational."""

from portfolio_rag.text.extraction.formats.html.page import add_fragment, extract

__all__ = ["add_fragment", "extract"]
