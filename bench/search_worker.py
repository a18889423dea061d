"""A process with the API's retrieval and its HTTP server, as `bench/search.py` asks it: its memory is the API's.

python -m bench.search_worker '{"aws": URL, "chroma": URL, "index": PATH, "model": PATH, "port": PORT}'
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import uvicorn

from api.main import create_app
from bench.measure import serve
from bench.search_corpus import COLLECTION
from portfolio_rag.answering.retrieval.search import PassageSearch
from portfolio_rag.answering.retrieval.vector_search import VectorSearch
from portfolio_rag.composition.answering import AnsweringParts
from portfolio_rag.composition.api import build_api
from portfolio_rag.domain.filters import parse_filter
from portfolio_rag.settings.environment import Settings


class Timed:
    """Calls of some methods of `inner`, with the milliseconds that each takes noted under a name."""

    def __init__(self, inner: Any, names: Mapping[str, str], note: Callable[[str, float], None]) -> None:
        self._inner = inner
        self._names = names
        self._note = note

    def __getattr__(self, method: str) -> Any:
        called = getattr(self._inner, method)
        if method not in self._names:
            return called

        def timed(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return called(*arguments, **named)
            finally:
                self._note(self._names[method], (time.perf_counter() - started) * 1e3)

        return timed


class OneAfterTheOther:
    """In the place of the thread pool: so that each stage has the machine for itself."""

    def submit(self, call: Callable[[], Any]) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(call())
        return done


class Searcher:
    def __init__(self, asked: Mapping[str, Any]) -> None:
        settings = Settings(
            aws_endpoint_url=asked["aws"],
            chroma_url=asked["chroma"],
            chroma_collection=COLLECTION,
            lexical_index_path=asked["index"],
            model_dir=asked["model"],
        )
        parts = AnsweringParts(settings)
        self._index = parts.full_text_index
        self._index.replica.follow(COLLECTION)
        self._parts = parts
        self._retrieval = self._made({}, lambda *_: None)
        self._vector_search = VectorSearch(parts.vectors, self._index.replica)
        # The index stands as it is: nothing feeds it, because the registry holds what the questions hit alone.
        services = replace(build_api(settings), retrieval=self._retrieval, full_text_follower=None)
        config = uvicorn.Config(
            create_app(settings, services), host="127.0.0.1", port=asked["port"], log_level="warning", access_log=False
        )
        threading.Thread(target=uvicorn.Server(config).run, daemon=True).start()

    def answer(self, request: dict[str, Any]) -> Mapping[str, Any]:
        where = parse_filter(request.get("where"))
        if request["do"] == "whole":
            return {"ms": [self._whole(question, where) for question in request["questions"]]}
        if request["do"] == "stages":
            return {"stages": self._stages(request["questions"], where)}
        vectors = self._parts.embedder.embed(request["questions"])
        found, taken = [], []
        for vector in vectors:
            started = time.perf_counter()
            if request["do"] == "chroma":  # its own filter, or none
                hits = self._parts.vectors.query(COLLECTION, vector, limit=50, where=where)
            else:
                hits = self._vector_search.search(COLLECTION, vector, limit=50, where=where)
            taken.append((time.perf_counter() - started) * 1e3)
            found.append([hit.id for hit in hits])
        return {"ms": taken, "ids": found}

    def _whole(self, question: str, where: Any, retrieval: PassageSearch | None = None) -> float:
        started = time.perf_counter()
        (retrieval or self._retrieval).search(question, where=where)
        return (time.perf_counter() - started) * 1e3

    def _stages(self, questions: list[str], where: Any) -> dict[str, list[float]]:
        notes: dict[str, float] = {}

        def note(name: str, milliseconds: float) -> None:
            notes[name] = notes.get(name, 0.0) + milliseconds

        retrieval = self._made(_STAGES, note)
        retrieval._pool = OneAfterTheOther()  # type: ignore[assignment]
        stages: dict[str, list[float]] = {}
        for question in questions:
            notes.clear()
            whole = self._whole(question, where, retrieval)
            notes["fusion, grouping and the rest"] = whole - sum(notes.values())
            notes["all, one after the other"] = whole
            for name, milliseconds in notes.items():
                stages.setdefault(name, []).append(milliseconds)
        return stages

    def _made(self, names: Mapping[str, Mapping[str, str]], note: Callable[[str, float], None]) -> PassageSearch:
        of = self._parts
        parts = {
            "embedder": of.embedder,
            "vectors": of.vectors,
            "live": of.live_documents,
            "aliases": of.index_aliases,
            "full_text": self._index,
            "replica": self._index.replica,
        }
        timed: dict[str, Any] = {key: Timed(part, names.get(key, {}), note) for key, part in parts.items()}
        return PassageSearch(**timed)


_STAGES = {
    "embedder": {"embed": "embedding of the question"},
    "full_text": {"search": "full-text index (Tantivy)"},
    "vectors": {
        "nearest": "vector search (Chroma)",
        "query": "vector search (Chroma)",
        "metadata": "vector search (Chroma)",
        "similarities": "vector search (Chroma)",
    },
    "replica": {
        "owners": "documents of the hits (SQLite)",
        "matches": "filter on the replica of the vectors (SQLite)",
        "search": "filter on the replica of the vectors (SQLite)",
        "similarities": "cosines of what the words found (SQLite)",
    },
    "live": {"read": "live check, chunks and index alias (DynamoDB)"},
}

if __name__ == "__main__":
    serve(Searcher(json.loads(sys.argv[1])).answer)
