"""What questions as of a time cost, and what their being there costs the others: by hand, for decision 29.

python -m bench.as_of                                    # against the plain search, in each mode of SEARCH_REPLICA
python -m bench.as_of --before /tmp/before --only-plain  # the plain search against that of another source tree

20,000 live windows of which half are of documents that have been replaced since `MOMENT`, and the windows of what they
replaced in the history: a third of those say something else than today's. The candidates take turns, question by
question, and each goes first as often as any other. A figure is the median of the rounds' medians, a ratio that of the
rounds' ratios. The embedding of a question, which all pay alike, is left out: the ratios would be smaller with it.
`cpu_ms` is the CPU time of the process and of Chroma: a machine that is busy with other things changes it little. The
tree without the feature has a Chroma of its own, which holds no history.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import shutil
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench import search_corpus
from bench.as_of_worker import CHUNKS, REGISTRY, key_of
from bench.measure import ROOT, Worker
from bench.search_corpus import COLLECTION, SearchCorpus
from bench.search_services import running_chroma
from bench.section import Options
from evaluation.workbench import STATE
from portfolio_rag.adapters.chroma.vector_store import ChromaVectorStore
from portfolio_rag.adapters.dynamodb.chunk_store import _item
from portfolio_rag.adapters.dynamodb.document_items import HEAD
from portfolio_rag.adapters.dynamodb.table import item
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentHead, DocumentVersion
from portfolio_rag.domain.identifiers import chunk_id_for
from portfolio_rag.domain.object_keys import logical_key_of
from portfolio_rag.domain.versions import Period, Publication, history_collection
from portfolio_rag.pipeline.documents.history import as_history
from portfolio_rag.pipeline.ingestion.embedding import window_records
from portfolio_rag.ports.vector_store import VectorRecord

WINDOWS, QUESTIONS = 20_000, 60
LONG_AGO, MOMENT, RECENTLY = (
    "2026-01-02T03:04:05.000000Z",
    "2026-06-01T00:00:00.000000Z",
    "2026-09-01T00:00:00.000000Z",
)
MOMENTS = {"before half of the documents changed": MOMENT, "after all changes": "2026-10-01T00:00:00.000000Z"}
MODES = ("whole", "words", "off")
_NEW_WORDING, _DRIFT = 3, 0.5
"""Of every so many old windows one says something else, as far away as so much of a random direction."""
_BATCH = 2000


class Revisions:
    """The corpus with a history: documents with an even number have a second version, which answers since RECENTLY."""

    def __init__(self, corpus: SearchCorpus) -> None:
        self.revised = {id_ for number, id_ in enumerate(corpus.versions) if number % 2 == 0}
        self.versions = {id_: self._now(version) for id_, version in corpus.versions.items()}
        self.old = {id_: _as_of(corpus.versions[id_], LONG_AGO) for id_ in self.revised}
        self.chunks = [
            replace(chunk, version=2) if chunk.document_id in self.revised else chunk for chunk in corpus.chunks
        ]
        self.corpus = SearchCorpus(self.versions, self.chunks, corpus.vectors, corpus.real)

    def _now(self, version: DocumentVersion) -> DocumentVersion:
        if version.document_id in self.revised:
            return replace(_as_of(version, RECENTLY), version=2)
        return _as_of(version, LONG_AGO)

    def history(self) -> Iterator[tuple[Chunk, list[VectorRecord]]]:
        random, row = np.random.default_rng(2), 0
        for chunk in self.chunks:
            vectors = self.corpus.vectors[row : row + len(chunk.windows)]
            row += len(chunk.windows)
            if chunk.document_id not in self.revised:
                continue
            noise = random.standard_normal(vectors.shape, dtype=np.float32) / np.sqrt(np.float32(vectors.shape[1]))
            drift = (random.integers(0, _NEW_WORDING, (len(vectors), 1)) == 0) * np.float32(_DRIFT)
            changed = vectors + drift * noise
            changed /= np.linalg.norm(changed, axis=1, keepdims=True)
            old = replace(chunk, version=1, chunk_id=chunk_id_for(chunk.document_id, 1, chunk.chunk_index, "old"))
            records = window_records(self.old[chunk.document_id], old, changed)
            yield old, as_history(records, chunk.document_id, 1, Period(LONG_AGO, RECENTLY))

    def items(self, old_chunks: list[Chunk]) -> dict[str, dict[str, Any]]:
        """DynamoDB's tables, as `bench/as_of_worker.py` answers from them."""
        rows = [asdict(version) for version in (*self.versions.values(), *self.old.values())]
        rows += [self._head(version) for version in self.versions.values()]
        chunks = [_item(chunk) for chunk in (*self.chunks, *old_chunks)]
        registry = [item(row) for row in rows]
        return {
            REGISTRY: {key_of({name: row[name] for name in ("document_id", "version")}): row for row in registry},
            CHUNKS: {key_of({name: row[name] for name in ("chunk_id", "document_id")}): row for row in chunks},
        }

    def _head(self, version: DocumentVersion) -> dict[str, Any]:
        published = [Publication(1, LONG_AGO)]
        if version.document_id in self.revised:
            published.append(Publication(2, RECENTLY))
        head = DocumentHead(
            document_id=version.document_id,
            bucket=version.bucket,
            logical_key=logical_key_of(version.s3_key),
            latest_version=version.version,
            live_version=version.version,
            publications=tuple(published),
        )
        return {**asdict(head), "version": HEAD}


def _as_of(version: DocumentVersion, since: str) -> DocumentVersion:
    return replace(version, version=1, upload_timestamp=since, processing_completed_at=since)


