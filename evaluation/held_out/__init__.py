"""Questions on documentation that the reader has not learnt from: `python -m evaluation.held_out`.

Two sets of a hundred, each by somebody who had not seen the product, on 250 and 247 documents: manuals and references
of databases, queues, proxies and monitoring. They are asked in other words than the text's; a quarter is answered by a
row, a fifth by an item. What the reader weighs was chosen with them beside the other sets. The documents are read from
their repositories, which `make eval` does not need.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from evaluation.answering import measure_answers
from evaluation.datasets import EvalDocument, EvalQuestion, EvalSet, rows
from evaluation.workbench import build
from portfolio_rag.ports.embedder import Embedder, Tokenizer
from portfolio_rag.ports.reader import Reader

DOCUMENTS = Path(__file__).with_name("documents.jsonl")
SETS = ("first", "second")


def load_questions(name: str) -> list[EvalQuestion]:
    """Those of one of the SETS."""
    return [
        EvalQuestion(f"{name}-{number}", row["question"], frozenset(row["relevant"]), "", tuple(row["answers"]))
        for number, row in enumerate(rows(Path(__file__).with_name("questions.jsonl")))
        if row["set"] == name
    ]


def measure(
    texts: Mapping[str, bytes],
    questions: Sequence[EvalQuestion],
    embedder: Embedder,
    tokenizer: Tokenizer,
    reader: Reader | None = None,
) -> dict[str, float]:
    """The figures of `evaluation.answering.Answered`, over these documents by name."""
    documents = [EvalDocument(name, text, "") for name, text in sorted(texts.items())]
    with closing(build(EvalSet("held out", documents, list(questions)), embedder, tokenizer, reader=reader)) as bench:
        return measure_answers(bench, len(questions)).figures()
