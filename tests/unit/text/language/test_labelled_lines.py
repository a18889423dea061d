from __future__ import annotations

import pytest

from portfolio_rag.text.language.labelled_lines import labelled_lines


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("Present: Ada\nApologies: Bo", ["Present: Ada", "Apologies: Bo"]),
        ("Present: Ada,\nCyd\n**Sent by mail:** Bo", ["Present: Ada,\nCyd", "**Sent by mail:** Bo"]),
        ("We met Ada.\nApologies: Bo", ["We met Ada.\nApologies: Bo"]),
        ("Present: Ada, who brought\nthese things: a lamp", ["Present: Ada, who brought\nthese things: a lamp"]),
        ("Open: daily", ["Open: daily"]),
        ("Note: it runs on Linux and\nWindows: with a driver", ["Note: it runs on Linux and\nWindows: with a driver"]),
    ],
)
def test_a_line_with_a_label_begins_anew_beside_another_one(text: str, groups: list[str]) -> None:
    assert ["\n".join(lines) for lines in labelled_lines(text.split("\n"))] == groups
