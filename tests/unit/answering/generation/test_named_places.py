"""Items, clauses and options that a question calls by their number or sign."""

from __future__ import annotations

import pytest

from portfolio_rag.answering.generation.named_places import asked_places, places_of
from portfolio_rag.answering.grounding.source_sentences import split_sentences
from portfolio_rag.domain.chunks import BlockKind, ChunkPart

RULES = """\
1. Dogs stay out.
2. Boats:
  1. Wren is white.
§ 3 Flour
  (1) Cake is sold.
3.2 Carts stand in the yard.
2.5 kg of flour are sold.
Step 04: Go home."""


@pytest.mark.parametrize(
    ("question", "places"),
    [
        ("What does rule 10 say?", {"#10"}),
        ("What does 3.2 of the rules say?", {"3.2"}),
        ("What does clause 3.2 require?", {"3.2"}),
        ("Was steht in § 3 der Satzung?", {"§3"}),
        ("What does the option --since do?", {"--since"}),
        ("How long may 4 boats of 3.2 m stay on a well-kept pier?", set()),
    ],
)
def test_asked_places(question: str, places: set[str]) -> None:
    assert asked_places(question) == places


def test_places_of_items() -> None:
    found = {
        sentence.text: places_of(sentence)
        for sentence in split_sentences(RULES, [ChunkPart(0, ("The -q option",), kind=BlockKind.LIST)])
    }
    assert {text: places - {"-q"} for text, places in found.items()} == {
        "1. Dogs stay out.": {"#1"},
        "2. Boats:": {"#2"},
        "1. Wren is white.": {"#2"},
        "§ 3 Flour": {"§3"},
        "(1) Cake is sold.": {"§3"},
        "3.2 Carts stand in the yard.\n2.5 kg of flour are sold.\nStep 04: Go home.": {"3.2"},
    }
