from __future__ import annotations

import pytest

from portfolio_rag.answering.retrieval.search import PassageSearch
from portfolio_rag.domain.errors import IndexMismatch, InvalidRequest
from portfolio_rag.domain.filters import parse_filter
from portfolio_rag.ports.index_alias import IndexAlias
from portfolio_rag.settings.ingestion_rules import ModelConfig
from tests.support.answers import Corpus, chunk_of, document


def retrieval(corpus: Corpus) -> PassageSearch:
    return corpus.retrieval()


def test_the_passage_brings_its_document_and_the_windows_that_were_hit(corpus: Corpus) -> None:
    best = retrieval(corpus).search("what does the visibility timeout hide")[0]
    assert best.document.filename == "sqs.md"
    assert best.windows[0] == 1
    assert best.score == best.window_scores[0]
    assert list(best.window_scores) == sorted(best.window_scores, reverse=True)
    assert len(best.windows) == len(best.window_scores)


def test_windows_of_a_chunk_are_one_passage(corpus: Corpus) -> None:
    found = retrieval(corpus).search("messages in a queue")
    assert len({passage.chunk.chunk_id for passage in found}) == len(found) == 2


def test_a_query_costs_one_search_and_one_batched_read_of_each_table(corpus: Corpus) -> None:
    for n in range(40):
        corpus.text(f"more/{n}.md", f"Queue number {n} keeps messages.")
    assert len(retrieval(corpus).search("queue messages", top_k=5)) == 5
    assert corpus.vectors.limits == [25]
    assert corpus.reads.calls == 1


@pytest.mark.failure(40)
def test_only_the_live_version_answers(corpus: Corpus) -> None:
    new = corpus.text("guides/sqs.md", "Amazon SQS keeps messages in a queue for 7 days by default.", version=2)
    found = retrieval(corpus).search("how long does SQS keep messages in a queue")
    assert [passage.chunk for passage in found if passage.document.filename == "sqs.md"] == [new]
    assert all(passage.chunk.version == passage.document.version for passage in found)


def test_until_the_new_version_is_live_the_old_one_answers(corpus: Corpus) -> None:
    corpus.text("guides/sqs.md", "Amazon SQS keeps messages for 7 days.", version=2, live=False)
    found = retrieval(corpus).search("how long does SQS keep messages")
    assert {passage.chunk.version for passage in found} == {1}


def test_a_deleted_document_is_gone_at_once(corpus: Corpus) -> None:
    gone = document("guides/sqs.md")
    del corpus.reads.live[gone.document_id]
    assert "sqs.md" not in [passage.document.filename for passage in retrieval(corpus).search("SQS queue messages")]


def test_chunks_that_are_gone_already_are_left_out(corpus: Corpus) -> None:
    corpus.reads.chunks.clear()
    assert retrieval(corpus).search("SQS queue") == []


def test_the_search_grows_past_windows_that_are_no_longer_live() -> None:
    corpus = Corpus()
    stale = document("old.md")
    corpus.add(stale, *(chunk_of(stale, f"queue retention {n}", index=n) for n in range(60)), live=False)
    corpus.text("new.md", "retention of a queue, among many other words about storage and buckets")
    found = retrieval(corpus).search("queue retention", top_k=1)
    assert [passage.document.filename for passage in found] == ["new.md"]
    assert corpus.vectors.limits == [5, 20, 80]


def test_the_search_stops_growing_when_the_collection_is_exhausted(corpus: Corpus) -> None:
    assert len(retrieval(corpus).search("queue", top_k=20)) == 2
    assert len(corpus.vectors.limits) == 1


def test_growing_is_bounded() -> None:
    corpus = Corpus()
    stale = document("old.md")
    corpus.add(stale, *(chunk_of(stale, f"queue {n}", index=n) for n in range(1700)), live=False)
    assert retrieval(corpus).search("queue", top_k=5) == []
    assert corpus.vectors.limits == [25, 100, 400, 1600]


def test_the_pointed_collection_is_searched(corpus: Corpus) -> None:
    corpus.aliases.alias = IndexAlias("knowledge-2", building="knowledge")
    assert retrieval(corpus).search("queue") == []


def test_the_alias_is_read_for_itself_once_and_then_with_what_is_found(corpus: Corpus) -> None:
    search = retrieval(corpus)
    for _ in range(3):
        assert search.search("queue")
    assert (corpus.aliases.calls, corpus.reads.calls) == (1, 3)


