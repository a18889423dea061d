"""The words of a question, as they are looked up."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio_rag.adapters.tantivy.analysis import query_terms
from portfolio_rag.adapters.tantivy.full_text_index import TantivyFullTextIndex
from tests.support.answers import chunk_of, document


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Is `https://` written before the proxy?", ["http", "written", "proxi"]),
        ("Does http://, or https://*, match a proxy?", ["http", "match", "proxi"]),
        ("Where is https://a.example/x?", ["http", "exampl", "x", "aexamplex"]),
    ],
)
def test_a_scheme_alone_names_no_address(question: str, expected: list[str]) -> None:
    assert sorted(query_terms(question)) == sorted(expected)


@given(
    st.lists(
        st.sampled_from(["https://", "http://www.", "`", "*", "_", ".", " ", "-", "b2", "the", "x"]), max_size=12
    ).map("".join)
)
def test_every_term_has_a_letter_or_a_digit(question: str) -> None:
    assert all(any(sign.isalnum() for sign in term) for term in query_terms(question))


def test_a_question_with_a_scheme_alone_is_answered(tmp_path: Path) -> None:
    index = TantivyFullTextIndex(tmp_path / "index.sqlite")
    made = document("a.md")
    index.index([(made, [chunk_of(made, "The proxy is given with https:// before its name.")])])
    (hit,) = index.search("Is `https://` written before the proxy?", limit=5)
    assert hit.document_id == made.document_id
    index.close()
