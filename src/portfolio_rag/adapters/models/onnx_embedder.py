"""The embedding model as `portfolio_rag.bake` made it.

Measured for all-MiniLM-L6-v2 in int8, at 128 word pieces a text on two cores: two texts at a time take 7.5 ms each, one
text on two threads 9.3 ms, four texts in a batch on two threads 8.4 ms; on one core a batch of them gains nothing over
one by one (of texts of 14 pieces it would, but those are queries, and come alone). One by one also needs no padding and
no attention mask, and a vector depends on nothing but its own text: in a batch, int8 shares one scale among all texts,
so that the same text would get other vectors in other company.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from portfolio_rag.adapters.models.manifest import MODEL_FILE
from portfolio_rag.adapters.models.onnx_model import OnnxModel
from portfolio_rag.adapters.models.tokenizer import encodable
from portfolio_rag.ports.vectors import Vectors


def keep_for_forks(model_dir: str | Path) -> None:
    """Load the model once, for the embedders of all processes that are forked from this one: they share its memory.

    Raises ConfigurationError as OnnxEmbedder does.
    """
    _model(model_dir).keep_for_forks()


class OnnxEmbedder:
    """`ports.Embedder` on the baked model in `model_dir`. Safe for use from several threads.

    `threads` texts are embedded at a time; 0: as many as `available_cpus()` says. The manifest is read at once, the
    model at the first call of `embed` or `warm_up`. Raises ConfigurationError when there is no baked model, or it
    is damaged or of another version.
    """

    def __init__(self, model_dir: str | Path, *, threads: int = 0) -> None:
        self._model = _model(model_dir, threads)

    @property
    def fingerprint(self) -> str:
        return self._model.manifest.fingerprint

    @property
    def dimensions(self) -> int:
        return self._model.manifest.dimensions

    @property
    def threads(self) -> int:
        return self._model.threads

    def warm_up(self) -> None:
        """Load the model now, so that the first query need not wait for it."""
        self._model.load()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of shape (len(texts), dimensions), in the order given; texts beyond the limit are cut."""
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        if not texts:
            return vectors
        session, tokenizer = self._model.load()

        def embed_one(index: int) -> None:
            ids = tokenizer.encode(encodable(texts[index])).ids
            vectors[index] = session.run(None, {"input_ids": np.array([ids], dtype=np.int64)})[0][0]

        # Longest first, so that no thread is left alone with a long text at the end.
        self._model.map(embed_one, sorted(range(len(texts)), key=lambda index: len(texts[index]), reverse=True))
        return vectors


def _model(model_dir: str | Path, threads: int = 0) -> OnnxModel:
    return OnnxModel(model_dir, MODEL_FILE, threads=threads, cuts=True)
