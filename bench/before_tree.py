"""An earlier commit of this project, or this one, as `bench/before.py` asks it: with that commit's own code throughout.

PYTHONPATH=TREE/src:TREE python -P bench/before_tree.py

Run by its path, as the earlier tree has no such file; what it imports of `bench` and the product is the tree's. It
uses what has kept its meaning since 1c5e16b, and looks for both names of what was renamed.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import bench.ingestion
import bench.search
from bench import search_corpus
from bench.documents import markdown, slices, write
from bench.ingesting import Ingester, as_json
from bench.measure import ROOT, Worker, serve
from bench.search_services import Hit, fill_dynamodb, running_chroma, running_dynamodb
from bench.section import Options
from bench.stack import running_stack
from portfolio_rag.local.isolation import free_ports

_MODEL = ROOT / ".portfolio" / "model"

search: Any = bench.search
ingestion: Any = bench.ingestion
"""Of either tree, and so without types."""


class Tree:
    def __init__(self) -> None:
        data = os.environ.get("EVAL_DATA")
        work = ROOT / ".portfolio" / "bench" / "work"
        work.mkdir(parents=True, exist_ok=True)
        self._options = Options(quick=False, peers=False, work=work, data=Path(data) if data else None, rounds=1)
        self._opened = ExitStack()
        self._searcher: Worker | None = None
        self._url = ""
        self._ingester: Any = None
        self._baseline: Any = None
        self._parts: list[dict[str, bytes]] = []

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = getattr(self, request.pop("do"))(**request)
        return result

    def open_search(self, size: int, questions: list[str]) -> dict[str, Any]:
        """Index, Chroma and DynamoDB with so many windows, filled where they are not; then the API's retrieval."""
        folder = search_corpus.folder_of(self._options)
        corpus = search_corpus.build(size, self._options)
        path = folder / f"index-{size}.sqlite"
        index: Any = search_corpus.fill_index(corpus, path)
        chroma_url, _ = self._opened.enter_context(running_chroma(folder / f"chroma-{size}"))
        aws_url = self._opened.enter_context(running_dynamodb(folder))
        store = search.ChromaVectorStore(chroma_url)
        search_corpus.fill_chroma(corpus, store)
        hit: Any = Hit(corpus, search_corpus.COLLECTION)
        made: Any = getattr(search, "PassageSearch", None) or search.Retrieval
        replica = index.replica if hasattr(index, "replica") else index.vectors
        trial = made(search_corpus.embedder(self._options), store, hit, hit, index, replica)
        for question in questions:
            trial.search(question, where=None)
        fill_dynamodb(aws_url, hit)
        if hasattr(index, "close"):
            index.close()  # the API's process has it from here on
        [port] = free_ports(1)
        asked = {"aws": aws_url, "chroma": chroma_url, "index": str(path), "model": str(_MODEL), "port": port}
        command = [sys.executable, "-P", "-m", "bench.search_worker", json.dumps(asked)]
        self._searcher = self._opened.enter_context(Worker(command))
        self._url = f"http://127.0.0.1:{port}"
        self._searcher.ask(do="whole", questions=questions)  # warm: connections, caches, the page cache
        return {"windows": len(corpus.vectors)}

    def whole(self, questions: list[str]) -> dict[str, Any]:
        assert self._searcher is not None
        return self._searcher.ask(do="whole", questions=questions)

    def http(self, questions: list[str]) -> dict[str, Any]:
        result: dict[str, Any] = search._http(self._url, questions, 1)
        return result

    def open_stack(self, rounds: int, documents: int) -> dict[str, Any]:
        home, self._folders = self._options.work / "before-stack", self._options.work / "before-documents"
        for old in (home, self._folders):  # What is known already would not be embedded again.
            shutil.rmtree(old, ignore_errors=True)
        self._parts = slices(markdown(self._options.data), rounds, documents)
        stack = self._opened.enter_context(running_stack(home, samples=False))
        self._ingester = Ingester(stack)
        self._ingester.copy_in(write(ingestion._few(), self._folders / "warm"), "warm")
        self._baseline = ingestion._Baseline(stack.config.model_dir)
        return {"documents": len(self._parts[0])}

    def ingest(self, place: int) -> dict[str, Any]:
        arguments = self._ingester, self._baseline, self._parts[place], self._folders, place
        result: dict[str, Any] = ingestion._round(*arguments)
        return result

    def again(self, place: int) -> dict[str, Any]:
        """The same folder once more."""
        name = f"round-{place}"
        return as_json(self._ingester.copy_in(self._folders / name, name))

    def close(self) -> dict[str, Any]:
        self._opened.close()
        return {}


if __name__ == "__main__":
    tree = Tree()
    try:
        serve(tree.answer)
    finally:
        tree.close()
