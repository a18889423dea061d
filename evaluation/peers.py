"""Other libraries beside ours: LlamaIndex and txtai with the same model, on the same documents and questions.

They run in an environment of their own (scripts/peers.sh). Their rankings are kept: the next run takes them, unless
the set, the script or the versions of the libraries have changed.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import Any

from evaluation.datasets import EvalSet
from evaluation.retrieving import FIGURES, Rows
from evaluation.workbench import ROOT, STATE
from portfolio_rag.adapters.models.weights import DEFAULT_SOURCE, locate
from portfolio_rag.domain.errors import ConfigurationError
from portfolio_rag.domain.identifiers import sha256_hex

SETS = ("aws_qa_fifth", "squad2", "scifact")
"""Small enough to embed with libraries that do so slowly."""

_PYTHON = STATE / "peers" / "bin" / "python"
_SCRIPT = ROOT / "bench" / "peer_retrieval.py"
_LIBRARIES = ("bm25s==", "llama-index-", "sentence-transformers==", "txtai==")
_PINS = ROOT / "requirements" / "peers.txt"


@dataclass(frozen=True)
class Peers:
    """`ways`: figures of each question, by library; `versions`: of the libraries."""

    versions: dict[str, str]
    ways: dict[str, Rows]


def measure_peers(data: EvalSet, *, run: bool) -> Peers | None:
    """None when their rankings are not kept, unless they are to `run`.

    Raises ConfigurationError when their environment is missing, or they fail.
    """
    questions = [question for question in data.questions if not question.adversarial]
    asked = json.dumps(
        {
            "documents": [[one.name, one.data.decode("utf-8", "replace")] for one in data.documents],
            "questions": [question.text for question in questions],
        }
    )
    found = _rankings(data.name, asked, run)
    if found is None:
        return None
    ways = {
        way: {
            figure: [of(ranked, question.relevant) for ranked, question in zip(rankings, questions, strict=True)]
            for figure, of in FIGURES.items()
        }
        for way, rankings in found["ways"].items()
    }
    return Peers(found["versions"], ways)


def _rankings(name: str, asked: str, run: bool) -> dict[str, Any] | None:
    pins = [line for line in _PINS.read_text(encoding="utf-8").splitlines() if line.startswith(_LIBRARIES)]
    key = sha256_hex("\x00".join((asked, _SCRIPT.read_text(encoding="utf-8"), *pins)))
    kept = STATE / "eval" / "peers" / f"{name}-{key[:16]}.json"
    if not kept.exists():
        if not run:
            return None
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(_run(asked), encoding="utf-8")
    found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    return found


def _run(asked: str) -> str:
    if not _PYTHON.exists():
        raise ConfigurationError("The environment of the other libraries is missing. Run `PEERS=1 make eval`.")
    done = subprocess.run(  # noqa: S603 - our own script
        [_PYTHON, _SCRIPT, locate(DEFAULT_SOURCE).path],
        input=asked,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    if done.returncode:
        raise ConfigurationError(f"The other libraries failed: {done.stderr[-2000:]}")
    return done.stdout
