"""`python -m evaluation.reader_training`: the reader's adapter, in three hours and a half on two cores.

The embedding model knows a question and a text each alone. Trained on questions with texts that answer them and texts
that do not, it learns to find the answer: which sentence holds it, and that a text holds none.

First two runs over questions of SQuAD that differ; their ends make a mean ("model soups", arXiv 2203.05482), as the
end of the second knows SQuAD better and texts of other kinds less well. From there a run over our own questions on
documents as people have them (`documents.py`), with some of SQuAD's between them. Kept is a mean of what it began and
ended with.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from evaluation import repositories
from evaluation.reader_training import documents, squad
from evaluation.reader_training.examples import Example
from evaluation.reader_training.training import (
    TOGETHER,
    build_model,
    mean_of,
    save,
    set_trained,
    train,
    trained_parameters,
)
from evaluation.workbench import STATE, open_embedder, open_tokenizer
from portfolio_rag.adapters.models.tokenizer import load_backend
from portfolio_rag.adapters.models.weights import DEFAULT_SOURCE, locate
from portfolio_rag.bake.reader import ADAPTER

SQUAD_RATES = (1e-3, 5e-4)
"""Of the two runs over SQuAD."""
DOCUMENTS_RATE = 4e-4
DOCUMENTS_PASSES = 2
DOCUMENTS_OTHERS = 2
"""Texts beside the right one: of those that an answer is chosen from, most do not hold it."""
DOCUMENTS_SHARE = 0.6
"""Of the end of that run in what is kept; the rest is what it began with."""
SQUAD_SHARE = 0.25
"""Questions of SQuAD for each question on documents."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m evaluation.reader_training", description=__doc__)
    parser.add_argument("--questions", type=int, default=72_000, help="of SQuAD")
    parser.add_argument("--documents", default=repositories.GITHUB, help="where the repositories of the documents are")
    parser.add_argument("--output", type=Path, default=ADAPTER)
    options = parser.parse_args(arguments)
    source = locate(DEFAULT_SOURCE)
    folder = STATE / "reader"
    embedder = open_embedder()
    own = documents.build_examples(
        repositories.fetch(repositories.load_documents(documents.DOCUMENTS), folder / "documents", options.documents),
        documents.load_questions(),
        embedder,
        open_tokenizer(),
    )
    asked = squad.build_examples(squad.load_articles(squad.download(folder)), embedder, options.questions)
    tokenizer = load_backend(source.path / "tokenizer.json")
    model = build_model(source)
    ends = []
    for run, peak_rate in enumerate(SQUAD_RATES):
        _report(train(model, tokenizer, asked[run :: len(SQUAD_RATES)], peak_rate=peak_rate))
        ends.append(trained_parameters(model))
    begun = mean_of([(end, 1.0) for end in ends])
    set_trained(model, begun)
    mixed = mix(own, asked)
    _report(train(model, tokenizer, mixed, peak_rate=DOCUMENTS_RATE, others=DOCUMENTS_OTHERS))
    kept = mean_of([(begun, 1 - DOCUMENTS_SHARE), (trained_parameters(model), DOCUMENTS_SHARE)])
    save(kept, source, options.output)
    return 0


def mix(own: Sequence[Example], asked: Sequence[Example], seed: int = 3) -> list[Example]:
    """Passes over our own questions, in an order of chance, with questions of SQuAD between them that differ."""
    chance = random.Random(seed)  # noqa: S311 - the same in every run
    share = int(len(own) * SQUAD_SHARE)
    mixed: list[Example] = []
    for number in range(DOCUMENTS_PASSES):
        one = [*own, *asked[number * share : (number + 1) * share]]
        chance.shuffle(one)
        mixed += one
    return mixed


def _report(losses: Iterable[float]) -> None:
    begun, mean = time.monotonic(), math.nan
    for step, loss in enumerate(losses, 1):
        mean = loss if math.isnan(mean) else 0.98 * mean + 0.02 * loss
        if step % 100 == 0:
            print(f"{step * TOGETHER:,} questions, {time.monotonic() - begun:.0f} s, loss {mean:.3f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
