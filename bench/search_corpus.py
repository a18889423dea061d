"""What the search is measured on: windows of AWS's reference texts, in Chroma, in the API's file and in DynamoDB's.

The texts are real and the same on every machine. Of the vectors, the first ones are those of the first windows, then
come those that an evaluation left in its cache (`make eval`), and what is still missing is mixed: the sum of two real
ones and a little noise, so that its neighbourhoods are those of real texts. Everything is kept in the work directory.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import botocore
import numpy as np

from bench.aws_reference import Page, pages
from bench.section import Options
from evaluation.cache import CachedEmbedder
from evaluation.corpus import EvalCorpus
from evaluation.datasets import EvalDocument
from evaluation.workbench import ROOT, STATE, open_tokenizer
from portfolio_rag.adapters.chroma.vector_store import ChromaVectorStore
from portfolio_rag.adapters.dynamodb.chunk_parts import decode_parts, encode_parts
from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder
from portfolio_rag.adapters.tantivy.full_text_index import TantivyFullTextIndex
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentVersion
from portfolio_rag.pipeline.ingestion.embedding import window_records
from portfolio_rag.ports.vectors import Vectors

COLLECTION = "bench_search"
EMBEDDED, EMBEDDED_QUICK = 5_000, 500
_SLICE = 1000
_UPSERT = 2000
_OWN, _OTHER, _NOISE = 0.8, 0.4, 0.15


@dataclass
class SearchCorpus:
    """Documents with their chunks, and a vector for each window, in order: shape (windows, dimensions)."""

    versions: dict[str, DocumentVersion]
    chunks: list[Chunk]
    vectors: Vectors
    real: int

    def ids(self) -> list[str]:
        return [one for chunk in self.chunks for one in chunk.window_ids]


def embedder(options: Options) -> CachedEmbedder:
    model = Path(os.environ.get("MODEL_DIR", STATE / "model"))
    return CachedEmbedder(OnnxEmbedder(model), options.work / "search" / "embedded.sqlite")


def folder_of(options: Options) -> Path:
    """Where all of it is kept: another place when other texts, or other windows of them, come out of the code."""
    sources = sorted((ROOT / "src" / "portfolio_rag" / "text").rglob("*.py"))
    digest = hashlib.sha256(botocore.__version__.encode())
    for path in [*sources, ROOT / "bench" / "aws_reference.py"]:
        digest.update(path.read_bytes())
    folder = options.work / "search" / digest.hexdigest()[:8]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def build(windows: int, options: Options) -> SearchCorpus:
    """At least so many windows, cut at the end of a chunk; from the work directory where they were built before."""
    folder = folder_of(options)
    kept = folder / f"chunks-{windows}.json"
    if kept.exists():
        versions, chunks = _read(kept)
    else:
        versions, chunks = _chunked(windows)
        parts = [{**asdict(one), "parts": encode_parts(one.parts)} for one in chunks]
        rows = [[asdict(one) for one in versions.values()], parts]
        kept.write_text(json.dumps(rows), encoding="utf-8")
    vectors, real = _kept_vectors([text for chunk in chunks for text in chunk.window_texts], folder, windows, options)
    return SearchCorpus(versions, chunks, vectors, real)


def fill_index(corpus: SearchCorpus, path: Path) -> TantivyFullTextIndex:
    """The API's file with all of it, vectors too; made anew where it holds something else."""
    index = TantivyFullTextIndex(path)
    if len(index.versions()) != len(corpus.versions):
        by_document: dict[str, list[Chunk]] = {}
        for chunk in corpus.chunks:
            by_document.setdefault(chunk.document_id, []).append(chunk)
        for batch in _batches(corpus.versions.items(), _SLICE):
            index.index([(version, by_document.get(document_id, [])) for document_id, version in batch])
    index.replica.follow(COLLECTION)
    if index.replica.waiting(limit=1):
        for batch in _batches(_rows(corpus), _SLICE):
            index.replica.store(COLLECTION, {chunk.chunk_id: rows for chunk, rows in batch})
    return index


def fill_chroma(corpus: SearchCorpus, store: ChromaVectorStore) -> None:
    """The collection with all windows, as the embedding function writes them, unless it has them already."""
    if store.count(COLLECTION) == len(corpus.vectors):
        return
    store.drop(COLLECTION)
    records = (
        record
        for chunk, rows in _rows(corpus)
        for record in window_records(corpus.versions[chunk.document_id], chunk, rows)
    )
    for batch in _batches(records, _UPSERT):
        store.upsert(COLLECTION, batch)


