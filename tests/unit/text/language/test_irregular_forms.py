from __future__ import annotations

import pytest

from portfolio_rag.text.language.content_words import terms
from portfolio_rag.text.language.irregular_forms import base_form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("notice is given", "to give notice"),
        ("stolen bicycles", "who steals a bicycle"),
        ("it was written and sent", "write and send"),
        ("they fell, fallen", "they fell, fall"),
    ],
)
def test_forms_of_a_verb_are_one_word(one: str, other: str) -> None:
    assert set(terms(one)) == set(terms(other))


@pytest.mark.parametrize("word", ["found", "left", "saw", "lay", "ground", "gift", "payer", "givens"])
def test_another_word_stays_one(word: str) -> None:
    assert base_form(word) == word
