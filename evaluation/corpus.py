"""An evaluation set as the pipeline would leave it, in memory: real extraction, chunker and model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluation.datasets import EvalDocument
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion, LiveDocument
from portfolio_rag.domain.errors import DocumentRejected
from portfolio_rag.domain.filters import Filter
from portfolio_rag.domain.identifiers import chunk_id_for, document_id_for, sha256_hex
from portfolio_rag.pipeline.ingestion.chunking import DocumentChunker
from portfolio_rag.ports.embedder import Embedder, Tokenizer
from portfolio_rag.ports.index_alias import IndexAlias
from portfolio_rag.ports.live_document_reader import LiveRead
from portfolio_rag.ports.vector_store import VectorHit
from portfolio_rag.ports.vectors import Vectors
from portfolio_rag.settings.ingestion_rules import FILE_TYPES, Rules
from portfolio_rag.text.extraction.document import ExtractionLimits
from portfolio_rag.text.extraction.worker import extract_here

BUCKET = "evaluation"
_EPOCH = "2026-01-01T00:00:00.000000Z"
_INDEX = "evaluation"


@dataclass(frozen=True, slots=True)
class Window:
    """One row of the matrix of vectors."""

    chunk: Chunk
    n: int
    group: str


class EvalCorpus:
    """The ports that `PassageSearch` reads, filled from documents; `groups_left_out` are hidden from a search."""

    def __init__(
        self,
        documents: Sequence[EvalDocument],
        embedder: Embedder,
        tokenizer: Tokenizer,
        rules: Rules | None = None,
    ) -> None:
        self.documents: dict[str, DocumentVersion] = {}
        self.names: dict[str, str] = {}
        self.extracted: dict[str, str] = {}
        self.windows: list[Window] = []
        self.rejected: list[str] = []
        self.groups_left_out: frozenset[str] = frozenset()
        self.chunks: dict[str, Chunk] = {}
        rules = rules or Rules()
        for document in documents:
            self._add(document, embedder, tokenizer, rules)
        self.texts = [window.chunk.window_texts[window.n] for window in self.windows]
        self.vectors = embedder.embed(self.texts)
        self._rows = {window.chunk.window_ids[window.n]: row for row, window in enumerate(self.windows)}
        self._groups = np.array([window.group for window in self.windows])

    def _add(self, document: EvalDocument, embedder: Embedder, tokenizer: Tokenizer, rules: Rules) -> None:
        limits = ExtractionLimits(
            FILE_TYPES,
            rules.max_pages,
            rules.max_characters,
            rules.extraction_timeout_seconds,
            rules.extraction_memory_mb,
        )
        try:
            extracted = extract_here(document.data, document.name, limits)
        except DocumentRejected:
            self.rejected.append(document.name)
            return
        version = _version(document, extracted.file_type)
        self.documents[version.document_id] = version
        self.names[version.document_id] = document.name
        self.extracted[version.document_id] = extracted.text
        for index, draft in enumerate(DocumentChunker(tokenizer, lambda: embedder).chunk(extracted, rules)):
            content_hash = sha256_hex(draft.content)
            made = Chunk(
                chunk_id=chunk_id_for(version.document_id, 1, index, content_hash),
                document_id=version.document_id,
                version=1,
                chunk_index=index,
                content=draft.content,
                content_hash=content_hash,
                token_count=draft.token_count,
                span=draft.span,
                windows=draft.windows,
                heading_path=draft.heading_path,
                parts=draft.parts,
                page_start=draft.page_start,
                page_end=draft.page_end,
            )
            self.chunks[made.chunk_id] = made
            self.windows += [Window(made, n, document.group) for n in range(len(made.windows))]

    def visible(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which windows are not left out, shape (windows,)."""
        return ~np.isin(self._groups, list(self.groups_left_out))

    # ports.VectorStore, as far as a query goes

    def query(self, collection: str, vector: Vectors, *, limit: int, where: Filter | None = None) -> list[VectorHit]:
        """Exact search, nearest first."""
        del collection, where
        scores = np.where(self.visible(), self.vectors @ vector, -np.inf)
        nearest = np.argpartition(-scores, min(limit, len(scores) - 1))[:limit]
        nearest = nearest[np.argsort(-scores[nearest], kind="stable")]
        return [self.hit(int(row), float(scores[row])) for row in nearest if np.isfinite(scores[row])]

    def fingerprint(self, collection: str) -> str | None:
        del collection
        return None

    def similarities(self, collection: str, ids: Sequence[str], vector: Vectors) -> dict[str, float]:
        del collection
        return {one: float(self.vectors[self._rows[one]] @ vector) for one in ids}

    def count(self, collection: str) -> int:
        del collection
        return int(self.visible().sum())

    def hit(self, row: int, score: float) -> VectorHit:
        window = self.windows[row]
        return VectorHit(
            window.chunk.window_ids[window.n],
            score,
            {
                "chunk_id": window.chunk.chunk_id,
                "document_id": window.chunk.document_id,
                "version": window.chunk.version,
                "window": window.n,
            },
        )

    # ports.LiveDocumentReader and ports.IndexAliases, as far as a query goes

    def read(self, versions: Iterable[tuple[str, int]], chunks: Iterable[tuple[str, str]]) -> LiveRead:
        documents = {pair: LiveDocument.of(self.documents[pair[0]]) for pair in versions}
        return LiveRead(documents, {chunk_id: self.chunks[chunk_id] for chunk_id, _ in chunks}, _INDEX)

    def current(self) -> IndexAlias:
        return IndexAlias(_INDEX)


def _version(document: EvalDocument, file_type: str) -> DocumentVersion:
    return DocumentVersion(
        document_id=document_id_for(BUCKET, document.name),
        version=1,
        bucket=BUCKET,
        s3_key=f"processed/{document.name}",
        s3_version_id="1",
        source_version_id="1",
        filename=document.name.rsplit("/", 1)[-1],
        upload_timestamp=_EPOCH,
        file_size=len(document.data),
        file_type=file_type,
        status=DocumentStatus.COMPLETED,
        embedding_model="evaluation",
    )
