from __future__ import annotations

import pytest

from portfolio_rag.answering.generation.context_window import build_context
from portfolio_rag.answering.retrieval.fusion import CHUNK, MEANING, WORDS, fuse, missing_cosines, vectors_only
from portfolio_rag.answering.retrieval.search import PassageSearch
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.filters import parse_filter
from portfolio_rag.ports.full_text_index import FullTextHit
from portfolio_rag.ports.vector_store import VectorHit
from tests.support.answers import Corpus, ScriptedFullText


def dense(window: int, score: float) -> VectorHit:
    metadata = {"chunk_id": "c", "document_id": "d", "version": 1, "window": window}
    return VectorHit(f"c#{window}", score, metadata)


def words(score: float, *windows: tuple[int, float], chunk: str = "c") -> FullTextHit:
    return FullTextHit(chunk, "d", 1, score, windows)


def test_meaning_words_and_the_chunk_count_by_weight() -> None:
    other = VectorHit("e#0", 0.7, {"chunk_id": "e", "document_id": "d", "version": 1, "window": 0})
    hits = [words(8.0, (1, 5.0), (2, 1.0)), words(2.0, (0, 3.0), chunk="e")]
    found = fuse([dense(0, 0.9), dense(1, 0.5), other], hits, {"c#2": 0.1})
    assert [(one.id, one.cosine) for one in found] == [("c#0", 0.9), ("c#1", 0.5), ("e#0", 0.7), ("c#2", 0.1)]
    assert [one.rank for one in found] == pytest.approx(
        [MEANING + CHUNK, MEANING / 2 + WORDS + CHUNK, MEANING * 0.75 + WORDS / 2, CHUNK]
    )


def test_a_new_document_does_not_stand_behind_old_ones_because_its_words_are_not_read_yet() -> None:
    old = [dense(0, 0.9), dense(1, 0.5)]
    hits = [words(8.0, (1, 5.0), (0, 4.0))]
    metadata = {"chunk_id": "n", "document_id": "new", "version": 1, "window": 0}
    read = fuse([*old, VectorHit("n#0", 0.88, metadata)], hits, {})
    assert [one.id for one in read] == ["c#0", "n#0", "c#1"]
    better = VectorHit("n#0", 0.95, metadata, unread=True)
    unread = fuse([*old, better], hits, {})
    assert unread[0].id == "n#0"
    assert unread[0].rank == pytest.approx(1.0)


def test_only_the_best_windows_that_the_vectors_did_not_find_need_a_cosine() -> None:
    assert missing_cosines([dense(0, 0.9)], [words(3.0, (0, 3.0), (1, 2.0), (2, 1.0))]) == ["c#1"]


def test_a_window_that_the_collection_does_not_have_is_left_out() -> None:
    assert [one.window for one in fuse([dense(0, 0.9)], [words(2.0, (1, 2.0))], {})] == [0]


def test_one_candidate_and_none() -> None:
    assert fuse([], [], {}) == []
    whole = pytest.approx(MEANING + WORDS + CHUNK)
    assert [one.rank for one in fuse([dense(0, 0.3)], [words(1.0, (0, 1.0))], {})] == [whole]
    assert [one.rank for one in fuse([], [words(1.0, (0, 1.0))], {"c#0": 0.2})] == [whole]


def test_without_words_the_cosine_ranks() -> None:
    assert [(one.window, one.rank) for one in vectors_only([dense(0, 0.2), dense(1, 0.4)])] == [(1, 0.4), (0, 0.2)]


@pytest.fixture
def full_text() -> ScriptedFullText:
    return ScriptedFullText()


@pytest.fixture
def hybrid(corpus: Corpus, full_text: ScriptedFullText) -> PassageSearch:
    return corpus.retrieval(full_text)


def hit(chunk: Chunk, window: int = 0, score: float = 5.0) -> FullTextHit:
    return FullTextHit(chunk.chunk_id, chunk.document_id, chunk.version, score, ((window, score),))


def test_what_only_the_words_find_is_a_passage_with_its_true_cosine(
    corpus: Corpus, hybrid: PassageSearch, full_text: ScriptedFullText
) -> None:
    for n in range(60):
        corpus.text(f"near-{n}.md", "error code of a queue " + " ".join(f"word{m}" for m in range(n)))
    hidden = corpus.text("hidden.md", "KMS.NotFoundException appears when many other things are wrong with keys")
    full_text.hits = [hit(hidden)]
    passages = hybrid.search("error code of a queue NotFoundException", top_k=30)
    (found,) = [passage for passage in passages if passage.chunk == hidden]
    vector = corpus.embedder.embed(["error code of a queue NotFoundException"])[0]
    assert found.score == pytest.approx(float(corpus.embedder.embed(hidden.window_texts)[0] @ vector))
    assert found.window_scores == (found.score,)
    assert found.window_ranks[0] >= WORDS + CHUNK


def test_a_stale_full_text_hit_does_not_answer(
    corpus: Corpus, hybrid: PassageSearch, full_text: ScriptedFullText
) -> None:
    old = corpus.text("old.md", "elephants", live=False)
    full_text.hits = [hit(old)]
    assert old not in [passage.chunk for passage in hybrid.search("elephants")]


def test_the_order_of_the_windows_reaches_the_context(
    corpus: Corpus, hybrid: PassageSearch, full_text: ScriptedFullText
) -> None:
    chunk = corpus.text("long.md", "first words here\n\nsecond words here\n\nthird thing with NotFoundException")
    full_text.hits = [FullTextHit(chunk.chunk_id, chunk.document_id, chunk.version, 9.0, ((2, 9.0), (0, 1.0)))]
    (found,) = [passage for passage in hybrid.search("words NotFoundException thing") if passage.chunk == chunk]
    assert found.windows[0] == 2
    assert list(found.window_ranks) == sorted(found.window_ranks, reverse=True)
    assert "NotFoundException" in build_context([found], budget_tokens=1)[0].text


def test_query_limit_and_filter_reach_the_full_text_side(hybrid: PassageSearch, full_text: ScriptedFullText) -> None:
    where = parse_filter({"equals": {"key": "team", "value": "a"}})
    hybrid.search(" queue ", top_k=5, where=where)
    assert full_text.asked == [("queue", 50, where)]


def test_with_nothing_from_the_words_it_is_dense(corpus: Corpus, hybrid: PassageSearch) -> None:
    plain = corpus.retrieval()
    assert [one.chunk for one in hybrid.search("queue")] == [one.chunk for one in plain.search("queue")]
