from __future__ import annotations

import pytest

from portfolio_rag.text.language.compatibility import compatible
from portfolio_rag.text.language.content_words import terms


@pytest.mark.parametrize(
    ("one", "other"), [("CO₂", "CO2"), ("ｃａｆｅ", "cafe"), ("Pro™", "Pro"), ("2½", "2 1⁄2"), ("m²", "m2")]
)
def test_what_is_one_word_to_a_reader_is_one_term(one: str, other: str) -> None:
    assert terms(one) == terms(other)


def test_plain_text_stays_as_it_is() -> None:
    assert compatible("a (tm) 1/2") == "a (tm) 1/2"
