"""Our search as a library: the API's retrieval in this process, over a running stack, without HTTP.

As `bench/peers.py` asks it, beside libraries that are asked in their own process: python -m bench.own_search, with the
variables of the stack.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.measure import percentiles, serve
from portfolio_rag.answering.retrieval.full_text_follower import FullTextFollower
from portfolio_rag.composition.answering import AnsweringParts
from portfolio_rag.settings.environment import Settings

TOP = 5
_WHOLE_WITHIN_S = 120.0


class Searcher:
    def __init__(self, folder: Path) -> None:
        settings = Settings.from_env(os.environ)
        parts = AnsweringParts(replace(settings, lexical_index_path=str(folder / "lexical.sqlite")))
        follower = parts.full_text_follower
        assert follower is not None  # the stack's API keeps the whole index
        self._retrieval = parts.retrieval
        _catch_up(follower)  # The documents stay as they are from here on.

    def answer(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        times = []
        for query in request["queries"]:
            started = time.perf_counter()
            self._retrieval.search(query, top_k=TOP)
            times.append((time.perf_counter() - started) * 1000)
        return percentiles(times, 50, 99)


def _catch_up(follower: FullTextFollower) -> None:
    """Words first, then the vectors: a search while those are on their way would ask Chroma for them."""
    deadline = time.monotonic() + _WHOLE_WITHIN_S
    while follower.step() or not follower.whole:
        if time.monotonic() > deadline:
            raise TimeoutError("The full-text index has not caught up with the stack.")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="portfolio-rag-bench-") as scratch:
        serve(Searcher(Path(scratch)).answer)
