"""What the index is said to hold, with an index of words beside the API and without."""

from __future__ import annotations

from typing import cast

from portfolio_rag.answering.retrieval.index_size import IndexMeasure
from portfolio_rag.ports.vector_store import VectorStore
from tests.support.answers import Corpus, chunk_of, document


def test_without_an_index_of_words_nothing_is_said_to_wait_for_it() -> None:
    corpus = Corpus()
    made = document("a.md")
    corpus.add(made, chunk_of(made, "pumps and valves"))
    size = IndexMeasure(cast(VectorStore, corpus.vectors), corpus.index_aliases, None).size()
    assert size.collection == "knowledge"
    assert size.windows == len(corpus.vectors.collections["knowledge"]) > 0
    assert (size.documents, size.waiting, size.is_whole) == (None, 0, True)
