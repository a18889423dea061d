"""Where a chunk's text stands in the original."""

from __future__ import annotations

import pytest

from evaluation.chunking import places_in
from portfolio_rag.domain.errors import ConfigurationError


@pytest.mark.parametrize(
    ("original", "extracted", "places"),
    [
        ("a b", "a b", [0, 1, 1, 2]),
        ("a\n\n b", "a b", [0, 1, 1, 2]),
        ("== F\ng", "F\n\ng", [2, 3, 3, 3, 4]),
        ("a ==", "a", [0, 1]),
    ],
)
def test_places_count_what_is_not_blank_in_the_original(original: str, extracted: str, places: list[int]) -> None:
    assert places_in(original, extracted) == places


@pytest.mark.parametrize("extracted", ["b a", "a c b", "aa"])
def test_text_that_the_original_does_not_have_is_refused(extracted: str) -> None:
    with pytest.raises(ConfigurationError, match="positions do not fit"):
        places_in("a b", extracted)
