"""Ingestion end to end: real documents copied in by the `aws` command line, until all of them answer.

The baseline is the embedding alone: the same windows through the same model on the same cores, just before and just
after each round. Everything else that the pipeline does (events, queues, states, the backup, Chroma, moves) should
hide behind it; where the time goes is listed by process.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import long_document
from bench import plots as charts
from bench.documents import Documents, changed, markdown, slices, write
from bench.ingesting import Ingester, as_json
from bench.measure import Stopwatch, summary
from bench.report import table
from bench.section import Options, Result
from bench.stack import running_stack
from bench.targets import Target
from evaluation.corpus import EvalCorpus
from evaluation.datasets import EvalDocument
from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder
from portfolio_rag.adapters.models.tokenizer import HuggingFaceTokenizer
from portfolio_rag.ports.vectors import Vectors
from tests.simulation import costs
from tests.simulation.fast import install

NAME = "ingestion"
TITLE = "Ingestion, end to end"

ROUNDS, DOCUMENTS = 3, 250
QUICK_ROUNDS, QUICK_DOCUMENTS = 1, 40
CHANGED = 0.01
"""The share of documents that have a sentence more when they are copied in again."""

_TRIED = (
    "Two cores run the emulator, Chroma, the functions and the command line beside the model, and each call to the "
    "emulator costs CPU on both sides of it. Calls were cut from 37 to 22 for a note and from 98 to 50 for 134 chunks, "
    "writes of several documents go out at once, and one embedding-generator writes while another computes. What is "
    "left is the price of an AWS in Python on the same cores: on AWS it is other machines' work."
)


def measure(options: Options) -> Result:
    rounds, size = (QUICK_ROUNDS, QUICK_DOCUMENTS) if options.quick else (ROUNDS, DOCUMENTS)
    parts = slices(markdown(options.data), rounds, size)
    home, folders = options.work / "ingestion", options.work / "documents"
    for old in (home, folders):  # What is known already would not be embedded again.
        shutil.rmtree(old, ignore_errors=True)
    with running_stack(home, samples=False) as stack:
        ingester = Ingester(stack)
        ingester.copy_in(write(_few(), folders / "warm"), "warm")  # Every function has been started once.
        baseline = _Baseline(stack.config.model_dir)
        measured = [_round(ingester, baseline, part, folders, place) for place, part in enumerate(parts)]
        last = f"round-{len(parts) - 1}"
        unchanged = ingester.copy_in(folders / last, last)
        revised = ingester.copy_in(write(changed(parts[-1], CHANGED), folders / "revised"), last)
        asked = _answered(ingester, parts[-1])
        long = {} if options.quick else long_document.measure(ingester, parts[0], folders / "long")
    return {
        "source": "AWS user guides in Markdown" if options.data else "samples",
        "bytes": sum(len(body) for part in parts for body in part.values()),
        "rounds": measured,
        "unchanged": as_json(unchanged),
        "changed": {**as_json(revised), "share": CHANGED},
        "asked": asked[0],
        "answered": asked[1],
        "calls": _calls(),
        "long_document": long,
    }


class _NoModel:
    """Cuts documents without embedding them."""

    fingerprint = "none"
    dimensions = 1

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.zeros((len(texts), 1), np.float32)


class _Baseline:
    """The model on every core, and nothing else."""

    def __init__(self, model_dir: Path) -> None:
        self._tokenizer = HuggingFaceTokenizer(model_dir)
        self._embedder = OnnxEmbedder(model_dir)
        self._embedder.warm_up()

    def windows(self, documents: Documents) -> tuple[int, list[str]]:
        """The number of chunks, and the windows that the pipeline has to embed: each text of a chunk once."""
        whole = [EvalDocument(name, body, name) for name, body in documents.items()]
        chunks = EvalCorpus(whole, _NoModel(), self._tokenizer).chunks.values()
        different = {one.embedding_hash: one.window_texts for one in chunks}
        return len(chunks), [text for windows in different.values() for text in windows]

    def seconds(self, texts: Sequence[str]) -> tuple[float, float]:
        """Wall and CPU."""
        with Stopwatch() as watch:
            self._embedder.embed(texts)
        return watch.wall_s, watch.cpu_s


def _round(ingester: Ingester, baseline: _Baseline, part: Documents, folders: Path, place: int) -> Result:
    folder = write(part, folders / f"round-{place}")
    chunks, texts = baseline.windows(part)
    before = baseline.seconds(texts)
    run = ingester.copy_in(folder, folder.name)
    after = baseline.seconds(texts)
    pure = ((before[0] + after[0]) / 2, (before[1] + after[1]) / 2)
    return {
        "documents": len(part),
        "chunks": chunks,
        "windows": len(texts),
        "pure_s": pure[0],
        "pure_cpu_s": pure[1],
        "ratio": run.wall_s / pure[0],
        **as_json(run),
    }


def _few() -> dict[str, bytes]:
    return {f"{n}.md": f"# Warm {n}\n\nA note about warming up, number {n}.".encode() for n in range(20)}


def _answered(ingester: Ingester, part: Documents) -> tuple[int, int]:
    """Searches for the titles of some documents, and how many found theirs: all of it answers, not only the table."""
    names = sorted(part)[:: max(1, len(part) // 10)][:10]
    titles = [next((line for line in part[name].decode().splitlines() if line.startswith("#")), name) for name in names]
    found = sum(ingester.answers_from(name, title) for name, title in zip(names, titles, strict=True))
    return len(names), found


def _calls() -> Result:
    """Calls to S3, SQS, DynamoDB and Chroma, counted on the models of the simulation; tests hold them."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        install(monkeypatch)
        monkeypatch.setattr("portfolio_rag.domain.messages.MAX_TOKENS", 16 * 64)
        numbers = (2, 100, 10_000)
        note = costs.calls_after((1, *numbers))
        _, chunks, book = costs.ingest(400)
    return {
        "note": {str(place): note[place].total() for place in numbers},
        "note_by_service": _by_service(note[2]),
        "book_chunks": chunks,
        "book": book.total(),
        "book_by_service": _by_service(book),
    }


