from __future__ import annotations

from dataclasses import replace

import pytest

from portfolio_rag.answering.grounding.drafted_answer import parse_draft, plain
from tests.support.answers import render


def parsed(text: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(sentence.text, sentence.citations) for sentence in parse_draft(text)]


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        ("Messages stay 4 days [1].", [("Messages stay 4 days.", (1,))]),
        ("Messages stay 4 days. [1] Then they go. [2]", [("Messages stay 4 days.", (1,)), ("Then they go.", (2,))]),
        ("Messages stay 4 days [1][3].", [("Messages stay 4 days.", (1, 3))]),
        ("Messages stay 4 days [1, 3].", [("Messages stay 4 days.", (1, 3))]),
        ("Messages stay 4 days [1-3].", [("Messages stay 4 days.", (1, 2, 3))]),
        ("Messages stay 4 days 【2†source】.", [("Messages stay 4 days.", (2,))]),
        ("Messages stay 4 days [Source 2].", [("Messages stay 4 days.", (2,))]),
        ("Messages stay 4 days[^2].", [("Messages stay 4 days.", (2,))]),
        ("Messages stay 4 days\n[1]", [("Messages stay 4 days", ())]),
        ("# Retention\nMessages stay 4 days [1].", [("Messages stay 4 days.", (1,))]),
        ("**Messages** stay `4 days` [1].", [("Messages stay 4 days.", (1,))]),
        ("", []),
        ("[1]", []),
    ],
)
def test_sentences_and_what_they_cite(draft: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    assert parsed(draft) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a ![x](https://evil.example/p.png) b", "a b"),
        ("a ![x][ref] b", "a b"),
        ("see [the guide](https://evil.example/) now", "see the guide now"),
        ("see [the guide](https://evil.example/(a)) now", "see the guide now"),
        ("see [the guide][1] now", "see [the guide][1] now"),
        ("see [the guide][ref] now", "see the guide now"),
        ("a <img src=x onerror=alert(1)> b", "a b"),
        ("a &lt;script&gt;alert(1)&lt;/script&gt; b", "a b"),
        ("[ref]: https://evil.example/", ""),
        ("if a < b and c > d", "if a < b and c > d"),
    ],
)
def test_only_plain_text_survives(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_lists_keep_their_shape() -> None:
    draft = "Queues:\n\n- Standard queues do not keep order [1].\n- FIFO queues do [2]. They cost more [2].\n"
    kept = [sentence for sentence in parse_draft(draft) if sentence.citations]
    assert render(kept) == "- Standard queues do not keep order [1].\n- FIFO queues do [2]. They cost more [2]."


def test_a_bullet_stays_when_its_first_sentence_is_dropped() -> None:
    first, second = parse_draft("- One is wrong [1]. Two is right [2].")
    assert render([second]) == "- Two is right [2]."
    assert render([first, second]) == "- One is wrong [1]. Two is right [2]."


def test_a_range_cannot_explode() -> None:
    ((_, cited),) = parsed("Messages stay 4 days [1-9999].")
    assert len(cited) == 51


def test_a_draft_is_cut_at_its_limit() -> None:
    assert len(parse_draft("Messages stay. " * 100_000)) == 60
    assert sum(len(sentence.text) for sentence in parse_draft(("x" * 3000 + ". ") * 100)) <= 20_000


def test_doubt_is_shown_behind_the_number_and_read_again() -> None:
    (sentence,) = parse_draft("Messages stay 4 days [1?].")
    assert (sentence.text, sentence.citations) == ("Messages stay 4 days.", (1,))
    assert render([replace(sentence, doubtful=True)]) == "Messages stay 4 days [1?]."
    assert render([sentence]) == "Messages stay 4 days [1]."
