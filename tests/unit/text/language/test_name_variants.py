"""Names in another form than the text's are not missing, and names that are not there are."""

from __future__ import annotations

import pytest

from portfolio_rag.text.language.facts import extract_facts
from portfolio_rag.text.language.name_variants import missing_names


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What does the NHA check?", "The Northern Harbour Authority checks ships."),
        ("What does the Northern Harbor Authority check?", "The NHA checks ships."),
        ("Who runs Málaga Port?", "Malaga port is run by the city."),
        ("What is in the E-Mail guide?", "The email guide has rules."),
        ("Who leads the Back-Office?", "The backoffice is led by Ines."),
        ("What does the Northern Harbour Service check?", "The NHS checks ships."),
        ("What do the Fast Harbour Boats carry?", "FHBs carry mail."),
        ("Which wine is from Italy?", "Italian wine is served."),
        ("What do the Japanese build?", "Ships are built in Japan."),
    ],
)
def test_a_name_in_another_form_is_there(question: str, text: str) -> None:
    assert not missing_names(extract_facts(question).names, question, [text])


@pytest.mark.parametrize(
    "question", ["What does the NHB check?", "Who runs Zorblax?", "What does Norway check?", "Who is from Ghana?"]
)
def test_a_name_that_is_not_there_is_missing(question: str) -> None:
    text = "The Northern Harbour Authority of Norwich checks ships."
    assert missing_names(extract_facts(question).names, question, [text])
