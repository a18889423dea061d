"""Does a faster model still find the right document? nDCG@10 over vectors alone, on sets of questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.cache import CachedEmbedder
from evaluation.corpus import EvalCorpus
from evaluation.datasets import EvalQuestion, EvalSet, load
from evaluation.metrics import ndcg, paired_bootstrap
from portfolio_rag.ports.embedder import Embedder, Tokenizer
from portfolio_rag.settings.ingestion_rules import Rules

SETS = ("scifact_train", "squad2")
WINDOW = 128


def small(name: str, data: Path, documents: int) -> EvalSet:
    """At most so many documents, those that answer questions first, and the questions whose documents are in it."""
    whole = load(name, data)
    wanted = {one for question in whole.questions for one in question.relevant}
    ordered = sorted(whole.documents, key=lambda one: one.name not in wanted)[:documents]
    names = {one.name for one in ordered}
    questions = [one for one in whole.questions if one.relevant and one.relevant <= names and not one.adversarial]
    return replace(whole, documents=ordered, questions=questions)


def scores(data: EvalSet, embedder: Embedder, tokenizer: Tokenizer, window_tokens: int) -> tuple[list[float], int]:
    """nDCG@10 of each question, documents ranked by their best window; and how many windows there are."""
    corpus = EvalCorpus(data.documents, embedder, tokenizer, Rules(window_tokens=window_tokens))
    names = [corpus.names[window.chunk.document_id] for window in corpus.windows]
    questions = embedder.embed([question.text for question in data.questions])
    found = questions @ corpus.vectors.T
    return [_ndcg(row, names, question) for row, question in zip(found, data.questions, strict=True)], len(
        corpus.windows
    )


def _ndcg(row: np.ndarray[Any, Any], names: list[str], question: EvalQuestion) -> float:
    ranked = dict.fromkeys(names[at] for at in np.argsort(-row, kind="stable")[:100])
    return ndcg(list(ranked), question.relevant)


def compare(
    data: Path,
    embedders: Mapping[str, Embedder],
    cache: Path,
    tokenizer: Tokenizer,
    *,
    reference: str,
    shipped: str,
    documents: int,
) -> dict[str, Any]:
    """`recipes`: each embedder at the shipped window, its gain over `reference` with a 95 % interval; `windows`: the
    shipped embedder at other window sizes.
    """
    answer: dict[str, Any] = {}
    for name in SETS:
        chosen = small(name, data, documents)
        cached = {one: CachedEmbedder(embedder, cache) for one, embedder in embedders.items()}
        recipes = {one: scores(chosen, embedder, tokenizer, WINDOW) for one, embedder in cached.items()}
        base = recipes[reference][0]
        sizes = {size: scores(chosen, cached[shipped], tokenizer, size) for size in (64, WINDOW, 250)}
        answer[name] = {
            "documents": len(chosen.documents),
            "questions": len(chosen.questions),
            "recipes": {
                one: {"ndcg": float(np.mean(found)), "windows": windows, "change": paired_bootstrap(base, found)}
                for one, (found, windows) in recipes.items()
            },
            "windows": {
                str(size): {"ndcg": float(np.mean(found)), "windows": windows}
                for size, (found, windows) in sizes.items()
            },
        }
    return answer
