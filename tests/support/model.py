"""The real embedding model, and the sample corpus with its questions as the pipeline chunks and embeds it."""

from __future__ import annotations

import json
from pathlib import Path

from evaluation.datasets import EvalDocument, EvalQuestion, EvalSet
from portfolio_rag.adapters.models.weights import DEFAULT_SOURCE
from portfolio_rag.bake.baking import bake, up_to_date

ROOT = Path(__file__).parents[2]
PROJECT_MODEL = ROOT / ".portfolio" / "model"


def baked_model(scratch: Path) -> Path:
    """The project's own bake where it is up to date, else one for this run, below `scratch`."""
    if up_to_date(PROJECT_MODEL, source=DEFAULT_SOURCE):
        return PROJECT_MODEL
    bake(scratch / "model", source=DEFAULT_SOURCE, report=print)
    return scratch / "model"


def sample_set() -> EvalSet:
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
    return EvalSet("samples", documents, questions)
