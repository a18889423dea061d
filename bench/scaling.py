"""What ten million documents would do to the pipeline: measured costs, AWS's quotas, and queues between stages.

Measured here: processor time a document and a window, Chroma's rate and memory, calls and index writes a document (the
last two on the simulation's models, where they are the same everywhere). Assumed: how long AWS's services take to
answer. `render` writes docs/scaling.md beside docs/performance.md.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from bench.measure import ROOT
from bench.pipeline_model import LAMBDA_CONCURRENCY, PARTITION_WRITES_PER_S, Stage, Trace, chroma_rate, simulate
from bench.scaling_page import page
from bench.search_services import running_chroma
from bench.section import Options, Result
from evaluation.corpus import EvalCorpus
from evaluation.datasets import EvalDocument, load
from evaluation.workbench import open_tokenizer
from portfolio_rag.adapters.chroma.vector_store import ChromaVectorStore
from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder
from portfolio_rag.ports.embedder import Embedder, Tokenizer
from portfolio_rag.ports.vector_store import VectorRecord
from portfolio_rag.ports.vectors import Vectors
from portfolio_rag.settings.ingestion_rules import Rules

NAME = "scaling"
TITLE = "Ten million documents"

LATENCY_MS = {"dynamodb": 6.0, "s3": 25.0, "sqs": 12.0, "chroma": 15.0}
"""Assumed, one call from a function in the same region; `chroma` without the insertion itself."""

DOCUMENTS = 10_000_000
_RECORDS_A_CALL = 64
_STATUSES = ("PENDING", "PROCESSING", "COMPLETED")


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to set the stack up. `nodes`: of Chroma; `status_shards`: partition keys that a status is spread over."""

    name: str
    processors: int
    embedders: int
    nodes: int
    status_shards: int


SETTINGS = (
    Setting("as shipped", 10, 10, 1, 1),
    Setting("more workers", 100, 400, 1, 1),
    Setting("more workers, ten Chroma nodes", 100, 400, 10, 1),
    Setting("that, and each status over ten keys", 150, 700, 20, 10),
)
ARRIVALS = {
    "ten million a month": DOCUMENTS / (30 * 86_400),
    "a day": DOCUMENTS / 86_400,
    "as fast as S3 takes them": 3_500.0,
}
"""Documents a second; S3 takes 3,500 PUT a second for one prefix."""


def measure(options: Options) -> Result:
    embedder, tokenizer = OnnxEmbedder(_model(), threads=1), open_tokenizer()
    corpus, processing_s = _cut(_documents(options), tokenizer)
    document = {
        "documents": len(corpus.documents),
        "chunks": len(corpus.chunks) / len(corpus.documents),
        "windows": len(corpus.windows) / len(corpus.documents),
        "bytes_of_text": statistics.fmean(len(text) for text in corpus.extracted.values()),
        "processing_cpu_s": processing_s,
        "embedding_cpu_s_a_window": _embedding_s(corpus.texts[: 100 if options.quick else 400], embedder),
    }
    return {
        "document": document,
        "calls": calls_by_function(max(1, round(document["chunks"]))),
        "index_writes": status_index_writes(max(1, round(document["chunks"]))),
        "chroma": _chroma(5_000 if options.quick else 30_000),
        "latency_ms": LATENCY_MS,
    }


def _documents(options: Options) -> list[EvalDocument]:
    if options.data is not None:
        return load("aws_qa", options.data).documents[:: 250 if options.quick else 40]
    files = sorted((ROOT / "samples").rglob("*.md"))
    return [EvalDocument(path.name, path.read_bytes(), path.stem) for path in files]


class _NoVectors:
    """Stands for the model where only text is cut."""

    fingerprint, dimensions = "none", 1

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.zeros((len(texts), 1), np.float32)


def _cut(documents: list[EvalDocument], tokenizer: Tokenizer) -> tuple[EvalCorpus, float]:
    """The chunks, and the processor time of extracting and cutting one document, in seconds."""
    EvalCorpus(documents[:1], _NoVectors(), tokenizer, Rules())  # imports the parsers
    started = time.process_time()
    corpus = EvalCorpus(documents, _NoVectors(), tokenizer, Rules())
    return corpus, (time.process_time() - started) / len(documents)


def _embedding_s(texts: list[str], embedder: Embedder) -> float:
    """Processor time of one window, in seconds."""
    embedder.embed(texts[:5])
    started = time.process_time()
    embedder.embed(texts)
    return (time.process_time() - started) / len(texts)


