"""Heading paths in front of windows."""

from __future__ import annotations

from portfolio_rag.ports.embedder import Tokenizer
from portfolio_rag.text.chunking.sections import HeadingPath
from portfolio_rag.text.extraction.document import BlockKind, ExtractedDocument

PATH_SHARE = 3
"""The heading path takes at most one in this many tokens of a window."""


def common_title(document: ExtractedDocument) -> str | None:
    """The document's title, unless all its headings stand under one that says as much, or it is that of a section."""
    tops = {block.heading_path[:1] for block in document.blocks}
    if document.title is None or (len(tops) == 1 and tops != {()}):
        return None
    if len(tops - {()}) > 1 and _heads_a_section(document, document.title):
        return None
    return document.title


def _heads_a_section(document: ExtractedDocument, title: str) -> bool:
    """Whether a heading of the first level beside others says the same, with text of its own below it."""
    return any(block.heading_path[:1] == (title,) and block.kind is not BlockKind.HEADING for block in document.blocks)


class HeadingContext:
    """Heading paths as they go in front of windows: with the title, and cut down to their share of a window.

    `title` stands over every path, `name` where there is no other: over a chunk of several sections of the first level.
    """

    def __init__(self, tokenizer: Tokenizer, window_tokens: int, title: str | None, name: str | None = None) -> None:
        self._name = name
        self._tokenizer = tokenizer
        self._window_tokens = window_tokens
        self._title = title
        self._cache: dict[HeadingPath, tuple[HeadingPath, int]] = {}

    def shown(self, path: HeadingPath) -> HeadingPath:
        return self._look_up(path)[0]

    def full(self, path: HeadingPath) -> HeadingPath:
        """With the title, whatever its length."""
        return (self._title, *path) if self._title and self._title not in path else path

    def room(self, path: HeadingPath) -> int:
        """Tokens that the path leaves for a window's own text."""
        return max(1, self._window_tokens - self._look_up(path)[1])

    def _look_up(self, path: HeadingPath) -> tuple[HeadingPath, int]:
        if path not in self._cache:
            shown = self._fitted(self.full(path) or ((self._name,) if self._name else ()))
            self._cache[path] = shown, self._count(shown)
        return self._cache[path]

    def _fitted(self, path: HeadingPath) -> HeadingPath:
        """Leave out the middle first, then the top; then cut the last heading short."""
        most = self._window_tokens // PATH_SHARE
        while len(path) > 2 and self._count(path) > most:
            path = (path[0], *path[2:])
        if len(path) == 2 and self._count(path) > most:
            path = path[1:]
        if not path or self._count(path) <= most:
            return path
        offsets = self._tokenizer.offsets(path[0])
        words = path[0][: offsets[most][0]].rstrip() if len(offsets) > most else path[0]
        while words and self._count((words,)) > most:
            words = words[: len(words) // 2].rstrip()
        return (words,) if words else ()

    def _count(self, path: HeadingPath) -> int:
        return len(self._tokenizer.offsets(" > ".join(path) + "\n")) if path else 0
