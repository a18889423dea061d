"""The project's own sample corpus with its questions, chunked and embedded as the pipeline does it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluation.datasets import EvalDocument, EvalQuestion, EvalSet
from evaluation.workbench import Bench, build
from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder
from portfolio_rag.adapters.models.tokenizer import HuggingFaceTokenizer
from portfolio_rag.adapters.models.weights import DEFAULT_SOURCE
from portfolio_rag.bake.baking import bake, up_to_date

ROOT = Path(__file__).parents[3]
PROJECT_MODEL = ROOT / ".portfolio" / "model"


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if up_to_date(PROJECT_MODEL, source=DEFAULT_SOURCE):
        return PROJECT_MODEL
    directory = tmp_path_factory.mktemp("bake") / "model"
    bake(directory, source=DEFAULT_SOURCE, report=print)
    return directory


@pytest.fixture(scope="session")
def samples(model_dir: Path) -> Iterator[Bench]:
    """Questions without a document are `adversarial`: nothing in the corpus answers them."""
    files = [path for path in sorted((ROOT / "samples" / "documents").rglob("*")) if path.is_file()]
    documents = [
        EvalDocument(path.name, path.read_bytes(), path.name)
        for path in files
        if not path.name.endswith(".metadata.json")
    ]
    questions = [
        EvalQuestion(
            str(number),
            row["question"],
            frozenset(filter(None, [row["document"]])),
            "",
            tuple(filter(None, [row["phrase"]])),
            adversarial=row["document"] is None,
        )
        for number, row in enumerate(json.loads((ROOT / "samples" / "questions.json").read_text(encoding="utf-8")))
    ]
    data = EvalSet("samples", documents, questions)
    with contextlib.closing(build(data, OnnxEmbedder(model_dir), HuggingFaceTokenizer(model_dir))) as bench:
        yield bench
