"""The fixtures that tests of several rooms share. What is heavy is imported where it is asked for."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portfolio_rag.text.extraction.document import ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.worker import extract_here
from tests.support.pdfs import Ink, column, make_pdf
from tests.support.texts import DYNAMO, LIMITS, SQS, WordTokenizer, rewritten_zip

if TYPE_CHECKING:
    from evaluation.workbench import Bench
    from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder
    from portfolio_rag.adapters.models.torch_embedder import SentenceTransformersEmbedder
    from tests.simulation.world import World
    from tests.support.answers import Corpus


@pytest.fixture(autouse=True)
def _environment_stays() -> Iterator[None]:
    """What a test's code exports (`rag` does, for the libraries that it calls) is nothing to the next test."""
    before = dict(os.environ)
    yield
    for name in os.environ.keys() | before.keys():
        if name == "PYTEST_CURRENT_TEST" or os.environ.get(name) == before.get(name):
            continue
        if name in before:
            os.environ[name] = before[name]
        else:
            del os.environ[name]


@pytest.fixture
def world() -> World:
    """The real pipeline on models of S3, SQS, DynamoDB and Chroma, empty."""
    from tests.simulation.world import World

    return World()


@pytest.fixture
def corpus() -> Corpus:
    """Two documents: queues and tables."""
    from tests.support.answers import Corpus

    made = Corpus()
    made.text("guides/sqs.md", SQS, heading=("Amazon SQS", "Queues"))
    made.text("guides/dynamodb.md", DYNAMO, heading=("DynamoDB", "Limits"))
    return made


# --- the real model


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only: tests that spoil a model copy it."""
    from tests.support.model import baked_model

    return baked_model(tmp_path_factory.mktemp("bake"))


@pytest.fixture(scope="session")
def embedder(model_dir: Path) -> OnnxEmbedder:
    from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder

    return OnnxEmbedder(model_dir, threads=2)


@pytest.fixture(scope="session")
def reference() -> SentenceTransformersEmbedder:
    """What the baked model is held against."""
    from portfolio_rag.adapters.models.torch_embedder import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder(threads=2)


@pytest.fixture(scope="session")
def samples(model_dir: Path) -> Iterator[Bench]:
    """The project's own sample corpus with its questions, chunked and embedded as the pipeline does it."""
    from evaluation.workbench import build
    from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder
    from portfolio_rag.adapters.models.onnx_reader import OnnxReader
    from portfolio_rag.adapters.models.tokenizer import HuggingFaceTokenizer
    from tests.support.model import sample_set

    tokenizer, reader = HuggingFaceTokenizer(model_dir), OnnxReader(model_dir)
    with contextlib.closing(build(sample_set(), OnnxEmbedder(model_dir), tokenizer, reader=reader)) as bench:
        yield bench


# --- documents


@pytest.fixture
def tokenizer() -> WordTokenizer:
    return WordTokenizer()


@pytest.fixture
def limits() -> ExtractionLimits:
    return LIMITS


@pytest.fixture
def read() -> Callable[..., ExtractedDocument]:
    """Extract in this process; keyword arguments change the limits."""

    def extract(data: bytes | str, filename: str, **changes: object) -> ExtractedDocument:
        body = data.encode() if isinstance(data, str) else data
        return extract_here(body, filename, replace(LIMITS, **changes))  # type: ignore[arg-type]

    return extract


@pytest.fixture
def blocks_of() -> Callable[[ExtractedDocument], list[tuple[str, str]]]:
    """(kind, text) of each block."""
    return lambda document: [(str(b.kind), document.text[b.start : b.end]) for b in document.blocks]


@pytest.fixture
def pdf() -> Callable[..., bytes]:
    return make_pdf


@pytest.fixture
def lines() -> Callable[..., list[Ink]]:
    return column


@pytest.fixture
def rezip() -> Callable[..., bytes]:
    return rewritten_zip