def _by_service(calls: Counter[str]) -> dict[str, int]:
    total = Counter[str]()
    for operation, count in calls.items():
        total[operation.partition(".")[0]] += count
    return dict(total)


def targets(result: Mapping[str, Any]) -> list[Target]:
    rounds = result["rounds"]
    ratio = summary([one["ratio"] for one in rounds])["median"]
    found = [
        Target("Ingestion against the embedding of the same windows", 1.3, ratio, "×", "lower", _TRIED),
        Target("Windows embedded of an unchanged corpus", 0, result["unchanged"]["embedded"][0], "", "lower"),
    ]
    calls = result["calls"]["note"]
    growth = calls["10000"] / calls["2"]
    if result.get("long_document"):
        found += long_document.targets(result["long_document"])
    return [*found, Target("Calls of the 10,000th document against the second", 1.0, growth, "×", "lower")]


def render(result: Mapping[str, Any], plots: Path) -> str:
    rounds = result["rounds"]
    (plots / "performance-ingestion.svg").write_text(_plot(rounds[-1]), encoding="utf-8")
    documents = sum(one["documents"] for one in rounds)
    parts = [
        f"{documents} documents ({result['source']}, {result['bytes'] / 1e6:.1f} MB) in {len(rounds)} rounds, copied "
        "in by `aws s3 cp --recursive` into the local stack on this machine, from the start of the command until "
        "the last one is COMPLETED. The baseline is the same model on all cores, embedding the same windows and "
        f"nothing else. Afterwards {result['answered']} of {result['asked']} searches for a title found its "
        "document. Reproduce it with `make bench ONLY=ingestion`.\n",
        table(
            ["Round", "Documents", "Windows", "Embedding alone", "Ingestion", "Ratio", "CPU a document"],
            [_round_row(place, one) for place, one in enumerate(rounds, 1)],
        ),
        "Later rounds find the documents of the earlier ones in every store: a ratio that does not rise is a cost that "
        "does not either.\n",
        "![Where the CPU time goes](performance-ingestion.svg)\n",
        "Copied in again, under the same keys:\n",
        table(
            ["", "Time", "Windows embedded", "CPU"],
            [
                _again_row("unchanged", result["unchanged"]),
                _again_row(f"{result['changed']['share']:.0%} of the documents changed", result["changed"]),
            ],
        ),
        _calls_text(result["calls"]),
        *([long_document.render(result["long_document"])] if result.get("long_document") else []),
    ]
    return "\n".join(parts)


def _round_row(place: int, one: Mapping[str, Any]) -> list[str]:
    cpu = sum(one["cpu_s"].values()) / one["documents"] * 1000
    figures = [f"{one['pure_s']:.1f} s", f"{one['wall_s']:.1f} s", f"{one['ratio']:.2f}", f"{cpu:.0f} ms"]
    return [str(place), str(one["documents"]), str(one["windows"]), *figures]


def _again_row(name: str, one: Mapping[str, Any]) -> list[str]:
    embedded, every = one["embedded"]
    return [name, f"{one['wall_s']:.1f} s", f"{embedded} of {every}", f"{sum(one['cpu_s'].values()):.1f} s"]


def _calls_text(calls: Mapping[str, Any]) -> str:
    services = ", ".join(f"{name} {count}" for name, count in sorted(calls["note_by_service"].items()))
    book = ", ".join(f"{name} {count}" for name, count in sorted(calls["book_by_service"].items()))
    first, *others = (f"{int(place):,}: {count}" for place, count in calls["note"].items())
    return (
        f"A note of one chunk costs {calls['note']['2']} calls ({services}), a document of {calls['book_chunks']} "
        f"chunks {calls['book']} ({book}). The count of the note when it comes as document number {first}; "
        f"{'; '.join(others)}. The counts are deterministic: `tests/simulation/test_call_counts.py` holds them.\n"
    )


def _plot(one: Mapping[str, Any]) -> str:
    values = {"the embedding alone": one["pure_cpu_s"]}
    values |= dict(sorted(one["cpu_s"].items(), key=lambda item: -item[1]))
    return charts.bars(f"CPU time of a round of {one['documents']} documents", "s", values, ours="the embedding alone")
