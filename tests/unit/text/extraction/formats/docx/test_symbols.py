"""Symbol fonts as Unicode."""

from __future__ import annotations

import pytest

from portfolio_rag.text.extraction.formats.docx.symbols import in_font, symbol


@pytest.mark.parametrize(
    ("font", "code", "character"),
    [
        ("Symbol", 0xF0A3, "≤"),
        ("symbol", 0xA3, "≤"),
        ("Symbol", 0xF0B0, "°"),
        ("Symbol", 0xF0DE, "⇒"),
        ("Wingdings", 0xF0FC, "✓"),
        ("Wingdings", 0xF0FB, "✗"),
        ("Wingdings", 0xF0FE, "☑"),
        ("Wingdings", 0xF0FD, "☒"),
        ("Wingdings", 0xF078, "☒"),
        ("Wingdings", 0xF06F, "☐"),
        ("Wingdings", 0xF04A, "☺"),
        ("Wingdings 2", 0xF052, "☑"),
        ("Wingdings 2", 0xF054, "☒"),
        ("Wingdings 2", 0xF0A3, "☐"),
        ("Wingdings 3", 0xF022, "→"),
        ("Webdings", 0xF061, "✓"),
        ("Webdings", 0xF071, "🗘"),
        ("Wingdings", 0xF0FF, None),
        ("Cambria Math", 0x2264, "≤"),
        ("Cambria Math", 0xF041, None),
        ("Cambria Math", 0xD800, None),
    ],
)
def test_symbol(font: str, code: int, character: str | None) -> None:
    assert symbol(font, code) == character


def test_text_in_a_symbol_font() -> None:
    assert in_font("Symbol", "D\uf044x") == "ΔΔξ"
    assert in_font("Arial", "D") == "D"
    assert in_font("", "\uf0b4 2") == "× 2"