def prepare(windows: int, options: Options) -> tuple[Path, list[str]]:
    """A folder, and the questions. In it `with` and `other` hold the history, `without` holds none."""
    folder = search_corpus.folder_of(options) / f"as-of-{windows}"
    corpus = search_corpus.build(windows, options)
    step = len(corpus.chunks) // QUESTIONS
    questions = [chunk.content.split(". ")[0][-200:] for chunk in corpus.chunks[::step]][:QUESTIONS]
    if (folder / "items.pickle").exists():
        return folder, questions
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    revisions = Revisions(corpus)
    search_corpus.fill_index(revisions.corpus, folder / "without" / "index.sqlite").close()
    with running_chroma(folder / "without" / "chroma") as (url, _):
        search_corpus.fill_chroma(revisions.corpus, ChromaVectorStore(url))
    # Copied, not built again: the same graph on both sides.
    shutil.copytree(folder / "without", folder / "with")
    old_chunks, records = [], []
    for chunk, windows_of_chunk in revisions.history():
        old_chunks.append(chunk)
        records += windows_of_chunk
    with running_chroma(folder / "with" / "chroma") as (url, _):
        for start in range(0, len(records), _BATCH):
            ChromaVectorStore(url).upsert(history_collection(COLLECTION), records[start : start + _BATCH])
    shutil.copytree(folder / "with", folder / "other")
    (folder / "items.pickle").write_bytes(pickle.dumps(revisions.items(old_chunks)))
    return folder, questions


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.as_of", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--windows", type=int, default=WINDOWS)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--before", type=Path, help="another source tree, whose plain search takes turns with ours")
    parser.add_argument("--before-as-of", action="store_true", help="ask that tree as of a time, too")
    parser.add_argument("--only-plain", action="store_true", help="no questions as of a time")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    chosen = parser.parse_args()
    work = ROOT / ".portfolio" / "bench" / "work"
    folder, questions = prepare(
        chosen.windows, Options(quick=True, peers=False, work=work, data=None, rounds=chosen.rounds)
    )
    for mode in chosen.modes:
        for name, line in measure(folder, questions, mode, chosen).items():
            print(f"{mode:6} {name:40} {line}", flush=True)


def measure(folder: Path, questions: list[str], mode: str, chosen: argparse.Namespace) -> dict[str, str]:
    """By candidate: its median, and its ratio to the plain search, that of `--before` where there is one."""
    with ExitStack() as stack:
        ours = stack.enter_context(_worker(stack, folder, "with", mode, ROOT))
        asks: dict[str, Callable[[str], dict[str, Any]]] = {}
        if chosen.before is not None:
            side = "other" if chosen.before_as_of else "without"
            before = stack.enter_context(_worker(stack, folder, side, mode, chosen.before))
            asks["plain, of the other tree"] = lambda question: before.ask(question=question)
            if chosen.before_as_of:
                asks |= {f"{name}, other tree": partial(_ask_as_of, before, moment) for name, moment in MOMENTS.items()}
        asks["plain"] = lambda question: ours.ask(question=question)
        if not chosen.only_plain:
            asks |= {name: partial(_ask_as_of, ours, moment) for name, moment in MOMENTS.items()}
        for question in questions:  # warm: their vectors, connections, the page cache
            for ask in asks.values():
                ask(question)
        rounds = [_round(asks, questions) for _ in range(chosen.rounds)]
    return {name: _line(name, rounds) for name in asks}


Answers = dict[str, list[dict[str, Any]]]
"""By candidate, for each question."""


def _ask_as_of(worker: Worker, moment: str, question: str) -> dict[str, Any]:
    return worker.ask(question=question, as_of=moment)


def _round(asks: Mapping[str, Callable[[str], dict[str, Any]]], questions: Sequence[str]) -> Answers:
    """Each candidate goes first as often as any other."""
    names = list(asks)
    answers: Answers = {name: [] for name in names}
    for place, question in enumerate(questions):
        first = place % len(names)
        for name in names[first:] + names[:first]:
            answers[name].append(asks[name](question))
    return answers


def _line(name: str, rounds: Sequence[Answers]) -> str:
    base = next(iter(rounds[0]))
    parts = []
    for unit in ("ms", "cpu_ms"):
        taken = [statistics.median(answer[unit] for answer in answers[name]) for answers in rounds]
        of_base = [statistics.median(answer[unit] for answer in answers[base]) for answers in rounds]
        ratios = [own / other for own, other in zip(taken, of_base, strict=True)]
        spread = f"{statistics.median(ratios):.3f} x [{min(ratios):.3f}-{max(ratios):.3f}]"
        parts.append(f"{unit} {statistics.median(taken):6.2f} {spread}")
    found = [answer for answers in rounds for answer in answers[name]]
    calls = statistics.mean(answer["calls"] for answer in found)
    old = statistics.mean(sum(version == 1 for _, version in answer["found"]) for answer in found)
    return "  ".join([*parts, f"reads {calls:.2f}  first versions {old:.2f}"])


def _worker(stack: ExitStack, folder: Path, side: str, mode: str, tree: Path) -> Worker:
    url, pid = stack.enter_context(running_chroma(folder / side / "chroma"))
    asked: Mapping[str, Any] = {
        "chroma": url,
        "chroma_pid": pid,
        "index": str(folder / side / "index.sqlite"),
        "items": str(folder / "items.pickle"),
        "model": os.environ.get("MODEL_DIR", str(STATE / "model")),
        "mode": mode,
    }
    command = [sys.executable, str(ROOT / "bench" / "as_of_worker.py"), json.dumps(asked)]
    return Worker(command, environment={"PYTHONPATH": str(tree / "src")})


if __name__ == "__main__":
    main()
