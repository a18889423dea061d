"""Search: how long a question takes and where, what the index misses, and what a filter costs.

Three sizes; beside the shipped search, on the same vectors and questions and taking turns with it: exact search in
NumPy, hnswlib in this process, and Chroma with its own metadata filter.

`BENCH_SEARCH_WINDOWS=1000000 python -m bench --only search` adds that size: by hand, because it takes an hour to load.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import hnswlib
import httpx
import numpy as np

from bench import search_corpus
from bench.measure import Worker, percentiles, rss_mb
from bench.search_corpus import COLLECTION, SearchCorpus
from bench.search_report import EXACT, GRAPH, PLOT, SHIPPED, plot, sections, targets_of
from bench.search_services import Hit, fill_dynamodb, running_chroma, running_dynamodb
from bench.section import Options, Result
from bench.sizes import wanted, with_kept
from bench.stack import wait_until_up
from bench.targets import Target
from evaluation.datasets import load
from evaluation.workbench import ROOT, STATE
from portfolio_rag.adapters.chroma.vector_store import ChromaVectorStore
from portfolio_rag.adapters.sqlite.filters import attributes_of
from portfolio_rag.answering.retrieval.search import PassageSearch
from portfolio_rag.domain.filters import matches, parse_filter
from portfolio_rag.local.isolation import free_ports
from portfolio_rag.ports.vectors import Vectors

NAME = "search"
TITLE = "Search"

SIZES, QUICK_SIZES = (1_000, 10_000, 100_000), (1_000, 5_000)
QUESTIONS, QUICK_QUESTIONS = 120, 30
ROUNDS = 3
_CHROMA_FILTERED = 15
"""Questions with Chroma's own filter: each takes a quarter of a second."""

FILTERS: dict[str, dict[str, Any]] = {
    "one document in a thousand": {"equals": {"key": "service", "value": "Polly"}},
    "one large service": {"equals": {"key": "service", "value": "EC2"}},
    "three services": {"in": {"key": "service", "value": ["S3", "SageMaker", "IAM"]}},
    "a word of a list": {"listContains": {"key": "words", "value": "Request"}},
    "operations": {"equals": {"key": "kind", "value": "operations"}},
    "since 2017, without EC2": {
        "andAll": [
            {"greaterThanOrEquals": {"key": "year", "value": 2017}},
            {"notEquals": {"key": "service", "value": "EC2"}},
        ]
    },
}


def measure(options: Options) -> Result:
    sizes = wanted(QUICK_SIZES if options.quick else SIZES)
    questions = questions_of(options)
    return {
        "questions": len(questions),
        "real_questions": options.data is not None,
        "sizes": {str(size): _measure_size(size, questions, options) for size in sizes},
    }


def keep(before: Mapping[str, Any], result: Result) -> Result:
    """With the sizes that were measured by hand before, and when that was."""
    return {**result, "sizes": with_kept(result["sizes"], before["result"]["sizes"], SIZES, before)}


def targets(result: Mapping[str, Any]) -> list[Target]:
    return targets_of(result)


def render(result: Mapping[str, Any], plots: Path) -> str:
    (plots / PLOT).write_text(plot(result), encoding="utf-8")
    return sections(result)


