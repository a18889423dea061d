"""RTF without what it does not show."""

from __future__ import annotations

import pytest
from striprtf.striprtf import rtf_to_text

from portfolio_rag.text.extraction.formats.docx.rtf_revisions import shown


def text_of(body: str) -> str:
    text: str = rtf_to_text(shown(rf"{{\rtf1\ansi {body}\par}}"))  # type: ignore[no-untyped-call]
    return text.strip()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"It costs {\deleted\revauthdel1 90}{\revised\revauth1 70} euros.", "It costs 70 euros."),
        (r"It is {\deleted not }due.", "It is due."),
        (r"It is \deleted not \deleted0 due.", "It is due."),
        (r"It is {\deleted {\b not }}due.", "It is due."),
        (r"It is {\deleted not \plain really }due.", "It is really due."),
        (r"It is due.{\v Ask.}", "It is due."),
        (r"It is due.{\v0  Ask.}", "It is due. Ask."),
        (r"{\deleted It weighs 7 kg.}\par It weighs 8 kg.", "It weighs 8 kg."),
        (r"{\deleted caf\'e9 \u233? \{\}\~}caf\'e9 \u233?", "café é"),
        (r"{\b Bold} and \{braces\} and \\ stay.", "Bold and {braces} and \\ stay."),
    ],
)
def test_deleted_and_hidden_words_are_left_out(body: str, text: str) -> None:
    assert text_of(body) == text


def test_what_has_no_marks_stays_as_it_is() -> None:
    source = "{\\rtf1\\ansi{\\pict\\bin4 {}}{caf\\'e9}\r\nA line\\par\\~}"
    assert shown(source) == source


@pytest.mark.parametrize("source", ["", "}", "}}{{", "\\", "\\bin99 x", "{\\rtf1 {\\deleted", "\\deleted-1 x"])
def test_what_is_damaged_ends(source: str) -> None:
    assert len(shown(source)) <= len(source)
