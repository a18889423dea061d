"""Mails in HTML: who wrote what is quoted, told by the paragraph that stands above it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from selectolax.lexbor import LexborHTMLParser

from portfolio_rag.text.extraction.mail_thread import MAX_MESSAGES, introduction_of
from portfolio_rag.text.extraction.nesting import NestingBuilder
from portfolio_rag.text.extraction.sanitise import clean_prose


class QuotingBuilder(NestingBuilder):
    """While it reads `quotations`, a paragraph that introduces a quoted message starts a part of its own."""

    def __init__(self, max_characters: int) -> None:
        super().__init__(max_characters)
        self._level = 0
        self._messages = 0
        self._ends_quoted = False

    @contextmanager
    def quotations(self, content: str, level: int) -> Iterator[None]:
        """`content` is the HTML that is read meanwhile, `level` that of the headings of quoted messages."""
        self._level, self._messages = level, 0
        self._ends_quoted = ends_quoted(content)
        try:
            yield
        finally:
            self._level = 0

    def paragraph(self, text: str, page: int | None = None) -> None:
        if self._level and self._messages < MAX_MESSAGES:
            heading, is_header = introduction_of(clean_prose(text), by_quotation=self._ends_quoted)
            if heading:
                self._messages += 1
                self.enter(heading, self._level)
                if not is_header:
                    return
        super().paragraph(text, page)


def ends_quoted(content: str) -> bool:
    """Whether nothing but quotations stands behind the first of them: no answers between them or below."""
    if "<blockquote" not in content.lower():
        return False
    tree = LexborHTMLParser(content)
    after_quote = False
    stack = [(tree.body, False)]
    while stack:
        node, is_quoted = stack.pop()
        if node is None:
            continue
        stack.append((node.next, is_quoted))
        if node.tag == "blockquote":
            after_quote = True
        elif node.is_text_node and after_quote and not is_quoted and (node.text_content or "").strip():
            return False
        if node.tag not in ("style", "script", "head"):
            stack.append((node.first_child, is_quoted or node.tag == "blockquote"))
    return after_quote
