"""Struck-out text: marked, and blank where nothing may rest on it."""

from __future__ import annotations

import pytest

from portfolio_rag.text.language.struck_out import struck, struck_out_blanked, without_seams


def test_marks_stand_inside_the_blanks() -> None:
    assert struck(" old rule\n") == " ~~old rule~~\n"
    assert struck("  ") == "  "
    assert without_seams("~~a~~~~b~~ ~~c~~ d ~~e~~") == "~~ab c~~ d ~~e~~"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("costs ~~30~~ 24", "costs        24"),
        ("~~One.\nTwo.~~ Three.", "      \n       Three."),
        ("a ~~b\n\nc~~ d", "a ~~b\n\nc~~ d"),
        ("~~~ fence ~~~", "~~~ fence ~~~"),
        ("about ~~ 3 and ~~ 4", "about ~~ 3 and ~~ 4"),
        ("plain", "plain"),
    ],
)
def test_blanked(text: str, left: str) -> None:
    assert struck_out_blanked(text) == left
    assert len(left) == len(text)


def test_many_marks_take_no_time() -> None:
    text = "~~a " * 50_000
    assert struck_out_blanked(text) == text
