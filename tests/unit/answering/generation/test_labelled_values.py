"""Whether a value stands behind the label that a question asks for."""

from __future__ import annotations

import pytest

from portfolio_rag.answering.generation.labelled_values import labels_asked
from portfolio_rag.text.language.content_words import terms


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("What is the plan number of the weir?", "Plan no. WE-20, sheet 3", True),
        ("What is the plan number of the weir?", "Plan number WE-20, sheet 3", True),
        ("What is the order number of the weir?", "Plan no. WE-20, sheet 3", False),
        ("What is the number of gates of the weir?", "Plan no. WE-20, sheet 3", False),
        ("Which department runs the weir?", "Dept. of Rivers, 4th floor", True),
        ("What is the maximum pressure of the weir?", "Flow 3 l, max. pressure 9 bar", True),
        ("Welche Telefonnummer hat das Wehr?", "Wehramt, Tel. 0421 33", True),
        ("Quelle est la référence du barrage ?", "Réf. BA-7, page 2", True),
        ("Who approved the plan of the weir?", "Approved by: A. Lund", True),
        ("Who drew the plan of the weir?", "Approved by: A. Lund", False),
        ("Who approved the plan of the weir?", "Approved by: the council", False),
        ("How high is the weir of Holm?", "The weir of Holm holds back 3 rivers.", False),
    ],
)
def test_labels(question: str, text: str, expected: bool) -> None:
    assert labels_asked(frozenset(terms(question)), text) is expected
