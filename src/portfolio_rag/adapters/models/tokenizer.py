"""The embedding model's own word pieces, for counting and cutting text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from portfolio_rag.adapters.models.manifest import TOKENIZER_FILE, Manifest
from portfolio_rag.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from tokenizers import Tokenizer as BackendTokenizer

# BERT's pre-tokenizer cuts at whitespace and around every punctuation mark, and no rule of it looks across such a
# cut. So text may be tokenized word by word, and words repeat: ten times as fast as the whole text at once, which
# runs at half a megabyte a second. ASCII only: what other characters do is left to the tokenizer itself. The names of
# special tokens are read as such wherever they stand in a text, as sentence-transformers reads them.
_WORDS = re.compile(r"\[(?:PAD|UNK|CLS|SEP|MASK)\]|[!-/:-@\[-`{-~]|[^ \t\n\r!-/:-@\[-`{-~]+")
_SURROGATES = re.compile("[\ud800-\udfff]")

_CACHED_WORDS = 200_000
_CACHED_LENGTH = 32
"""Longer ones are hardly words and hardly repeat."""


def encodable(text: str) -> str:
    """`text` with lone surrogates, which no UTF-8 can hold, as U+FFFD: as long as before, so spans stay right."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def load_backend(path: Path) -> BackendTokenizer:
    """The tokenizer of a tokenizer.json, with whatever padding and truncation it was saved with taken off.

    all-MiniLM-L6-v2 as published pads to 128 word pieces and truncates there. Raises ConfigurationError when
    the file is no tokenizer.
    """
    from tokenizers import Tokenizer

    try:
        backend = Tokenizer.from_file(str(path))
    except Exception as error:  # the bindings raise bare Exception
        raise ConfigurationError(f"{path} is damaged: {error}") from error
    backend.no_padding()
    backend.no_truncation()
    return backend


class HuggingFaceTokenizer:
    """`ports.Tokenizer` on the tokenizer of a baked model. Safe for use from several threads.

    The file is read at the first call. Raises ConfigurationError when there is no baked model in `model_dir`.
    """

    def __init__(self, model_dir: str | Path) -> None:
        self._directory = Path(model_dir)
        self._manifest = Manifest.load(self._directory)
        self._backend: BackendTokenizer | None = None
        self._cache: dict[str, tuple[tuple[int, int], ...]] = {}

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """[start, end) in characters of each word piece of `text`, no special tokens, nothing truncated.

        A run of more than 100 characters without a break is one unknown piece, as the model reads it.
        """
        cache = self._cache
        spans: list[tuple[int, int]] = []
        for match in _WORDS.finditer(encodable(text)):
            word = match[0]
            pieces = cache.get(word)
            if pieces is None:
                pieces = self._pieces(word)
            base = match.start()
            for start, end in pieces:
                spans.append((base + start, base + end))
        return spans

    def _pieces(self, word: str) -> tuple[tuple[int, int], ...]:
        if self._backend is None:
            self._backend = load_backend(self._manifest.verified(self._directory, TOKENIZER_FILE))
        pieces = tuple(self._backend.encode(word, add_special_tokens=False).offsets)
        if len(word) <= _CACHED_LENGTH:
            if len(self._cache) >= _CACHED_WORDS:
                self._cache.clear()
            self._cache[word] = pieces
        return pieces
