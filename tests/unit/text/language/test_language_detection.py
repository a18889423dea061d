from __future__ import annotations

import pytest

from portfolio_rag.text.language.language_detection import function_terms, language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Wie lange darf ich ein Boot behalten?", "de"),
        ("Combien coûte une place au port ?", "fr"),
        ("¿Cuánto cuesta una plaza en el puerto?", "es"),
        ("Quanto costa il biglietto per il porto?", "it"),
        ("No tram stops on line 4 at 8 a m", "en"),
        ("Mooring 12", ""),
        ("Mooring Plus: 12 | Mooring Plus Max: 19", ""),
    ],
)
def test_a_question_tells_its_language(text: str, language: str) -> None:
    assert language_of(text) == language


def test_function_words_are_terms_without_accents() -> None:
    assert {"wie", "fur"} <= function_terms("de")
    assert not function_terms("en")
