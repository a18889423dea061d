"""The embedding model that `portfolio_rag.bake` made, under ONNX Runtime: no torch, a fraction of its memory.

One text is one run on one thread. Measured for all-MiniLM-L6-v2 in int8, at 128 word pieces a text on two cores:
two texts at a time take 7.5 ms each, one text on two threads 9.3 ms, four texts in a batch on two threads 8.4 ms;
on one core a batch of them gains nothing over one by one (of texts of 14 pieces it would, but those are queries, and
come alone). It also needs no padding and no attention mask, leaves no threads spinning against a CPU quota, and a
vector depends on nothing but its own text: in a batch, int8 shares one scale among all texts, so that the same text
would get other vectors in other company.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from portfolio_rag.adapters.models.manifest import MODEL_FILE, TOKENIZER_FILE, Manifest
from portfolio_rag.adapters.models.onnx_session import open_session
from portfolio_rag.adapters.models.tokenizer import encodable, load_backend
from portfolio_rag.adapters.process.cpu import available_cpus
from portfolio_rag.ports.vectors import Vectors

if TYPE_CHECKING:
    from tokenizers import Tokenizer as BackendTokenizer


_KEPT: dict[tuple[Path, str], tuple[Any, BackendTokenizer]] = {}
"""Sessions and tokenizers for the embedders of processes that are forked from this one."""


def keep_for_forks(model_dir: str | Path) -> None:
    """Load the model once, for the embedders of all processes that are forked from this one: they share its memory.

    A session with one thread starts none, so it lives on in a fork. Raises ConfigurationError as OnnxEmbedder does.
    """
    embedder = OnnxEmbedder(model_dir)
    _KEPT[embedder._key] = embedder._load()


class OnnxEmbedder:
    """`ports.Embedder` on the baked model in `model_dir`. Safe for use from several threads.

    `threads` texts are embedded at a time; 0: as many as `available_cpus()` says. The manifest is read at once, the
    model at the first call of `embed` or `warm_up`. Raises ConfigurationError when there is no baked model, or it
    is damaged or of another version.
    """

    def __init__(self, model_dir: str | Path, *, threads: int = 0) -> None:
        self._directory = Path(model_dir)
        self._manifest = Manifest.load(self._directory)
        self._threads = threads if threads > 0 else available_cpus()
        self._lock = threading.Lock()
        self._loaded: tuple[Any, BackendTokenizer] | None = None
        self._pool: ThreadPoolExecutor | None = None

    @property
    def fingerprint(self) -> str:
        return self._manifest.fingerprint

    @property
    def dimensions(self) -> int:
        return self._manifest.dimensions

    @property
    def threads(self) -> int:
        return self._threads

    def warm_up(self) -> None:
        """Load the model now, so that the first query need not wait for it."""
        self._load()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of shape (len(texts), dimensions), in the order given; texts beyond the limit are cut."""
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        if not texts:
            return vectors
        session, tokenizer = self._load()

        def embed_one(index: int) -> None:
            ids = tokenizer.encode(encodable(texts[index])).ids
            vectors[index] = session.run(None, {"input_ids": np.array([ids], dtype=np.int64)})[0][0]

        if len(texts) == 1 or self._threads == 1:
            for index in range(len(texts)):
                embed_one(index)
        else:
            # Longest first, so that no thread is left alone with a long text at the end.
            order = sorted(range(len(texts)), key=lambda index: len(texts[index]), reverse=True)
            for _ in self._workers().map(embed_one, order):
                pass
        return vectors

    def _workers(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="embed")
            return self._pool

    @property
    def _key(self) -> tuple[Path, str]:
        return self._directory.resolve(), self.fingerprint

    def _load(self) -> tuple[Any, BackendTokenizer]:
        with self._lock:
            if self._loaded is None:
                self._loaded = _KEPT.get(self._key)
            if self._loaded is None:
                tokenizer = load_backend(self._manifest.verified(self._directory, TOKENIZER_FILE))
                # The limit counts the special tokens, as sentence-transformers counts them.
                tokenizer.enable_truncation(self._manifest.max_tokens)
                self._loaded = (open_session(self._manifest.verified(self._directory, MODEL_FILE)), tokenizer)
            return self._loaded