@pytest.mark.parametrize("old", ["kept", "emptied", "dropped"])
def test_a_search_after_a_reindex_finds_what_the_new_collection_holds(corpus: Corpus, old: str) -> None:
    search = retrieval(corpus)
    before = [passage.chunk.chunk_id for passage in search.search("queue messages")]
    held = corpus.vectors.collections["knowledge"]
    corpus.vectors.collections["knowledge-2"] = dict(held)
    corpus.aliases.alias = IndexAlias("knowledge-2")
    late = corpus.text("late.md", "A queue of messages that came after the switch.")
    if old == "emptied":
        held.clear()
    if old == "dropped":
        del corpus.vectors.collections["knowledge"]
    after = [passage.chunk.chunk_id for passage in search.search("queue messages")]
    assert late.chunk_id in after
    assert set(before) < set(after)
    assert corpus.aliases.calls == 1
    corpus.vectors.limits.clear()
    assert [passage.chunk.chunk_id for passage in search.search("queue messages")] == after
    # The new one is searched at once from now on.
    assert len(corpus.vectors.limits) == 1


def test_an_index_of_another_model_that_a_reindex_has_switched_to_is_refused(corpus: Corpus) -> None:
    search = retrieval(corpus)
    assert search.search("queue")
    corpus.vectors.fingerprints["knowledge-2"] = "another"
    corpus.aliases.alias = IndexAlias("knowledge-2")
    for _ in range(2):
        with pytest.raises(IndexMismatch):
            search.search("queue")


def test_an_index_that_another_model_has_written_anew_is_refused(corpus: Corpus) -> None:
    search = retrieval(corpus)
    assert search.search("queue")
    corpus.vectors.fingerprints["knowledge"] = "another"
    with pytest.raises(IndexMismatch):
        search.search("queue")


def test_a_refusal_ends_with_the_reindex_also_while_the_old_index_is_there(corpus: Corpus) -> None:
    search = retrieval(corpus)
    corpus.vectors.fingerprints["knowledge"] = "another"
    with pytest.raises(IndexMismatch):
        search.search("queue")
    corpus.vectors.collections["knowledge-2"] = dict(corpus.vectors.collections["knowledge"])
    corpus.aliases.alias = IndexAlias("knowledge-2")
    assert search.search("queue")


@pytest.mark.parametrize("made", [None, "words"])
def test_an_index_of_this_model_or_of_an_unknown_one_answers(corpus: Corpus, made: str | None) -> None:
    corpus.vectors.fingerprints["knowledge"] = made
    assert retrieval(corpus).search("queue")


def test_an_index_of_another_model_is_refused_with_a_way_out(corpus: Corpus) -> None:
    corpus.vectors.fingerprints["knowledge"] = "another"
    with pytest.raises(IndexMismatch, match="REINDEX") as raised:
        retrieval(corpus).search("queue")
    assert raised.value.http_status == 503
    assert corpus.vectors.limits == []


def test_the_filter_reaches_chroma(corpus: Corpus) -> None:
    retrieval(corpus).search("queue", where=parse_filter({"equals": {"key": "team", "value": "a"}}))
    assert corpus.vectors.where == parse_filter({"equals": {"key": "team", "value": "a"}})


@pytest.mark.parametrize(("query", "top_k"), [("", 5), ("  \n", 5), ("x" * 8001, 5), ("queue", 0), ("queue", 51)])
def test_out_of_bounds(corpus: Corpus, query: str, top_k: int) -> None:
    with pytest.raises(InvalidRequest):
        retrieval(corpus).search(query, top_k=top_k)


def test_the_model_configuration_says_how_many_passages_unless_the_search_does(corpus: Corpus) -> None:
    for n in range(20):
        corpus.text(f"more/{n}.md", f"Queue number {n} keeps messages.")
    configs = [ModelConfig(top_k=3), ModelConfig(top_k=7)]
    search = PassageSearch(
        corpus.embedder, corpus.vector_store, corpus.reads, corpus.index_aliases, config=lambda: configs[0]
    )
    assert len(search.search("queue messages")) == 3
    configs.pop(0)
    assert len(search.search("queue messages")) == 7
    assert len(search.search("queue messages", top_k=4)) == 4
