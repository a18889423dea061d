"""The reader that `portfolio_rag.bake` made, under ONNX Runtime: a question and a text go through the model together.

As with the embedder, one text is one run on one thread, so that nothing depends on the company that a text comes in.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from portfolio_rag.adapters.models.manifest import READER_FILE, TOKENIZER_FILE, Manifest
from portfolio_rag.adapters.models.onnx_session import open_session
from portfolio_rag.adapters.models.tokenizer import encodable, load_backend
from portfolio_rag.adapters.process.cpu import available_cpus
from portfolio_rag.ports.reader import Excerpt

if TYPE_CHECKING:
    from tokenizers import Tokenizer as BackendTokenizer

MAX_PIECES = 256
MAX_QUESTION_PIECES = 48
MAX_HEADING_PIECES = 24
"""As the reader was trained (`evaluation/reader_training.py`)."""

CLS, SEP = 101, 102
UNSEEN = -20.0


class OnnxReader:
    """`ports.Reader` on the baked reader in `model_dir`. Safe for use from several threads.

    `threads` excerpts are read at a time; 0: as many as `available_cpus()` says. The model is read at the first call.
    Raises ConfigurationError when there is no baked model, or it is damaged or of another version.
    """

    def __init__(self, model_dir: str | Path, *, threads: int = 0) -> None:
        self._directory = Path(model_dir)
        self._manifest = Manifest.load(self._directory)
        self._threads = threads if threads > 0 else available_cpus()
        self._lock = threading.Lock()
        self._loaded: tuple[Any, BackendTokenizer] | None = None
        self._pool: ThreadPoolExecutor | None = None

    def read(self, question: str, excerpts: Sequence[Excerpt]) -> list[tuple[float, ...]]:
        session, tokenizer = self._load()

        def read_one(excerpt: Excerpt) -> tuple[float, ...]:
            ids, types, start, offsets = pair(tokenizer, question, excerpt.heading, excerpt.text)
            inputs = {"input_ids": np.array([ids]), "token_type_ids": np.array([types])}
            logits = session.run(None, inputs)[0][0][start : start + len(offsets)]
            return tuple(log_odds(logits, offsets, span) for span in excerpt.spans)

        if len(excerpts) < 2 or self._threads == 1:
            return [read_one(excerpt) for excerpt in excerpts]
        return list(self._workers().map(read_one, excerpts))

    def _workers(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="read")
            return self._pool

    def _load(self) -> tuple[Any, BackendTokenizer]:
        with self._lock:
            if self._loaded is None:
                tokenizer = load_backend(self._manifest.verified(self._directory, TOKENIZER_FILE))
                self._loaded = (open_session(self._manifest.verified(self._directory, READER_FILE)), tokenizer)
            return self._loaded


def pair(
    tokenizer: BackendTokenizer, question: str, heading: str, text: str
) -> tuple[list[int], list[int], int, list[tuple[int, int]]]:
    """Ids and token types of question, heading and text as the reader was trained on them.

    With the place of the text's first word piece, and [start, end) in the text of those that have room.
    """

    def ids_of(part: str) -> list[int]:
        return list(tokenizer.encode(encodable(part), add_special_tokens=False).ids)

    asked = ids_of(question)[:MAX_QUESTION_PIECES]
    above = ids_of(heading)[:MAX_HEADING_PIECES]
    encoded = tokenizer.encode(encodable(text), add_special_tokens=False)
    room = MAX_PIECES - 3 - len(asked) - len(above)
    ids = [CLS, *asked, SEP, *above, *encoded.ids[:room], SEP]
    first = len(asked) + 2
    return ids, [0] * first + [1] * (len(ids) - first), first + len(above), encoded.offsets[:room]


def log_odds(logits: Any, offsets: Sequence[tuple[int, int]], span: tuple[int, int]) -> float:
    """Of a span: the sum of the odds of its word pieces."""
    inside = [logit for logit, (start, end) in zip(logits, offsets, strict=True) if start >= span[0] and end <= span[1]]
    return float(np.logaddexp.reduce(inside)) if inside else UNSEEN
