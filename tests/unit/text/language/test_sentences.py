"""Sentences: what is one and what is not, and that nothing is lost."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio_rag.text.language.sentences import sentences


@pytest.mark.parametrize(
    "expected",
    [
        ["Dr. Smith paid $3.50 for v1.2.3 of it.", "It works."],
        ["See https://a.b/c?d=e.f for more!", "Really?", "Yes."],
        ["It's e.g. a test, i.e. fine.", "The U.S. government agreed."],
        ["Use Python 3.11.", "Node.js is older.", "Fig. 3 shows it."],
        ["The limit is 10 MB.", "S3 returns 200 OK."],
        ["The tool reads .env first.", "It needs .NET 8 or newer."],
        ["Use ASP.NET Core 8 or Node.JS.", "REPORT.PDF shows both."],
        ["Call ./start.sh --into .. to begin.", "Then wait."],
        ["It takes approx. 40 minutes on average.", "See sec. 4 for more."],
        ["1. Open the valve.", "Wait for fig. 2 to match."],
        ["Das Büro bleibt am 3. Oktober und am 22. Dezember zu.", "Danach ist es offen."],
        ["Der Aufzug hält im 2. Stock bzw. im Keller.", "Es sind 12.", "Das genügt."],
        ["~~Dogs are welcome.~~", "Dogs stay out.", "~~It is long.", "And wet.~~", "It is short."],
        ["Spec. no. 4-B holds.", "Cust. service is at ext. 12.", "It was good art.", "The end came."],
        ["Mr. Ode calls by the end of May.", "Ms. Roe pays the bill.", "Mrs. Lin checks it vs. Mr. Poe's list."],
        ["Dok.-Nr. 7 und Abt. Lager stehen oben.", "Das reicht."],
        ["Réf. 12 et tél. 01 22 sont en bas.", "Voilà."],
        ["これは文です。", "次の文です！", "そうですか？"],
        ["你好世界。", "这是第二句！"],
    ],
)
def test_split(expected: list[str]) -> None:
    glue = "" if expected[0][-1] in "。！" else " "
    text = glue.join(expected)
    assert [text[start:end] for start, end in sentences(text)] == expected


def test_an_empty_line_ends_a_sentence() -> None:
    text = "A heading\n\nand the text below it"
    assert [text[start:end] for start, end in sentences(text)] == ["A heading", "and the text below it"]


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_all_but_blanks_is_in_exactly_one_sentence(text: str) -> None:
    spans = sentences(text)
    assert all(start < end for start, end in spans)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))
    inside = {position for start, end in spans for position in range(start, end)}
    assert all(position in inside or char.isspace() for position, char in enumerate(text))
    assert all(text[start:end] == text[start:end].strip() for start, end in spans)


def test_a_missing_blank_hides_no_end() -> None:
    text = "A blank is missing.Then it goes on."
    assert [text[start:end] for start, end in sentences(text)] == ["A blank is missing.", "Then it goes on."]
