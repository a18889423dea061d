"""The embedder and the tokenizer that the settings ask for."""

from __future__ import annotations

from pathlib import Path

from portfolio_rag.adapters.models.manifest import MANIFEST_FILE, READER_FILE, REMEDY, Manifest
from portfolio_rag.adapters.models.tokenizer import HuggingFaceTokenizer
from portfolio_rag.domain.errors import ConfigurationError
from portfolio_rag.ports.embedder import Embedder, Tokenizer
from portfolio_rag.ports.reader import Reader
from portfolio_rag.settings.environment import Settings


def make_embedder(settings: Settings) -> Embedder:
    """EMBEDDING_BACKEND `onnx`: the baked model in MODEL_DIR; `torch`: sentence-transformers on EMBEDDING_MODEL.

    Nothing heavy is imported or loaded before the first text. Raises ConfigurationError when the model is missing,
    damaged, or another than EMBEDDING_MODEL.
    """
    if settings.embedding_backend == "torch":
        from portfolio_rag.adapters.models.torch_embedder import SentenceTransformersEmbedder

        return SentenceTransformersEmbedder(settings.embedding_model, threads=settings.embedding_threads)
    from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder

    _check_model(settings)
    return OnnxEmbedder(settings.model_dir, threads=settings.embedding_threads)


def make_tokenizer(settings: Settings) -> Tokenizer:
    """The tokenizer of the baked model in MODEL_DIR, whichever backend embeds: both read the same word pieces.

    Raises ConfigurationError when the model is missing, damaged, or another than EMBEDDING_MODEL.
    """
    _check_model(settings)
    return HuggingFaceTokenizer(settings.model_dir)


def make_reader(settings: Settings) -> Reader | None:
    """The reader that was baked with the model in MODEL_DIR; None for a model that has none, or without a baked model.

    EMBEDDING_BACKEND `torch` answers without one. Raises ConfigurationError when it is damaged or of another version.
    """
    folder = Path(settings.model_dir)
    if not (folder / MANIFEST_FILE).exists() or READER_FILE not in Manifest.load(folder).sha256:
        return None
    from portfolio_rag.adapters.models.onnx_reader import OnnxReader

    return OnnxReader(settings.model_dir, threads=settings.embedding_threads)


def _check_model(settings: Settings) -> None:
    baked = Manifest.load(Path(settings.model_dir)).model
    if baked != settings.embedding_model:
        raise ConfigurationError(
            f"EMBEDDING_MODEL is {settings.embedding_model}, and the model in {settings.model_dir} was baked from "
            f"{baked}. {REMEDY}"
        )
