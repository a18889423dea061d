from __future__ import annotations

from itertools import pairwise

import pytest

from portfolio_rag.adapters.sqlite.indexed_chunks import SearchedText
from portfolio_rag.adapters.tantivy.analysis import query_terms
from portfolio_rag.adapters.tantivy.window_scores import window_scores

TEXT = "queues\na queue keeps messages. queued work waits.\nthe visibility timeout hides messages.\ndead letters."
HEADING = len("queues\n")
STARTS = [HEADING, TEXT.index("the vis"), TEXT.index("dead"), len(TEXT)]
SEARCHED = SearchedText(TEXT, HEADING, list(pairwise(STARTS)))


def scores(*words: str) -> dict[int, float]:
    return dict(window_scores([(word, 1.0) for word in words], SEARCHED))


def test_the_window_with_the_words_comes_first_and_one_without_is_left_out() -> None:
    assert [n for n, _ in window_scores([("visibl", 1.0), ("messag", 1.0)], SEARCHED)] == [1, 0]


def test_all_forms_of_a_word_count_and_words_that_only_begin_like_it_do_not() -> None:
    assert set(scores("wait")) == {0}
    ((window, score),) = window_scores([("file", 1.0)], SearchedText("filing files filed film profile", 0, [(0, 31)]))
    assert window == 0
    assert score == pytest.approx(3 * 1.9 / (3 + 0.9 * (0.6 + 0.4 * 31 / 600)))


def test_headings_count_for_every_window() -> None:
    found = scores("queue")
    assert set(found) == {0, 1, 2}
    assert found[0] > found[1] == pytest.approx(found[2], rel=0.1)


def test_words_beside_each_other_count_more_than_apart() -> None:
    beside, apart = "the visibility timeout hides it", "the timeout hides its visibility"
    words = [("visibl", 1.0), ("timeout", 1.0)]
    ((_, near),) = window_scores(words, SearchedText(beside, 0, [(0, len(beside))]))
    ((_, far),) = window_scores(words, SearchedText(apart, 0, [(0, len(beside))]))
    assert near > far


def test_a_rare_word_counts_more() -> None:
    found = dict(window_scores([("letter", 3.0), ("timeout", 1.0)], SEARCHED))
    assert found[2] > found[1]


def test_no_words_and_no_windows() -> None:
    assert window_scores([], SEARCHED) == []
    assert window_scores([("queue", 1.0)], SearchedText("", 0, [])) == []


SPELLINGS = """
    centre centers colour colored organised analyses defence hours called promises kilometres exercising calibre raised
    programmes catalogues
"""


@pytest.mark.parametrize("written", SPELLINGS.split())
def test_a_word_is_found_in_each_of_its_spellings(written: str) -> None:
    (wanted,) = query_terms(written)
    searched = SearchedText(f"of {written}, too", 0, [(0, len(written) + 8)])
    assert [n for n, _ in window_scores([(wanted, 1.0)], searched)] == [0]
