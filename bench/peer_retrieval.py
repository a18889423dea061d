"""How other libraries rank the same documents for the same questions. Runs in the environment of scripts/peers.sh.

    .portfolio/peers/bin/python bench/peer_retrieval.py MODEL_DIRECTORY < set.json > rankings.json

The set: {"documents": [[name, text]…], "questions": [text…]}. The answer: {"versions": {library: version}, "ways":
{way: [[name, …ten at most]…]}}. Every library is left as its documentation shows it. The model's vectors are made once,
by LlamaIndex's own wrapper of sentence-transformers, and given to all.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from typing import Any

DEPTH = 50
"""Pieces fetched for a ranking of ten documents, as ours."""

LIBRARIES = ("llama-index-core", "llama-index-retrievers-bm25", "txtai", "sentence-transformers")

Rank = Callable[[str, Sequence[float]], Iterable[str]]
"""Names of documents for a question and its vector, best first."""


def llama_index(pieces: list[Any], model: Any) -> dict[str, Rank]:
    """The default vector index, and its fusion of that with BM25 by reciprocal rank."""
    from llama_index.core import QueryBundle, VectorStoreIndex
    from llama_index.core.llms import MockLLM
    from llama_index.core.retrievers import QueryFusionRetriever
    from llama_index.retrievers.bm25 import BM25Retriever

    vectors = VectorStoreIndex(pieces, embed_model=model).as_retriever(similarity_top_k=DEPTH)
    fused = QueryFusionRetriever(
        [vectors, BM25Retriever.from_defaults(nodes=pieces, similarity_top_k=min(DEPTH, len(pieces)))],
        llm=MockLLM(),
        num_queries=1,  # the question itself: no model writes others
        similarity_top_k=DEPTH,
        mode="reciprocal_rerank",
        use_async=False,
    )

    def names(retriever: Any) -> Rank:
        def rank(question: str, vector: Sequence[float]) -> Iterable[str]:
            found = retriever.retrieve(QueryBundle(question, embedding=list(vector)))
            return (one.node.ref_doc_id for one in found)

        return rank

    return {"LlamaIndex, vector index": names(vectors), "LlamaIndex, fusion with BM25": names(fused)}


def txtai(pieces: list[Any], known: dict[str, Sequence[float]]) -> dict[str, Rank]:
    """Its hybrid index, on the pieces that LlamaIndex cuts: it has no splitter of its own for plain text."""
    import numpy as np
    from txtai import Embeddings

    def transform(texts: Sequence[str]) -> Any:
        return np.array([known[text] for text in texts], dtype=np.float32)

    embeddings = Embeddings(method="external", transform=transform, hybrid=True)
    embeddings.index((place, piece.text, None) for place, piece in enumerate(pieces))

    def rank(question: str, _: Sequence[float]) -> Iterable[str]:
        return (pieces[place].ref_doc_id for place, _ in embeddings.search(question, DEPTH))

    return {"txtai, hybrid": rank}


def main() -> None:
    from llama_index.core import Document
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    data = json.load(sys.stdin)
    model = HuggingFaceEmbedding(model_name=sys.argv[1])
    documents = [Document(text=text, id_=name) for name, text in data["documents"]]
    pieces = [piece for piece in SentenceSplitter().get_nodes_from_documents(documents) if piece.text.strip()]
    for piece, vector in zip(pieces, model.get_text_embedding_batch([piece.text for piece in pieces]), strict=True):
        piece.embedding = vector
    asked = {question: model.get_query_embedding(question) for question in dict.fromkeys(data["questions"])}
    ways = {
        **llama_index(pieces, model),
        **txtai(pieces, {**{piece.text: piece.embedding for piece in pieces}, **asked}),
    }
    rankings = {
        way: [list(dict.fromkeys(rank(question, asked[question])))[:10] for question in data["questions"]]
        for way, rank in ways.items()
    }
    json.dump({"versions": {name: version(name) for name in LIBRARIES}, "ways": rankings}, sys.stdout)


if __name__ == "__main__":
    main()
