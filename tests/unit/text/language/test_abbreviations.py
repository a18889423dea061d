"""The words that abbreviations stand for, and what only looks like one."""

from __future__ import annotations

import pytest

from portfolio_rag.text.language.abbreviations import spelled_out
from portfolio_rag.text.language.content_words import terms


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Permit no. HZ-12, rev. 3", "number revision"),
        ("Max. load: 300 kg, min. stock 4", "maximum minimum"),
        ("Qty: 7 | Dept.: Stores", "quantity department"),
        ("Dok.-Nr. KL-8, Abt. Einkauf", "dokumentnummer abteilung"),
        ("Kunden-Nr. 5512, inkl. Versand", "kundennummer inklusive"),
        ("Tél. 02 44, réf. 7-B, n° de dossier 3", "téléphone référence numéro"),
        ("N.º de plano 4, aforo máx. 30", "número máxima"),
        ("Hours: Thu | 14–18", "thursday"),
        ("Tues 9:00, Wed–Fri 8:00, closed on Sat", "tuesday wednesday friday saturday"),
    ],
)
def test_abbreviations_stand_for_their_words(text: str, words: str) -> None:
    assert frozenset(terms(words)) <= spelled_out(text)


@pytest.mark.parametrize(
    "text",
    [
        "There is no limit. Nobody minds.",
        "It takes 20 min. in all. Then it rings.",
        "The hotel has no lift. It is old.",
        "Sun and sea, 4 km away. He sat still.",
    ],
)
def test_words_and_units_are_no_abbreviations(text: str) -> None:
    assert spelled_out(text).isdisjoint(terms("minimum telephone revision"))
    assert spelled_out(text).isdisjoint(terms("number sunday saturday"))
