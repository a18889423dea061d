"""The chunking strategies side by side: on spans of long texts, and on finding documents."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evaluation.chunking import measure_chunking
from evaluation.retrieving import HYBRID, measure_retrieval
from evaluation.workbench import open_bench, open_embedder, open_tokenizer
from portfolio_rag.domain.chunking_strategy import Strategy
from portfolio_rag.settings.ingestion_rules import Rules

SET = "aws_qa_fifth"
FIGURES = ("hit@1", "hit@5", "nDCG@10")


def measure_strategy(strategy: Strategy, directory: Path) -> dict[str, float]:
    """The share of answers' spans in 1,250 tokens, and the shipped search on a fifth of the AWS guides."""
    embedder, tokenizer = open_embedder(), open_tokenizer()
    rules = Rules(chunking_strategy=strategy)
    covered = measure_chunking(directory, embedder, tokenizer, rules).figures()["shipped"]
    with contextlib.closing(open_bench(SET, rules)) as bench:
        found = measure_retrieval(bench, as_written=False)
        return {
            "span": covered,
            **{figure: found.mean(HYBRID, figure) for figure in FIGURES},
            "chunks": float(len(bench.corpus.chunks)),
            "windows": float(found.windows),
        }


def table(measured: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown."""
    lines = [
        "| Strategy | answer's span in 1,250 tokens | hit@1 | hit@5 | nDCG@10 | chunks | windows |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in measured.items():
        figures = " | ".join(f"{row[figure]:.3f}" for figure in ("span", *FIGURES))
        lines.append(f"| `{name}` | {figures} | {row['chunks']:,.0f} | {row['windows']:,.0f} |")
    return "\n".join(lines) + "\n"