def _rows(corpus: SearchCorpus) -> Iterator[tuple[Chunk, Vectors]]:
    row = 0
    for chunk in corpus.chunks:
        yield chunk, corpus.vectors[row : row + len(chunk.windows)]
        row += len(chunk.windows)


def _read(kept: Path) -> tuple[dict[str, DocumentVersion], list[Chunk]]:
    documents, chunks = json.loads(kept.read_text(encoding="utf-8"))
    versions = {one["document_id"]: DocumentVersion(**one) for one in documents}
    return versions, [
        Chunk(
            **{
                **one,
                "span": tuple(one["span"]),
                "windows": tuple(tuple(span) for span in one["windows"]),
                "heading_path": tuple(one["heading_path"]),
                "parts": decode_parts(one["parts"]),
            }
        )
        for one in chunks
    ]


def _chunked(windows: int) -> tuple[dict[str, DocumentVersion], list[Chunk]]:
    versions: dict[str, DocumentVersion] = {}
    chunks: list[Chunk] = []
    tokenizer: Any = open_tokenizer()
    found = 0
    for batch in _batches(_endless(pages()), _SLICE):
        nothing: Any = _NoVectors()
        corpus = EvalCorpus([page.document for page in batch], nothing, tokenizer)
        attributes = {page.document.name: page.attributes for page in batch}
        made: dict[str, list[Chunk]] = {}
        for chunk in corpus.chunks.values():
            made.setdefault(chunk.document_id, []).append(chunk)
        for document_id, own in made.items():
            if found >= windows:
                return versions, chunks
            versions[document_id] = replace(
                corpus.documents[document_id], metadata=attributes[corpus.names[document_id]], chunk_count=len(own)
            )
            chunks += own
            found += sum(len(chunk.windows) for chunk in own)
    raise AssertionError("the pages are endless")


def _endless(found: list[Page]) -> Iterator[Page]:
    """All pages, then all of them again under other names: for a million windows by hand."""
    for turn in itertools.count():
        for page in found:
            name = page.document.name if turn == 0 else f"again-{turn}/{page.document.name}"
            yield replace(page, document=EvalDocument(name, page.document.data, page.document.group))


def _kept_vectors(texts: list[str], folder: Path, windows: int, options: Options) -> tuple[Vectors, int]:
    """Those of the last time: what Chroma and hnswlib hold must stay theirs, however the cache of evaluations grows."""
    kept = folder / f"vectors-{windows}.npz"
    if kept.exists():
        with np.load(kept) as found:
            return np.asarray(found["vectors"]), int(found["real"])
    vectors, real = _vectors(texts, options)
    np.savez(kept, vectors=vectors, real=real)
    return vectors, real


def _vectors(texts: list[str], options: Options) -> tuple[Vectors, int]:
    own = embedder(options)
    vectors = np.zeros((len(texts), own.dimensions), np.float32)
    first = min(len(texts), EMBEDDED_QUICK if options.quick else EMBEDDED)
    vectors[:first] = own.embed(texts[:first])
    cached = _of_evaluations(own.fingerprint, len(texts) - first, own.dimensions)
    real = first + len(cached)
    vectors[first:real] = cached
    if real < len(texts):
        vectors[real:] = mixed(vectors[:real], len(texts) - real, np.random.default_rng(1))
    return vectors, real


def mixed(real: Vectors, count: int, random: np.random.Generator) -> Vectors:
    """So many vectors, each of two real ones and a little noise; shape (count, dimensions), unit length."""
    one, other = real[random.integers(0, len(real), count)], real[random.integers(0, len(real), count)]
    dimensions = real.shape[1]
    noise = random.standard_normal((count, dimensions), dtype=np.float32) / np.sqrt(np.float32(dimensions))
    found: Vectors = _OWN * one + _OTHER * other + _NOISE * noise
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found


def _of_evaluations(fingerprint: str, limit: int, dimensions: int) -> Vectors:
    path = Path(os.environ.get("EVAL_CACHE", STATE / "eval" / "vectors.sqlite"))
    if limit <= 0 or not path.exists():
        return np.zeros((0, dimensions), np.float32)
    database = sqlite3.connect(path)
    rows = database.execute(
        "SELECT vector FROM vectors WHERE key >= ? AND key < ? LIMIT ?", (f"{fingerprint}:", f"{fingerprint};", limit)
    ).fetchall()
    database.close()
    return np.frombuffer(b"".join(row[0] for row in rows), np.float32).reshape(-1, dimensions)


class _NoVectors:
    def embed(self, _: list[str]) -> None:
        """The windows are embedded later, and not all of them."""


def _batches(items: Any, size: int) -> Iterator[list[Any]]:
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch
