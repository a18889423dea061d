"""A builder for documents that hold documents: chapters of a book, messages of a mail."""

from __future__ import annotations

from portfolio_rag.text.extraction.document import DocumentBuilder


class NestingBuilder(DocumentBuilder):
    """Between `enter` calls, headings lie `depth` levels deeper than they say, and the part's own title comes once."""

    def __init__(self, max_characters: int) -> None:
        super().__init__(max_characters)
        self._depth = 0
        self._title = ""

    def enter(self, title: str, level: int) -> None:
        """Start a part under a heading of `level`; an empty title is none."""
        self._depth = 0
        self.heading(title, level)
        self._depth = level if title.strip() else level - 1
        self._title = _folded(title)

    def heading(self, text: str, level: int, page: int | None = None, *, names_document: bool = True) -> None:
        if self._depth and self._title and _folded(text) == self._title:
            self._title = ""
            return
        super().heading(text, level + self._depth, page, names_document=names_document)


def _folded(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
