"""Stems, also when several questions are worked on at once."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest
import snowballstemmer

from portfolio_rag.text.language.stemming import stem

WORDS = [
    f"{root}{ending}" for root in ("index", "replicat", "stor", "hop", "fall") for ending in ("ing", "ed", "ation", "s")
]


@pytest.fixture
def eager_switching() -> Iterator[None]:
    """Threads take turns after every few instructions, so that what is not safe shows itself."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("eager_switching")
def test_threads_do_not_disturb_each_other() -> None:
    expected = {word: snowballstemmer.stemmer("english").stemWord(word) for word in WORDS}
    wrong: list[object] = []

    def work(words: list[str]) -> None:
        for _ in range(30):
            for word in words:
                try:
                    if (found := stem.__wrapped__(word)) != expected[word]:
                        wrong.append((word, found))
                except IndexError as error:
                    wrong.append(error)

    threads = [threading.Thread(target=work, args=(WORDS[start:] + WORDS[:start],)) for start in range(0, 20, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_porter_cuts_more_off() -> None:
    assert [stem("generously", "porter"), stem("generously")] == ["gener", "generous"]