def _measure_size(size: int, questions: list[str], options: Options) -> Result:
    folder = search_corpus.folder_of(options)
    corpus = search_corpus.build(size, options)
    index = search_corpus.fill_index(corpus, folder / f"index-{size}.sqlite")
    queries = search_corpus.embedder(options).embed(questions)
    with running_chroma(folder / f"chroma-{size}") as (chroma_url, chroma_pid), running_dynamodb(folder) as aws_url:
        store = ChromaVectorStore(chroma_url)
        search_corpus.fill_chroma(corpus, store)
        hit = Hit(corpus, COLLECTION)
        everything: Any = hit
        embedder = search_corpus.embedder(options)
        trial = PassageSearch(embedder, store, everything, everything, index, index.replica)
        for where in (None, *FILTERS.values()):
            for question in questions:
                trial.search(question, where=parse_filter(where))
        fill_dynamodb(aws_url, hit)
        index.close()  # the worker has it from here on
        [port] = free_ports(1)
        asked = {
            "aws": aws_url,
            "chroma": chroma_url,
            "index": str(folder / f"index-{size}.sqlite"),
            "model": os.environ.get("MODEL_DIR", str(STATE / "model")),
            "port": port,
        }
        with Worker([sys.executable, "-m", "bench.search_worker", json.dumps(asked)]) as worker:
            worker.ask(do="whole", questions=questions)  # warm: connections, caches, the page cache
            rounds = 1 if options.quick else ROUNDS
            result: Result = {
                "windows": len(corpus.vectors),
                "documents": len(corpus.versions),
                "real_vectors": corpus.real,
                "search": _whole(worker, questions, rounds),
                "http": _http(f"http://127.0.0.1:{port}", questions, rounds),
                "stages": _stages(worker, questions, rounds),
                "dense": _dense(worker, corpus, queries, questions, folder / f"hnswlib-{size}.bin"),
                "filters": {
                    name: _filtered(worker, corpus, queries, questions, where) for name, where in FILTERS.items()
                },
                "memory_mb": {"api": rss_mb(worker.pid), "chroma": rss_mb(chroma_pid)},
                "disk_mb": {
                    "api": _size_mb(*folder.glob(f"index-{size}.sqlite*")),
                    "chroma": _size_mb(folder / f"chroma-{size}"),
                },
            }
    return result


def _whole(worker: Worker, questions: list[str], rounds: int, where: Mapping[str, Any] | None = None) -> Result:
    taken = [one for _ in range(rounds) for one in worker.ask(do="whole", questions=questions, where=where)["ms"]]
    return _milliseconds(taken)


def _http(url: str, questions: list[str], rounds: int) -> Result:
    wait_until_up(f"{url}/api/live")
    taken = []
    with httpx.Client(base_url=url, trust_env=False) as client:
        for question in questions * rounds:
            started = time.perf_counter()
            client.post("/api/search", json={"query": question}).raise_for_status()
            taken.append((time.perf_counter() - started) * 1e3)
    return _milliseconds(taken)


def _stages(worker: Worker, questions: list[str], rounds: int) -> Result:
    stages: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, taken in worker.ask(do="stages", questions=questions)["stages"].items():
            stages.setdefault(name, []).extend(taken)
    return {name: _milliseconds(taken) for name, taken in stages.items()}


def _dense(worker: Worker, corpus: SearchCorpus, queries: Vectors, questions: list[str], path: Path) -> Result:
    """Time of the vector search alone, and what it finds of the exact nearest: shipped, hnswlib, NumPy."""
    graph = _graph(corpus.vectors, path)
    ids = corpus.ids()
    taken: dict[str, list[float]] = {SHIPPED: [], GRAPH: [], EXACT: []}
    found: dict[str, list[list[float]]] = {name: [] for name in taken}
    rows = {one: row for row, one in enumerate(ids)}
    for question, query in zip(questions, queries, strict=True):
        answer = worker.ask(do="dense", questions=[question])
        taken[SHIPPED] += answer["ms"]
        found[SHIPPED].append([float(corpus.vectors[rows[one]] @ query) for one in answer["ids"][0]])
        started = time.perf_counter()
        labels, _ = graph.knn_query(query[None], k=min(50, len(ids)))
        taken[GRAPH].append((time.perf_counter() - started) * 1e3)
        found[GRAPH].append(_cosines(corpus.vectors, labels[0].tolist(), query))
        started = time.perf_counter()
        scores = corpus.vectors @ query
        nearest = np.argpartition(-scores, 50)[:50]
        nearest = nearest[np.argsort(-scores[nearest])]
        taken[EXACT].append((time.perf_counter() - started) * 1e3)
        found[EXACT].append(scores[nearest].tolist())
    return {
        name: {
            **_milliseconds(taken[name]),
            "recall@5": _recall(found[name], found[EXACT], 5),
            "recall@50": _recall(found[name], found[EXACT], 50),
        }
        for name in taken
    }


