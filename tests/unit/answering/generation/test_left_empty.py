"""What a question asks for and the document names, but leaves empty."""

from __future__ import annotations

import pytest

from portfolio_rag.answering.generation.left_empty import is_left_empty
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.text.language.content_words import terms

TABLE = """Article: H-7 | Name: Wax sheet | Pack: 10
Article: H-8 | Name: Drone sheet | Pack: 10 | Price: 27.40
Article: H-9 | Name: Honey jar | Pack: 96 | Price: 54.40
Article: H-10 | Name: Bee brush | Remarks: price on request"""
FORM = """Family name: Okonjo

Street and number: 14 Tanner's Row

Telephone:

Kind of card: Family

Agreed besides:

The tree must not be felled."""

HOURS = """Shop: Aske

Opening hours:

Monday: 9 to 12

Friday: 10 to 14"""


@pytest.mark.parametrize(
    ("text", "best", "question", "expected"),
    [
        (TABLE, "H-7", "What is the price of the wax sheet?", True),
        (TABLE, "H-7", "What is the price of H-7?", True),
        (TABLE, "H-7", "How many are in a pack of the wax sheet?", False),
        (TABLE, "H-8", "What is the price of the drone sheet?", False),
        (TABLE, "H-10", "What is the price of the bee brush?", False),
        (TABLE, "H-7", "What is the price of a sheet?", False),
        (TABLE, "H-7", "What is the price of the wax sheet, and how many are in a pack?", False),
        (HOURS, "Monday", "What are the opening hours on Monday?", False),
        (FORM, "Street", "What is the telephone number of Okonjo?", True),
        (FORM, "Street", "In which street does Okonjo live?", False),
        (FORM, "tree", "What is agreed besides?", False),
        (FORM, "Kind", "Which kind of card does Okonjo want?", False),
    ],
)
def test_what_is_left_empty(text: str, best: str, question: str, expected: bool) -> None:
    source = SourceText.build(1, text, "a.pdf")
    sentence = next(sentence for sentence in source.sentences if best in sentence.text)
    others = tuple(other for other in source.sentences if other is not sentence)
    asked = frozenset(terms(question))
    assert is_left_empty(asked, sentence, source) is expected
    assert is_left_empty(asked, sentence, source.without(others, "they are about something else")) is expected
