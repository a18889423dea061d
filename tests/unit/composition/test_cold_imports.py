"""What a function may import before its first event: each of these costs every cold start of it.

Measured on a quiet core of 2026: NumPy 60 ms, Pydantic with two models 120 ms, Chroma's client 500 ms, ONNX Runtime
100 ms, the parsers 30 to 100 ms each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MODEL = ROOT / ".portfolio" / "model"

HEAVY = (
    *("numpy", "pydantic", "chromadb", "onnxruntime", "tokenizers", "torch", "sentence_transformers", "sqlite3"),
    *("httpx", "openai", "fastapi", "uvicorn", "asyncio", "grpc", "opentelemetry", "jsonschema"),
    *(
        "pypdfium2",
        "docx",
        "lxml",
        "mammoth",
        "striprtf",
        "markdown_it",
        "selectolax",
        "sentencex",
        "snowballstemmer",
        "tantivy",
        "charset_normalizer",
    ),
    *("openpyxl", "pptx", "xlfmt", "email.policy"),
)

NEEDED = {"document_processor": {"sentencex"}}
"""What every event of a function needs is loaded with its handler: sentencex takes a millisecond."""

# Building these makes no call: what they import then, every first invocation waits for.
BUILDS = {"document_intake": "intake", "check_health": "monitor"}
FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("images/*/handler.py"))


def loaded(function: str, program: str) -> set[str]:
    """The heavy packages that a new process has loaded after `import handler` and `program`."""
    handler = f"import sys, json; sys.path.insert(0, {str(ROOT / 'images' / function)!r}); import handler\n"
    answer = f"\nprint(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "CHROMA_URL": "http://127.0.0.1:9",
        "MODEL_DIR": str(MODEL),
    }
    done = subprocess.run(
        [sys.executable, "-c", handler + program + answer], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_importing_a_handler_loads_nothing_heavy(function: str) -> None:
    assert loaded(function, "") == NEEDED.get(function, set())


@pytest.mark.parametrize("function", sorted(BUILDS))
def test_a_light_function_is_built_without_what_it_does_not_need(function: str) -> None:
    assert loaded(function, f"handler.parts().{BUILDS[function]}") == set()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_the_jobs_speak_to_chroma_by_its_client(function: str) -> None:
    """Of the others, the images of intake, processor and check-health do not even have it."""
    ping = """
from portfolio_rag.domain.errors import VectorStoreUnavailable
try:
    handler.parts().vectors.ping()
except VectorStoreUnavailable as error:
    assert "does not answer" in str(error)
else:
    raise AssertionError("nothing listens there")
"""
    assert ("chromadb" in loaded(function, ping)) is (function == "batch_reindex")


def test_the_check_sees_what_is_imported() -> None:
    assert loaded("check_health", "import numpy, sqlite3") == {"numpy", "sqlite3"}
