"""The `torch` backend: sentence-transformers itself, fp32. Slower and larger than the baked model, and its measure."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from portfolio_rag.adapters.models.manifest import digest
from portfolio_rag.adapters.models.tokenizer import encodable
from portfolio_rag.adapters.models.weights import DEFAULT_SOURCE, locate
from portfolio_rag.adapters.process.cpu import available_cpus
from portfolio_rag.ports.vectors import Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# Four windows of 128 word pieces: 512, beyond which a batch gains nothing. encode() sorts by length itself.
_BATCH_SIZE = 4


class SentenceTransformersEmbedder:
    """`ports.Embedder` on sentence-transformers and torch, on the CPU. Safe for use from several threads.

    `source` is what `bake.sources.locate` understands; its weights are checked at once and loaded at the first call.
    `threads` is set for all of torch in this process; 0: as many as `available_cpus()` says. The vectors are not
    comparable with the baked model's to the last digit, so the fingerprint is another. Raises ConfigurationError when
    the model is not there or its weights are the wrong ones.
    """

    def __init__(self, source: str = DEFAULT_SOURCE, *, threads: int = 0) -> None:
        found = locate(source)
        self._path = found.path
        self._threads = threads if threads > 0 else available_cpus()
        self._dimensions = int(json.loads((found.path / "config.json").read_text(encoding="utf-8"))["hidden_size"])
        limits = found.path / "sentence_bert_config.json"
        self._fingerprint = digest(
            {
                "backend": "torch",
                "weights": found.weights_sha256,
                "tokenizer": found.tokenizer_sha256,
                "limits": json.loads(limits.read_text(encoding="utf-8")) if limits.is_file() else None,
            }
        )
        self._lock = threading.Lock()
        self._model: SentenceTransformer | None = None

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @property
    def dimensions(self) -> int:
        return self._dimensions

    @property
    def threads(self) -> int:
        return self._threads

    def warm_up(self) -> None:
        """Load the model now (some 8 s), so that the first query need not wait for it."""
        with self._lock:
            self._load()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of shape (len(texts), dimensions), in the order given; texts beyond the limit are cut."""
        if not texts:
            return np.empty((0, self._dimensions), dtype=np.float32)
        with self._lock:  # its tokenizer changes its own state at every call and raises when two threads do so
            vectors = self._load().encode(
                [encodable(text) for text in texts],
                batch_size=_BATCH_SIZE,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        return np.asarray(vectors, dtype=np.float32)

    def _load(self) -> SentenceTransformer:
        if self._model is None:
            import torch
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging as transformers_logging

            transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
            torch.set_num_threads(self._threads)
            self._model = SentenceTransformer(str(self._path), device="cpu")
        return self._model
