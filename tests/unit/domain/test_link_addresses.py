from __future__ import annotations

import pytest

from portfolio_rag.domain.link_addresses import without_link_addresses
from tests.support.answers import chunk_of, document


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("The page (https://status.example/report) says so.", "The page says so."),
        ("Two: a (http://a.example), b (HTTPS://b.example/c_(d)).", "Two: a, b."),
        ("Go to https://status.example/report now.", "Go to https://status.example/report now."),
        ("A remark (see below), a call f(https://x.example).", "A remark (see below), a call f(https://x.example)."),
        ("Never closed (https://status.example", "Never closed (https://status.example"),
    ],
)
def test_only_what_stands_behind_a_link_is_left_out(text: str, left: str) -> None:
    assert without_link_addresses(text) == left


def test_addresses_are_kept_in_a_chunk_and_not_embedded() -> None:
    text = "The pumps are on the status page (https://status.example/report)."
    chunk = chunk_of(document("a.md"), text)
    assert "https://status.example/report" in chunk.content
    assert [window.splitlines()[-1] for window in chunk.window_texts] == ["The pumps are on the status page."]
