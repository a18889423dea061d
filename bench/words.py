"""What the words of so many chunks need beside the API: `python -m bench.words CHUNKS`, by hand.

Fills the API's file, without vectors, as the product does, and asks it real questions at each size of `_SIZES`: how
long a search by words takes, with the windows of its 50 hits weighed, how much disk there is, and how much memory. Each
chunk is the first half of one real chunk and the second half of another, so that no two are the same and words are as
rare or common as they are in AWS's reference texts. One line of JSON comes a size, and stays in
`.portfolio/bench/words/result.jsonl`; the index itself is removed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.machine import describe, load_average
from bench.measure import status_mb
from bench.search import _milliseconds, _size_mb, questions_of
from bench.search_corpus import build
from bench.section import Options
from evaluation.workbench import ROOT
from portfolio_rag.adapters.tantivy.full_text_index import TantivyFullTextIndex
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentVersion

FOLDER = ROOT / ".portfolio" / "bench" / "words"
_REAL_WINDOWS = 100_000
"""Whose chunks are cut in halves: some 24,000."""
_SIZES = (100_000, 300_000, 1_000_000, 2_000_000, 3_000_000, 5_000_000, 10_000_000)
_CHUNKS_A_DOCUMENT = 3
_BATCH = 1_000
"""Documents of one call. The follower brings 50; each commit has 200 of them at most, whatever the call has."""
_ROUNDS, _LIMIT = 3, 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chunks", type=int, help="how many chunks the index has in the end")
    wanted = parser.parse_args().chunks
    data = os.environ.get("EVAL_DATA")
    work = ROOT / ".portfolio" / "bench" / "work"
    options = Options(quick=False, peers=False, work=work, data=Path(data) if data else None, rounds=1)
    corpus = build(_REAL_WINDOWS, options)
    shutil.rmtree(FOLDER, ignore_errors=True)
    index = FOLDER / "index"
    index.mkdir(parents=True)
    try:
        for line in measure(wanted, corpus.chunks, next(iter(corpus.versions.values())), questions_of(options), index):
            text = json.dumps(line | {"load": load_average(), "machine": describe()})
            with (FOLDER / "result.jsonl").open("a", encoding="utf-8") as lines:
                lines.write(text + "\n")
            print(text, flush=True)
    finally:
        shutil.rmtree(index)


def measure(
    wanted: int, real: Sequence[Chunk], version: DocumentVersion, questions: Sequence[str], folder: Path
) -> Iterator[dict[str, Any]]:
    """The figures of each size up to `wanted`, and of that; times in the units of their names."""
    index = TantivyFullTextIndex(folder / "index.sqlite")
    filled, seconds = 0, 0.0
    for size in [*(size for size in _SIZES if size < wanted), wanted]:
        started = time.perf_counter()
        while filled < size:
            documents = -(-min(size - filled, _BATCH * _CHUNKS_A_DOCUMENT) // _CHUNKS_A_DOCUMENT)
            index.index([document(filled // _CHUNKS_A_DOCUMENT + n, real, version) for n in range(documents)])
            filled += documents * _CHUNKS_A_DOCUMENT
            print(f"{filled:,} chunks", end="\r", file=sys.stderr, flush=True)
        seconds += time.perf_counter() - started
        yield {"chunks": filled, "filled_s": round(seconds), **ask(index, questions), **_sizes(folder)}
    index.close()


def document(number: int, real: Sequence[Chunk], version: DocumentVersion) -> tuple[DocumentVersion, list[Chunk]]:
    """The same one for the same number, as long as the chunks of a few documents are."""
    name = str(uuid.UUID(int=number))
    random = np.random.default_rng(number)
    chunks = [
        _mixed(real[int(one)], real[int(other)], name, place)
        for place, (one, other) in enumerate(random.integers(0, len(real), (_CHUNKS_A_DOCUMENT, 2)))
    ]
    return replace(version, document_id=name, chunk_count=_CHUNKS_A_DOCUMENT), chunks


def _mixed(one: Chunk, other: Chunk, document_id: str, place: int) -> Chunk:
    """The first half of the one, under its headings, and the second half of the other; a window each."""
    first, second = _half(one.content)[0], _half(other.content)[1]
    return replace(
        one,
        chunk_id=f"{document_id}-{place}",
        document_id=document_id,
        chunk_index=place,
        content=first + second,
        windows=((0, len(first)), (len(first), len(first) + len(second))),
        parts=(),
    )


def _half(text: str) -> tuple[str, str]:
    """Cut at the first blank behind the middle."""
    blank = re.compile(r"\s").search(text, len(text) // 2)
    place = blank.end() if blank else len(text)
    return text[:place], text[place:]


def ask(index: TantivyFullTextIndex, questions: Sequence[str]) -> dict[str, float]:
    """Of all rounds but the first, which reads from the disk what the others find in memory."""
    taken: list[float] = []
    for turn in range(_ROUNDS + 1):
        for question in questions:
            started = time.perf_counter()
            hits = index.search(question, limit=_LIMIT)
            if turn:
                taken.append(1000 * (time.perf_counter() - started))
            if not hits:
                raise RuntimeError(f"Nothing was found for {question!r}: the index is not what it should be.")
    return dict(_milliseconds(taken))


def _sizes(folder: Path) -> dict[str, float]:
    """Megabytes: of the texts and attributes, of the words, and of this process's own memory."""
    words = sum(_size_mb(path) for path in folder.glob("index.sqlite-words-*"))
    return {
        "disk_mb": round(_size_mb(folder)),
        "words_disk_mb": round(words),
        "own_memory_mb": round(status_mb("RssAnon")),
    }


if __name__ == "__main__":
    main()
