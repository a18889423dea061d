"""The parts of an evaluation: each figure with the sets that it needs and how it is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from evaluation import claims
from evaluation.answering import measure_abstention, measure_answers
from evaluation.calibrating import claim_sets, measure_calibration, read
from evaluation.chunking import measure_chunking
from evaluation.datasets import load, present_sets
from evaluation.metrics import paired_bootstrap
from evaluation.peers import SETS as PEER_SETS
from evaluation.peers import Peers, measure_peers
from evaluation.retrieving import AS_WRITTEN, DENSE, FIGURES, HYBRID, Retrieved, measure_passages, measure_retrieval
from evaluation.strategies import measure_strategy
from evaluation.structured import measure_structured
from evaluation.validating import measure_validation
from evaluation.workbench import Bench, open_bench, open_embedder, open_reader, open_tokenizer
from portfolio_rag.domain.chunking_strategy import Strategy

SETS = {"aws_qa": "aws_qa", "aws_qa_fifth": "aws_qa", "squad2": "squad2", "scifact": "scifact"}
"""Those that are searched, each with the folder that it is made from."""

ANSWERED = ("aws_qa", "squad2")
"""The sets whose questions have answers."""

SAMPLE = 120
"""Questions of a set that are answered in full; a fixed choice."""

PLANTS = 100
GUIDES = 400
"""Pages of AWS guides in which numbers are planted."""

Results = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """`path` is where its figures stand among the results; `needs` are the folders of the sets that it reads."""

    path: tuple[str, ...]
    needs: frozenset[str]
    measure: Callable[[], Results]

    @property
    def name(self) -> str:
        return ": ".join(self.path)


class Benches:
    """One set at a time, ready to be searched: the next closes the one before."""

    def __init__(self) -> None:
        self._open: Bench | None = None

    def open(self, name: str) -> Bench:
        if self._open is None or self._open.name != name:
            self.close()
            self._open = open_bench(name)
        return self._open

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


def parts_of(directory: Path, benches: Benches, questions: dict[str, Any], *, run_peers: bool) -> Iterator[Part]:
    """All parts, in the order in which they are measured; `questions` takes the retrieval of each question."""

    def structured() -> Results:
        return measure_structured(open_embedder(), open_tokenizer(), open_reader()).figures()

    yield Part(("structured",), frozenset(), structured)
    for name in SETS:
        yield from _searched(name, directory, benches, questions, run_peers=run_peers)

    def chunking() -> Results:
        return measure_chunking(directory, open_embedder(), open_tokenizer()).figures()

    yield Part(("chunking",), frozenset(["chunking"]), chunking)
    for strategy in Strategy:

        def of_strategy(strategy: Strategy = strategy) -> Results:
            return measure_strategy(strategy, directory)

        yield Part(("strategies", strategy.value), frozenset(["chunking", "aws_qa"]), of_strategy)
    yield from _validated(directory)

    def calibration() -> Results:
        return measure_calibration(read(claim_sets(directory, present_sets(directory))))

    yield Part(("calibration",), frozenset(), calibration)


def _searched(
    name: str, directory: Path, benches: Benches, questions: dict[str, Any], *, run_peers: bool
) -> Iterator[Part]:
    needs = frozenset([SETS[name]])

    def retrieval() -> Results:
        retrieved = measure_retrieval(benches.open(name), as_written=name != "aws_qa")
        questions[name] = retrieved.ways[HYBRID]
        found = _retrieval(retrieved)
        if name in PEER_SETS and (others := measure_peers(load(name, directory), run=run_peers)):
            found["peers"] = _beside(retrieved, others)
        return found

    yield Part(("retrieval", name), needs, retrieval)
    if name == "aws_qa":
        yield Part(("passages",), needs, lambda: measure_passages(benches.open(name)))
    if name in ANSWERED:

        def abstention() -> Results:
            bench = benches.open(name)
            return measure_abstention(bench, len(bench.questions)).figures()

        yield Part(("abstention", name), needs, abstention)
        yield Part(("answers", name), needs, lambda: measure_answers(benches.open(name), SAMPLE).figures())


def _validated(directory: Path) -> Iterator[Part]:
    squad = cache(lambda: claims.squad_texts(directory))
    guides = cache(lambda: claims.guide_texts(directory, GUIDES))
    makers: dict[str, tuple[str, Callable[[], list[claims.Pair]]]] = {
        "planted value, verbatim": ("rgb_fact", lambda: claims.rgb_verbatim(directory)),
        "planted number, absent from the text": ("squad2", lambda: claims.planted_absent(squad(), PLANTS)),
        "planted number, elsewhere in the text": ("squad2", lambda: claims.planted_elsewhere(squad(), PLANTS)),
        "the same in AWS guides": ("aws_qa", lambda: claims.planted_elsewhere(guides(), PLANTS)),
        "wice, a number from elsewhere": ("wice", lambda: claims.wice_elsewhere(directory)),
        "rgb_fact, rephrased": ("rgb_fact", lambda: claims.rgb_rephrased(directory)),
        "rgb_fact, question not known": ("rgb_fact", lambda: claims.rgb_rephrased(directory, asked=False)),
        "wice": ("wice", lambda: claims.wice(directory)),
        "denied": ("squad2", lambda: claims.denied(squad(), PLANTS)),
        "something added": ("squad2", lambda: claims.extended(squad(), PLANTS)),
        "scifact contradictions": ("scifact", lambda: claims.scifact(directory, PLANTS)),
    }
    for name, (folder, pairs) in makers.items():

        def validation(pairs: Callable[[], list[claims.Pair]] = pairs) -> Results:
            made = pairs()
            return measure_validation(made).figures() if claims.has_both(made) else {}

        yield Part(("validation", name), frozenset([folder]), validation)


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
