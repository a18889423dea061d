"""The whole evaluation: every part on its sets, as one JSON object of figures."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evaluation import claims
from evaluation.answering import measure_abstention, measure_answers
from evaluation.chunking import measure_chunking
from evaluation.datasets import load
from evaluation.metrics import paired_bootstrap
from evaluation.peers import SETS as PEER_SETS
from evaluation.peers import Peers, measure_peers
from evaluation.retrieving import AS_WRITTEN, DENSE, FIGURES, HYBRID, Retrieved, measure_passages, measure_retrieval
from evaluation.strategies import measure_strategies
from evaluation.validating import measure_validation
from evaluation.workbench import open_bench, open_embedder, open_tokenizer

SETS = ("aws_qa", "aws_qa_fifth", "squad2", "scifact")
ANSWERED = ("aws_qa", "squad2")
"""The sets whose questions have answers."""

SAMPLE = 120
"""Questions of a set that are answered in full; a fixed choice."""

PLANTS = 100
GUIDES = 400
"""Pages of AWS guides in which numbers are planted."""

Results = dict[str, Any]


def run(directory: Path, *, peers: bool = False) -> Results:
    """`figures` of every part, and `questions`: the retrieval of each question, for comparing two runs.

    `peers` runs other libraries beside ours, which takes long the first time; without, they are shown where their
    rankings are kept from before.
    """
    results: Results = {
        "samples": {"sample": SAMPLE, "plants": PLANTS},
        "retrieval": {},
        "abstention": {},
        "answers": {},
        "validation": {},
    }
    questions: dict[str, Any] = {}
    embedder = open_embedder()
    for name in SETS:
        bench = open_bench(name)
        retrieved = measure_retrieval(bench, as_written=name != "aws_qa")
        results["retrieval"][name] = _retrieval(retrieved)
        if name in PEER_SETS and (others := measure_peers(load(name, directory), run=peers)):
            results["retrieval"][name]["peers"] = _beside(retrieved, others)
        questions[name] = retrieved.ways[HYBRID]
        _done(f"{name}: retrieval")
        if name == "aws_qa":
            results["passages"] = measure_passages(bench)
            _done(f"{name}: passages")
        if name in ANSWERED:
            results["abstention"][name] = measure_abstention(bench, len(bench.questions)).figures()
            _done(f"{name}: abstention")
            results["answers"][name] = measure_answers(bench, SAMPLE).figures()
            _done(f"{name}: answers")
        bench.close()
    results["chunking"] = measure_chunking(directory, embedder, open_tokenizer()).figures()
    _done("chunking")
    results["strategies"] = measure_strategies(directory)
    _done("chunking strategies")
    for name, pairs in _claims(directory).items():
        results["validation"][name] = measure_validation(pairs).figures()
        _done(f"validation: {name}")
    return {"figures": _rounded(results), "questions": questions}


def _claims(directory: Path) -> dict[str, list[claims.Pair]]:
    squad, guides = claims.squad_texts(directory), claims.guide_texts(directory, GUIDES)
    return {
        "planted value, verbatim": claims.rgb_verbatim(directory),
        "planted number, absent from the text": claims.planted_absent(squad, PLANTS),
        "planted number, elsewhere in the text": claims.planted_elsewhere(squad, PLANTS),
        "the same in AWS guides": claims.planted_elsewhere(guides, PLANTS),
        "wice, a number from elsewhere": claims.wice_elsewhere(directory),
        "rgb_fact, rephrased": claims.rgb_rephrased(directory),
        "rgb_fact, question not known": claims.rgb_rephrased(directory, asked=False),
        "wice": claims.wice(directory),
        "denied": claims.denied(squad, PLANTS),
        "something added": claims.extended(squad, PLANTS),
        "scifact contradictions": claims.scifact(directory, PLANTS),
    }


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Two runs side by side, as a Markdown table with 95 % intervals of a paired bootstrap."""
    lines = ["| Set | Figure | before | after | change |", "|---|---|---|---|---|"]
    for name in SETS:
        for figure in FIGURES:
            one, other = before["questions"][name][figure], after["questions"][name][figure]
            gain, low, high = paired_bootstrap(one, other)
            lines.append(
                f"| {name} | {figure} | {sum(one) / len(one):.3f} | {sum(other) / len(other):.3f} "
                f"| {gain:+.3f} [{low:+.3f}, {high:+.3f}] |"
            )
    return "\n".join(lines)


def _retrieval(found: Retrieved) -> Results:
    return {
        "questions": found.questions,
        "documents": found.documents,
        "windows": found.windows,
        "ways": {way: {figure: found.mean(way, figure) for figure in FIGURES} for way in found.ways},
        "gain": {
            over: {figure: found.gain(figure, over) for figure in FIGURES}
            for over in (AS_WRITTEN, DENSE)
            if over in found.ways
        },
    }


def _beside(ours: Retrieved, others: Peers) -> Results:
    """The figures of other libraries, and what ours gains over each."""
    return {
        "versions": others.versions,
        "ways": {
            way: {figure: sum(values) / len(values) for figure, values in rows.items()}
            for way, rows in others.ways.items()
        },
        "gain": {
            way: {figure: paired_bootstrap(rows[figure], ours.ways[HYBRID][figure]) for figure in FIGURES}
            for way, rows in others.ways.items()
        },
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return value


_started = time.monotonic()


def _done(part: str) -> None:
    print(f"{time.monotonic() - _started:6.0f} s  {part}", file=sys.stderr, flush=True)