def calls_by_function(chunks: int) -> dict[str, dict[str, int]]:
    """Calls to each service that each function makes for one document of so many chunks."""
    from tests.simulation.costs import ingest

    world, _, _ = ingest(chunks * 3)
    found: dict[str, Counter[str]] = {}
    function = ""
    for line in world.faults.trace:
        words = line.split()
        if not line.startswith(" "):
            function = words[-1].replace("_", "-")
        elif len(words) > 1 and "." in words[1]:
            found.setdefault(function, Counter())[words[1].partition(".")[0]] += 1
    return {name: dict(calls) for name, calls in found.items()}


def status_index_writes(chunks: int) -> dict[str, int]:
    """Writes to each partition of `status-upload_timestamp-index` for one document: its partition key is the status."""
    from tests.simulation.costs import text
    from tests.simulation.world import World

    writes: Counter[str] = Counter()

    class Counted(dict[Any, Any]):
        def __setitem__(self, key: Any, new: Any) -> None:
            old = self.get(key, {})
            before, after = old.get("status", {}).get("S"), new.get("status", {}).get("S")
            if before is not None and before != after:
                writes[before] += 1
            if after is not None and old != new:
                writes[after] += 1
            super().__setitem__(key, new)

    world = World()
    table = world.dynamo.tables["document_registry"]
    table.items = Counted(table.items)
    world.upload("one.md", text(chunks * 3))
    world.run()
    return {status: writes[status] for status in _STATUSES}


def _chroma(windows: int) -> Result:
    """Windows a second that Chroma takes from one writer in the last fifth of so many, and its memory for each."""
    rng = np.random.default_rng(7)
    seconds = []
    with (
        tempfile.TemporaryDirectory(prefix="bench-chroma-") as folder,
        running_chroma(Path(folder)) as (url, pid),
    ):
        store = ChromaVectorStore(url)
        store.ensure("bench")
        before = psutil.Process(pid).memory_info().rss
        for start in range(0, windows, _RECORDS_A_CALL):
            vectors = rng.normal(size=(_RECORDS_A_CALL, 384)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            records = [
                VectorRecord(f"{start + n}#0", vector, {"document_id": str(start + n), "version": 1})
                for n, vector in enumerate(vectors)
            ]
            started = time.perf_counter()
            store.upsert("bench", records)
            seconds.append(time.perf_counter() - started)
        after = psutil.Process(pid).memory_info().rss
    last = seconds[-len(seconds) // 5 :]
    return {
        "windows": windows,
        "windows_per_s": _RECORDS_A_CALL / statistics.median(last),
        "bytes_a_window": (after - before) / windows,
    }


def _model() -> Path:
    return ROOT / ".portfolio" / "model"


def stages(result: Mapping[str, Any], setting: Setting) -> list[Stage]:
    """The three functions between which documents wait."""
    document, calls, writes = result["document"], result["calls"], result["index_writes"]

    def waiting_s(function: str) -> float:
        made: Mapping[str, float] = calls[function]
        return sum(number * LATENCY_MS[service] / 1000 for service, number in made.items())

    def index(status: str) -> Any:
        bound = setting.status_shards * PARTITION_WRITES_PER_S / writes[status]
        return lambda _: bound

    chroma = chroma_rate(
        result["chroma"]["windows_per_s"], result["chroma"]["windows"], document["windows"], setting.nodes
    )
    intakes = LAMBDA_CONCURRENCY - setting.processors - setting.embedders
    return [
        Stage(
            "intake", waiting_s("document-intake"), intakes, False, {"the index partition PENDING": index("PENDING")}
        ),
        Stage(
            "processing",
            document["processing_cpu_s"] + waiting_s("document-processor"),
            setting.processors,
            True,
            {"the index partition PROCESSING": index("PROCESSING")},
        ),
        Stage(
            "embedding",
            document["windows"] * document["embedding_cpu_s_a_window"] + waiting_s("embedding-generator"),
            setting.embedders,
            True,
            {"Chroma": chroma, "the index partition COMPLETED": index("COMPLETED")},
        ),
    ]


def traces(result: Mapping[str, Any]) -> dict[tuple[str, str], Trace]:
    """By setting and arrival."""
    return {
        (setting.name, arrival): simulate(stages(result, setting), DOCUMENTS, rate)
        for setting in SETTINGS
        for arrival, rate in ARRIVALS.items()
    }


def render(result: Mapping[str, Any], plots: Path) -> str:
    found = traces(result)
    (plots / "scaling.md").write_text(page(result, found, stages(result, SETTINGS[0]), plots), encoding="utf-8")
    shipped = found["as shipped", "a day"]
    return (
        f"A simulation of {DOCUMENTS:,} documents through the stages measured here: [scaling.md](scaling.md). "
        f"As shipped they take {shipped.finished / 86_400:.1f} days when they come within one; what holds them up is "
        f"{shipped.bottleneck}.\n"
    )
