"""Settings to embedder and tokenizer."""

from __future__ import annotations

from pathlib import Path

import pytest

from portfolio_rag.adapters.models.factory import make_embedder, make_tokenizer
from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder
from portfolio_rag.adapters.models.torch_embedder import SentenceTransformersEmbedder
from portfolio_rag.domain.errors import ConfigurationError
from portfolio_rag.settings.environment import Settings


def test_backends(model_dir: Path) -> None:
    onnx = make_embedder(Settings(model_dir=str(model_dir), embedding_threads=3))
    torch = make_embedder(Settings(model_dir=str(model_dir), embedding_backend="torch", embedding_threads=2))
    assert isinstance(onnx, OnnxEmbedder)
    assert isinstance(torch, SentenceTransformersEmbedder)
    assert (onnx.threads, torch.threads) == (3, 2)


def test_tokenizer(model_dir: Path) -> None:
    assert make_tokenizer(Settings(model_dir=str(model_dir))).offsets("two words") == [(0, 3), (4, 9)]


@pytest.mark.parametrize("make", [make_embedder, make_tokenizer])
def test_model_of_another_name(model_dir: Path, make: object) -> None:
    settings = Settings(model_dir=str(model_dir), embedding_model="somebody/else")
    with pytest.raises(ConfigurationError, match="EMBEDDING_MODEL is somebody/else"):
        make(settings)  # type: ignore[operator]


@pytest.mark.parametrize("make", [make_embedder, make_tokenizer])
def test_no_model(tmp_path: Path, make: object) -> None:
    with pytest.raises(ConfigurationError, match="make bake"):
        make(Settings(model_dir=str(tmp_path)))  # type: ignore[operator]
