"""In-memory stand-ins for the ports that retrieval and chat use."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np

from portfolio_rag.answering.grounding.drafted_answer import DraftSentence, continuation
from portfolio_rag.answering.retrieval.search import FullTextSearch, PassageSearch
from portfolio_rag.domain.answers import FinishReason
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion, LiveDocument
from portfolio_rag.domain.filters import Filter
from portfolio_rag.domain.identifiers import chunk_id_for, document_id_for, sha256_hex
from portfolio_rag.ports.full_text_index import FullTextHit
from portfolio_rag.ports.index_alias import IndexAlias, IndexAliases
from portfolio_rag.ports.language_model import ChatCompletion
from portfolio_rag.ports.live_document_reader import LiveRead
from portfolio_rag.ports.vector_replica import VectorReplica
from portfolio_rag.ports.vector_store import VectorHit, VectorRecord, VectorStore
from portfolio_rag.ports.vectors import Vectors
from portfolio_rag.text.language.content_words import terms

BUCKET = "portfolio-raw"


def render(kept: Sequence[DraftSentence]) -> str:
    """The sentences as the text of an answer."""
    return "".join(continuation(before, sentence) for before, sentence in zip([None, *kept], kept, strict=False))


class WordEmbedder:
    """Texts that share content words are near: a hashed bag of stems, unit length."""

    fingerprint = "words"
    dimensions = 512

    def __init__(self) -> None:
        self.texts = 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.texts += len(texts)
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            for term in terms(text) or [text]:
                vectors[row, int(hashlib.sha256(term.encode()).hexdigest(), 16) % self.dimensions] += 1
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


class MemoryVectors:
    """Exact search; remembers its calls and the last filter."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.collections: dict[str, dict[str, VectorRecord]] = {}
        self.fingerprints: dict[str, str | None] = {}
        self.limits: list[int] = []
        self.where: Filter | None = None

    def ping(self) -> None: ...

    def ensure(self, collection: str, *, fingerprint: str | None = None) -> None:
        self.collections.setdefault(collection, {})
        self.fingerprints.setdefault(collection, fingerprint)

    def upsert(
        self,
        collection: str,
        records: Sequence[VectorRecord],
        *,
        fingerprint: str | None = None,
        repeated: bool = False,
    ) -> None:
        self.ensure(collection, fingerprint=fingerprint)
        self.collections.setdefault(collection, {}).update({record.id: record for record in records})

    def fingerprint(self, collection: str) -> str | None:
        return self.fingerprints.get(collection)

    def query(self, collection: str, vector: Vectors, *, limit: int, where: Filter | None = None) -> list[VectorHit]:
        self.calls.append("query")
        self.limits.append(limit)
        self.where = where
        hits = [
            VectorHit(record.id, float(record.vector @ vector), record.metadata)
            for record in self.collections.get(collection, {}).values()
        ]
        return sorted(hits, key=lambda hit: -hit.score)[:limit]

    def nearest(self, collection: str, vector: Vectors, *, limit: int) -> list[tuple[str, float]]:
        hits = [(record.id, float(record.vector @ vector)) for record in self.collections.get(collection, {}).values()]
        self.calls.append("nearest")
        return sorted(hits, key=lambda hit: -hit[1])[:limit]

    def metadata(self, collection: str, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        self.calls.append("metadata")
        known = self.collections.get(collection, {})
        return {one: known[one].metadata for one in ids if one in known}

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        self.calls.append("vectors")
        known = self.collections.get(collection, {})
        return {one: known[one].vector for one in ids if one in known}

    def similarities(self, collection: str, ids: Sequence[str], vector: Vectors) -> dict[str, float]:
        self.calls.append("similarities")
        known = self.collections.get(collection, {})
        return {one: float(known[one].vector @ vector) for one in ids if one in known}

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        for one in ids:
            self.collections[collection].pop(one, None)

    def windows_of(self, collection: str, document_id: str) -> dict[str, int]:
        return {
            record.id: record.metadata["version"]
            for record in self.collections.get(collection, {}).values()
            if record.metadata["document_id"] == document_id
        }

    def count(self, collection: str) -> int:
        return len(self.collections.get(collection, {}))

    def drop(self, collection: str) -> None:
        self.collections.pop(collection, None)


@dataclass
class MemoryAliases:
    alias: IndexAlias = field(default_factory=lambda: IndexAlias("knowledge"))
    calls: int = 0

    def current(self) -> IndexAlias:
        self.calls += 1
        return self.alias


@dataclass
class MemoryLiveDocuments:
    """Which versions are live, and all chunks. `calls` counts the batched reads."""

    aliases: MemoryAliases = field(default_factory=MemoryAliases)
    live: dict[str, LiveDocument] = field(default_factory=dict)
    chunks: dict[str, Chunk] = field(default_factory=dict)
    replaced: list[LiveDocument] = field(default_factory=list)
    since: dict[tuple[str, int], str] = field(default_factory=dict)
    until: dict[tuple[str, int], str] = field(default_factory=dict)
    calls: int = 0

    def read(self, versions: Iterable[tuple[str, int]], chunks: Iterable[tuple[str, str]]) -> LiveRead:
        self.calls += 1
        documents = {
            (document_id, version): self.live[document_id]
            for document_id, version in versions
            if document_id in self.live and self.live[document_id].version == version
        }
        return LiveRead(
            documents,
            {chunk_id: self.chunks[chunk_id] for chunk_id, _ in chunks if chunk_id in self.chunks},
            self.aliases.alias.live,
        )

    def read_as_of(
        self,
        moment: str,
        versions: Iterable[tuple[str, int]],
        chunks: Iterable[tuple[str, str]],
        *,
        current: bool = True,
    ) -> LiveRead:
        self.calls += 2 if current else 1
        answered = {(document.document_id, document.version): document for document in self.replaced}
        answered |= {(document.document_id, document.version): document for document in self.live.values()}
        documents = {
            pair: answered[pair]
            for pair in versions
            if pair in answered and self.since.get(pair, "") <= moment < self.until.get(pair, "9")
        }
        return LiveRead(
            documents,
            {chunk_id: self.chunks[chunk_id] for chunk_id, _ in chunks if chunk_id in self.chunks},
            self.aliases.alias.live,
            {document_id: self.live[document_id] for document_id, _ in documents if document_id in self.live},
        )


@dataclass
class ScriptedFullText:
    """A full-text side that finds what it is told to."""

    hits: list[FullTextHit] = field(default_factory=list)
    asked: list[tuple[str, int, Filter | None]] = field(default_factory=list)

    def search(self, query: str, *, limit: int, where: Filter | None = None) -> list[FullTextHit]:
        self.asked.append((query, limit, where))
        return self.hits[:limit]


@dataclass
class ScriptedModel:
    """A language model that says what it is told to, and remembers what it was asked."""

    say: str | Callable[[Sequence[Mapping[str, str]]], str]
    asked: list[Sequence[Mapping[str, str]]] = field(default_factory=list)
    temperatures: list[float] = field(default_factory=list)
    piece: int = 3
    closed: bool = False
    finish_reason: FinishReason = FinishReason.STOP

    def complete(
        self, messages: Sequence[Mapping[str, str]], *, temperature: float, schema: Mapping[str, Any] | None = None
    ) -> ChatCompletion:
        self.asked.append(messages)
        self.temperatures.append(temperature)
        text = self.say if isinstance(self.say, str) else self.say(messages)
        return ChatCompletion(text, "scripted", 100, 20, self.finish_reason)

    def stream(
        self, messages: Sequence[Mapping[str, str]], *, temperature: float
    ) -> Generator[str | ChatCompletion, None, None]:
        """The same, a few characters at a time."""
        completion = self.complete(messages, temperature=temperature)
        try:
            for start in range(0, len(completion.text), self.piece):
                yield completion.text[start : start + self.piece]
            yield completion
        finally:
            self.closed = True


def document(name: str, version: int = 1, **changes: Any) -> DocumentVersion:
    """A COMPLETED version of `name`."""
    made = DocumentVersion(
        document_id=document_id_for(BUCKET, name),
        version=version,
        bucket=BUCKET,
        s3_key=f"processed/{name}",
        s3_version_id=f"v{version}",
        source_version_id=f"v{version}",
        filename=name.rsplit("/", 1)[-1],
        upload_timestamp="2026-01-02T03:04:05.000000Z",
        file_size=100,
        file_type="md",
        status=DocumentStatus.COMPLETED,
        embedding_model="words",
    )
    return replace(made, **changes)


def chunk_of(
    version: DocumentVersion, content: str, *, index: int = 0, offset: int = 0, heading: Sequence[str] = (), **more: Any
) -> Chunk:
    """A chunk with a window for each paragraph of `content`."""
    windows = []
    start = 0
    for paragraph in content.split("\n\n"):
        windows.append((start, start + len(paragraph)))
        start += len(paragraph) + 2
    return Chunk(
        chunk_id=chunk_id_for(version.document_id, version.version, index, sha256_hex(content)),
        document_id=version.document_id,
        version=version.version,
        chunk_index=index,
        content=content,
        content_hash=sha256_hex(content),
        token_count=len(content.split()),
        span=(offset, offset + len(content)),
        windows=tuple(windows),
        heading_path=tuple(heading),
        **more,
    )


class Corpus:
    """The ports filled with documents, as the pipeline leaves them."""

    def __init__(self) -> None:
        self.embedder = WordEmbedder()
        self.vectors = MemoryVectors()
        self.aliases = MemoryAliases()
        self.reads = MemoryLiveDocuments(self.aliases)

    @property
    def vector_store(self) -> VectorStore:
        """`vectors`, which has of its port what a search uses."""
        return cast(VectorStore, self.vectors)

    @property
    def index_aliases(self) -> IndexAliases:
        """`aliases`, which have of their port what a search uses."""
        return cast(IndexAliases, self.aliases)

    def retrieval(
        self,
        full_text: FullTextSearch | None = None,
        replica: VectorReplica | None = None,
        compute_slots: AbstractContextManager[object] | None = None,
    ) -> PassageSearch:
        return PassageSearch(
            self.embedder, self.vector_store, self.reads, self.index_aliases, full_text, replica, compute_slots
        )

    def add(self, version: DocumentVersion, *chunks: Chunk, live: bool = True) -> DocumentVersion:
        for chunk in chunks:
            self.reads.chunks[chunk.chunk_id] = chunk
            vectors = self.embedder.embed(chunk.window_texts)
            self.vectors.upsert(
                self.aliases.alias.live,
                [
                    VectorRecord(
                        f"{chunk.chunk_id}#{n}",
                        vector,
                        {
                            "document_id": chunk.document_id,
                            "version": chunk.version,
                            "chunk_id": chunk.chunk_id,
                            "chunk_index": chunk.chunk_index,
                            "window": n,
                        },
                    )
                    for n, vector in enumerate(vectors)
                ],
            )
        if live:
            self.reads.live[version.document_id] = LiveDocument.of(version)
        return version

    def text(
        self, name: str, content: str, *, version: int = 1, heading: Sequence[str] = (), live: bool = True
    ) -> Chunk:
        """One document with one chunk."""
        added = document(name, version)
        chunk = chunk_of(added, content, heading=heading)
        self.add(added, chunk, live=live)
        return chunk