def _filtered(
    worker: Worker, corpus: SearchCorpus, queries: Vectors, questions: list[str], where: Mapping[str, Any]
) -> Result:
    parsed = parse_filter(where)
    assert parsed is not None
    passing = {one for one, version in corpus.versions.items() if matches(parsed, attributes_of(version))}
    owners = [chunk.document_id for chunk in corpus.chunks for _ in chunk.windows]
    passes = np.fromiter((owner in passing for owner in owners), bool, len(owners))
    few = questions[:_CHROMA_FILTERED]
    answers = worker.ask(do="dense", questions=questions, where=where)
    theirs = worker.ask(do="chroma", questions=few, where=where)
    rows = {one: row for row, one in enumerate(corpus.ids())}
    wrong, found, exact = 0, [], []
    for query, ids in zip(queries, answers["ids"], strict=True):
        wrong += sum(not passes[rows[one]] for one in ids)
        found.append(_cosines(corpus.vectors, [rows[one] for one in ids], query))
        exact.append(sorted((corpus.vectors[passes] @ query).tolist(), reverse=True)[:50])
    return {
        "passing": int(passes.sum()),
        "share": float(passes.mean()),
        "search": _whole(worker, questions, 1, where),
        "vectors": _milliseconds(answers["ms"]),
        "chroma_filter": _milliseconds(theirs["ms"]),
        "recall@5": _recall(found, exact, 5),
        "recall@50": _recall(found, exact, 50),
        "unmatched": wrong,
    }


def _cosines(vectors: Vectors, rows: Sequence[int], query: Vectors) -> list[float]:
    return [float(vectors[row] @ query) for row in rows]


def _recall(found: Sequence[Sequence[float]], exact: Sequence[Sequence[float]], depth: int) -> float:
    """Share of the `depth` nearest that were found, told by their cosines: equal texts have equal vectors."""
    shares = []
    for own, best in zip(found, exact, strict=True):
        wanted = best[:depth]
        if wanted:
            shares.append(sum(one >= wanted[-1] - 1e-5 for one in own[:depth]) / len(wanted))
    return float(np.mean(shares)) if shares else 1.0


def _graph(vectors: Vectors, path: Path) -> Any:
    """hnswlib with the settings of our collections."""
    graph = hnswlib.Index(space="cosine", dim=vectors.shape[1])
    if path.exists():
        graph.load_index(str(path), max_elements=len(vectors))
    else:
        graph.init_index(max_elements=len(vectors), ef_construction=200, M=32)
        graph.add_items(vectors)
        graph.save_index(str(path))
    graph.set_ef(200)
    graph.set_num_threads(1)
    return graph


def questions_of(options: Options) -> list[str]:
    """Real questions first, then first sentences of pages, which are as long as what people search for."""
    own = json.loads((ROOT / "samples" / "questions.json").read_text(encoding="utf-8"))
    found = [str(one["question"]) for one in own]
    if options.data is not None:
        found = [question.text for question in load("aws_qa", options.data).questions] + found
    wanted = QUICK_QUESTIONS if options.quick else QUESTIONS
    if len(found) < wanted:
        corpus = search_corpus.build(QUICK_SIZES[0], options)
        found += [chunk.content.split(". ")[0][-200:] for chunk in corpus.chunks]
    return found[:wanted]


def _milliseconds(taken: Sequence[float]) -> Result:
    return {f"{name}_ms": value for name, value in percentiles(taken, 50, 99).items()}


def _size_mb(*paths: Path) -> float:
    """Of files, and of all that is in folders."""
    files = (file for path in paths for file in (path, *path.rglob("*")) if file.is_file())
    return sum(file.stat().st_size for file in files) / 1e6
