"""A process with the API's retrieval over the corpus of `bench/as_of.py`, from whichever source tree is on its path.

DynamoDB's part is answered by a dictionary in this process, in DynamoDB's own notation: what is parsed is measured, and
no emulator's time. `calls` counts them.

python bench/as_of_worker.py '{"chroma": URL, "chroma_pid": PID, "index": PATH, "items": PATH, "model": …, "mode": …}'
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from portfolio_rag.adapters.chroma.vector_store import ChromaVectorStore
from portfolio_rag.adapters.dynamodb.index_aliases import DynamoIndexAliases
from portfolio_rag.adapters.dynamodb.job_store import DynamoJobStore
from portfolio_rag.adapters.dynamodb.live_document_reader import DynamoLiveDocumentReader
from portfolio_rag.adapters.dynamodb.table import Table
from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder
from portfolio_rag.adapters.tantivy.full_text_index import TantivyFullTextIndex
from portfolio_rag.answering.retrieval.search import PassageSearch
from portfolio_rag.domain.filters import parse_filter
from portfolio_rag.ports.index_alias import IndexAlias
from portfolio_rag.ports.vectors import Vectors

COLLECTION = "bench_search"
REGISTRY, CHUNKS, JOBS = "registry", "chunks", "jobs"


class Items:
    """BatchGetItem over what `bench/as_of.py` has written: `{table: {key as text: item}}`."""

    def __init__(self, path: str) -> None:
        self._tables: dict[str, dict[str, dict[str, Any]]] = pickle.loads(Path(path).read_bytes())  # noqa: S301
        self.calls = 0

    def batch_get_item(self, RequestItems: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's own name
        self.calls += 1
        return {"Responses": {name: list(self._found(name, asked)) for name, asked in RequestItems.items()}}

    def _found(self, name: str, asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        projected = set(asked.get("ExpressionAttributeNames", {}).values())
        for key in asked["Keys"]:
            if stored := self._tables.get(name, {}).get(key_of(key)):
                yield {name: value for name, value in stored.items() if not projected or name in projected}


def key_of(key: Mapping[str, Any]) -> str:
    return json.dumps(key, sort_keys=True)


class Remembered:
    """Questions that were asked before are not embedded again: that costs the same whatever is asked for."""

    def __init__(self, embedder: OnnxEmbedder) -> None:
        self.fingerprint = embedder.fingerprint
        self.dimensions = embedder.dimensions
        self._embedder = embedder
        self._known: dict[str, Vectors] = {}

    def embed(self, texts: Sequence[str]) -> Vectors:
        [question] = texts
        if question not in self._known:
            self._known[question] = self._embedder.embed(texts)
        return self._known[question]


class Aliases:
    def current(self) -> IndexAlias:
        return IndexAlias(COLLECTION)


class Searcher:
    def __init__(self, asked: Mapping[str, Any]) -> None:
        self._chroma = asked["chroma_pid"]
        self._items = Items(asked["items"])
        client: Any = self._items
        aliases: Any = Aliases()
        index = None if asked["mode"] == "off" else TantivyFullTextIndex(asked["index"])
        if asked["mode"] == "whole" and index is not None:
            index.replica.follow(COLLECTION)
        self._search = PassageSearch(
            Remembered(OnnxEmbedder(asked["model"])),
            ChromaVectorStore(asked["chroma"]),
            DynamoLiveDocumentReader(
                Table(client, REGISTRY),
                Table(client, CHUNKS),
                DynamoIndexAliases(Table(client, JOBS), DynamoJobStore(Table(client, JOBS)), COLLECTION),
            ),
            aliases,
            index,
            index.replica if index is not None else None,
        )

    def _cpu_ms(self) -> float:
        """Of this process, and of all threads of Chroma's."""
        threads = Path(f"/proc/{self._chroma}/task").glob("*/schedstat")
        return time.process_time() * 1e3 + sum(int(thread.read_text().split()[0]) for thread in threads) / 1e6

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The milliseconds of one question by clock and CPU, its calls of DynamoDB, and the versions that it found."""
        calls = self._items.calls
        named = {"as_of": request["as_of"]} if request.get("as_of") else {}
        where = parse_filter(request.get("where"))
        started, used = time.perf_counter(), self._cpu_ms()
        found = self._search.search(request["question"], where=where, **named)
        taken = (time.perf_counter() - started) * 1e3
        return {
            "ms": taken,
            "cpu_ms": self._cpu_ms() - used,
            "calls": self._items.calls - calls,
            "found": [(passage.document.document_id, passage.document.version) for passage in found],
        }


def main() -> None:
    searcher = Searcher(json.loads(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(searcher.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
