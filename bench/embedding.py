"""Embedding: this project's model against sentence-transformers, one text at a time as one message a chunk gives."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench import embedding_report
from bench.embedding_machine import (
    forward_flops,
    gemm_flops,
    installed_mb,
    quota_of_one_core,
    seconds_to_first_vector,
    start_command,
)
from bench.embedding_models import BASELINE, OURS, Candidate, WorkerEmbedder, candidates, dimensions
from bench.embedding_quality import compare
from bench.embedding_texts import Coverage, Texts, coverage, texts
from bench.measure import ROOT, Worker, interleaved, keeping_bytecode, ratios, summary
from bench.section import Options, Result
from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder
from portfolio_rag.adapters.models.tokenizer import HuggingFaceTokenizer
from portfolio_rag.ports.embedder import Embedder

NAME = "embedding"
TITLE = "Embedding"

MODEL = ROOT / ".portfolio" / "model"
CACHE = ROOT / ".portfolio" / "eval" / "vectors.sqlite"

targets = embedding_report.targets
render = embedding_report.render


def measure(options: Options) -> Result:
    tokenizer = HuggingFaceTokenizer(MODEL)
    made = texts(options.data, tokenizer, 12 if options.quick else 40)
    covered = coverage(made.documents, tokenizer, 4 if options.quick else 12)
    ways = candidates(options.work, MODEL, made.groups["windows of 128"], peers=options.peers, quick=options.quick)
    result: Result = {"texts": len(made.groups["queries"]), "one_core": {}}
    result |= _side_by_side(ways, made, covered, options.rounds)
    result["starts"] = _starts(ways, options)
    result["quota"] = _under_quota(
        ways[:2], made.groups["windows of 128"][: 4 if options.quick else 12], options.rounds
    )
    result["peak"] = _share_of_peak(ways, result["one_core"])
    result["installed_mb"] = {
        BASELINE: installed_mb(["sentence-transformers"]),
        OURS: installed_mb(["onnxruntime", "tokenizers", "numpy"]),
    }
    if options.data:
        result["quality"] = _quality(options.data, ways, tokenizer, 20 if options.quick else 700)
    return result


def _side_by_side(ways: Sequence[Candidate], made: Texts, covered: Coverage, rounds: int) -> Result:
    """Each candidate in its process, on one thread; CPU milliseconds a text, by group of texts."""
    with ExitStack() as stack:
        workers = {way.name: stack.enter_context(way.start()) for way in ways}
        vectors = _vectors(workers, made)
        one_core = {
            group: _ratios_of(
                interleaved({name: _cpu_ms(worker, chosen) for name, worker in workers.items()}, rounds, warm_up=1)
            )
            for group, chosen in made.groups.items()
        }
        whole = interleaved(
            {
                BASELINE: _cpu_ms(workers[BASELINE], covered.naive, total=True),
                OURS: _cpu_ms(workers[OURS], covered.windows, total=True),
            },
            max(2, rounds // 2),
        )
        memory = {name: worker.ask(texts=["last"])["peak_rss_mb"] for name, worker in workers.items()}
    share = covered.naive_pieces / covered.pieces
    paid = ratios(whole[BASELINE], whole[OURS])
    return {
        "one_core": one_core,
        "cosine": _cosines(vectors),
        "peak_rss_mb": memory,
        "coverage": {
            "naive_share": share,
            "pieces": covered.pieces,
            "naive_texts": len(covered.naive),
            "windows": len(covered.windows),
            "cost_ratio": paid,
            "at_equal_coverage": {key: (one if key == "n" else one / share) for key, one in paid.items()},
        },
    }


def _cpu_ms(worker: Worker, chosen: Sequence[str], *, total: bool = False) -> Any:
    def once() -> float:
        cpu = worker.ask(texts=list(chosen))["cpu_s"]
        return float(cpu * 1000 / (1 if total else len(chosen)))

    return once


def _ratios_of(found: Mapping[str, Sequence[float]]) -> Result:
    return {
        name: {"cpu_ms": summary(values), "times": ratios(found[BASELINE], values)} for name, values in found.items()
    }


def _vectors(workers: Mapping[str, Worker], made: Texts) -> dict[str, np.ndarray[Any, Any]]:
    chosen = [text for group in ("windows of 128", "mixed lengths", "queries") for text in made.groups[group]]
    return {name: np.asarray(worker.ask(texts=chosen, vectors=True)["vectors"]) for name, worker in workers.items()}


def _cosines(vectors: Mapping[str, np.ndarray[Any, Any]]) -> Result:
    found = {name: np.sum(one * vectors[BASELINE], axis=1) for name, one in vectors.items()}
    return {name: {"min": float(one.min()), "mean": float(one.mean())} for name, one in found.items()}


def _starts(ways: Sequence[Candidate], options: Options) -> Result:
    """Seconds of wall time from the start of a process to its first vector; the files are in the page cache."""
    environment = keeping_bytecode()
    commands = {way.name: start_command(way.kind, way.path) for way in ways if way.kind in ("torch", "onnx")}
    found = interleaved(
        {name: partial(seconds_to_first_vector, command, environment) for name, command in commands.items()},
        2 if options.quick else options.rounds - 2,
        warm_up=0 if options.quick else 1,
    )
    return {name: {"s": summary(values), "times": ratios(found[BASELINE], values)} for name, values in found.items()}


def _under_quota(ways: Sequence[Candidate], chosen: Sequence[str], rounds: int) -> Result | None:
    """Milliseconds of wall time a window when a control group gives one core and the machine has more.

    The baseline starts the threads that torch starts by itself; ours those that `available_cpus` counts.
    """
    with quota_of_one_core() as prefix:
        if prefix is None:
            return None
        environment = {"TOKENIZERS_PARALLELISM": "false"}
        with ExitStack() as stack:
            workers = {
                way.name: stack.enter_context(Worker([*prefix, *way.command(0)], environment=environment))
                for way in ways
            }

            def wall_ms(name: str) -> float:
                return float(workers[name].ask(texts=list(chosen))["wall_s"] * 1000 / len(chosen))

            found = interleaved({name: partial(wall_ms, name) for name in workers}, rounds, warm_up=1)
    return {
        "cores": os.cpu_count(),
        "ways": {
            name: {"wall_ms": summary(values), "times": ratios(found[BASELINE], values)}
            for name, values in found.items()
        },
    }


def _share_of_peak(ways: Sequence[Candidate], one_core: Mapping[str, Any]) -> Result:
    """How much of what a large product reaches on one thread here the whole forward pass of a window reaches."""
    ceilings = {kind: gemm_flops(kind) for kind in ("fp32", "int8")}
    flops = forward_flops(128)
    shares = {}
    for way in ways:
        reached = flops / (one_core["windows of 128"][way.name]["cpu_ms"]["median"] / 1000)
        ceiling = ceilings.get(way.precision)
        shares[way.name] = {"gflops": reached / 1e9, "share": reached / ceiling if ceiling else None}
    return {"ceiling_gflops": {kind: one / 1e9 for kind, one in ceilings.items()}, "reached": shares}


def _quality(data: Path, ways: Sequence[Candidate], tokenizer: HuggingFaceTokenizer, documents: int) -> Result:
    """The ONNX fp32 model stands for the reference, from which its vectors do not differ (see the cosines)."""
    with ExitStack() as stack:
        embedders: dict[str, Embedder] = {}
        for way in ways:
            if way.kind == "onnx":
                embedders[way.name] = OnnxEmbedder(way.path)
            elif way.kind != "torch" or not any(one.name == "ONNX fp32" for one in ways):
                remote = WorkerEmbedder(way, dimensions(MODEL))
                stack.callback(remote.close)
                embedders[way.name] = remote
        reference = "ONNX fp32" if "ONNX fp32" in embedders else BASELINE
        found = compare(data, embedders, CACHE, tokenizer, reference=reference, shipped=OURS, documents=documents)
    return {"reference": reference, "sets": found}
