"""The embedding model and its tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from portfolio_rag.ports.vectors import Vectors


class Embedder(Protocol):
    """The embedding model under one recipe."""

    @property
    def fingerprint(self) -> str:
        """Hex digest of weights, recipe and window settings; equal fingerprints, comparable vectors."""

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of shape (len(texts), dimensions), in the order given."""


class Tokenizer(Protocol):
    def offsets(self, text: str) -> list[tuple[int, int]]:
        """[start, end) in characters of each word piece of `text`, no special tokens, nothing truncated."""
