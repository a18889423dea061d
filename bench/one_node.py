"""What one Chroma needs for so many windows: `python -m bench.one_node WINDOWS`, by hand: three million take an hour.

Loads windows into a server of its own, as the product writes them, and measures its memory and disk, how long a query
takes, and how many of the nearest it finds. The vectors are mixed from real ones of 5,000 windows, as those of the
benchmark of the search are, each from its number alone. So a run that was broken off goes on where it was, one for more
windows goes on from the last, and the exact neighbours need no second copy: everything lies in
`.portfolio/bench/one-node`, and `--fresh` begins anew. `load.jsonl` there says how it went, a line every 10,000
windows. The last line printed is the result, as JSON; `result-WINDOWS.json` keeps it.

Each time that 1,000 windows have come Chroma writes what of its graph has changed to its disk, some 50 MB at 80,000.
`--sync-threshold` lets more come between; the graph is the same, and after a crash as many are inserted again.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from bench.heal import WINDOWS_A_DOCUMENT, window_record
from bench.machine import describe, load_average
from bench.measure import status_mb
from bench.search import _milliseconds, _recall, _size_mb
from bench.search_corpus import EMBEDDED, build, mixed
from bench.search_services import running_chroma
from bench.section import Options
from evaluation.workbench import ROOT
from portfolio_rag.adapters.chroma.http import HttpApi
from portfolio_rag.adapters.chroma.vector_store import _HNSW, ChromaVectorStore
from portfolio_rag.domain.errors import VectorStoreUnavailable
from portfolio_rag.ports.vector_store import VectorRecord
from portfolio_rag.ports.vectors import Vectors

BENCH = ROOT / ".portfolio" / "bench"
FOLDER = BENCH / "one-node"
COLLECTION = "one-node"

_BLOCK = 1_200
"""Windows of one seed: whole documents, and whole writes of the adapter."""
_LINE = 10_000
"""Windows from one line of the log to the next."""
_QUERIES, _ROUNDS, _LIMIT = 200, 3, 50
_QUERY_SEED = 2**32
"""Of no block: what is asked for is near to what is there, and not the same."""
_TIMEOUT_SECONDS = 900.0
"""The first query after a start reads the whole graph."""
_TRIES = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("windows", type=int, help="how many windows the collection has")
    parser.add_argument("--fresh", action="store_true", help="remove what an earlier run has left, and begin anew")
    parser.add_argument(
        "--sync-threshold", type=int, metavar="N", help="windows between two writes of the graph, for a collection anew"
    )
    arguments = parser.parse_args()
    if arguments.fresh:
        shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    result = measure(arguments.windows, FOLDER, real_vectors(FOLDER), arguments.sync_threshold)
    text = json.dumps(result | {"machine": describe(), "load": load_average()})
    (FOLDER / f"result-{arguments.windows}.json").write_text(text, encoding="utf-8")
    print(text)


def real_vectors(folder: Path) -> Vectors:
    """What the others are mixed from, shape (n, dimensions): kept, since what is loaded was made from it."""
    kept = folder / "real.npy"
    if not kept.exists():
        corpus = build(EMBEDDED, Options(quick=False, peers=False, work=BENCH / "work", data=None, rounds=1))
        np.save(kept, corpus.vectors[: corpus.real])
    return np.asarray(np.load(kept), dtype=np.float32)


def measure(windows: int, folder: Path, real: Vectors, sync_threshold: int | None) -> dict[str, Any]:
    """Load as many windows as are missing, start the server again, and ask it. Times in the units of their names."""
    data = folder / "chroma"
    with running_chroma(data) as (url, process_id):
        threshold = _create(url, sync_threshold)
        store = ChromaVectorStore(url, timeout=_TIMEOUT_SECONDS)
        load(store, windows, real, folder / "load.jsonl", process_id)
        loaded = _memory_mb(process_id)
        store.close()
    with running_chroma(data) as (url, process_id):
        store = ChromaVectorStore(url, timeout=_TIMEOUT_SECONDS)
        queries = mixed(real, _QUERIES, np.random.default_rng(_QUERY_SEED))
        started = time.perf_counter()
        store.nearest(COLLECTION, queries[0], limit=_LIMIT)
        first = time.perf_counter() - started
        found, taken = ask(store, queries)
        stored = store.count(COLLECTION)
        asked = _memory_mb(process_id)
        store.close()
    exact = exact_cosines(queries, stored, real)
    return {
        "windows": stored,
        "real_vectors": len(real),
        "loading": {**_summary(folder / "load.jsonl"), **{f"{name}_mb": size for name, size in loaded.items()}},
        "sync_threshold": threshold,
        "disk_mb": round(_size_mb(data)),
        "after_a_start": {"first_query_s": round(first, 2), **{f"{name}_mb": size for name, size in asked.items()}},
        "query": _milliseconds(taken),
        **{f"recall@{depth}": round(_recall(found, exact, depth), 4) for depth in (5, _LIMIT)},
    }


def _create(url: str, sync_threshold: int | None) -> int:
    """The collection as the product makes it, unless it is there; its threshold."""
    api = HttpApi(url, _TIMEOUT_SECONDS)
    more = {} if sync_threshold is None else {"sync_threshold": sync_threshold}
    collection = api.create(COLLECTION, {"hnsw": {**_HNSW, **more}}, None)
    api.close()
    return int(collection.configuration["hnsw"]["sync_threshold"])


def load(store: ChromaVectorStore, windows: int, real: Vectors, log: Path, process_id: int) -> None:
    """Write what the collection lacks of so many windows, and note how it goes. Raises what the last try raised."""
    present = store.count(COLLECTION)
    chroma = psutil.Process(process_id)
    started, used, written = time.perf_counter(), _processor_seconds(chroma), 0
    for number in range(present // _BLOCK, -(-windows // _BLOCK)):
        records = block(number, real)[: windows - number * _BLOCK]
        # The block in which the last run was broken off is there in part.
        _write(store, records, repeated=number * _BLOCK < present)
        written += len(records)
        total = number * _BLOCK + len(records)
        if written >= _LINE or total == windows:
            seconds, processor = time.perf_counter() - started, _processor_seconds(chroma) - used
            line = {
                "windows": total,
                "written": written,
                "seconds": round(seconds, 2),
                "chroma_processor_s": round(processor, 2),
                "rss_mb": _memory_mb(process_id)["rss"],
            }
            with log.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(line) + "\n")
            print(json.dumps(line), file=sys.stderr, flush=True)
            started, used, written = time.perf_counter(), _processor_seconds(chroma), 0


def _write(store: ChromaVectorStore, records: list[VectorRecord], *, repeated: bool) -> None:
    for tries_left in reversed(range(_TRIES)):
        try:
            store.upsert(COLLECTION, records, repeated=repeated)
            return
        except VectorStoreUnavailable as error:
            if not tries_left:
                raise
            print(error, file=sys.stderr, flush=True)
            repeated = True


def block(number: int, real: Vectors) -> list[VectorRecord]:
    """The windows of one block, the same ones each time."""
    rows = _rows(number, real)
    first = number * _BLOCK // WINDOWS_A_DOCUMENT
    return [
        window_record(str(uuid.UUID(int=first + n // WINDOWS_A_DOCUMENT)), n % WINDOWS_A_DOCUMENT, row)
        for n, row in enumerate(rows)
    ]


def _rows(number: int, real: Vectors) -> Vectors:
    return mixed(real, _BLOCK, np.random.default_rng(number))


def ask(store: ChromaVectorStore, queries: Vectors) -> tuple[list[list[float]], list[float]]:
    """The cosines of what each query finds, nearest first, and the milliseconds of each asking."""
    found: list[list[float]] = []
    taken: list[float] = []
    for _ in range(_ROUNDS):
        found = []
        for query in queries:
            started = time.perf_counter()
            hits = store.nearest(COLLECTION, query, limit=_LIMIT)
            taken.append(1000 * (time.perf_counter() - started))
            found.append([cosine for _, cosine in hits])
    return found, taken


def exact_cosines(queries: Vectors, windows: int, real: Vectors) -> list[list[float]]:
    """Those of the nearest of so many windows, nearest first, by looking at every one."""
    best = np.full((len(queries), 0), 0, dtype=np.float32)
    for rows in _rows_of(windows, real):
        best = np.hstack([best, queries @ rows.T])
        if best.shape[1] > _LIMIT:
            best = np.partition(best, best.shape[1] - _LIMIT, axis=1)[:, -_LIMIT:]
    nearest: list[list[float]] = np.sort(best, axis=1)[:, ::-1].tolist()
    return nearest


def _rows_of(windows: int, real: Vectors) -> Iterator[Vectors]:
    for number in range(-(-windows // _BLOCK)):
        yield _rows(number, real)[: windows - number * _BLOCK]


def _summary(log: Path) -> dict[str, Any]:
    """Of all runs so far, those that were broken off included."""
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    last = lines[-1]
    return {
        "seconds": round(sum(line["seconds"] for line in lines)),
        "chroma_processor_s": round(sum(line["chroma_processor_s"] for line in lines)),
        "last_ms_of_processor_a_window": round(1000 * last["chroma_processor_s"] / last["written"], 2),
    }


def _memory_mb(process_id: int) -> dict[str, int]:
    """Now, and the most since the process began."""
    return {"rss": round(status_mb("VmRSS", process_id)), "peak": round(status_mb("VmHWM", process_id))}


def _processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    main()
