"""Stems, also when several questions are worked on at once."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest
import snowballstemmer

from portfolio_rag.text.language.stemming import Algorithm, alike_stem, stem

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


@pytest.mark.parametrize("algorithm", ["porter", "english"])
@pytest.mark.parametrize(
    "words",
    [
        "organise organize organised organizing organisation organization",
        "tumour tumor tumours tumors",
        "colour color coloured colored colourful colorful",
        "behaviour behavior behavioural behavioral",
        "centre center centres centers centred centered",
        "kilometre kilometer kilometres kilometers",
        "analyse analyze analysed analyzing",
        "catalogue catalog catalogues catalogs",
        "programme program programmes programs",
        "travel travelled traveled travelling traveling",
        "defence defense defences defenses",
        # Their endings look like those of two spellings.
        "hour hours",
        "pour poured pouring",
        "call calls called calling",
        "fill filled filling",
        "rise rises rising",
        "promise promised promises",
    ],
)
def test_forms_and_spellings_of_a_word_are_one(words: str, algorithm: Algorithm) -> None:
    assert len({alike_stem(word, algorithm) for word in words.split()}) == 1


@pytest.mark.parametrize("algorithm", ["porter", "english"])
@pytest.mark.parametrize("words", ["file fill", "hour hor", "evidence evident", "presence present", "metre metro"])
def test_other_words_stay_others(words: str, algorithm: Algorithm) -> None:
    one, other = words.split()
    assert alike_stem(one, algorithm) != alike_stem(other, algorithm)


def test_accents_do_not_count() -> None:
    assert alike_stem("café") == alike_stem("cafe")
