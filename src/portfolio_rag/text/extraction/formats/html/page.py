"""A page, or a piece of one inside another document."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from portfolio_rag.text.extraction.document import DocumentBuilder, ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.formats.html.nodes import is_hidden
from portfolio_rag.text.extraction.formats.html.tabs import reading_of
from portfolio_rag.text.extraction.formats.html.walk import Walk
from portfolio_rag.text.extraction.formats.html.xhtml import as_html, is_xhtml
from portfolio_rag.text.extraction.sanitise import decode

MAIN_MIN_CHARACTERS = 200
"""A `main` element with this much text is taken for the whole page."""

_CHARSET = re.compile(
    rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.-]{1,40})"
    rb"|<\?xml[^>]{0,100}encoding\s*=\s*[\"']([a-zA-Z0-9_:.-]{1,40})",
    re.IGNORECASE,
)


def extract(data: bytes, limits: ExtractionLimits) -> ExtractedDocument:
    declared = _CHARSET.search(data[:4096])
    tree = _parse(decode(data, (declared[1] or declared[2]).decode("ascii") if declared else None))
    builder = DocumentBuilder(limits.max_characters)
    root = _main_part(tree)
    if root is not None:
        Walk(builder, reading_of(tree)).run(root)
    title = tree.css_first("head > title")
    return builder.build("html", title.text() if title else None)


def add_fragment(content: str, builder: DocumentBuilder) -> None:
    """Add what is readable in a piece of HTML, or a whole page, inside another document."""
    tree = _parse(content)
    if tree.body is not None:
        Walk(builder, reading_of(tree)).run(tree.body)


def _parse(text: str) -> LexborHTMLParser:
    return LexborHTMLParser(as_html(text) if is_xhtml(text) else text)


def _main_part(tree: LexborHTMLParser) -> LexborNode | None:
    """The page's only `main` element when it holds some text, else the body."""
    mains = [node for node in tree.css("main, [role=main]") if not is_hidden(node.attributes, frozenset())]
    if len(mains) == 1 and len(mains[0].text()) >= MAIN_MIN_CHARACTERS:
        return mains[0]
    return tree.body
