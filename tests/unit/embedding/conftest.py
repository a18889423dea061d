"""The real model: the project's own bake where it is up to date, else one for this run."""

from __future__ import annotations

from pathlib import Path

import pytest

from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder
from portfolio_rag.adapters.models.torch_embedder import SentenceTransformersEmbedder
from portfolio_rag.adapters.models.weights import DEFAULT_SOURCE
from portfolio_rag.bake.baking import bake, up_to_date

PROJECT_MODEL = Path(__file__).parents[3] / ".portfolio" / "model"


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only: tests that spoil a model copy it."""
    if up_to_date(PROJECT_MODEL, source=DEFAULT_SOURCE):
        return PROJECT_MODEL
    directory = tmp_path_factory.mktemp("bake") / "model"
    bake(directory, source=DEFAULT_SOURCE, report=print)
    return directory


@pytest.fixture(scope="session")
def embedder(model_dir: Path) -> OnnxEmbedder:
    return OnnxEmbedder(model_dir, threads=2)


@pytest.fixture(scope="session")
def reference() -> SentenceTransformersEmbedder:
    return SentenceTransformersEmbedder(threads=2)
