"""Raised and lowered text keeps its meaning on one line."""

from __future__ import annotations

import pytest

from portfolio_rag.text.extraction.scripts import note_mark, power, subscript, superscript


@pytest.mark.parametrize(
    ("before", "text", "written"),
    [
        ("10", "7", "^7"),
        ("10", "-4", "^-4"),
        ("10", "−4", "^−4"),
        ("12 m", "2", "^2"),
        ("cubic metre", "3", "^3"),
        ("a kilometre", "2", "^2"),
        ("arcsin", "2", "^2"),
        ("the program", "2", "[note 2]"),
        ("the basin", "2", "[note 2]"),
        ("e", "−t", "^(−t)"),
        ("e", "n+1", "^(n+1)"),
        ("x", "n", "^n"),
        ("x", "e", "^e"),
        ("Ca", "2+", "^2+"),
        ("Na", "+", "^+"),
        ("(a + b)", "2", "^2"),
        ("10", " 6 ", " ^6 "),
        ("the 1", "st", "st"),
        ("the 4", "th", "th"),
        ("le 2", "e", "e"),
        ("Corvel", "TM", "TM"),
        ("Corvel", "®", "®"),
        ("a star", "*", "*"),
        ("a claim", "[3]", "[3]"),
        ("a claim", "(3)", "(3)"),
        ("The fixed rate", "1", "[note 1]"),
        ("for the term.", "2", "[note 2]"),
        ("as said", "3, 4", "[note 3, 4]"),
        ("Aside", "see the annex", "see the annex"),
        ("x", "", ""),
        ("x", " ", " "),
    ],
)
def test_superscript(before: str, text: str, written: str) -> None:
    assert superscript(text, before) == written


@pytest.mark.parametrize(
    ("text", "written"), [("2", "_2"), ("i", "_i"), ("max", "_max"), ("i+1", "_(i+1)"), ("2 ", "_2 "), ("", "")]
)
def test_subscript(text: str, written: str) -> None:
    assert subscript(text) == written


def test_note_mark() -> None:
    assert note_mark("4") == "[note 4]"
    assert note_mark("iv", "endnote") == "[endnote iv]"


@pytest.mark.parametrize(
    ("exponent", "written"), [("2", "^2"), ("st", "^st"), ("*", "^*"), ("n+1", "^(n+1)"), ("", "")]
)
def test_power(exponent: str, written: str) -> None:
    assert power(exponent) == written
